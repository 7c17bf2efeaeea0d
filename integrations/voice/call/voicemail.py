"""A message left for the company: after the tone everything the caller says, until ``#``, silence or the limit."""

import asyncio
import math
from array import array

from integrations.voice.call.parts import Parts
from integrations.voice.call.playing import Sentence
from integrations.voice.line import SAMPLE_BYTES, SAMPLE_RATE

SILENCE_ENDS_SECONDS = 5.0
NOTHING_ENDS_SECONDS = 8.0
SHORTEST_SECONDS = 0.6
"""Of speech; below it nothing was left."""
TRANSCRIPT_WAITS_SECONDS = 8.0
_TONE_HERTZ, _TONE_SECONDS, _TONE_LOUDNESS = 1000.0, 0.35, 6000


def tone() -> bytes:
    """The sound after which one speaks."""
    count = int(_TONE_SECONDS * SAMPLE_RATE)
    step = 2 * math.pi * _TONE_HERTZ / SAMPLE_RATE
    return array("h", (int(_TONE_LOUDNESS * math.sin(step * n)) for n in range(count))).tobytes()


class Voicemail:
    """Records one message."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._sound = bytearray()
        self._texts: list[str] = []
        self._spoken = 0.0
        self._last_speech: float | None = None
        self._recording = False

    def begin(self, prompt: str) -> None:
        """Say what to do and give the tone."""
        self._parts.ear.forget()
        self._parts.understanding.drop()
        self._parts.mouth.say([self._parts.prompt(prompt), Sentence("", recording=tone())])

    @property
    def recording(self) -> bool:
        """Whether the tone is over."""
        return self._recording

    @property
    def anything(self) -> bool:
        """Whether somebody spoke."""
        return self._spoken >= SHORTEST_SECONDS or bool(self._texts)

    def feed(self, pcm: bytes) -> None:
        """The caller's sound."""
        if self._recording:
            self._sound += pcm

    def spoke(self, seconds: float) -> None:
        """An utterance of it is over."""
        self._spoken += seconds
        self._last_speech = self._parts.pace.now()

    def understood(self, text: str) -> None:
        """What was understood of one utterance."""
        if text:
            self._texts.append(text)

    def is_over(self) -> bool:
        """Whether it ends by itself now: the caller is silent, or it is long enough. To be asked now and then."""
        now = self._parts.pace.now()
        if not self._recording:
            if not self._parts.mouth.busy:
                self._recording = True
                self._last_speech = now
                self._parts.ear.forget()
            return False
        if len(self._sound) >= self._parts.manners.longest_voicemail_seconds * SAMPLE_RATE * SAMPLE_BYTES:
            return True
        if self._parts.ear.speaking:
            self._last_speech = now
            self._spoken = max(self._spoken, SHORTEST_SECONDS)
        limit = SILENCE_ENDS_SECONDS if self.anything else NOTHING_ENDS_SECONDS
        return now - (self._last_speech or now) >= limit

    async def keep(self) -> bool:
        """Wait a little for the rest of the transcript, then hand it in; False if it could not be kept."""
        self._recording = False
        if (rest := self._parts.ear.finish()) is not None:
            self._spoken += rest.seconds
            self._parts.understanding.ended(rest)
        try:
            async with asyncio.timeout(TRANSCRIPT_WAITS_SECONDS):
                await self._parts.understanding.idle()
        except TimeoutError:
            pass
        return await self._parts.office.voicemail(bytes(self._sound), "\n".join(self._texts))
