"""Who answered a call of ours: a person, or a machine that wants a message.

People say one or two words and wait; machines recite a greeting and beep. So: speech of more than 3.5 s, or a beep,
is a machine; speech that ends sooner, a key, or two seconds of silence is a person. In doubt it is a person: a
person who hears a message is better served than one who is hung up on. The rule is a guess, as such rules are, so
nothing depends on it but whether keys are offered.
"""

import asyncio
import math
from array import array
from typing import Literal

from integrations.voice.call.pace import Pace
from integrations.voice.call.vad import CHUNK_BYTES, CHUNK_SECONDS, Detector
from integrations.voice.line import SAMPLE_RATE, Audio, HungUp, Key, Line, LineEvent

Answerer = Literal["person", "machine", "gone"]

GREETING_SECONDS = 3.5
"""Longer speech is a machine's."""
WORD_ENDS_SECONDS = 0.6
SILENT_SECONDS = 2.0
"""Somebody who says nothing waits for us to speak."""
MESSAGE_AFTER_SECONDS = 1.2
"""A machine that has been silent so long will not beep any more."""
LONGEST_SECONDS = 25.0
BEEP_SECONDS = 0.2
BEEP_HERTZ = (600.0, 2200.0)
"""Above the 450 Hz of dial, busy and ringing tones."""
SPEECH_FROM = 0.5
_LOUD_FROM = 400
_PURE_BELOW = 0.02
_SAME_WITHIN = 0.03


class Beep:
    """Finds a tone: chunk after chunk nothing but one sine of the same pitch."""

    def __init__(self) -> None:
        self._pitch = 0.0
        self._seconds = 0.0

    def feed(self, chunk: bytes) -> bool:
        """Hear :data:`CHUNK_BYTES` more; whether a beep is there by now."""
        pitch = _pitch_of(array("h", chunk))
        if pitch is None:
            self._pitch = self._seconds = 0.0
            return False
        same = abs(pitch - self._pitch) <= _SAME_WITHIN
        self._seconds = self._seconds + CHUNK_SECONDS if same else CHUNK_SECONDS
        self._pitch = pitch
        return self._seconds >= BEEP_SECONDS


def _pitch_of(samples: "array[int]") -> float | None:
    """The cosine of a pure tone's step; None where it is none. Each sample of a sine follows from the two before."""
    if max(samples) < _LOUD_FROM:
        return None
    both = [before + after for before, after in zip(samples, samples[2:], strict=False)]
    middle = samples[1:-1]
    energy = sum(one * one for one in middle)
    if not energy:
        return None
    factor = sum(one * two for one, two in zip(middle, both, strict=True)) / energy
    rest = sum((two - factor * one) ** 2 for one, two in zip(middle, both, strict=True))
    low, high = (2 * _cosine(hertz) for hertz in BEEP_HERTZ)
    if rest > _PURE_BELOW * energy or not high <= factor <= low:
        return None
    return factor


def _cosine(hertz: float) -> float:
    return math.cos(2 * math.pi * hertz / SAMPLE_RATE)


class Answered:
    """Decides who answered, by what is heard and how long it takes."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._beep = Beep()
        self._rest = bytearray()
        self._speech = 0.0
        self._silence = 0.0
        self.is_machine = False

    def feed(self, pcm: bytes) -> Answerer | None:
        """Hear more; who it is, None as long as it is not known, or the machine still speaks."""
        self._rest += pcm
        while len(self._rest) >= CHUNK_BYTES:
            chunk = bytes(self._rest[:CHUNK_BYTES])
            del self._rest[:CHUNK_BYTES]
            if (decided := self._chunk(chunk)) is not None:
                return decided
        return None

    def _chunk(self, chunk: bytes) -> Answerer | None:
        if self._beep.feed(chunk):
            return "machine"
        if self._detector.probability(chunk) >= SPEECH_FROM:
            self._speech += CHUNK_SECONDS
            self._silence = 0.0
            self.is_machine = self.is_machine or self._speech > GREETING_SECONDS
            return None
        self._silence += CHUNK_SECONDS
        if self.is_machine:
            return "machine" if self._silence >= MESSAGE_AFTER_SECONDS else None
        if self._speech and self._silence >= WORD_ENDS_SECONDS:
            return "person"
        return "person" if self._silence >= SILENT_SECONDS else None


async def who_answered(line: Line, detector: Detector, pace: Pace) -> Answerer:
    """Listen until it is known who answered; a machine has finished its greeting then, or has beeped.

    A line that sends nothing in silence is a silent person after :data:`SILENT_SECONDS`.
    """
    answered = Answered(detector)
    began = pace.now()
    while True:
        event = await _event_within(line, pace, MESSAGE_AFTER_SECONDS if answered.is_machine else SILENT_SECONDS)
        match event:
            case None:
                return "machine" if answered.is_machine else "person"
            case HungUp():
                return "gone"
            case Key():
                return "person"
            case Audio(pcm):
                if (decided := answered.feed(pcm)) is not None:
                    return decided
        if pace.now() - began >= LONGEST_SECONDS:
            return "machine"


async def _event_within(line: Line, pace: Pace, seconds: float) -> LineEvent | None:
    """The next event, None where there is none for so long."""
    event = asyncio.ensure_future(line.next_event())
    late = asyncio.ensure_future(pace.sleep(seconds))
    try:
        await asyncio.wait({event, late}, return_when=asyncio.FIRST_COMPLETED)
        return event.result() if event.done() else None
    finally:
        for task in (event, late):
            task.cancel()
