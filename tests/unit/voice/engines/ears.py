"""What the engines' tests hear."""

import math
from array import array
from collections.abc import AsyncIterator
from itertools import pairwise

from integrations.voice.speech import Heard, Recogniser, Utterance
from tests.support.speech_servers import tone

FRAME = 320


def hertz_of(pcm: bytes, rate: int = 8000) -> float:
    """The tone in the middle of a sound: how often it goes up through zero."""
    samples = array("h", pcm)
    middle = samples[len(samples) // 4 : 3 * len(samples) // 4]
    return sum(before < 0 <= after for before, after in pairwise(middle)) / (len(middle) / rate)


def level_of(pcm: bytes) -> float:
    """Root mean square of the middle of a sound."""
    samples = array("h", pcm)
    middle = samples[len(samples) // 4 : 3 * len(samples) // 4]
    return math.sqrt(sum(sample * sample for sample in middle) / len(middle))


def speak_into(utterance: Utterance, seconds: float = 0.9) -> bytes:
    """Feed a tone as a telephone does, frame by frame; the tone."""
    sound = tone(seconds)
    for at in range(0, len(sound), FRAME):
        utterance.feed(sound[at : at + FRAME])
    return sound


async def heard_by(recogniser: Recogniser, seconds: float = 0.9, hints: tuple[str, ...] = ()) -> Heard:
    """A whole utterance."""
    utterance = recogniser.begin(hints)
    speak_into(utterance, seconds)
    return await utterance.finish()


async def all_of(pieces: AsyncIterator[bytes]) -> bytes:
    """A voice's whole sound."""
    return b"".join([piece async for piece in pieces])
