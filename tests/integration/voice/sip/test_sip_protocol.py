"""Packet by packet: what telephones do now and then, and what only attackers do."""

import asyncio
import struct

import pytest

from integrations.voice.line import FRAME_BYTES, Audio, Held, HungUp, Key, Line, LineGone, TransferRefused
from integrations.voice.sip import session_timer
from tests.integration.voice.sip.conftest import Desk, Switch, caller_of, rest, until
from tests.support.sip_peers import Caller, open_socket, reply

OPTIONS = (
    "OPTIONS sip:x@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {0}:{1};branch=z9hG4bKo{2};rport\r\nFrom: <sip:a@b>;tag=1\r\n"
    "To: <sip:x@y>\r\nCall-ID: o{2}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
)


async def alive(caller: Caller) -> None:
    """The telephone answers."""
    caller.number += 1
    caller.send(OPTIONS.format(*caller.peer.address, caller.number))
    await caller.peer.response(200, "OPTIONS")


async def test_an_invite_that_comes_twice_is_one_call(desk: Desk) -> None:
    async with caller_of(desk) as caller:
        invite = caller.request("INVITE", caller.offer())
        caller.send(invite)
        line = await desk.next()
        await caller.peer.response(180)
        caller.send(invite)
        caller.learn(await caller.peer.response(180))
        assert desk.telephone.state().calls == 1
        await line.answer()
        caller.learn(await caller.peer.response(200, "INVITE"))
        await caller.peer.response(200, "INVITE")  # again, since nothing acknowledges it
        caller.send(caller.request("ACK"))
        caller.send(caller.request("BYE"))
        await caller.peer.response(200, "BYE")
        assert (await rest(line))[0] == [HungUp("caller")]
        assert desk.lines.empty()


async def test_trying_comes_at_once_and_ringing_after_it(desk: Desk) -> None:
    async with caller_of(desk) as caller:
        caller.send(caller.request("INVITE", caller.offer()))
        answers = [await caller.peer.response(status) for status in (100, 180)]
        assert [answer.reason_phrase for answer in answers] == ["Trying", "Ringing"]
        await (await desk.next()).reject("unavailable")
        await caller.peer.response(480)
        caller.send(caller.request("ACK"))


async def test_a_key_is_heard_once_in_the_stream_and_once_by_info(desk: Desk) -> None:
    async with caller_of(desk) as caller:
        line = await _talking(desk, caller)
        caller.key(5, 16000)
        assert await until(line, Key) == Key("5")
        caller.key(5, 32000)
        assert await until(line, Key) == Key("5")
        caller.key(11, 48000)
        assert await until(line, Key) == Key("#")
        relay = "application/dtmf-relay"
        caller.send(caller.request("INFO", "Signal=#\nDuration=160\n", kind=relay))  # the same press once more
        await caller.peer.response(200, "INFO")
        caller.send(caller.request("INFO", "Signal=7\nDuration=160\n", kind=relay))
        assert await until(line, Key) == Key("7")
        caller.send(caller.request("BYE"))
        assert (await rest(line))[0] == [HungUp("caller")]


@pytest.mark.parametrize(
    ("extra", "address"),
    [("a=sendonly", ""), ("a=inactive", ""), ("", "0.0.0.0")],
    ids=["sendonly", "inactive", "zero"],
)
async def test_a_held_call_gets_no_sound_until_it_is_taken_back(desk: Desk, extra: str, address: str) -> None:
    async with caller_of(desk) as caller:
        line = await _talking(desk, caller)
        await caller.media.packets.get()
        caller.send(caller.request("INVITE", caller.offer(extra=extra, address=address)))
        answer = await caller.peer.response(200, "INVITE")
        caller.send(caller.request("ACK"))
        assert await until(line, Held) == Held(True)
        if extra:
            assert ("recvonly" if extra == "a=sendonly" else "inactive") in answer.text
        await asyncio.sleep(0.05)
        while not caller.media.packets.empty():
            caller.media.packets.get_nowait()
        line.play(bytes(FRAME_BYTES * 5))
        await asyncio.sleep(0.2)
        assert caller.media.packets.empty()
        assert line.unplayed == pytest.approx(0.1)
        caller.send(caller.request("INVITE", caller.offer()))
        await caller.peer.response(200, "INVITE")
        caller.send(caller.request("ACK"))
        assert await until(line, Held) == Held(False)
        await line.drained()
        caller.send(caller.request("BYE"))
        assert (await rest(line))[0] == [HungUp("caller")]


