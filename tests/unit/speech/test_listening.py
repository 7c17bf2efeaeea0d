"""An utterance is recognised while it is spoken."""

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest

from integrations.speech.ears import Ears
from integrations.speech.errors import NotLoaded
from integrations.speech.listening import LONGEST_SECONDS, Listening
from integrations.speech.sound import Samples, to_pcm
from integrations.speech.turns import Busy, Turns
from tests.unit.speech.engines import Recogniser, quiet, tone

LINE = 8_000


@pytest.fixture
def engine() -> Recogniser:
    return Recogniser()


@pytest.fixture
async def ears(engine: Recogniser) -> AsyncIterator[Ears]:
    ears = Ears(Turns(1))
    ears.engine = engine
    yield ears
    engine.go.set()
    await ears.turns.quiet()
    ears.turns.close()


class Call:
    """Someone speaks, 20 ms at a time."""

    def __init__(self, ears: Ears, hints: str = "") -> None:
        self.partials: list[str] = []
        self.listening = Listening(ears, LINE, hints, self._note)

    async def _note(self, text: str) -> None:
        self.partials.append(text)

    async def says(self, sound: Samples, *, at_leisure: bool = True) -> None:
        pcm = to_pcm(sound)
        for at in range(0, len(pcm), 320):
            self.listening.feed(pcm[at : at + 320])
            if at_leisure and at % 3200 == 0:
                await asyncio.sleep(0.005)


async def test_what_is_said_before_a_pause_is_not_recognised_again_at_the_end(ears: Ears, engine: Recogniser) -> None:
    call = Call(ears)
    await call.says(tone(1.0, LINE))
    await call.says(quiet(0.6, LINE))
    await ears.turns.quiet()
    times = len(engine.heard)
    verdict = await call.listening.finish()
    assert verdict.text.startswith("听到1.")
    assert len(engine.heard) == times >= 1
    assert call.partials[-1] == verdict.text


async def test_what_is_said_after_the_pause_is_heard_too(ears: Ears, engine: Recogniser) -> None:
    call = Call(ears)
    await call.says(np.concatenate([tone(1.0, LINE), quiet(0.5, LINE)]))
    await call.says(tone(0.8, LINE), at_leisure=False)
    verdict = await call.listening.finish()
    assert verdict.text == "听到2.3秒"


async def test_while_someone_speaks_without_pause_there_are_partial_texts(ears: Ears) -> None:
    call = Call(ears)
    await call.says(tone(4.0, LINE))
    assert call.partials
    assert (await call.listening.finish()).text == "听到4.0秒"


async def test_a_partial_result_on_its_way_does_not_keep_the_final_one(ears: Ears, engine: Recogniser) -> None:
    engine.go.clear()
    call = Call(ears)
    await call.says(tone(2.0, LINE))
    finishing = asyncio.create_task(call.listening.finish())
    await asyncio.sleep(0)
    engine.go.set()
    assert (await finishing).text == "听到2.0秒"
    assert engine.heard == [2.0]


async def test_silence_and_noise_are_never_given_to_the_engine(ears: Ears, engine: Recogniser) -> None:
    call = Call(ears)
    await call.says(quiet(3.0, LINE))
    assert (await call.listening.finish()).refused == "silence"
    assert engine.heard == []


async def test_a_long_utterance_is_heard_in_windows(ears: Ears, engine: Recogniser) -> None:
    call = Call(ears)
    await call.says(np.concatenate([tone(8.0, LINE), quiet(0.2, LINE), tone(6.0, LINE)]))
    verdict = await call.listening.finish()
    assert verdict.text.count("听到") == 2
    assert max(engine.heard) <= 10.0


async def test_a_long_utterance_that_comes_at_once_is_heard_in_windows_too(ears: Ears, engine: Recogniser) -> None:
    call = Call(ears)
    await call.says(tone(25.0, LINE), at_leisure=False)
    await call.listening.finish()
    assert max(engine.heard) <= 10.0
    assert sum(engine.heard) == pytest.approx(25.0, abs=0.3)


async def test_what_never_ends_is_not_kept_for_ever(ears: Ears, engine: Recogniser) -> None:
    call = Call(ears)
    await call.says(tone(LONGEST_SECONDS + 20.0, LINE), at_leisure=False)
    await call.listening.finish()
    assert sum(engine.heard) <= LONGEST_SECONDS + 1


async def test_hints_reach_the_engine(ears: Ears, engine: Recogniser) -> None:
    call = Call(ears, "阳光花园")
    await call.says(tone(1.0, LINE))
    await call.listening.finish()
    assert engine.prompts[-1].endswith("阳光花园")


async def test_without_an_engine_it_says_so(ears: Ears) -> None:
    ears.engine = None
    call = Call(ears)
    await call.says(np.concatenate([tone(1.0, LINE), quiet(0.5, LINE)]))
    with pytest.raises(NotLoaded):
        await call.listening.finish()


async def test_too_many_at_once_are_refused(engine: Recogniser) -> None:
    ears = Ears(Turns(1, most_waiting=1))
    ears.engine = engine
    engine.go.clear()
    calls = [Call(ears) for _ in range(3)]
    for call in calls:
        call.listening.feed(to_pcm(tone(1.0, LINE)))
    ends = [asyncio.create_task(call.listening.finish()) for call in calls]
    await asyncio.sleep(0.05)
    engine.go.set()
    results = await asyncio.gather(*ends, return_exceptions=True)
    assert [type(result) for result in results].count(Busy) == 1
    ears.turns.close()


async def test_a_caller_who_hangs_up_leaves_nothing_behind(ears: Ears, engine: Recogniser) -> None:
    engine.go.clear()
    call = Call(ears)
    await call.says(np.concatenate([tone(1.0, LINE), quiet(0.5, LINE)]))
    await call.listening.close()
    engine.go.set()
    await ears.turns.quiet()
    assert engine.heard == []
    assert call.partials == []
