"""baresip, a telephone that people use: as a caller with a voice and keys, and as an agent's telephone."""

import asyncio
import math
import struct
from pathlib import Path

from integrations.voice.line import SAMPLE_RATE, Audio, HungUp, Key, Line
from tests.integration.voice.sip.conftest import Desk, Switch, rest, until
from tests.support.sip_peers import PATIENCE, baresip, needs_baresip, needs_sox, tone

pytestmark = [needs_baresip, needs_sox]


def sine(hertz: int, seconds: float) -> bytes:
    """A tone as 8 kHz PCM."""
    count = int(seconds * SAMPLE_RATE)
    samples = (int(12000 * math.sin(2 * math.pi * hertz * index / SAMPLE_RATE)) for index in range(count))
    return struct.pack(f"<{count}h", *samples)


def strength(pcm: bytes, hertz: int) -> float:
    """How much of the sound is this tone: 1 for nothing else (Goertzel)."""
    samples = struct.unpack(f"<{len(pcm) // 2}h", pcm)
    angle = 2 * math.pi * hertz / SAMPLE_RATE
    cosine = sum(sample * math.cos(angle * index) for index, sample in enumerate(samples))
    sinus = sum(sample * math.sin(angle * index) for index, sample in enumerate(samples))
    energy = sum(sample * sample for sample in samples)
    return 2 * (cosine**2 + sinus**2) / (len(samples) * energy) if energy else 0.0


async def test_a_caller_is_heard_hears_us_and_presses_keys(desk: Desk, tmp_path: Path) -> None:
    wav = tone(tmp_path / "caller.wav", 440, 60)
    async with baresip(tmp_path / "phone", wav, "<sip:13800002222@127.0.0.1>;regint=0;audio_codecs=PCMA") as phone:
        await phone.command("dial", f"sip:4008@127.0.0.1:{desk.telephone.address[1]}")
        line = await desk.next()
        assert line.caller == "13800002222"
        await line.answer()
        await phone.event("CALL_ESTABLISHED")
        await _heard(line, 440)
        for digit in "13#*0":
            await phone.press(digit)
            assert await until(line, Key) == Key(digit)
        line.play(sine(1000, 1.0))
        await line.drained()
        await phone.command("hangup")
        assert (await rest(line))[0] == [HungUp("caller")]
        await phone.event("CALL_CLOSED")
        ours = phone.heard()
    assert max(strength(ours[at : at + 3200], 1000) for at in range(0, len(ours) - 3200, 1600)) > 0.8
    await desk.idle()


async def test_a_caller_with_mu_law_is_heard_too(desk: Desk, tmp_path: Path) -> None:
    wav = tone(tmp_path / "caller.wav", 700, 60)
    async with baresip(tmp_path / "phone", wav, "<sip:13800002222@127.0.0.1>;regint=0;audio_codecs=PCMU") as phone:
        await phone.command("dial", f"sip:4008@127.0.0.1:{desk.telephone.address[1]}")
        line = await desk.next()
        await line.answer()
        await _heard(line, 700)
        await line.hang_up()
        await phone.event("CALL_CLOSED")
    await desk.idle()


async def test_an_agent_picks_up_and_talks(switched_on: Switch, tmp_path: Path) -> None:
    wav = tone(tmp_path / "agent.wav", 600, 60)
    account = "<sip:8001@127.0.0.1>;regint=0;audio_codecs=PCMA;answermode=manual"
    async with (
        baresip(tmp_path / "phone", wav, account) as phone,
        switched_on(agents_via=f"127.0.0.1:{phone.address[1]}") as desk,
    ):
        call = asyncio.create_task(desk.telephone.dial("8001", {"X-Guanjia-Call": "HJ-7"}, PATIENCE))
        await phone.event("CALL_INCOMING")
        await phone.command("accept")
        line = await call
        await _heard(line, 600)
        await phone.command("hangup")
        assert (await rest(line))[0] == [HungUp("caller")]
        await desk.idle()


async def test_an_agent_who_is_not_there_is_not_rung_for_ever(switched_on: Switch, tmp_path: Path) -> None:
    wav = tone(tmp_path / "agent.wav", 600, 5)
    account = "<sip:8001@127.0.0.1>;regint=0;audio_codecs=PCMA;answermode=manual"
    async with (
        baresip(tmp_path / "phone", wav, account) as phone,
        switched_on(agents_via=f"127.0.0.1:{phone.address[1]}") as desk,
    ):
        call = asyncio.create_task(desk.telephone.dial("8001", {}, 1.0))
        await phone.event("CALL_INCOMING")
        await phone.event("CALL_CLOSED")
        assert "no_answer" in str((await asyncio.gather(call, return_exceptions=True))[0])
        await desk.idle()


async def _heard(line: Line, hertz: int) -> None:
    heard = b""
    while len(heard) < SAMPLE_RATE * 2:
        event = await until(line, Audio)
        assert isinstance(event, Audio)
        heard += event.pcm
    assert max(strength(heard[at : at + 3200], hertz) for at in range(0, len(heard) - 3200, 1600)) > 0.8
