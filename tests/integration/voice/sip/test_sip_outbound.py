"""Calls that we place, and the registration at an exchange."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiosipua import SipRequest
from pydantic import SecretStr

from integrations.voice.configuration import SipRegistration
from integrations.voice.line import FRAME_BYTES, Audio, HungUp, Line, NotReached
from tests.integration.voice.sip.conftest import Desk, Switch, caller_of, rest, until
from tests.support.sip_peers import PATIENCE, Registrar, Socket, open_socket, reply, sdp


def extension(peer: Socket, **values: Any) -> SipRegistration:
    """An extension of that registrar."""
    settings = {"user": "800", "password": SecretStr("secret"), "expires": 60, **values}
    return SipRegistration(registrar=peer.address[0], port=peer.address[1], **settings)


def via(peer: Socket) -> str:
    """The exchange that calls go through."""
    host, port = peer.address
    return f"{host}:{port}"


@contextlib.asynccontextmanager
async def dialling(desk: Desk, number: str = "8001", seconds: float = 20) -> AsyncIterator["asyncio.Task[Line]"]:
    """A call on its way."""
    task = asyncio.create_task(desk.telephone.dial(number, {"X-Guanjia-Call": "HJ-1"}, seconds))
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_call_that_is_answered_carries_sound_both_ways(switched_on: Switch) -> None:
    async with (
        open_socket() as peer,
        open_socket() as media,
        switched_on(agents_via=via(peer)) as desk,
        dialling(desk) as call,
    ):
        invite = await peer.request("INVITE")
        peer.send(reply(invite, 180), desk.telephone.address)
        peer.send(_answer(peer, media, invite), desk.telephone.address)
        ack = await peer.request("ACK")
        assert (ack.to_addr and ack.to_addr.tag) == "peer"
        line = await call
        line.play(b"\x10\x20" * (FRAME_BYTES // 2))
        _, source = await media.packets.get()
        media.send(b"\x80\x08\0\1\0\0\0\1\0\0\0\1" + b"\x2a" * 160, source)
        assert isinstance(await until(line, Audio), Audio)
        peer.send(_answer(peer, media, invite), desk.telephone.address)  # our ACK was lost
        await peer.request("ACK")
        await line.hang_up()
        bye = await peer.request("BYE")
        peer.send(reply(bye, 200), desk.telephone.address)
        assert (await rest(line))[0] == [HungUp("us")]
        await desk.idle()


async def test_a_call_that_the_other_side_ends_is_over(switched_on: Switch) -> None:
    async with (
        open_socket() as peer,
        open_socket() as media,
        switched_on(agents_via=via(peer)) as desk,
        dialling(desk) as call,
    ):
        invite = await peer.request("INVITE")
        peer.send(_answer(peer, media, invite), desk.telephone.address)
        peer.send(_bye_for(peer, invite), desk.telephone.address)  # in the same moment
        await peer.response(200, "BYE")
        assert (await rest(await call))[0] == [HungUp("caller")]
        await desk.idle()


@pytest.mark.parametrize(
    ("status", "reason"),
    [(486, "busy"), (480, "no_answer"), (603, "rejected"), (404, "unreachable"), (503, "unreachable")],
)
async def test_a_refusal_says_why(switched_on: Switch, status: int, reason: str) -> None:
    async with open_socket() as peer, switched_on(agents_via=via(peer)) as desk, dialling(desk) as call:
        peer.send(reply(await peer.request("INVITE"), status), desk.telephone.address)
        await peer.request("ACK")
        with pytest.raises(NotReached) as refusal:
            await call
        assert refusal.value.reason == reason
        await desk.idle()


async def test_nobody_picks_up_and_the_call_is_cancelled(switched_on: Switch) -> None:
    async with open_socket() as peer, switched_on(agents_via=via(peer)) as desk, dialling(desk, seconds=0.5) as call:
        invite = await peer.request("INVITE")
        peer.send(reply(invite, 180), desk.telephone.address)
        cancel = await peer.request("CANCEL")
        peer.send(reply(cancel, 200), desk.telephone.address)
        peer.send(reply(invite, 487), desk.telephone.address)
        await peer.request("ACK")
        with pytest.raises(NotReached) as refusal:
            await call
        assert refusal.value.reason == "no_answer"
        await desk.idle()


async def test_an_answer_that_comes_too_late_is_hung_up(switched_on: Switch) -> None:
    async with (
        open_socket() as peer,
        open_socket() as media,
        switched_on(agents_via=via(peer)) as desk,
        dialling(desk, seconds=0.3) as call,
    ):
        invite = await peer.request("INVITE")
        peer.send(reply(invite, 180), desk.telephone.address)
        with pytest.raises(NotReached):
            await call
        peer.send(_answer(peer, media, invite), desk.telephone.address)
        await peer.request("ACK")
        peer.send(reply(await peer.request("BYE"), 200), desk.telephone.address)
        await desk.idle()


async def test_an_exchange_that_is_silent_is_not_reached(switched_on: Switch) -> None:
    async with open_socket() as peer, switched_on(t1=0.01, agents_via=via(peer)) as desk:
        with pytest.raises(NotReached) as refusal:
            await desk.telephone.dial("8001", {}, 20)
        assert refusal.value.reason == "unreachable"
        assert len([packet for packet in peer.seen if packet.startswith(b"INVITE")]) > 3


async def test_without_an_exchange_nobody_can_be_called(desk: Desk) -> None:
    with pytest.raises(NotReached) as refusal:
        await desk.telephone.dial("8001", {}, 1)
    assert refusal.value.reason == "not_configured"


async def test_a_telephone_that_is_off_reaches_nobody(switched_on: Switch) -> None:
    async with open_socket() as peer:
        async with switched_on(agents_via=via(peer)) as desk:
            pass
        with pytest.raises(NotReached) as refusal:
            await desk.telephone.dial("8001", {}, 1)
        assert refusal.value.reason == "unreachable"


async def test_a_password_is_given_and_the_context_goes_along_again(switched_on: Switch) -> None:
    async with (
        open_socket() as peer,
        open_socket() as media,
        switched_on(registration=extension(peer, domain="test")) as desk,
        dialling(desk, "#31#8001") as call,
    ):
        invite = await peer.request("INVITE")
        challenge = {"Proxy-Authenticate": 'Digest realm="test", nonce="n1"'}
        peer.send(reply(invite, 407, challenge), desk.telephone.address)
        invite = await peer.request("INVITE")
        assert invite.get_header("proxy-authorization")
        assert invite.get_header("x-guanjia-call") == "HJ-1"
        assert invite.uri.startswith("sip:%2331%238001@")
        peer.send(_answer(peer, media, invite), desk.telephone.address)
        line = await call
        await line.hang_up()
        peer.send(reply(await peer.request("BYE"), 200), desk.telephone.address)
        await desk.idle()


async def test_calls_that_we_place_take_no_callers_place(switched_on: Switch) -> None:
    async with (
        open_socket() as peer,
        open_socket() as media,
        switched_on(agents_via=via(peer), most_calls=1) as desk,
        dialling(desk) as first,
        dialling(desk, "8002") as second,
        caller_of(desk) as caller,
        caller_of(desk) as one_too_many,
    ):
        for _ in range(2):
            peer.send(_answer(peer, media, await peer.request("INVITE")), desk.telephone.address)
        lines = [await first, await second]
        caller.send(caller.request("INVITE", caller.offer()))
        await caller.peer.response(180)
        one_too_many.send(one_too_many.request("INVITE", one_too_many.offer()))
        await one_too_many.peer.response(486)
        one_too_many.send(one_too_many.request("ACK"))
        await (await desk.next()).reject("busy")
        caller.send(caller.request("ACK"))
        for line in lines:
            await line.hang_up()
            peer.send(reply(await peer.request("BYE"), 200), desk.telephone.address)
        await desk.idle()


async def test_the_telephone_registers_and_takes_it_back_at_the_end(switched_on: Switch) -> None:
    async with _registrar() as registrar:
        async with switched_on(registration=extension(registrar.peer)) as desk:
            await _until(lambda: desk.telephone.state().registration == "registered")
            assert list(registrar.contacts.values()) == [60]
            assert "sip:800@127.0.0.1" in next(iter(registrar.contacts))
        assert registrar.contacts == {}


async def test_a_registrar_may_want_a_longer_interval(switched_on: Switch) -> None:
    async with _registrar(least=120) as registrar, switched_on(registration=extension(registrar.peer)) as desk:
        await _until(lambda: desk.telephone.state().registration == "registered")
        assert list(registrar.contacts.values()) == [120]


@pytest.mark.parametrize(("behaviour", "reason"), [({"password": "other"}, "401"), ({"refuse": 403}, "403")])
async def test_a_registration_that_fails_is_seen(switched_on: Switch, behaviour: dict[str, Any], reason: str) -> None:
    async with _registrar(**behaviour) as registrar, switched_on(registration=extension(registrar.peer)) as desk:
        await _until(lambda: desk.telephone.state().registration == "failed")
        assert desk.telephone.state().reason == reason


async def test_a_silent_registrar_is_seen_too(switched_on: Switch) -> None:
    async with (
        _registrar(silent=True) as registrar,
        switched_on(registration=extension(registrar.peer), t1=0.01) as desk,
    ):
        await _until(lambda: desk.telephone.state().reason == "no_answer")


async def test_calls_are_taken_from_the_registrar(switched_on: Switch) -> None:
    async with open_socket() as peer, switched_on(registration=extension(peer), allowed=()) as desk:
        await peer.request("REGISTER")
        peer.send(
            "OPTIONS sip:x@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP x;branch=z9hG4bKq;rport\r\nFrom: <sip:a@b>;tag=1\r\n"
            "To: <sip:x@y>\r\nCall-ID: q\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
            desk.telephone.address,
        )
        await peer.response(200, "OPTIONS")


def _answer(peer: Socket, media: Socket, invite: SipRequest) -> str:
    body = sdp(str(media.address[1]), address=media.address[0])
    return reply(invite, 200, {"Contact": f"<sip:agent@{via(peer)}>"}, body)


def _bye_for(peer: Socket, invite: SipRequest) -> str:
    host, port = peer.address
    return (
        f"BYE sip:x@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {host}:{port};branch=z9hG4bKbye;rport\r\n"
        f"From: {invite.get_header('to')};tag=peer\r\nTo: {invite.get_header('from')}\r\n"
        f"Call-ID: {invite.call_id}\r\nCSeq: 1 BYE\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    )


@contextlib.asynccontextmanager
async def _registrar(**values: Any) -> AsyncIterator[Registrar]:
    async with open_socket() as peer:
        registrar = Registrar(peer, **values)
        task = asyncio.create_task(registrar.run())
        try:
            yield registrar
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not true():
            await asyncio.sleep(0.01)
