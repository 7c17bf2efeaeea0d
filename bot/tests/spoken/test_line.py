"""The telephone line passes 300 to 3400 Hz, adds the noise it is asked for and codes to eight bits."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bot.spoken.line import (
    LINE_RATE,
    NOISES,
    VOICE_RATE,
    Samples,
    active_level,
    band,
    mu_law,
    noise,
    over_the_line,
)


def tone(frequency: float, rate: int, seconds: float = 2.0, level: float = 0.3) -> Samples:
    moments = np.arange(int(seconds * rate)) / rate
    return (level * np.sin(2 * math.pi * frequency * moments)).astype(np.float32)


def gain_db(frequency: float) -> float:
    sent = tone(frequency, LINE_RATE)
    half = len(sent) // 2  # past the filter's start
    return 20 * math.log10(float(np.std(band(sent)[half:])) / float(np.std(sent[half:])))


@pytest.mark.parametrize("frequency", [50, 100, 3800, 3900])
def test_outside_the_band_little_passes(frequency: float) -> None:
    assert gain_db(frequency) < -40


@pytest.mark.parametrize("frequency", [300, 500, 1000, 2000, 3000, 3400])
def test_inside_the_band_all_passes(frequency: float) -> None:
    assert abs(gain_db(frequency)) < 3


@pytest.mark.parametrize("frequency", [100, 3800, 5000, 9500])
def test_the_whole_line_keeps_the_band_and_folds_nothing_back(frequency: float) -> None:
    # The line brings what is left up to its level again, so the voice beside the tone tells.
    both = tone(1000, VOICE_RATE) + tone(frequency, VOICE_RATE)
    arrived = over_the_line(both, None, "white", 0)
    middle = arrived[len(arrived) // 4 : 3 * len(arrived) // 4]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    frequencies = np.fft.rfftfreq(len(middle), 1 / LINE_RATE)
    voice = spectrum[np.abs(frequencies - 1000) < 20].max()
    image = abs((frequency + LINE_RATE / 2) % LINE_RATE - LINE_RATE / 2)
    assert spectrum[np.abs(frequencies - image) < 20].max() < voice / 50


@pytest.mark.parametrize("kind", NOISES)
@pytest.mark.parametrize("level", [10, 20, 30])
def test_noise_has_the_level_asked_for(kind: str, level: int) -> None:
    speech = tone(1000, VOICE_RATE, seconds=4)
    clean = over_the_line(speech, None, kind, 5)
    noisy = over_the_line(speech, level, kind, 5)
    steady = slice(LINE_RATE, 4 * LINE_RATE)
    added = float(np.std(noisy[steady] - clean[steady]))
    measured = 20 * math.log10(float(np.std(clean[steady])) / added)
    # Babble comes and goes, and the coder adds its own noise of about 38 dB.
    assert measured == pytest.approx(level, abs=1.5)


@pytest.mark.parametrize("kind", NOISES)
def test_noise_is_of_unit_power_within_the_band(kind: str) -> None:
    made = noise(kind, 4 * LINE_RATE, np.random.default_rng(1))
    assert float(np.sqrt(np.mean(made**2))) == pytest.approx(1.0, abs=1e-3)
    power = np.abs(np.fft.rfft(made)) ** 2
    frequencies = np.fft.rfftfreq(len(made), 1 / LINE_RATE)
    assert power[(frequencies > 180) & (frequencies < 3720)].sum() / power.sum() > 0.999


def test_noises_differ_in_colour_and_rhythm() -> None:
    made = {kind: noise(kind, 8 * LINE_RATE, np.random.default_rng(2)) for kind in NOISES}

    def low_share(samples: Samples) -> float:
        power = np.abs(np.fft.rfft(samples)) ** 2
        return float(power[: len(power) // 4].sum() / power.sum())

    def unsteadiness(samples: Samples) -> float:
        power = np.mean(samples.reshape(-1, LINE_RATE // 10) ** 2, axis=1)
        return float(np.std(power) / np.mean(power))

    assert low_share(made["white"]) < low_share(made["pink"]) < low_share(made["babble"])
    assert unsteadiness(made["babble"]) > 2 * unsteadiness(made["white"])


def test_an_unknown_noise_is_refused() -> None:
    with pytest.raises(ValueError, match="no such noise"):
        noise("brown", 10, np.random.default_rng(0))


def test_the_same_seed_is_the_same_call() -> None:
    speech = tone(700, VOICE_RATE, seconds=0.5)
    assert np.array_equal(over_the_line(speech, 10, "pink", 3), over_the_line(speech, 10, "pink", 3))
    assert not np.array_equal(over_the_line(speech, 10, "pink", 3), over_the_line(speech, 10, "pink", 4))


def test_mu_law_knows_255_values_and_is_near_the_original() -> None:
    ramp = np.linspace(-1, 1, 100_001, dtype=np.float32)
    coded = mu_law(ramp)
    assert len(np.unique(coded)) == 255
    assert np.max(np.abs(coded - ramp)) < 0.025
    assert np.max(np.abs(mu_law(ramp / 100) - ramp / 100)) < 0.0005


def test_active_level_leaves_pauses_out() -> None:
    speech = tone(1000, LINE_RATE, seconds=1)
    pause = np.zeros(3 * LINE_RATE, dtype=np.float32)
    assert active_level(np.concatenate([pause, speech])) == pytest.approx(active_level(speech), rel=0.01)
    assert active_level(pause) == 0.0


def test_silence_stays_silence() -> None:
    assert not over_the_line(np.zeros(VOICE_RATE, dtype=np.float32), None, "white", 0).any()
