"""Calls of sipp, a telephone that was written by others."""

import struct
from pathlib import Path

from integrations.voice.line import FRAME_BYTES, HungUp
from tests.integration.voice.sip.conftest import Desk, Switch, rest
from tests.support.sip_peers import needs_sipp, sdp, sipp, sipp_expect, sipp_ok, sipp_reply, sipp_request

pytestmark = needs_sipp

INVITE = sipp_request("INVITE", 1, sdp(), tag=False)
ACK = sipp_request("ACK", 1)
BYE = sipp_request("BYE", 2) + sipp_expect(200, optional=())


def alaw(folder: Path, seconds: float = 1.0) -> Path:
    """A file of loud A-law for sipp's microphone."""
    path = folder / "loud.alaw"
    path.write_bytes(bytes([0x2A, 0xAA] * int(4000 * seconds)))
    return path


async def test_a_call_is_answered_heard_and_hung_up_by_the_caller(desk: Desk, tmp_path: Path) -> None:
    stream = f'<nop><action><exec rtp_stream="{alaw(tmp_path)},1,8"/></action></nop><pause milliseconds="1500"/>'
    phone = await sipp(tmp_path, INVITE + sipp_expect(200) + ACK + stream + BYE, desk.telephone.address)
    line = await desk.next()
    assert (line.transport, line.caller, line.called) == ("sip", "13800001111", "4008")
    await line.answer()
    line.play(bytes(FRAME_BYTES * 10))
    events, sound = await rest(line)
    await phone.passed()
    assert events == [HungUp("caller")]
    assert max(abs(value) for (value,) in struct.iter_unpack("<h", sound)) > 8000
    await desk.idle()


async def test_a_caller_who_gives_up_while_it_rings_is_gone(desk: Desk, tmp_path: Path) -> None:
    scenario = (
        INVITE + sipp_expect(180, optional=(100,)) + sipp_request("CANCEL", 1, tag=False)
        .replace("[branch]", "[branch-3]") + sipp_expect(200, optional=()) + sipp_expect(487, optional=())
        + ACK.replace("[branch]", "[branch-6]")
    )  # fmt: skip
    phone = await sipp(tmp_path, scenario, desk.telephone.address)
    line = await desk.next()
    assert (await rest(line))[0] == [HungUp("caller")]
    await phone.passed()
    await desk.idle()


async def test_a_caller_who_hangs_up_at_once_leaves_nothing(desk: Desk, tmp_path: Path) -> None:
    phone = await sipp(tmp_path, INVITE + sipp_expect(200) + ACK + BYE, desk.telephone.address)
    line = await desk.next()
    await line.answer()
    assert (await rest(line))[0] == [HungUp("caller")]
    await phone.passed()
    await desk.idle()


async def test_an_answer_that_nobody_acknowledges_ends_the_call(switched_on: Switch, tmp_path: Path) -> None:
    wait_for_bye = '<recv response="200" optional="true" next="1"></recv>\n<recv request="BYE"></recv>\n'
    scenario = INVITE + sipp_expect(200) + '<label id="1"/>' + wait_for_bye + sipp_ok()
    async with switched_on(t1=0.02) as desk:
        phone = await sipp(tmp_path, scenario, desk.telephone.address)
        line = await desk.next()
        await line.answer()
        assert (await rest(line))[0] == [HungUp("error")]
        await phone.passed()
        await desk.idle()


async def test_a_call_without_sound_is_hung_up(switched_on: Switch, tmp_path: Path) -> None:
    scenario = INVITE + sipp_expect(200) + ACK + '<recv request="BYE"></recv>' + sipp_ok()
    async with switched_on(media_timeout=2) as desk:
        phone = await sipp(tmp_path, scenario, desk.telephone.address)
        line = await desk.next()
        await line.answer()
        assert (await rest(line))[0] == [HungUp("no_media")]
        await phone.passed()
        await desk.idle()


async def test_a_call_with_a_foreign_codec_is_refused_before_it_rings(desk: Desk, tmp_path: Path) -> None:
    scenario = sipp_request("INVITE", 1, sdp(codecs="18 101"), tag=False) + sipp_expect(488, optional=(100,)) + ACK
    phone = await sipp(tmp_path, scenario, desk.telephone.address)
    await phone.passed()
    assert desk.lines.empty()


async def test_a_caller_from_a_strange_address_is_refused(desk: Desk, tmp_path: Path) -> None:
    scenario = INVITE + sipp_expect(403, optional=(100,)) + ACK
    phone = await sipp(tmp_path, scenario, desk.telephone.address, host="127.0.0.2")
    await phone.passed()
    assert desk.lines.empty()
    assert desk.telephone.left_over() == 0


async def test_one_call_too_many_hears_busy(switched_on: Switch, tmp_path: Path) -> None:
    async with switched_on(most_calls=1) as desk:
        patient = INVITE + sipp_expect(200) + ACK + '<recv request="BYE"/>' + sipp_ok()
        first = await sipp(tmp_path, patient, desk.telephone.address)
        line = await desk.next()
        await line.answer()
        second = await sipp(tmp_path, INVITE + sipp_expect(486, optional=(100,)) + ACK, desk.telephone.address)
        await second.passed()
        await line.hang_up()
        await first.passed()
        assert (await rest(line))[0] == [HungUp("us")]
        await desk.idle()


async def test_a_refused_call_hears_why(desk: Desk, tmp_path: Path) -> None:
    phone = await sipp(tmp_path, INVITE + sipp_expect(486) + ACK, desk.telephone.address)
    line = await desk.next()
    await line.reject("busy")
    assert (await rest(line))[0] == [HungUp("us")]
    await phone.passed()
    await desk.idle()


async def test_a_call_without_an_offer_gets_ours(desk: Desk, tmp_path: Path) -> None:
    stream = f'<nop><action><exec rtp_stream="{alaw(tmp_path)},1,8"/></action></nop><pause milliseconds="500"/>'
    scenario = sipp_request("INVITE", 1, tag=False) + sipp_expect(200) + sipp_request("ACK", 1, sdp()) + stream + BYE
    phone = await sipp(tmp_path, scenario, desk.telephone.address)
    line = await desk.next()
    await line.answer()
    events, sound = await rest(line)
    await phone.passed()
    assert events == [HungUp("caller")]
    assert sound


async def test_an_agent_telephone_is_called_with_its_context(switched_on: Switch, tmp_path: Path) -> None:
    answering = (
        '<recv request="INVITE"><action><ereg regexp="HJ-42" search_in="hdr" header="X-Guanjia-Call:" check_it="true"'
        ' assign_to="1"/><log message="[$1]"/></action></recv>\n'
        + sipp_reply("180 Ringing") + sipp_reply("200 OK", sdp())
        + '<recv request="ACK"/>\n<recv request="BYE"/>' + sipp_ok()
    )  # fmt: skip
    phone = await sipp(tmp_path, answering, None)
    await phone.listens()
    async with switched_on(agents_via=f"127.0.0.1:{phone.address[1]}") as desk:
        line = await desk.telephone.dial("8001", {"X-Guanjia-Call": "HJ-42"}, 20)
        line.play(bytes(FRAME_BYTES))
        await line.drained()
        await line.hang_up()
        await phone.passed()
        await desk.idle()
