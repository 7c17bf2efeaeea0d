"""Voice messages as phones record them (AMR and others), made into the WAV that recognisers read.

The bytes come from a stranger and go through a decoder written in C, so as little of it as possible is reachable: a
short list of containers and codecs, no protocol (a playlist could otherwise name files of this machine), one audio
stream, nothing that holds pictures, and a limit on bytes and on seconds of sound.
"""

import asyncio
import io

import av
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError

from integrations.voice.wav import as_wav

SAMPLE_RATE = 16_000
"""Hertz; what recognisers are trained on."""
LIMIT_SECONDS = 60
"""The longest voice message WeChat records."""
LIMIT_BYTES = 2 * 1024 * 1024
"""WeChat's own limit for a voice message."""
SHORTEST_SECONDS = 0.1
MOST_STREAMS = 4
MOST_CHANNELS = 8
LOWEST_RATE, HIGHEST_RATE = 4_000, 192_000
IO_SECONDS = 5.0

FORMATS = ("amr", "ogg", "mp3", "aac", "mov", "wav", "flac", "matroska")
CODECS = frozenset(
    {
        "amrnb", "amrwb", "speex", "opus", "libopus", "vorbis", "mp3", "mp3float", "aac", "flac",
        "pcm_s16le", "pcm_u8", "pcm_alaw", "pcm_mulaw",
    }
)  # fmt: skip
_OPTIONS = {
    "format_whitelist": ",".join(FORMATS),
    "codec_whitelist": ",".join(sorted(CODECS)),
    "protocol_whitelist": "",
}
_SAMPLE_BYTES = 2


class VoiceUnreadable(Exception):
    """It is no sound, too large, or too broken to be heard; the text is a code for the log."""


async def to_wav(data: bytes, limit_seconds: float = LIMIT_SECONDS) -> bytes:
    """Make a sound file into 16 kHz mono 16-bit WAV, in a thread of its own.

    What is longer than ``limit_seconds`` is cut there: the first minute of what was said is better than nothing.

    Raises:
        VoiceUnreadable: there is no sound in it, or more bytes than a voice message has.
    """
    return await asyncio.to_thread(convert, data, limit_seconds)


def convert(data: bytes, limit_seconds: float = LIMIT_SECONDS) -> bytes:
    """Do what :func:`to_wav` does, here and now: about 20 ms of one core for a minute of AMR.

    Raises:
        VoiceUnreadable: as for ``to_wav``.
    """
    if len(data) > LIMIT_BYTES:
        raise VoiceUnreadable("too_large")
    try:
        with av.open(io.BytesIO(data), mode="r", options=dict(_OPTIONS), timeout=IO_SECONDS) as container:
            samples = _samples(container, _audio_of(container), int(limit_seconds * SAMPLE_RATE))
    except VoiceUnreadable:
        raise
    except Exception as error:  # whatever a decoder makes of a stranger's bytes, to us they are unreadable
        raise VoiceUnreadable(type(error).__name__) from error
    if len(samples) < SHORTEST_SECONDS * SAMPLE_RATE * _SAMPLE_BYTES:
        raise VoiceUnreadable("too_short")
    return as_wav(samples, SAMPLE_RATE)


def _audio_of(container: InputContainer) -> AudioStream:
    streams = container.streams
    if not streams.audio or len(streams) > MOST_STREAMS:
        raise VoiceUnreadable("no_sound")
    stream = streams.audio[0]
    # The container's list of codecs keeps only its own probing from others.
    if stream.codec_context.name not in CODECS:
        raise VoiceUnreadable("codec")
    return stream


def _samples(container: InputContainer, stream: AudioStream, most: int) -> bytes:
    """Return at most ``most`` samples of the stream."""
    resampler = AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE, threads=1)
    sound = bytearray()
    seconds_left = most / SAMPLE_RATE
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except FFmpegError:
            continue  # a broken piece is a crackle, not the end of the message
        for frame in frames:
            seconds_left -= _seconds(frame)
            if seconds_left < 0:
                break
            _add(sound, resampler, frame)
        if seconds_left < 0:
            break
    _add(sound, resampler, None)
    return bytes(sound[: most * _SAMPLE_BYTES])


def _seconds(frame: AudioFrame) -> float:
    """How long a frame lasts, known before anything is made of it: a rate of 1 Hz would grow 16,000 times."""
    if not LOWEST_RATE <= frame.sample_rate <= HIGHEST_RATE or frame.layout.nb_channels > MOST_CHANNELS:
        raise VoiceUnreadable("rate")
    return frame.samples / frame.sample_rate


def _add(sound: bytearray, resampler: AudioResampler, frame: AudioFrame | None) -> None:
    for done in resampler.resample(frame):
        sound += bytes(done.planes[0])[: done.samples * _SAMPLE_BYTES]
