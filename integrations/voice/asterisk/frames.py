"""AudioSocket's frames: one byte of kind, two of length (big-endian), the payload."""

import asyncio
import struct
from dataclasses import dataclass
from enum import IntEnum

from av import AudioFrame, AudioResampler

from integrations.voice.line import SAMPLE_RATE

_HEAD = struct.Struct(">BH")


class Kind(IntEnum):
    """What is used here; others are read and ignored."""

    HANG_UP = 0x00
    UUID = 0x01
    KEY = 0x03
    SOUND_8K = 0x10
    SOUND_16K = 0x12
    ERROR = 0xFF


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame."""

    kind: int
    payload: bytes = b""

    def __bytes__(self) -> bytes:
        return _HEAD.pack(self.kind, len(self.payload)) + self.payload


async def read(reader: asyncio.StreamReader) -> Frame | None:
    """The next frame; None at the end of the connection, also in the middle of a frame."""
    try:
        kind, length = _HEAD.unpack(await reader.readexactly(_HEAD.size))
        return Frame(kind, await reader.readexactly(length) if length else b"")
    except asyncio.IncompleteReadError:
        return None


class Wideband:
    """Between 16 kHz, which a newer exchange may send, and our 8 kHz."""

    def __init__(self) -> None:
        self._down = AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
        self._up = AudioResampler(format="s16", layout="mono", rate=2 * SAMPLE_RATE)

    def narrowed(self, pcm: bytes) -> bytes:
        """16 kHz to 8 kHz."""
        return _through(self._down, pcm, 2 * SAMPLE_RATE)

    def widened(self, pcm: bytes) -> bytes:
        """8 kHz to 16 kHz."""
        return _through(self._up, pcm, SAMPLE_RATE)


def _through(resampler: AudioResampler, pcm: bytes, rate: int) -> bytes:
    pcm = pcm[: len(pcm) // 2 * 2]
    if not pcm:
        return b""
    frame = AudioFrame(format="s16", layout="mono", samples=len(pcm) // 2)
    frame.planes[0].update(pcm)
    frame.sample_rate = rate
    return b"".join(bytes(out.planes[0])[: out.samples * 2] for out in resampler.resample(frame))
