"""Who gets a proof of the extension's password: the registrar in its own realm, and nobody who only asks for one."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from integrations.voice.line import HungUp, Line, NotReached
from tests.integration.voice.sip.conftest import Desk, Switch, caller_of, rest
from tests.integration.voice.sip.test_sip_outbound import extension, via
from tests.support.sip_peers import PATIENCE, Registrar, Socket, open_socket, reply, sdp

REALM = "test"
"""The one of :class:`tests.support.sip_peers.Registrar`."""

SETTLED = 0.3
"""Seconds after which a second try would have come; a call counts as over before its BYE is answered."""


def challenge(realm: str, status: int = 407) -> dict[str, str]:
    """The header that asks for a password."""
    name = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"
    return {name: f'Digest realm="{realm}", nonce="of my own choice"'}


def proofs(peer: Socket) -> list[bytes]:
    """Every packet in which it was given one."""
    return [packet for packet in peer.seen if b"authorization:" in packet.lower()]


def count(peer: Socket, method: bytes) -> int:
    """How many requests of this method it got."""
    return sum(packet.startswith(method) for packet in peer.seen)


@contextlib.asynccontextmanager
async def registered(switched_on: Switch, **settings: object) -> AsyncIterator[Desk]:
    """A telephone whose registrar, on 127.0.0.1, has asked for the password in the realm ``test``."""
    async with open_socket() as peer:
        running = asyncio.create_task(Registrar(peer).run())
        try:
            async with switched_on(registration=extension(peer), **settings) as desk:
                async with asyncio.timeout(PATIENCE):
                    while desk.telephone.state().registration != "registered":
                        await asyncio.sleep(0.01)
                yield desk
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def refused(desk: Desk, peer: Socket, realm: str, status: int) -> None:
    """Place a call whose INVITE is challenged; it fails without a second INVITE."""
    call = asyncio.create_task(desk.telephone.dial("8001", {}, 20))
    peer.send(reply(await peer.request("INVITE"), status, challenge(realm, status)), desk.telephone.address)
    await peer.request("ACK")
    with pytest.raises(NotReached) as refusal:
        await call
    assert refusal.value.reason == "rejected"
    assert proofs(peer) == []
    assert count(peer, b"INVITE") == 1
    await desk.idle()


@pytest.mark.parametrize("status", [401, 407])
async def test_a_caller_who_challenges_our_bye_gets_no_proof(switched_on: Switch, status: int) -> None:
    async with registered(switched_on) as desk, caller_of(desk) as caller:
        caller.send(caller.request("INVITE", caller.offer()))
        line = await desk.next()
        await line.answer()
        caller.learn(await caller.peer.response(200, "INVITE"))
        caller.send(caller.request("ACK"))
        await line.hang_up()
        caller.send(reply(await caller.peer.request("BYE"), status, challenge(REALM, status)))
        assert (await rest(line))[0] == [HungUp("us")]
        await desk.idle()
        await asyncio.sleep(SETTLED)
        assert proofs(caller.peer) == []
        assert count(caller.peer, b"BYE") == 1


@pytest.mark.parametrize("status", [401, 407])
async def test_another_host_than_the_registrar_gets_no_proof(switched_on: Switch, status: int) -> None:
    async with open_socket("127.0.0.2") as peer, registered(switched_on, agents_via=via(peer)) as desk:
        await refused(desk, peer, REALM, status)


@pytest.mark.parametrize("status", [401, 407])
async def test_another_realm_than_the_registrars_gets_no_proof(switched_on: Switch, status: int) -> None:
    async with open_socket() as peer, registered(switched_on, agents_via=via(peer)) as desk:
        await refused(desk, peer, "evil", status)


async def test_the_registrar_gets_one_in_its_realm_also_later_in_the_call(switched_on: Switch) -> None:
    async with (
        open_socket() as peer,
        open_socket() as media,
        registered(switched_on, agents_via=via(peer)) as desk,
    ):
        line = await _answered(desk, peer, media)
        assert len(proofs(peer)) == 1
        await line.hang_up()
        peer.send(reply(await peer.request("BYE"), 407, challenge(REALM)), desk.telephone.address)
        bye = await peer.request("BYE")
        assert bye.get_header("proxy-authorization")
        peer.send(reply(bye, 200), desk.telephone.address)
        await desk.idle()


async def test_within_a_call_another_realm_gets_no_proof(switched_on: Switch) -> None:
    async with (
        open_socket() as peer,
        open_socket() as media,
        registered(switched_on, agents_via=via(peer)) as desk,
    ):
        line = await _answered(desk, peer, media)
        await line.hang_up()
        peer.send(reply(await peer.request("BYE"), 407, challenge("evil")), desk.telephone.address)
        await desk.idle()
        await asyncio.sleep(SETTLED)
        assert len(proofs(peer)) == 1
        assert count(peer, b"BYE") == 1


async def _answered(desk: Desk, peer: Socket, media: Socket) -> Line:
    """A call that we place, answered after the password was asked for."""
    call = asyncio.create_task(desk.telephone.dial("8001", {}, 20))
    peer.send(reply(await peer.request("INVITE"), 407, challenge(REALM)), desk.telephone.address)
    invite = await peer.request("INVITE")
    assert invite.get_header("proxy-authorization")
    body = sdp(str(media.address[1]), address=media.address[0])
    peer.send(reply(invite, 200, {"Contact": f"<sip:agent@{via(peer)}>"}, body), desk.telephone.address)
    return await call
