"""Where the first words of an answer have to be rendered, the caller hears a short word meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from integrations.voice.call.playing import Mouth, Sentence
from integrations.voice.line import FRAME_BYTES
from integrations.voice.speech import SpeechUnavailable
from tests.support.telephone import TelephonePace

OPENS_AFTER = 0.3
LATE = Sentence("您家的物业费是，", opener=Sentence("好的，"), opens_after=OPENS_AFTER)
OPENER, ANSWER = b"\x01\x00" * FRAME_BYTES, b"\x02\x00" * FRAME_BYTES


class SlowVoice:
    """Has one text ready at once, and the others when it is told to."""

    def __init__(self) -> None:
        self.rendered = asyncio.Event()

    async def speak(self, text: str) -> AsyncIterator[bytes]:
        """See :class:`integrations.voice.speech.Voice`."""
        if text == "好的，":
            yield OPENER
            return
        await self.rendered.wait()
        yield ANSWER

    async def ready(self) -> bool:
        """Always."""
        return True

    async def close(self) -> None:
        """Nothing to close."""


class Ears:
    """A line that plays everything at once and remembers it."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.unplayed = 0.0

    def play(self, pcm: bytes) -> None:
        """Hear it."""
        self.heard.append(pcm)

    def flush(self) -> float:
        """Nothing is queued."""
        return 0.0

    async def drained(self) -> None:
        """Nothing is queued."""


class StillPlaying(Ears):
    """A line whose last sound takes for ever."""

    async def drained(self) -> None:
        """Never."""
        await asyncio.Event().wait()


@pytest.fixture
def pace() -> TelephonePace:
    return TelephonePace()


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_late_answer_is_opened_with_a_short_word(pace: TelephonePace) -> None:
    voice, line = SlowVoice(), Ears()
    mouth = Mouth(line, [voice], pace)  # type: ignore[arg-type] # a line as far as the mouth needs one
    mouth.say([LATE])
    await settle()
    assert line.heard == []
    pace.advance(OPENS_AFTER)
    await settle()
    assert line.heard == [OPENER]
    voice.rendered.set()
    await mouth.quiet()
    assert line.heard[:2] == [OPENER, ANSWER]


async def test_an_answer_that_is_there_needs_no_opener(pace: TelephonePace) -> None:
    voice, line = SlowVoice(), Ears()
    voice.rendered.set()
    mouth = Mouth(line, [voice], pace)  # type: ignore[arg-type] # a line as far as the mouth needs one
    mouth.say([LATE])
    await mouth.quiet()
    assert OPENER not in line.heard
    assert ANSWER in line.heard


async def test_an_interruption_while_it_is_rendered_leaves_nothing_behind(pace: TelephonePace) -> None:
    voice, line = SlowVoice(), Ears()
    mouth = Mouth(line, [voice], pace)  # type: ignore[arg-type] # a line as far as the mouth needs one
    mouth.say([LATE])
    await settle()
    mouth.interrupt()
    await mouth.close()
    voice.rendered.set()
    await settle()
    assert line.heard == []


async def test_the_companys_own_recording_opens(pace: TelephonePace) -> None:
    voice, line = SlowVoice(), Ears()
    mouth = Mouth(line, [voice], pace)  # type: ignore[arg-type] # a line as far as the mouth needs one
    mouth.say([replace(LATE, opener=Sentence("好的，", recording=b"own"))])
    await settle()
    pace.advance(OPENS_AFTER)
    await settle()
    assert line.heard == [b"own"]
    voice.rendered.set()
    await mouth.quiet()


async def test_what_is_added_while_the_last_sound_is_played_is_rendered_at_once(pace: TelephonePace) -> None:
    voice, line = SlowVoice(), StillPlaying()
    mouth = Mouth(line, [voice], pace)  # type: ignore[arg-type] # a line as far as the mouth needs one
    voice.rendered.set()
    mouth.say([Sentence("好的，")])
    await settle()
    mouth.say([Sentence("您家的物业费是，")])
    await settle()
    assert ANSWER in line.heard
    await mouth.close()


class OpenerFails(SlowVoice):
    """Has no opener."""

    async def speak(self, text: str) -> AsyncIterator[bytes]:
        """See :class:`integrations.voice.speech.Voice`."""
        if text == "好的，":
            raise SpeechUnavailable("busy")
        async for piece in super().speak(text):
            yield piece


class AnswerFails(SlowVoice):
    """Has the opener and nothing else."""

    async def speak(self, text: str) -> AsyncIterator[bytes]:
        """See :class:`integrations.voice.speech.Voice`."""
        async for piece in super().speak(text):
            if text != "好的，":
                raise SpeechUnavailable("killed")
            yield piece


class OpenerIsSlow(SlowVoice):
    """Renders the opener for ever."""

    async def speak(self, text: str) -> AsyncIterator[bytes]:
        """See :class:`integrations.voice.speech.Voice`."""
        if text == "好的，":
            await asyncio.Event().wait()
        async for piece in super().speak(text):
            yield piece


@pytest.mark.parametrize("voice", [OpenerFails(), OpenerIsSlow()], ids=["fails", "is_slow"])
async def test_an_opener_that_does_not_come_costs_nothing(pace: TelephonePace, voice: SlowVoice) -> None:
    line = Ears()
    mouth = Mouth(line, [voice], pace)  # type: ignore[arg-type] # a line as far as the mouth needs one
    mouth.say([LATE])
    await settle()
    pace.advance(OPENS_AFTER)
    await settle()
    voice.rendered.set()
    await mouth.quiet()
    assert line.heard[0] == ANSWER
    assert mouth.unsaid == 0


async def test_another_voice_says_what_the_first_could_only_open(pace: TelephonePace) -> None:
    line, first, second = Ears(), AnswerFails(), SlowVoice()
    mouth = Mouth(line, [first, second], pace)  # type: ignore[arg-type] # a line as far as the mouth needs one
    mouth.say([LATE])
    await settle()
    pace.advance(OPENS_AFTER)
    await settle()
    first.rendered.set()
    second.rendered.set()
    await mouth.quiet()
    assert line.heard[:2] == [OPENER, ANSWER]
    assert line.heard.count(OPENER) == 1
