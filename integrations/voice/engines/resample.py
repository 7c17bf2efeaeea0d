"""Other rates than a telephone's, piece by piece: 8 to 16 kHz for recognisers, 24 and 22.05 to 8 kHz from voices.

Sound is 16-bit little-endian mono on both sides. The filter is FFmpeg's: below half the lower rate nothing is lost,
above it nothing is folded back into what is heard.
"""

import struct

from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

from integrations.voice.line import SAMPLE_BYTES, SAMPLE_RATE

RECOGNISER_RATE = 16_000
"""Hertz; what recognisers are trained on."""

_RIFF = b"RIFF"
_LONGEST_HEADER = 64 * 1024
_ENDLESS = 0x7F000000
"""A stream's WAV header says this much or more where the length was not known when it was written."""
_PCM = (1, 0xFFFE)
_LOWEST_RATE, _HIGHEST_RATE = 8_000, 192_000


class NoSound(ValueError):
    """These bytes are no sound that a telephone can play; the text is a code for the log."""


class Resampler:
    """Changes the rate of a stream without a seam between its pieces.

    Args:
        source: hertz of what comes in.
        target: hertz of what goes out.
    """

    def __init__(self, source: int, target: int) -> None:
        self._source = source
        self._filter = None if source == target else AudioResampler(format="s16", layout="mono", rate=target, threads=1)
        self._odd = b""
        self._fed = False

    def feed(self, pcm: bytes) -> bytes:
        """What is ready after this piece; a half sample at its end waits for the next one."""
        pcm = self._odd + pcm
        whole = len(pcm) - len(pcm) % SAMPLE_BYTES
        self._odd = pcm[whole:]
        if self._filter is None or not whole:
            return pcm[:whole]
        frame = AudioFrame(format="s16", layout="mono", samples=whole // SAMPLE_BYTES)
        frame.sample_rate = self._source
        frame.planes[0].update(pcm[:whole].ljust(frame.planes[0].buffer_size, b"\0"))
        self._fed = True
        return self._through(frame)

    def end(self) -> bytes:
        """The rest that the filter still holds; nothing may be fed afterwards."""
        return self._through(None) if self._fed else b""

    def _through(self, frame: AudioFrame | None) -> bytes:
        if self._filter is None:
            return b""
        done = self._filter.resample(frame)
        return b"".join(bytes(piece.planes[0])[: piece.samples * SAMPLE_BYTES] for piece in done)


def resampled(pcm: bytes, source: int, target: int) -> bytes:
    """A whole sound at another rate."""
    resampler = Resampler(source, target)
    return resampler.feed(pcm) + resampler.end()


class TelephoneSound:
    """Makes 8 kHz sound of what a voice streams: bare samples, or a WAV file whose header says how it is.

    Args:
        rate: hertz of bare samples.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._resampler: Resampler | None = None
        self._start = b""
        self._left: int | None = None

    def feed(self, data: bytes) -> bytes:
        """What can be played after this piece.

        Raises:
            NoSound: a WAV header that we cannot play.
        """
        if self._resampler is not None:
            return self._resampler.feed(self._limited(data))
        self._start += data
        if len(self._start) < len(_RIFF) and _RIFF.startswith(self._start):
            return b""
        return self._open(self._start)

    def end(self) -> bytes:
        """The rest.

        Raises:
            NoSound: it ended within the header.
        """
        if self._resampler is None:
            if self._start.startswith(_RIFF):
                raise NoSound("wav_header")
            return b""
        return self._resampler.end()

    def _open(self, start: bytes) -> bytes:
        if not start.startswith(_RIFF):
            self._resampler = Resampler(self._rate, SAMPLE_RATE)
            return self._resampler.feed(start)
        header = _wav_header(start)
        if header is None:
            if len(start) > _LONGEST_HEADER:
                raise NoSound("wav_header")
            return b""
        rate, begin, self._left = header
        self._resampler = Resampler(rate, SAMPLE_RATE)
        return self._resampler.feed(self._limited(start[begin:]))

    def _limited(self, data: bytes) -> bytes:
        if self._left is None:
            return data
        data = data[: self._left]
        self._left -= len(data)
        return data


def _wav_header(data: bytes) -> tuple[int, int, int | None] | None:
    """Rate, where the samples begin, how many bytes they are (None: to the end); None while it is not complete."""
    rate = 0
    at = 12
    while len(data) >= at + 8:
        name, size = struct.unpack_from("<4sI", data, at)
        at += 8
        if name == b"data":
            if not rate:
                raise NoSound("wav_header")
            return rate, at, None if size == 0 or size >= _ENDLESS else size
        if len(data) < at + size:
            return None
        if name == b"fmt ":
            rate = _playable_rate(data[at : at + size])
        at += size + size % 2
    return None


def _playable_rate(fmt: bytes) -> int:
    if len(fmt) < 16:
        raise NoSound("wav_header")
    form, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", fmt)
    if form not in _PCM or channels != 1 or bits != 8 * SAMPLE_BYTES:
        raise NoSound("wav_format")
    if not _LOWEST_RATE <= rate <= _HIGHEST_RATE:
        raise NoSound("wav_rate")
    return int(rate)
