import asyncio

from integrations.voice.sip.pace import Pace


class Player:
    """Counts its turns, and fails at one of them."""

    def __init__(self, fails_at: int = 0) -> None:
        self.turns = 0
        self._fails_at = fails_at
        self.enough = asyncio.Event()

    def turn(self) -> None:
        self.turns += 1
        if self.turns == self._fails_at:
            raise RuntimeError
        if self.turns == 5:
            self.enough.set()


async def test_everybody_who_plays_gets_turns_until_taken_off() -> None:
    pace, first, second = Pace(), Player(), Player()
    pace.add(first)
    pace.add(second)
    await first.enough.wait()
    await second.enough.wait()
    pace.remove(first)
    before = first.turns
    second.enough.clear()
    second.turns = 0
    await second.enough.wait()
    assert first.turns == before
    pace.remove(second)


async def test_a_call_that_fails_does_not_silence_the_others() -> None:
    pace, broken, other = Pace(), Player(fails_at=2), Player()
    pace.add(broken)
    pace.add(other)
    await other.enough.wait()
    assert broken.turns == 2
    pace.remove(other)


async def test_the_clock_starts_again_after_everybody_was_gone() -> None:
    pace, first = Pace(), Player()
    pace.add(first)
    pace.remove(first)
    pace.add(first)
    await first.enough.wait()
    pace.remove(first)