async def test_what_is_flushed_is_not_heard(desk: Desk) -> None:
    async with caller_of(desk) as caller:
        line = await _talking(desk, caller)
        line.play(struct.pack("<h", 20000) * 80000)  # ten seconds
        loud = 0
        while loud < 5:
            packet, _ = await caller.media.packets.get()
            loud += packet[12:] != b"\xd5" * 160
        dropped = line.flush()
        assert 5 < dropped < 10
        assert line.unplayed == 0
        await line.drained()
        while not caller.media.packets.empty():
            caller.media.packets.get_nowait()
        await asyncio.sleep(0)
        later = [(await caller.media.packets.get())[0] for _ in range(8)]
        # What was in the sockets already may still come: a frame or two, never the queue.
        assert all(packet[12:] == b"\xd5" * 160 for packet in later[2:])
        caller.send(caller.request("BYE"))
        await rest(line)


async def test_sound_follows_the_caller_behind_a_nat_and_nobody_else(desk: Desk) -> None:
    async with caller_of(desk) as caller, open_socket() as real, open_socket("127.0.0.2") as stranger:
        line = await _talking(desk, caller)
        assert caller.remote_media is not None
        packet = struct.pack("!BBHII", 0x80, 8, 1, 160, 7) + b"\x2a" * 160
        stranger.send(packet, caller.remote_media)
        real.send(packet, caller.remote_media)
        assert isinstance(await until(line, Audio), Audio)
        await real.packets.get()
        assert stranger.packets.empty()
        caller.send(caller.request("BYE"))
        await rest(line)


async def test_a_lost_packet_is_silence_and_an_early_one_waits(desk: Desk) -> None:
    async with caller_of(desk) as caller:
        caller.send(caller.request("INVITE", caller.offer(codecs="0 101")))
        line = await desk.next()
        await line.answer()
        caller.learn(await caller.peer.response(200, "INVITE"))
        caller.send(caller.request("ACK"))
        assert caller.remote_media is not None
        for number in (1, 3, 2, 5, 6, 7, 8, 9):
            header = struct.pack("!BBHII", 0x80, 0, number, number * 160, 9)
            caller.media.send(header + bytes([number]) * 160, caller.remote_media)
        heard = [await until(line, Audio) for _ in range(9)]
        firsts = [event.pcm[:2] for event in heard if isinstance(event, Audio)]
        assert firsts[3] == b"\0\0"
        assert len(set(firsts)) == 9
        caller.send(caller.request("BYE"))
        await rest(line)


async def test_a_bye_before_the_answer_ends_the_call(desk: Desk) -> None:
    async with caller_of(desk) as caller:
        caller.send(caller.request("INVITE", caller.offer()))
        line = await desk.next()
        caller.learn(await caller.peer.response(180))
        caller.send(caller.request("BYE"))
        await caller.peer.response(200, "BYE")
        with pytest.raises(LineGone):
            await line.answer()
        assert (await rest(line))[0] == [HungUp("caller")]


async def test_requests_with_wrong_tags_or_old_numbers_do_not_touch_a_call(desk: Desk) -> None:
    async with caller_of(desk) as caller:
        line = await _talking(desk, caller)
        tag, caller.tag = caller.tag, "somebody"
        caller.send(caller.request("BYE"))
        await caller.peer.response(481)
        caller.tag, caller.number = tag, 0
        caller.send(caller.request("BYE"))
        await caller.peer.response(500)
        caller.number = 5
        caller.send(caller.request("BYE"))
        await caller.peer.response(200, "BYE")
        await rest(line)


async def test_session_timers_are_agreed_and_too_short_ones_refused(desk: Desk) -> None:
    async with caller_of(desk) as caller:
        timer = "Supported: timer\nSession-Expires: "
        caller.send(caller.request("INVITE", caller.offer(), timer + "60"))
        refusal = await caller.peer.response(422)
        assert refusal.get_header("min-se") == "90"
        caller.send(caller.request("ACK"))
        caller.send(caller.request("INVITE", caller.offer(), timer + "600;refresher=uac"))
        line = await desk.next()
        await line.answer()
        answer = await caller.peer.response(200, "INVITE")
        assert answer.get_header("session-expires") == "600;refresher=uac"
        caller.learn(answer)
        caller.send(caller.request("ACK"))
        caller.send(caller.request("UPDATE", headers=timer + "600;refresher=uac"))
        await caller.peer.response(200, "UPDATE")
        caller.send(caller.request("BYE"))
        await rest(line)


