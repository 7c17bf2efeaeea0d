"""Packets that are large or full of commas: a stranger's is never parsed, a known host's is refused cheaply."""

import asyncio

import pytest
from aiosipua import SipRequest, SipResponse

from integrations.voice.line import NotReached
from integrations.voice.sip import transactions
from integrations.voice.sip.access import LONGEST_OF_STRANGERS, STRANGERS_AT_ONCE
from integrations.voice.sip.messages import Address, read
from tests.integration.voice.sip.conftest import Desk, Switch, caller_of
from tests.support.sip_peers import Caller, open_socket, reply


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The lengths of all packets that are parsed."""
    lengths: list[int] = []

    def counted(data: bytes, source: Address) -> SipRequest | SipResponse | None:
        lengths.append(len(data))
        return read(data, source)

    monkeypatch.setattr(transactions, "read", counted)
    return lengths


def commas(caller: Caller, header: str = "Contact") -> str:
    """An INVITE of almost 16 KB whose ``Contact`` is nothing but commas."""
    return caller.request("INVITE", "", f"{header}: {',' * 15_500}")


async def test_a_strangers_large_packet_is_never_parsed(switched_on: Switch, parsed: list[int]) -> None:
    async with switched_on(allowed=()) as desk, caller_of(desk) as caller:
        for _ in range(3 * int(STRANGERS_AT_ONCE)):
            caller.send(commas(caller))
            await asyncio.sleep(0)
        await asyncio.sleep(0.1)
        caller.send(caller.request("INVITE", caller.offer()))
        await caller.peer.response(403)  # the large ones have not used up what strangers may send
        assert max(parsed) <= LONGEST_OF_STRANGERS
        assert len(parsed) == 1
        assert len(caller.peer.seen) == 1


@pytest.mark.parametrize("header", ["Contact", "m", "Record-Route", "Route", "Supported"])
async def test_an_absurd_list_of_a_known_host_is_refused(desk: Desk, header: str, parsed: list[int]) -> None:
    async with caller_of(desk) as caller:
        caller.send(commas(caller, header))
        answer = await caller.peer.response(400, "INVITE")
        assert answer.call_id == caller.call_id
        assert max(parsed) > LONGEST_OF_STRANGERS
        assert desk.lines.empty()
        assert desk.telephone.left_over() == 0


async def test_whom_we_call_may_answer_at_length(switched_on: Switch) -> None:
    async with open_socket() as peer:
        host, port = peer.address
        async with switched_on(allowed=(), agents_via=f"{host}:{port}") as desk:
            call = asyncio.create_task(desk.telephone.dial("8001", {}, 20))
            invite = await peer.request("INVITE")
            peer.send(reply(invite, 486, {"Subject": "x" * 3000}), desk.telephone.address)
            with pytest.raises(NotReached) as refusal:
                await call
            assert refusal.value.reason == "busy"
            await desk.idle()


async def test_an_answer_with_an_absurd_list_is_none(switched_on: Switch) -> None:
    async with open_socket() as peer:
        host, port = peer.address
        async with switched_on(agents_via=f"{host}:{port}") as desk:
            call = asyncio.create_task(desk.telephone.dial("8001", {}, 20))
            invite = await peer.request("INVITE")
            peer.send(reply(invite, 200, {"Contact": "," * 15_000}), desk.telephone.address)
            peer.send(reply(invite, 486), desk.telephone.address)
            with pytest.raises(NotReached) as refusal:
                await call
            assert refusal.value.reason == "busy"
            await desk.idle()
