"""Rates, files and bytes of sound."""

import io
import wave

import numpy as np
import pytest

from integrations.speech.sound import NoSound, Samples, at_rate, from_pcm, read_wav, silence, to_pcm, wav_header


def sine(hertz: float, rate: int, seconds: float = 1.0) -> Samples:
    return np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate).astype(np.float32)


def level(samples: Samples) -> float:
    middle = samples[len(samples) // 4 : -len(samples) // 4]
    return float(np.sqrt(np.mean(middle**2)))


@pytest.mark.parametrize("hertz", [200, 1000, 3000, 3400])
def test_what_a_telephone_carries_passes_unchanged(hertz: float) -> None:
    assert level(at_rate(sine(hertz, 24_000), 24_000, 8_000)) == pytest.approx(level(sine(hertz, 24_000)), rel=0.03)


@pytest.mark.parametrize("hertz", [4600, 6000, 7900, 9000, 11_000])
def test_what_it_cannot_carry_is_gone_and_does_not_come_back_as_something_else(hertz: float) -> None:
    assert level(at_rate(sine(hertz, 24_000), 24_000, 8_000)) < 0.001


@pytest.mark.parametrize(("rate", "wanted"), [(24_000, 8_000), (8_000, 16_000), (44_100, 16_000), (16_000, 24_000)])
def test_a_change_of_rate_keeps_time_and_form(rate: int, wanted: int) -> None:
    changed = at_rate(sine(440, rate), rate, wanted)
    expected = sine(440, wanted)
    assert len(changed) == len(expected)
    assert np.abs(changed - expected)[wanted // 10 : -wanted // 10].max() < 0.01


def test_the_same_rate_and_no_sound_are_left_alone() -> None:
    sound = sine(440, 8_000)
    assert at_rate(sound, 8_000, 8_000) is sound
    assert len(at_rate(sound[:0], 24_000, 8_000)) == 0


def test_bytes_and_samples_are_the_same_sound() -> None:
    sound = sine(440, 8_000) * 0.9
    assert np.abs(from_pcm(to_pcm(sound)) - sound).max() < 2 / 32768
    assert len(from_pcm(b"\0\0\0")) == 1


def test_what_is_too_loud_is_clipped() -> None:
    assert np.frombuffer(to_pcm(np.array([2.0, -2.0], np.float32)), "<i2").tolist() == [32767, -32767]


def test_a_written_file_can_be_read_by_others() -> None:
    pcm = to_pcm(sine(440, 8_000))
    with wave.open(io.BytesIO(wav_header(8_000, len(pcm)) + pcm)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getnframes()) == (8_000, 1, 8_000)
    samples, rate = read_wav(wav_header(8_000) + pcm)
    assert rate == 8_000
    assert to_pcm(samples)[:200] == pcm[:200] or np.abs(samples - from_pcm(pcm)).max() < 1e-4


@pytest.mark.parametrize("width", [1, 2, 4])
def test_files_of_several_widths_and_channels_are_read(width: int) -> None:
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((2, width, 16_000, 0, "NONE", ""))
        writer.writeframes((b"\x80" if width == 1 else bytes(width)) * 2 * 100)
    samples, rate = read_wav(file.getvalue())
    assert (len(samples), rate) == (100, 16_000)
    assert np.abs(samples).max() == 0


@pytest.mark.parametrize("data", [b"", b"RIFF", b"ID3 no wave", wav_header(8_000, 0)[:30]])
def test_what_is_no_wave_file_is_refused(data: bytes) -> None:
    with pytest.raises(NoSound):
        read_wav(data)


def test_silence_is_as_long_as_asked() -> None:
    assert silence(0.5, 8_000) == bytes(8_000)
