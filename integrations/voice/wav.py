"""Sound as a WAV file."""

import io
import wave

from integrations.voice.line import SAMPLE_BYTES, SAMPLE_RATE


def as_wav(pcm: bytes, rate: int = SAMPLE_RATE) -> bytes:
    """A WAV file of 16-bit mono sound, at the rate of the line where no other is given."""
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(SAMPLE_BYTES)
        written.setframerate(rate)
        written.writeframes(pcm)
    return file.getvalue()
