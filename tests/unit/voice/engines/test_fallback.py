"""No caller waits for an engine that is down: time limits, a memory of failures, second choices."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from integrations.voice.engines.breaker import Breaker
from integrations.voice.engines.fallback import PAUSE_SECONDS, FallbackVoice, GuardedRecogniser
from integrations.voice.speech import Heard, SpeechUnavailable
from tests.unit.voice.engines.ears import all_of, heard_by

SHORT, LONG = 0.05, 600.0
SAID = Heard("水龙头漏水", 0.8)


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Ear:
    """A recogniser that answers what a test sets: a text, a failure, or nothing at all."""

    def __init__(self, answer: Heard | str | None) -> None:
        self.answer = answer
        self.asked = 0
        self.cancelled = 0
        self.closed = False
        self.hints: list[Sequence[str]] = []
        self.never = asyncio.Event()

    def begin(self, hints: Sequence[str] = ()) -> "Ear":
        self.hints.append(hints)
        return self

    def feed(self, pcm: bytes) -> None:
        assert pcm

    async def finish(self) -> Heard:
        self.asked += 1
        if self.answer is None:
            await self.never.wait()
            raise SpeechUnavailable("cancelled")
        if isinstance(self.answer, str):
            raise SpeechUnavailable(self.answer)
        return self.answer

    async def cancel(self) -> None:
        self.cancelled += 1
        self.never.set()

    async def ready(self) -> bool:
        return isinstance(self.answer, Heard)

    async def close(self) -> None:
        self.closed = True


class Mouth:
    """A voice that speaks pieces; "fail" is a failure there, "hang" a silence without end."""

    def __init__(self, *pieces: bytes | str) -> None:
        self.pieces = pieces
        self.asked = 0
        self.stopped = 0
        self.closed = False

    async def speak(self, text: str) -> AsyncIterator[bytes]:
        self.asked += 1
        try:
            for piece in self.pieces:
                if piece == "hang":
                    await asyncio.Event().wait()
                if isinstance(piece, str):
                    raise SpeechUnavailable(piece)
                yield piece
        finally:
            self.stopped += 1

    async def ready(self) -> bool:
        return "fail" not in self.pieces

    async def close(self) -> None:
        self.closed = True


async def test_what_is_heard_in_time_goes_through() -> None:
    ear = Ear(SAID)
    recogniser = GuardedRecogniser(ear, "own", LONG)
    assert await heard_by(recogniser, hints=("门禁卡",)) == SAID
    assert ear.hints == [("门禁卡",)]
    assert await recogniser.ready()
    await recogniser.close()
    assert ear.closed


async def test_who_is_late_is_unavailable_and_told_to_stop() -> None:
    ear = Ear(None)
    with pytest.raises(SpeechUnavailable, match="late"):
        await heard_by(GuardedRecogniser(ear, "own", SHORT))
    assert ear.cancelled == 1


@pytest.mark.parametrize("answer", ["closed", None])
async def test_after_two_failures_nobody_waits_for_a_dead_service(answer: str | None) -> None:
    ear, clock = Ear(answer), Clock()
    recogniser = GuardedRecogniser(ear, "own", SHORT, now=clock)
    for _ in range(5):
        with pytest.raises(SpeechUnavailable):
            await heard_by(recogniser)
    assert ear.asked == 2


async def test_who_is_only_busy_is_asked_again() -> None:
    ear = Ear("busy")
    recogniser = GuardedRecogniser(ear, "own", LONG)
    for _ in range(4):
        with pytest.raises(SpeechUnavailable, match="busy"):
            await heard_by(recogniser)
    assert ear.asked == 4


async def test_after_a_pause_one_caller_tries_for_all() -> None:
    ear, clock = Ear("closed"), Clock()
    recogniser = GuardedRecogniser(ear, "own", LONG, now=clock)
    for _ in range(2):
        with pytest.raises(SpeechUnavailable):
            await heard_by(recogniser)
    clock.now += PAUSE_SECONDS
    trying, other = recogniser.begin(), recogniser.begin()
    other.feed(b"\0\0")
    with pytest.raises(SpeechUnavailable, match="left_alone"):
        await other.finish()
    await other.cancel()
    ear.answer = SAID
    assert await trying.finish() == SAID
    assert await heard_by(recogniser) == SAID


async def test_a_trial_that_fails_or_is_dropped_is_made_again_after_the_next_pause() -> None:
    ear, clock = Ear("closed"), Clock()
    recogniser = GuardedRecogniser(ear, "own", LONG, now=clock)
    for _ in range(2):
        with pytest.raises(SpeechUnavailable):
            await heard_by(recogniser)
    clock.now += PAUSE_SECONDS
    await recogniser.begin().cancel()
    with pytest.raises(SpeechUnavailable, match="left_alone"):
        await heard_by(recogniser)
    clock.now += PAUSE_SECONDS
    with pytest.raises(SpeechUnavailable, match="closed"):
        await heard_by(recogniser)
    clock.now += PAUSE_SECONDS
    ear.answer = SAID
    assert await heard_by(recogniser) == SAID


async def test_one_failure_between_texts_is_forgotten() -> None:
    ear = Ear("closed")
    recogniser = GuardedRecogniser(ear, "own", LONG)
    for _ in range(3):
        ear.answer = "closed"
        with pytest.raises(SpeechUnavailable, match="closed"):
            await heard_by(recogniser)
        ear.answer = SAID
        assert await heard_by(recogniser) == SAID


async def test_an_utterance_that_was_cancelled_is_no_failure_of_the_service() -> None:
    ear = Ear(None)
    recogniser = GuardedRecogniser(ear, "own", LONG)
    for _ in range(3):
        ear.never.clear()
        utterance = recogniser.begin()
        finishing = asyncio.create_task(utterance.finish())
        await asyncio.sleep(0)
        await utterance.cancel()
        with pytest.raises(SpeechUnavailable):
            await finishing
    ear.answer = SAID
    assert await heard_by(recogniser) == SAID


async def test_the_best_voice_speaks_while_it_can() -> None:
    best, second = Mouth(b"a", b"b"), Mouth(b"c")
    voice = FallbackVoice([("own", best), ("espeak", second)], LONG)
    assert await all_of(voice.speak("您好")) == b"ab"
    assert second.asked == 0
    assert await voice.ready()
    await voice.close()
    assert best.closed
    assert second.closed


@pytest.mark.parametrize("trouble", ["fail", "hang"])
async def test_the_next_voice_speaks_where_the_first_fails_or_is_late(trouble: str) -> None:
    first = Mouth(trouble)
    voice = FallbackVoice([("own", first), ("espeak", Mouth(b"c"))], SHORT)
    assert await all_of(voice.speak("您好")) == b"c"
    assert first.stopped == 1


async def test_a_voice_that_failed_is_left_alone_for_a_while() -> None:
    first, clock = Mouth("fail"), Clock()
    voice = FallbackVoice([("own", first), ("espeak", Mouth(b"c"))], LONG, now=clock)
    for _ in range(3):
        assert await all_of(voice.speak("您好")) == b"c"
    assert first.asked == 1
    clock.now += PAUSE_SECONDS
    first.pieces = (b"a",)
    assert [await all_of(voice.speak("您好")) for _ in range(2)] == [b"a", b"a"]


async def test_a_clause_that_breaks_off_is_said_again_by_the_next_voice() -> None:
    voice = FallbackVoice([("own", Mouth(b"a", "fail")), ("espeak", Mouth(b"c"))], LONG)
    assert await all_of(voice.speak("您好")) == b"ac"


async def test_without_a_voice_that_works_it_is_unavailable() -> None:
    voice = FallbackVoice([("own", Mouth("fail")), ("espeak", Mouth("fail"))], LONG)
    for _ in range(2):
        with pytest.raises(SpeechUnavailable):
            await all_of(voice.speak("您好"))
    assert not await voice.ready()


async def test_a_text_without_sound_is_no_failure() -> None:
    second = Mouth(b"c")
    assert await all_of(FallbackVoice([("own", Mouth()), ("espeak", second)], LONG).speak("。")) == b""
    assert second.asked == 0


async def test_who_stops_listening_stops_the_voice_and_holds_nothing_against_it() -> None:
    mouth = Mouth(b"a", "hang")
    voice = FallbackVoice([("own", mouth)], LONG)
    for number in range(1, 4):
        pieces = voice.speak("您好")
        assert await anext(pieces) == b"a"
        await pieces.aclose()
        assert mouth.stopped == mouth.asked == number


def test_failures_count_only_in_a_row() -> None:
    breaker = Breaker(2, 10, Clock())
    assert not breaker.failed()
    breaker.worked()
    assert not breaker.failed()
    assert breaker.allows()
    assert breaker.failed()
    assert not breaker.allows()
