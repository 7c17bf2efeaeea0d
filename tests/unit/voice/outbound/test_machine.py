"""Whether a person or a machine answered."""

import asyncio
import math
from array import array

import pytest

from integrations.voice.line import FRAME_BYTES, SAMPLE_RATE, Audio, Key
from integrations.voice.outbound.machine import Answerer, who_answered
from tests.support.telephone import LoudnessDetector, MemoryLine, TelephonePace

SPEECH = array("h", [9_500]).tobytes()
SILENCE = bytes(2)


def tone(hertz: float, seconds: float, loudness: int = 8_000) -> bytes:
    """A sine."""
    step = 2 * math.pi * hertz / SAMPLE_RATE
    return array("h", (round(loudness * math.sin(step * n)) for n in range(round(seconds * SAMPLE_RATE)))).tobytes()


def of(sound: bytes, seconds: float) -> bytes:
    """One sample for so long."""
    return sound * round(seconds * SAMPLE_RATE)


async def decided(sound: bytes) -> tuple[Answerer, float]:
    """Who answered with this sound, and after how many seconds of it that was known."""
    line, pace = MemoryLine(), TelephonePace()
    deciding = asyncio.ensure_future(who_answered(line, LoudnessDetector(), pace))
    at = 0
    while not deciding.done():
        if at < len(sound):
            line.put(Audio(sound[at : at + FRAME_BYTES]))
        at += FRAME_BYTES
        pace.advance(0.02)
        for _ in range(6):
            await asyncio.sleep(0)
    return deciding.result(), at / 2 / SAMPLE_RATE


async def test_who_says_hello_and_waits_is_a_person() -> None:
    who, after = await decided(of(SPEECH, 0.8) + of(SILENCE, 3))
    assert who == "person"
    assert after < 1.6


async def test_who_says_nothing_is_a_person() -> None:
    assert (await decided(of(SILENCE, 5)))[0] == "person"


async def test_a_line_without_any_sound_is_a_person() -> None:
    assert (await decided(b""))[0] == "person"


async def test_a_long_greeting_is_a_machine_and_heard_out() -> None:
    who, after = await decided(of(SPEECH, 6) + of(SILENCE, 5))
    assert who == "machine"
    assert after > 6.0


async def test_pauses_in_a_greeting_shorter_than_a_breath_do_not_make_a_person() -> None:
    piece = of(SPEECH, 1.5) + of(SILENCE, 0.3)
    assert (await decided(piece * 4 + of(SILENCE, 5)))[0] == "machine"


@pytest.mark.parametrize("hertz", [800.0, 1000.0, 1400.0, 2000.0])
async def test_a_beep_is_a_machine_that_waits(hertz: float) -> None:
    who, after = await decided(of(SPEECH, 5) + tone(hertz, 0.5) + of(SILENCE, 5))
    assert who == "machine"
    assert after < 5.6


async def test_a_beep_after_a_short_greeting_counts_too() -> None:
    assert (await decided(of(SPEECH, 1) + of(SILENCE, 0.2) + tone(1000, 0.4)))[0] == "machine"


@pytest.mark.parametrize("hertz", [450.0, 350.0])
async def test_tones_of_the_exchange_are_no_beep(hertz: float) -> None:
    assert (await decided(tone(hertz, 1.0, loudness=8_000) + of(SILENCE, 4)))[0] == "person"


async def test_two_tones_at_once_are_no_beep() -> None:
    both = array("h", (a + b for a, b in zip(array("h", tone(770, 1)), array("h", tone(1336, 1)), strict=True)))
    assert (await decided(array("h", (one // 2 for one in both)).tobytes() + of(SILENCE, 4)))[0] == "person"


async def test_a_greeting_without_an_end_is_a_machine() -> None:
    who, after = await decided(of(SPEECH, 60))
    assert who == "machine"
    assert after < 30


async def test_a_key_is_pressed_by_a_person() -> None:
    line, pace = MemoryLine(), TelephonePace()
    line.put(Key("1"))
    assert await who_answered(line, LoudnessDetector(), pace) == "person"


async def test_who_hangs_up_is_gone() -> None:
    line, pace = MemoryLine(), TelephonePace()
    line.caller_hangs_up()
    assert await who_answered(line, LoudnessDetector(), pace) == "gone"