async def test_a_transfer_is_done_when_the_agent_has_answered(desk: Desk) -> None:
    async with caller_of(desk) as caller:
        line, moving = await _being_transferred(desk, caller)
        for status in ("100 Trying", "180 Ringing", "200 OK"):
            _notify(caller, status)
            await caller.peer.response(200, "NOTIFY")
        bye = await caller.peer.request("BYE")
        caller.send(reply(bye, 200))
        await moving
        assert (await rest(line))[0] == [HungUp("transferred")]
        await desk.idle()


async def test_a_transfer_that_fails_leaves_the_caller_here(desk: Desk) -> None:
    async with caller_of(desk) as caller:
        line, moving = await _being_transferred(desk, caller)
        _notify(caller, "486 Busy Here")
        with pytest.raises(TransferRefused):
            await moving
        caller.send(caller.request("BYE"))
        assert (await rest(line))[0] == [HungUp("caller")]


async def test_a_caller_who_hangs_up_during_a_transfer_is_gone(desk: Desk) -> None:
    async with caller_of(desk) as caller:
        line, moving = await _being_transferred(desk, caller)
        caller.send(caller.request("BYE"))
        with pytest.raises(LineGone):
            await moving
        assert (await rest(line))[0] == [HungUp("caller")]


async def test_the_headers_of_an_exchange_reach_the_line(desk: Desk) -> None:
    async with caller_of(desk) as caller:
        headers = 'P-Asserted-Identity: "x" <tel:+86-571-8765-4321>\nX-Estate: lake'
        caller.send(caller.request("INVITE", caller.offer(), headers))
        line = await desk.next()
        assert line.caller == "+8657187654321"
        assert dict(line.headers) == {"x-estate": "lake"}
        await line.reject("forbidden")
        await caller.peer.response(403)
        caller.send(caller.request("ACK"))


async def test_a_strangers_register_is_refused_and_forgotten(switched_on: Switch) -> None:
    async with switched_on(allowed=()) as desk, caller_of(desk) as caller:
        caller.send(caller.request("REGISTER"))
        await caller.peer.response(405)
        caller.send(caller.request("INVITE", caller.offer()))
        await caller.peer.response(403)
        assert desk.telephone.left_over() == 0


async def test_a_flood_of_strangers_is_mostly_not_even_read(switched_on: Switch) -> None:
    async with switched_on(allowed=()) as desk, caller_of(desk) as caller:
        for _ in range(500):
            caller.send(caller.request("INVITE", caller.offer()))
        await caller.peer.response(403)
        await asyncio.sleep(0.2)
        assert len(caller.peer.seen) < 250
        assert desk.telephone.left_over() == 0


async def test_malformed_messages_do_no_harm(desk: Desk) -> None:
    async with caller_of(desk) as caller:
        for packet in malformed(caller):
            caller.peer.send(packet, caller.target)
        await alive(caller)
        assert desk.lines.empty()
        state = desk.telephone.state()
        assert (state.calls, state.ports) == (0, 0)


def malformed(caller: Caller) -> list[bytes]:
    """Thirty and more, in the manner of RFC 4475."""
    good = caller.request("INVITE", caller.offer())

    def but(old: str, new: str) -> bytes:
        assert old in good, old
        return good.replace(old, new, 1).replace("branch=", f"branch=m{next(numbers)}", 1).encode()

    numbers = iter(range(100))
    port = caller.media.address[1]
    return [
        b"", b"\r\n\r\n", b"\0" * 200, bytes(range(256)) * 8, b"INVITE", b"INVITE sip:x SIP/2.0\r\n\r\n",
        b"SIP/2.0 200 OK\r\n\r\n", b"SIP/2.0 999 ???\r\nVia: SIP/2.0/UDP x;branch=1\r\nCSeq: 1 INVITE\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"INVITE sip:x SIP/2.0\r\n" + b"X: y\r\n" * 1000 + b"\r\n",
        but("SIP/2.0\r\n", "SIP/7.0\r\n"), but("INVITE sip:4008@", "INVITE nobodyKnows:4008@"),
        but("INVITE sip:", "INVITE  sip:"), but("CSeq: 1 INVITE", "CSeq: 36893488147419103232 INVITE"),
        but("CSeq: 1 INVITE", "CSeq: INVITE"), but("CSeq: 1 INVITE", "CSeq: 1 OPTIONS"),
        but("CSeq: 1 INVITE", "CSeq: -1 INVITE"),
        but("Call-ID: ", "Call-IX: "), but("From: ", "Frim: "), but("To: ", "Ta: "), but(";tag=", ";tug="),
        but("Contact: ", "Contract: "), but("Content-Length: ", "Content-Length: -"),
        but("Content-Length: ", "Content-Length: 9"),
        but("Content-Length: ", "Content-Length: x"), but("Content-Length: ", "Content-Length: 5\r\nl: "),
        but("Max-Forwards: 70", "Require: nothingSupportsThis"), but("Max-Forwards: 70", 'From: "x" <sip:y@z>;tag=2'),
        but("Via: SIP/2.0/UDP", "Via: "), but("Via: SIP/2.0/UDP", "Via: ;;,;,,"),
        but("Contact: <sip:", 'Contact: "\\"<<<>'),
        but("m=audio", "m=aud\u0000io"), but(f"m=audio {port}", "m=audio 99999"), but(f"m=audio {port}", "m=audio x"),
        but(f"m=audio {port}", "m=audio 0"), but("c=IN IP4 127.0.0.1", "c=IN IP4 evil.example"),
        but("c=IN IP4 127.0.0.1", "c=IN IP4 224.0.0.1"), but("RTP/AVP", "RTP/SAVP"), but("a=rtpmap:8", "a=rtpmap:x"),
        good.replace("\r\n", "\n").replace("branch=", "branch=nl", 1).encode()[:200],
    ]  # fmt: skip


