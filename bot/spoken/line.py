"""A telephone line: 24 kHz speech in, what arrives at 8 kHz after the band, the noise and the µ-law coder out."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import signal

Samples = npt.NDArray[np.float32]

VOICE_RATE = 24_000
LINE_RATE = 8_000
NOISES = ("white", "pink", "babble")

_BAND = signal.cheby2(10, 45, (180, 3720), btype="bandpass", fs=LINE_RATE, output="sos")
_LEVEL = 0.05  # -26 dB below full scale, where networks keep active speech
_SILENCE_S = 0.3
_MU = 255.0
_TALKERS = 6


def band(speech: Samples) -> Samples:
    """What of `speech` (8 kHz) passes 300 to 3400 Hz."""
    return np.asarray(signal.sosfilt(_BAND, speech), dtype=np.float32)


def noise(kind: str, count: int, rng: np.random.Generator) -> Samples:
    """`count` samples (8 kHz) of noise of root mean square 1 in the telephone band.

    `kind` is one of NOISES; `babble` is noise with the spectrum and the syllable rhythm of people talking.
    Raises ValueError for another kind.
    """
    if kind == "white":
        raw = rng.standard_normal(count)
    elif kind == "pink":
        raw = _coloured(rng.standard_normal(count), 0.5)
    elif kind == "babble":
        raw = np.zeros(count)
        syllables = signal.butter(2, 5.0, fs=LINE_RATE, output="sos")
        for _ in range(_TALKERS):
            rhythm = np.abs(signal.sosfilt(syllables, rng.standard_normal(count + LINE_RATE))[LINE_RATE:])
            raw += _coloured(rng.standard_normal(count), 0.8) * rhythm
    else:
        raise ValueError(f"no such noise: {kind}")
    heard = band(raw.astype(np.float32))
    return np.asarray(heard / max(_rms(heard), 1e-9), dtype=np.float32)


def _coloured(white: npt.NDArray[np.float64], exponent: float) -> npt.NDArray[np.float64]:
    spectrum = np.fft.rfft(white)
    frequencies = np.fft.rfftfreq(len(white), 1 / LINE_RATE)
    spectrum *= (np.maximum(frequencies, 100.0) / 100.0) ** -exponent
    return np.fft.irfft(spectrum, len(white))


def _rms(samples: Samples) -> float:
    return math.sqrt(float(np.mean(np.square(samples, dtype=np.float64)))) if len(samples) else 0.0


def active_level(speech: Samples) -> float:
    """Root mean square of the 20 ms frames (8 kHz) in which somebody speaks: those within 30 dB of the loudest."""
    frame = LINE_RATE // 50
    whole = speech[: len(speech) // frame * frame].reshape(-1, frame)
    if not len(whole):
        return _rms(speech)
    power = np.mean(np.square(whole, dtype=np.float64), axis=1)
    return math.sqrt(float(np.mean(power[power >= power.max() / 1000.0])))


def mu_law(samples: Samples) -> Samples:
    """`samples` (-1 to 1) coded to 8 bits of µ-law and back."""
    clipped = np.clip(samples, -1.0, 1.0)
    code = np.round(np.sign(clipped) * np.log1p(_MU * np.abs(clipped)) / math.log1p(_MU) * 127.0) / 127.0
    return np.asarray(np.sign(code) * np.expm1(np.abs(code) * math.log1p(_MU)) / _MU, dtype=np.float32)


def over_the_line(speech: Samples, noise_db: int | None, kind: str, seed: int) -> Samples:
    """`speech` (24 kHz, -1 to 1) as it arrives at 8 kHz, with 0.3 s before and after it.

    `noise_db` is the distance of the noise of `kind` below active speech in dB, None for a clean line; `seed` fixes
    the noise. Raises ValueError for an unknown kind.
    """
    quiet = np.zeros(int(_SILENCE_S * LINE_RATE), dtype=np.float32)
    narrow = signal.resample_poly(speech, 1, VOICE_RATE // LINE_RATE).astype(np.float32)
    passed = band(np.concatenate([quiet, narrow, quiet]))
    level = active_level(passed)
    if level:
        passed *= _LEVEL / level
    if noise_db is not None:
        gain = _LEVEL * 10 ** (-noise_db / 20)
        passed = passed + gain * noise(kind, len(passed), np.random.default_rng(seed))
    return mu_law(passed)
