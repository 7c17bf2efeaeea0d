"""Who is served next, and who is refused."""

import asyncio
import threading

import pytest

from integrations.speech.turns import Busy, Turns, Urgency


class Held:
    """Work that waits for us, and notes its order."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.order: list[str] = []

    def work(self, name: str) -> str:
        self.go.wait(10)
        self.order.append(name)
        return name


async def settled() -> None:
    """Let every task that can go on do so."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_urgent_work_goes_before_work_that_was_there_first() -> None:
    turns, held = Turns(1), Held()
    first = asyncio.create_task(turns.run(Urgency.NOW, lambda: held.work("first")))
    await settled()
    others = []
    for name, urgency in (("ahead", Urgency.IDLE), ("soon", Urgency.SOON), ("a", Urgency.NOW), ("b", Urgency.NOW)):
        others.append(asyncio.create_task(turns.run(urgency, lambda name=name: held.work(name))))
        await settled()
    held.go.set()
    await asyncio.gather(first, *others)
    assert held.order == ["first", "a", "b", "soon", "ahead"]
    assert turns.idle
    turns.close()


async def test_too_many_are_refused_at_once_but_not_what_nobody_waits_for() -> None:
    turns, held = Turns(1, most_waiting=1), Held()
    tasks = [asyncio.create_task(turns.run(Urgency.NOW, lambda: held.work("x"))) for _ in range(2)]
    await settled()
    assert turns.waiting == 1
    with pytest.raises(Busy):
        await turns.run(Urgency.NOW, lambda: held.work("late"))
    ahead = asyncio.create_task(turns.run(Urgency.IDLE, lambda: held.work("ahead")))
    held.go.set()
    await asyncio.gather(*tasks, ahead)
    turns.close()


async def test_who_waits_too_long_is_refused() -> None:
    turns, held = Turns(1, longest_wait=0.01), Held()
    first = asyncio.create_task(turns.run(Urgency.NOW, lambda: held.work("x")))
    await settled()
    with pytest.raises(Busy):
        await turns.run(Urgency.NOW, lambda: held.work("late"))
    held.go.set()
    assert await first == "x"
    assert await turns.run(Urgency.NOW, lambda: held.work("next")) == "next"
    turns.close()


async def test_a_place_is_free_again_only_when_the_work_of_a_caller_who_left_is_done() -> None:
    turns, held = Turns(1), Held()
    gone = asyncio.create_task(turns.run(Urgency.NOW, lambda: held.work("gone")))
    await settled()
    gone.cancel()
    await settled()
    assert not turns.idle
    waiting = asyncio.create_task(turns.run(Urgency.NOW, lambda: held.work("next")))
    left = asyncio.create_task(turns.run(Urgency.NOW, lambda: held.work("left")))
    await settled()
    left.cancel()
    held.go.set()
    assert await waiting == "next"
    await turns.quiet()
    assert held.order == ["gone", "next"]
    turns.close()


async def test_a_failure_is_the_callers_and_frees_the_place() -> None:
    turns = Turns(1)

    def fail() -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await turns.run(Urgency.NOW, fail)
    assert await turns.run(Urgency.NOW, lambda: 1) == 1
    turns.close()
