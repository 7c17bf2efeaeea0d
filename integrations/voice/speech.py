"""What the hotline asks of a recogniser and of a voice, whoever makes them. Sound as in `integrations.voice.line`."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol


class SpeechUnavailable(Exception):
    """The recogniser or the voice does not answer, is late, or is not there: the call goes on by keys and prompts."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What was understood of one utterance.

    Attributes:
        text: empty where nothing was said, or where nothing of it can be believed.
        confidence: 0 to 1; below .35 the caller is asked to say it again.
        refused: why an utterance with sound gave no text (a gate's name); None where it gave one.
    """

    text: str
    confidence: float
    refused: str | None = None


class Utterance(Protocol):
    """One utterance on its way into the recogniser, while the caller still speaks."""

    def feed(self, pcm: bytes) -> None:
        """Add sound; never blocks."""
        ...

    async def finish(self) -> Heard:
        """The caller has ended: what was said.

        Raises:
            SpeechUnavailable: it could not be recognised now; the sound is lost to the recogniser, not to the call.
        """
        ...

    async def cancel(self) -> None:
        """It is not wanted any more."""
        ...


class Recogniser(Protocol):
    """Turns sound into text."""

    def begin(self, hints: Sequence[str] = ()) -> Utterance:
        """Open an utterance.

        Args:
            hints: words that are likely (names of estates, options on offer).
        """
        ...

    async def ready(self) -> bool:
        """Whether it works now; quick, never raises."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...


class Voice(Protocol):
    """Turns text into sound."""

    def speak(self, text: str) -> AsyncIterator[bytes]:
        """Say a text that :func:`integrations.voice.reading.readable` has made, piece by piece as it is ready.

        Raises:
            SpeechUnavailable: it cannot be said now; pieces that came before are right.
        """
        ...

    async def ready(self) -> bool:
        """Whether it works now; quick, never raises."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...
