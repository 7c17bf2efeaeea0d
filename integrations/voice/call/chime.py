"""What somebody hears who waits: a soft double tone now and then, so that nobody thinks the line is dead."""

import math
from array import array
from functools import cache

from integrations.voice.line import SAMPLE_RATE

_NOTES = ((659.3, 0.35), (523.3, 0.5))
_LOUDNESS = 1800


@cache
def chime() -> bytes:
    """The sound, 8 kHz; it fades like a bell, so that it cannot be taken for a tone of the exchange."""
    samples = array("h")
    for hertz, seconds in _NOTES:
        count, step = round(seconds * SAMPLE_RATE), 2 * math.pi * hertz / SAMPLE_RATE
        samples.extend(round(_LOUDNESS * (1 - n / count) ** 2 * math.sin(step * n)) for n in range(count))
    return samples.tobytes()
