"""A-law with its sign as G.711 has it.

aiortp 0.8.0 takes the sign bit the wrong way round: its silence is 0x55 where every telephone's is 0xD5.
"""

from aiortp.codecs import PcmaCodec

_TURNED = bytes(value ^ 0x80 for value in range(256))


class Alaw:
    """Between A-law and 16-bit little-endian samples of 8 kHz."""

    def __init__(self) -> None:
        self._codec = PcmaCodec()

    def encode(self, pcm: bytes, /) -> bytes:
        """Samples as a telephone sends them."""
        return self._codec.encode(pcm).translate(_TURNED)

    def decode(self, data: bytes, /) -> bytes:
        """What a telephone sent, as samples."""
        return self._codec.decode(data.translate(_TURNED))
