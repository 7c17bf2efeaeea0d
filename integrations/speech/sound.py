"""Samples: other rates, WAV files, silence. Samples are float32 from -1 to 1, mono."""

import io
import math
import wave
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]

_ZERO_CROSSINGS = 24
_ROLL_OFF = 0.92  # of the lower rate's half: 3.7 kHz on a telephone line
_KAISER_BETA = 8.0  # 80 dB
_BLOCK = 1 << 14
_FULL = 32_767.0


class NoSound(ValueError):
    """The bytes are no WAV file that can be read."""


@lru_cache(maxsize=16)
def _bank(up: int, down: int) -> Samples:
    """A low-pass FIR for a change of rate by up/down, one row for each of the `up` phases, taps reversed in time."""
    widest = max(up, down)
    half = _ZERO_CROSSINGS * widest
    cutoff = _ROLL_OFF / widest
    at = np.arange(-half, half + 1)
    taps = np.sinc(at * cutoff) * np.kaiser(len(at), _KAISER_BETA) * cutoff * up
    length = -(-len(taps) // up)
    padded = np.zeros(length * up)
    padded[: len(taps)] = taps
    return np.ascontiguousarray(padded.reshape(length, up).T[:, ::-1], dtype=np.float32)


def at_rate(samples: Samples, rate: int, wanted: int) -> Samples:
    """`samples` of `rate` at the rate `wanted`, through a low-pass where it is lower; the same length in seconds."""
    common = math.gcd(rate, wanted)
    up, down = wanted // common, rate // common
    if up == down or not len(samples):
        return samples
    bank = _bank(up, down)
    taps = bank.shape[1]
    half = _ZERO_CROSSINGS * max(up, down)
    count = -(-len(samples) * up // down)
    windows = np.lib.stride_tricks.sliding_window_view(
        np.concatenate([np.zeros(taps - 1, np.float32), samples, np.zeros(half // up + taps, np.float32)]), taps
    )
    pieces = []
    for begin in range(0, count, _BLOCK):
        # Half the filter later than its output, so that nothing is delayed.
        at = np.arange(begin, min(begin + _BLOCK, count)) * down + half
        pieces.append(np.einsum("ij,ij->i", windows[at // up], bank[at % up]))
    return np.concatenate(pieces).astype(np.float32)


def from_pcm(pcm: bytes) -> Samples:
    """16-bit little-endian bytes as samples; half a sample at the end is dropped."""
    return np.frombuffer(pcm[: len(pcm) // 2 * 2], dtype="<i2").astype(np.float32) / (_FULL + 1)


def to_pcm(samples: Samples) -> bytes:
    """Samples as 16-bit little-endian bytes; what is too loud is clipped."""
    return (np.clip(samples, -1.0, 1.0) * _FULL).astype("<i2").tobytes()


def read_wav(data: bytes) -> tuple[Samples, int]:
    """The samples of a PCM WAV file of 8, 16 or 32 bits, channels averaged, and its rate.

    Raises:
        NoSound: it is no such file.
    """
    try:
        with wave.open(io.BytesIO(data)) as file:
            rate, width, channels = file.getframerate(), file.getsampwidth(), file.getnchannels()
            frames = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise NoSound(str(error)) from error
    if width not in {1, 2, 4} or not 4_000 <= rate <= 192_000 or not channels:
        raise NoSound(f"{width * 8} bits at {rate} Hz")
    whole = frames[: len(frames) // (width * channels) * width * channels]
    raw = np.frombuffer(whole, dtype={1: "u1", 2: "<i2", 4: "<i4"}[width]).astype(np.float64)
    if width == 1:
        raw -= 128
    scaled = raw.reshape(-1, channels).mean(axis=1) / float(1 << (8 * width - 1))
    return scaled.astype(np.float32), rate


def wav_header(rate: int, size: int | None = None) -> bytes:
    """The head of a 16-bit mono WAV file with `size` bytes of sound; None where that is not known yet (a stream)."""
    # As ffmpeg does for a pipe: readers take what comes.
    data = 0xFFFF_FFFF - 36 if size is None else size
    return b"".join((
        b"RIFF", (data + 36).to_bytes(4, "little"), b"WAVEfmt ", (16).to_bytes(4, "little"),
        (1).to_bytes(2, "little"), (1).to_bytes(2, "little"), rate.to_bytes(4, "little"),
        (rate * 2).to_bytes(4, "little"), (2).to_bytes(2, "little"), (16).to_bytes(2, "little"),
        b"data", data.to_bytes(4, "little"),
    ))  # fmt: skip


def silence(seconds: float, rate: int) -> bytes:
    """So much silence, 16 bits."""
    return b"\0\0" * int(seconds * rate)