async def _being_transferred(desk: Desk, caller: Caller) -> tuple[Line, asyncio.Task[None]]:
    line = await _talking(desk, caller)
    moving = asyncio.create_task(line.transfer("8001", {"X-Guanjia-Call": "a b&c"}))
    refer = await caller.peer.request("REFER")
    assert "sip:8001@" in (refer.get_header("refer-to") or "")
    assert "X-Guanjia-Call=a%20b%26c" in (refer.get_header("refer-to") or "")
    caller.send(reply(refer, 202))
    return line, moving


def _notify(caller: Caller, status: str) -> None:
    last = "active" if status[0] == "1" else "terminated;reason=noresource"
    headers = f"Event: refer\nSubscription-State: {last}"
    caller.send(caller.request("NOTIFY", f"SIP/2.0 {status}\n", headers, kind="message/sipfrag"))


async def test_we_confirm_a_session_where_we_should_by_either_method(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_timer, "SHORTEST", 1)
    async with caller_of(desk) as caller:
        timer = "Supported: timer\nSession-Expires: 2;refresher=uas"
        line = await _talking(desk, caller, timer)
        update = await caller.peer.request("UPDATE")
        assert update.get_header("session-expires") == "2;refresher=uac"
        caller.send(reply(update, 405))
        invite = await caller.peer.request("INVITE")
        caller.send(reply(invite, 200, body=caller.offer()))
        await caller.peer.request("ACK")
        caller.send(caller.request("BYE"))
        assert (await rest(line))[0] == [HungUp("caller")]


async def test_a_session_that_nobody_confirms_is_over(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_timer, "SHORTEST", 1)
    async with caller_of(desk) as caller:
        line = await _talking(desk, caller, "Supported: timer\nSession-Expires: 2;refresher=uac")
        caller.send(reply(await caller.peer.request("BYE"), 200))
        assert (await rest(line))[0] == [HungUp("error")]


async def test_a_call_that_is_left_behind_is_ended(switched_on: Switch) -> None:
    async with switched_on() as desk, caller_of(desk) as caller:
        desk.done.set()  # whoever takes calls leaves at once
        caller.send(caller.request("INVITE", caller.offer()))
        await caller.peer.response(480)
        caller.send(caller.request("ACK"))
        await desk.idle()


async def test_stopping_hangs_up_and_takes_no_more_calls(switched_on: Switch) -> None:
    async with switched_on() as desk, caller_of(desk) as caller:
        line = await _talking(desk, caller)
        stopping = asyncio.create_task(desk.telephone.stop())
        caller.send(reply(await caller.peer.request("BYE"), 200))
        desk.done.set()
        await stopping
        assert (await rest(line))[0] == [HungUp("us")]


async def test_without_a_free_port_a_call_hears_busy(switched_on: Switch) -> None:
    async with switched_on(rtp_ports=(23001, 23001)) as desk, caller_of(desk) as caller:
        caller.send(caller.request("INVITE", caller.offer()))
        await caller.peer.response(486)
        caller.send(caller.request("ACK"))
        await alive(caller)


async def _talking(desk: Desk, caller: Caller, headers: str = "") -> Line:
    caller.send(caller.request("INVITE", caller.offer(), headers))
    line = await desk.next()
    await line.answer()
    caller.learn(await caller.peer.response(200, "INVITE"))
    caller.send(caller.request("ACK"))
    return line
