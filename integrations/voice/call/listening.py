"""Hearing where an utterance begins and ends. Time is counted in samples, never by a clock, so the same sound always
gives the same events, however late it comes.
"""

from collections import deque
from dataclasses import dataclass

from integrations.voice.call.vad import CHUNK_BYTES, CHUNK_SECONDS, Detector
from integrations.voice.line import SAMPLE_BYTES, SAMPLE_RATE

SPEECH_ABOVE = 0.5
SPEECH_ABOVE_OVER_PROMPT = 0.7
"""While we speak: what comes back of our own voice through a loudspeaker is weaker than the caller."""
SILENCE_BELOW = 0.35
BEGINS_WITHIN_CHUNKS = 4
BEGINS_WITH_CHUNKS = 3
"""Three of four chunks: about 0.1 s; a click is one."""
ENDS_AFTER_SECONDS = 0.64
PRE_ROLL_SECONDS = 0.3
SHORTEST_SECONDS = 0.2
LONGEST_SECONDS = 15.0
BARGE_IN_SECONDS = 0.5
"""Of speech, not of sound: a cough is shorter (voice.md)."""


@dataclass(frozen=True, slots=True)
class SpeechBegan:
    """Somebody speaks; ``sound`` is what was said so far, with the moment before it."""

    sound: bytes


@dataclass(frozen=True, slots=True)
class SpeechGoesOn:
    """More of it."""

    sound: bytes


@dataclass(frozen=True, slots=True)
class BargedIn:
    """It is speech and no cough: what is being said to the caller ends here. Once for each utterance."""


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """The utterance is over.

    Attributes:
        sound: all of it, from the pre-roll to the end of the silence after it.
        seconds: how long was really spoken.
        over_prompt: it began while we spoke.
    """

    sound: bytes
    seconds: float
    over_prompt: bool


@dataclass(frozen=True, slots=True)
class NothingSaid:
    """It was too short to be speech."""


Hearing = SpeechBegan | SpeechGoesOn | BargedIn | SpeechEnded | NothingSaid


class Ear:
    """Finds utterances in the caller's sound.

    Attributes:
        ends_after: seconds of silence that end an utterance; a question for digits leaves room for a breath.
        over_prompt: we speak right now.
    """

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._rest = bytearray()
        self._before: deque[bytes] = deque(
            maxlen=max(1, round(PRE_ROLL_SECONDS / CHUNK_SECONDS)) + BEGINS_WITHIN_CHUNKS
        )
        self._recent: deque[bool] = deque(maxlen=BEGINS_WITHIN_CHUNKS)
        self._sound = bytearray()
        self._speaking = False
        self._spoken = 0.0
        self._silent = 0.0
        self._barged = False
        self._began_over_prompt = False
        self.ends_after = ENDS_AFTER_SECONDS
        self.over_prompt = False

    @property
    def speaking(self) -> bool:
        """Whether an utterance is open."""
        return self._speaking

    def feed(self, pcm: bytes) -> list[Hearing]:
        """Hear more sound, any length; what was found in it, in order."""
        self._rest += pcm
        found: list[Hearing] = []
        while len(self._rest) >= CHUNK_BYTES:
            chunk = bytes(self._rest[:CHUNK_BYTES])
            del self._rest[:CHUNK_BYTES]
            found += self._chunk(chunk)
        return found

    def finish(self) -> SpeechEnded | None:
        """End the utterance that is open here and now; None where none is."""
        ended = self._ended() if self._speaking else None
        return ended if isinstance(ended, SpeechEnded) else None

    def forget(self) -> None:
        """Drop what is open: it is not wanted any more."""
        self._close()
        self._rest.clear()

    def _chunk(self, chunk: bytes) -> list[Hearing]:
        probability = self._detector.probability(chunk)
        if not self._speaking:
            return self._before_speech(chunk, probability)
        return self._in_speech(chunk, probability)

    def _before_speech(self, chunk: bytes, probability: float) -> list[Hearing]:
        self._before.append(chunk)
        needed = SPEECH_ABOVE_OVER_PROMPT if self.over_prompt else SPEECH_ABOVE
        self._recent.append(probability >= needed)
        if sum(self._recent) < BEGINS_WITH_CHUNKS:
            return []
        self._speaking = True
        self._began_over_prompt = self.over_prompt
        self._spoken = sum(self._recent) * CHUNK_SECONDS
        self._sound += b"".join(self._before)
        return [SpeechBegan(bytes(self._sound)), *self._barge()]

    def _in_speech(self, chunk: bytes, probability: float) -> list[Hearing]:
        self._sound += chunk
        if probability >= SPEECH_ABOVE:
            self._spoken += CHUNK_SECONDS
        if probability >= SILENCE_BELOW:
            self._silent = 0.0
        else:
            self._silent += CHUNK_SECONDS
        found: list[Hearing] = [SpeechGoesOn(chunk), *self._barge()]
        too_long = len(self._sound) >= LONGEST_SECONDS * SAMPLE_RATE * SAMPLE_BYTES
        if self._silent >= self.ends_after - CHUNK_SECONDS / 2 or too_long:
            found.append(self._ended())
        return found

    def _barge(self) -> list[Hearing]:
        if self._barged or self._spoken < BARGE_IN_SECONDS:
            return []
        self._barged = True
        return [BargedIn()]

    def _ended(self) -> Hearing:
        sound, seconds, over_prompt = bytes(self._sound), self._spoken, self._began_over_prompt
        self._close()
        if seconds < SHORTEST_SECONDS:
            return NothingSaid()
        return SpeechEnded(sound, seconds, over_prompt)

    def _close(self) -> None:
        self._sound.clear()
        self._before.clear()
        self._recent.clear()
        self._speaking = self._barged = False
        self._spoken = self._silent = 0.0
