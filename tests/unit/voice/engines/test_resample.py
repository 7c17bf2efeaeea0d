"""Other rates than the telephone's keep the tone, its length and its loudness, however the stream is cut."""

import io
import struct
import wave

import pytest

from integrations.voice.engines.resample import NoSound, Resampler, TelephoneSound, resampled
from tests.support.speech_servers import tone
from tests.unit.voice.engines.ears import hertz_of, level_of

RATES = [(8000, 16000), (24000, 8000), (22050, 8000), (16000, 8000)]


def wav(pcm: bytes, rate: int, channels: int = 1, width: int = 2) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(channels)
        written.setsampwidth(width)
        written.setframerate(rate)
        written.writeframes(pcm)
    return file.getvalue()


def streamed(wav_file: bytes) -> bytes:
    """The file as a program writes it that does not know its length yet."""
    return wav_file[:40] + struct.pack("<I", 0x7FFFF000) + wav_file[44:]


@pytest.mark.parametrize(("source", "target"), RATES)
def test_a_tone_stays_the_same_tone(source: int, target: int) -> None:
    done = resampled(tone(1.0, source), source, target)
    assert len(done) / 2 == pytest.approx(target, rel=0.005)
    assert hertz_of(done, target) == pytest.approx(440, rel=0.01)
    assert level_of(done) == pytest.approx(level_of(tone(1.0, source)), rel=0.02)


@pytest.mark.parametrize(("source", "target"), RATES)
@pytest.mark.parametrize("piece", [1, 7, 320, 1001])
def test_pieces_of_any_length_give_the_same_sound_as_the_whole(source: int, target: int, piece: int) -> None:
    sound = tone(0.05, source)
    resampler = Resampler(source, target)
    done = b"".join(resampler.feed(sound[at : at + piece]) for at in range(0, len(sound), piece)) + resampler.end()
    assert done == resampled(sound, source, target)


def test_what_a_telephone_cannot_carry_is_not_folded_into_what_it_can() -> None:
    assert level_of(resampled(tone(0.5, 24000, hertz=6000), 24000, 8000)) < 0.01 * level_of(tone(0.5))


def test_the_same_rate_passes_through_and_nothing_comes_of_nothing() -> None:
    assert resampled(tone(0.1), 8000, 8000) == tone(0.1)
    assert resampled(b"", 8000, 16000) == b""
    assert resampled(b"\1", 8000, 16000) == b""


@pytest.mark.parametrize("cut", [1, 3, 10, 43, 46, 4000])
@pytest.mark.parametrize("of_unknown_length", [True, False])
def test_a_wav_says_its_own_rate_however_it_arrives(cut: int, of_unknown_length: bool) -> None:
    file = wav(tone(0.1, 22050), 22050)
    if of_unknown_length:
        file = streamed(file)
    sound = TelephoneSound(24000)
    done = b"".join(sound.feed(file[at : at + cut]) for at in range(0, len(file), cut)) + sound.end()
    assert done == resampled(tone(0.1, 22050), 22050, 8000)


def test_bare_samples_are_taken_at_the_rate_that_is_known() -> None:
    sound = TelephoneSound(24000)
    assert sound.feed(tone(0.5, 24000)) + sound.end() == resampled(tone(0.5, 24000), 24000, 8000)


def test_what_follows_the_sound_in_a_file_is_not_played() -> None:
    file = wav(tone(0.2), 8000) + b"LIST\x10\0\0\0a text about it.."
    sound = TelephoneSound(24000)
    assert sound.feed(file) + sound.end() == tone(0.2)


def test_other_parts_may_stand_before_the_sound() -> None:
    file = wav(tone(0.2), 8000)
    sound = TelephoneSound(24000)
    assert sound.feed(file[:12] + b"LIST\3\0\0\0abc\0" + file[12:]) + sound.end() == tone(0.2)


@pytest.mark.parametrize(
    "file",
    [
        wav(tone(0.1), 8000, channels=2),
        wav(tone(0.1), 8000, width=1),
        wav(tone(0.1), 4000),
        b"RIFF\0\0\0\0WAVEdata\4\0\0\0abcd",
        b"RIFF\0\0\0\0WAVEfmt \2\0\0\0abdata\4\0\0\0abcd",
        b"RIFF\0\0\0\0WAVEjunk\xff\xff\xff\0" + bytes(70000),
        b"RIFF\0\0\0\0WAVE",
    ],
    ids=["stereo", "8 bit", "4 kHz", "no form", "short form", "endless header", "cut"],
)
def test_a_wav_that_cannot_be_played_is_no_sound(file: bytes) -> None:
    sound = TelephoneSound(24000)
    with pytest.raises(NoSound):
        sound.feed(file)
        sound.end()


def test_an_empty_stream_is_silence() -> None:
    sound = TelephoneSound(24000)
    assert sound.feed(b"") + sound.end() == b""
