"""What is heard while somebody else's telephone rings, and keys as sound for a telephone that takes no others."""

import math
from array import array
from functools import cache

from integrations.voice.line import SAMPLE_RATE

_LOUDNESS = 2500
_FADE_SECONDS = 0.02
_RING_HERTZ, _RING_SECONDS, _RING_EVERY_SECONDS = 450.0, 1.0, 5.0
"""The Chinese ringing tone: one second of 450 Hz, four of silence (GF 002-9002.1)."""
_KEY_SECONDS = 0.12
_ROWS, _COLUMNS = (697.0, 770.0, 852.0, 941.0), (1209.0, 1336.0, 1477.0)
_PLACES = {key: divmod(n, 3) for n, key in enumerate("123456789*0#")}


@cache
def ringing() -> bytes:
    """One turn of the ringing tone; soft, as people listen to it for half a minute."""
    silence = bytes(2 * round((_RING_EVERY_SECONDS - _RING_SECONDS) * SAMPLE_RATE))
    return _tone((_RING_HERTZ,), _RING_SECONDS) + silence


@cache
def of_key(key: str) -> bytes:
    """The two tones of a key (ITU-T Q.23)."""
    row, column = _PLACES[key]
    return _tone((_ROWS[row], _COLUMNS[column]), _KEY_SECONDS)


def _tone(hertz: tuple[float, ...], seconds: float) -> bytes:
    count, fade = round(seconds * SAMPLE_RATE), _FADE_SECONDS * SAMPLE_RATE
    steps = [2 * math.pi * one / SAMPLE_RATE for one in hertz]
    samples = array("h")
    for n in range(count):
        loudness = _LOUDNESS * min(1.0, n / fade, (count - n) / fade)
        samples.append(round(loudness * sum(math.sin(step * n) for step in steps) / len(steps)))
    return samples.tobytes()
