"""Where an utterance begins and ends: made-up speech for the rules, a real voice and noise for the ear."""

import math
import random
import shutil
import subprocess
import wave
from array import array
from io import BytesIO

import pytest

from integrations.voice.call.listening import (
    BargedIn,
    Ear,
    Hearing,
    NothingSaid,
    SpeechBegan,
    SpeechEnded,
    SpeechGoesOn,
)
from integrations.voice.call.vad import CHUNK_SECONDS, SileroDetector
from integrations.voice.line import SAMPLE_BYTES, SAMPLE_RATE
from tests.support.telephone import LoudnessDetector

FRAME = 320


def loud(seconds: float) -> bytes:
    return array("h", [9_500]).tobytes() * int(seconds * SAMPLE_RATE)


def silent(seconds: float) -> bytes:
    return bytes(int(seconds * SAMPLE_RATE) * SAMPLE_BYTES)


def hum(seconds: float, loudness: int = 3_000) -> bytes:
    count = int(seconds * SAMPLE_RATE)
    return array("h", (int(loudness * math.sin(2 * math.pi * 220 * n / SAMPLE_RATE)) for n in range(count))).tobytes()


def hiss(seconds: float, loudness: int = 300) -> bytes:
    chance = random.Random(7)
    return array("h", (int(chance.gauss(0, loudness)) for _ in range(int(seconds * SAMPLE_RATE)))).tobytes()


def over(sound: bytes, noise: bytes) -> bytes:
    one, other = array("h", sound), array("h", noise[: len(sound)])
    return array("h", (max(-32_768, min(32_767, a + b)) for a, b in zip(one, other, strict=True))).tobytes()


def heard(ear: Ear, sound: bytes, piece: int = FRAME) -> list[Hearing]:
    found: list[Hearing] = []
    for begin in range(0, len(sound), piece):
        found += ear.feed(sound[begin : begin + piece])
    return found


def names(found: list[Hearing]) -> list[str]:
    return [type(one).__name__ for one in found if not isinstance(one, SpeechGoesOn)]


def test_an_utterance_begins_is_believed_and_ends() -> None:
    found = heard(Ear(LoudnessDetector()), silent(1) + loud(1) + silent(1))
    assert names(found) == ["SpeechBegan", "BargedIn", "SpeechEnded"]


def test_the_moment_before_the_speech_belongs_to_it() -> None:
    found = heard(Ear(LoudnessDetector()), silent(1) + loud(1) + silent(1))
    (ended,) = [one for one in found if isinstance(one, SpeechEnded)]
    before = next(n for n, sample in enumerate(array("h", ended.sound)) if sample) / SAMPLE_RATE
    assert before == pytest.approx(0.3, abs=0.07)


def test_the_sound_goes_to_the_recogniser_without_a_gap() -> None:
    found = heard(Ear(LoudnessDetector()), silent(1) + loud(1) + silent(1))
    (ended,) = [one for one in found if isinstance(one, SpeechEnded)]
    given = b"".join(one.sound for one in found if isinstance(one, SpeechBegan | SpeechGoesOn))
    assert given == ended.sound


@pytest.mark.parametrize("ends_after", [0.5, 0.64, 0.9])
def test_so_much_silence_ends_an_utterance(ends_after: float) -> None:
    ear = Ear(LoudnessDetector())
    ear.ends_after = ends_after
    assert "SpeechEnded" not in names(heard(ear, loud(1) + silent(ends_after - 2 * CHUNK_SECONDS)))
    assert "SpeechEnded" in names(heard(ear, silent(3 * CHUNK_SECONDS)))


def test_a_breath_ends_nothing() -> None:
    found = heard(Ear(LoudnessDetector()), loud(1) + silent(0.4) + loud(1) + silent(1))
    assert names(found).count("SpeechEnded") == 1


def test_a_cough_is_no_interruption_and_no_utterance() -> None:
    found = heard(Ear(LoudnessDetector()), silent(1) + loud(0.16) + silent(1))
    assert [type(one) for one in found if not isinstance(one, SpeechBegan | SpeechGoesOn)] == [NothingSaid]


def test_half_a_second_of_speech_is_an_interruption() -> None:
    ear = Ear(LoudnessDetector())
    assert "BargedIn" not in names(heard(ear, loud(0.45)))
    assert "BargedIn" in names(heard(ear, loud(0.1)))


def test_nobody_speaks_longer_than_the_longest_utterance() -> None:
    found = heard(Ear(LoudnessDetector()), loud(16))
    (ended,) = [one for one in found if isinstance(one, SpeechEnded)]
    assert len(ended.sound) / SAMPLE_BYTES / SAMPLE_RATE == pytest.approx(15.0, abs=0.05)


def test_the_same_sound_gives_the_same_utterances_however_it_arrives() -> None:
    sound = silent(0.7) + loud(0.9) + silent(1.2) + loud(0.5) + silent(1)
    small, large = (heard(Ear(LoudnessDetector()), sound, piece) for piece in (160, 5_000))
    assert [one for one in small if isinstance(one, SpeechEnded)] == [
        one for one in large if isinstance(one, SpeechEnded)
    ]


def test_what_is_open_can_be_ended_or_forgotten() -> None:
    ear = Ear(LoudnessDetector())
    heard(ear, loud(0.6))
    ended = ear.finish()
    assert ended is not None
    assert ended.seconds == pytest.approx(0.6, abs=0.05)
    heard(ear, loud(0.6))
    ear.forget()
    assert ear.finish() is None


@pytest.fixture(scope="module")
def sentence() -> bytes:
    """A sentence of a synthetic voice, 8 kHz."""
    if shutil.which("espeak-ng") is None:
        pytest.skip("no espeak-ng")
    command = [
        "espeak-ng",
        "-v",
        "cmn-latn-pinyin",
        "-s",
        "160",
        "--stdout",
        "wo3 jia1 de5 shui3 long2 tou2 lou4 shui3 le5",
    ]
    wav = subprocess.run(command, capture_output=True, check=True).stdout
    with wave.open(BytesIO(wav)) as read:
        rate, samples = read.getframerate(), array("h", read.readframes(read.getnframes()))
    count = len(samples) * SAMPLE_RATE // rate
    return array("h", (samples[n * rate // SAMPLE_RATE] // 2 for n in range(count))).tobytes()


@pytest.mark.may_skip
@pytest.mark.parametrize("noise", [0, 120, 300])
def test_a_real_voice_is_one_utterance_also_in_noise(sentence: bytes, noise: int) -> None:
    sound = silent(1) + sentence + silent(1.5)
    found = heard(Ear(SileroDetector()), over(sound, hiss(len(sound) / 16_000, noise)) if noise else sound)
    (ended,) = [one for one in found if isinstance(one, SpeechEnded)]
    length = len(sentence) / SAMPLE_BYTES / SAMPLE_RATE
    assert ended.seconds > length * 0.6
    assert len(ended.sound) / SAMPLE_BYTES / SAMPLE_RATE < length + 1.5


@pytest.mark.parametrize("sound", [silent(4), hum(4), hiss(4), hiss(4, 3_000)], ids=["silence", "hum", "hiss", "roar"])
def test_what_is_no_voice_is_no_speech(sound: bytes) -> None:
    found = heard(Ear(SileroDetector()), sound)
    assert not [one for one in found if isinstance(one, BargedIn | SpeechEnded)]
