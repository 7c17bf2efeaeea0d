"""Sound files for the tests: kept ones, ones made here, and an ear that knows a tone."""

import io
import math
import wave
from array import array
from itertools import pairwise
from pathlib import Path

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream

SAMPLES = Path(__file__).parent / "samples"
TONE = 440
AMR_HEADER = b"#!AMR\n"
AMR_FRAME = 32
"""Bytes of one frame of 20 ms at 12.2 kbit/s."""


def sample(name: str) -> bytes:
    """A kept file."""
    return (SAMPLES / name).read_bytes()


def long_amr(seconds: int) -> bytes:
    """The tone, so many times."""
    return AMR_HEADER + sample("tone.amr")[len(AMR_HEADER) :] * seconds


def made(container: str, codec: str, rate: int = 48_000, seconds: float = 1.0) -> bytes:
    """The tone as another phone would send it."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream(codec, rate=rate)
        assert isinstance(stream, AudioStream)
        stream.layout = "mono"
        tone = array("h", (int(9000 * math.sin(2 * math.pi * TONE * n / rate)) for n in range(int(rate * seconds))))
        frame = AudioFrame(format="s16", layout="mono", samples=len(tone))
        frame.planes[0].update(tone.tobytes())
        frame.sample_rate = rate
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            output.mux(packet)
    return file.getvalue()


def picture_file() -> bytes:
    """A film without sound."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as output:
        stream = output.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for packet in [*stream.encode(av.VideoFrame(64, 64, "yuv420p")), *stream.encode(None)]:
            output.mux(packet)
    return file.getvalue()


def heard(wav: bytes) -> tuple[int, int, int, float, float]:
    """Channels, bits, rate, seconds, and the tone in hertz: how often the sound goes up through zero."""
    with wave.open(io.BytesIO(wav)) as file:
        samples = array("h", file.readframes(file.getnframes()))
        rate = file.getframerate()
        seconds = len(samples) / rate
        middle = samples[rate // 4 : 3 * rate // 4]
        rises = sum(before < 0 <= after for before, after in pairwise(middle))
        return file.getnchannels(), 8 * file.getsampwidth(), rate, seconds, rises / (len(middle) / rate)
