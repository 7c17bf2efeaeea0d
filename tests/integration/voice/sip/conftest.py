"""A telephone on loopback that must leave nothing behind."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from ipaddress import ip_network
from typing import Any

import pytest

from integrations.voice.configuration import Sip
from integrations.voice.line import Audio, HungUp, Line, LineEvent
from integrations.voice.sip import SipTelephone
from tests.support.left_tasks import TaskWatch
from tests.support.sip_peers import PATIENCE, Caller, open_socket

LOOPBACK = (ip_network("127.0.0.1/32"),)
PORTS = (23000, 23199)


@dataclass
class Desk:
    """Who takes the calls: the test itself."""

    lines: asyncio.Queue[Line] = field(default_factory=asyncio.Queue)
    done: asyncio.Event = field(default_factory=asyncio.Event)
    telephone: SipTelephone = field(init=False)

    async def take(self, line: Line) -> None:
        self.lines.put_nowait(line)
        await self.done.wait()

    async def next(self) -> Line:
        """The next call that rings."""
        async with asyncio.timeout(PATIENCE):
            return await self.lines.get()

    async def idle(self) -> None:
        """Wait until no call and no port is in use."""
        async with asyncio.timeout(PATIENCE):
            while self.telephone.state().calls or self.telephone.state().ports:
                await asyncio.sleep(0.01)


async def until(line: Line, kind: type[LineEvent]) -> LineEvent:
    """The next event of a kind; others are left out."""
    async with asyncio.timeout(PATIENCE):
        while True:
            event = await line.next_event()
            if isinstance(event, kind):
                return event
            assert not isinstance(event, HungUp), f"hung up ({event.reason}) before {kind.__name__}"


async def rest(line: Line) -> tuple[list[LineEvent], bytes]:
    """Everything to the end of a call: events, and the sound."""
    events: list[LineEvent] = []
    sound = bytearray()
    async with asyncio.timeout(PATIENCE):
        while True:
            event = await line.next_event()
            if isinstance(event, Audio):
                sound += event.pcm
                continue
            events.append(event)
            if isinstance(event, HungUp):
                return events, bytes(sound)


Switch = Callable[..., AbstractAsyncContextManager[Desk]]


@contextlib.asynccontextmanager
async def _switched_on(*, most_calls: int = 5, t1: float = 0.5, **settings: Any) -> AsyncIterator[Desk]:
    desk, watch = Desk(), TaskWatch()
    values: dict[str, Any] = {"host": "127.0.0.1", "port": 0, "rtp_ports": PORTS, "allowed": LOOPBACK, **settings}
    desk.telephone = SipTelephone(Sip(**values), desk.take, most_calls, t1=t1)
    with watch.watching():
        await desk.telephone.start()
        try:
            yield desk
        finally:
            desk.done.set()
            await desk.telephone.stop()
    left = watch.left()
    assert left == [], f"tasks are left: {left}"
    assert desk.telephone.state().ports == 0
    assert desk.telephone.left_over() == 0


@pytest.fixture
def switched_on() -> Switch:
    """Switch a telephone on; what it leaves behind fails the test."""
    return _switched_on


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    """A telephone that needs nothing special."""
    async with _switched_on() as desk:
        yield desk


@contextlib.asynccontextmanager
async def caller_of(desk: Desk) -> AsyncIterator[Caller]:
    """Somebody who calls that telephone, packet by packet."""
    async with open_socket() as peer, open_socket() as media:
        yield Caller(peer, media, desk.telephone.address)
