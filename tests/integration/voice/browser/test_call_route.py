"""The call button's WebSocket, as the page speaks it."""

import asyncio
import json
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from fastapi import FastAPI
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from integrations.gateway.services import Services
from integrations.voice.browser.install import CALLS_AT_ONCE, TOO_MANY, install_browser
from integrations.voice.browser.line import BrowserLine
from integrations.voice.line import HungUp, Key, Line, LineGone, TransferRefused
from tests.support.asterisk import Desk, loud_seconds, serving, tone, until


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def demo() -> bool:
    return True


@pytest.fixture
async def port(desk: Desk, demo: bool) -> AsyncIterator[int]:
    app = FastAPI()
    install_browser(app, cast(Services, SimpleNamespace(settings=SimpleNamespace(demo=demo))), desk)
    async with serving(app) as port:
        yield port


class Page:
    """What the page does."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.told: list[dict[str, Any]] = []
        self.played = bytearray()
        self.order: list[str] = []
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            async for message in self.socket:
                if isinstance(message, bytes):
                    self.played += message
                    self.order.append("sound")
                else:
                    self.told.append(json.loads(message))
                    self.order.append(next(iter(self.told[-1])))
        except ConnectionClosed:
            pass

    async def tells(self, **fields: object) -> None:
        await self.socket.send(json.dumps(fields))

    async def ends(self) -> None:
        await asyncio.wait_for(self._reading, 10)

    async def leaves(self) -> None:
        await self.socket.close()
        await self._reading


async def call(port: int, query: str = "", origin: str | None = None) -> Page:
    where = origin or f"http://127.0.0.1:{port}"
    return Page(await connect(f"ws://127.0.0.1:{port}/api/voice/call{query}", origin=where, proxy=None))  # type: ignore[arg-type]


async def test_sound_and_keys_go_up_and_sound_and_words_come_down(port: int, desk: Desk) -> None:
    page = await call(port, "?from=13800138000")
    await until(lambda: page.told == [{"state": "talking"}])
    line = desk.lines[0]
    assert isinstance(line, BrowserLine)
    assert (line.transport, line.caller, line.can_transfer) == ("browser", "13800138000", False)
    await page.socket.send(tone(0.1))
    await page.tells(key="5")
    await page.tells(key="55")
    line.show("heard", "水管漏水")
    line.play(tone(0.3))
    await line.drained()
    await until(lambda: loud_seconds(page.played) >= 0.3)
    assert {"show": "heard", "text": "水管漏水"} in page.told
    await page.tells(hang_up=True)
    await page.ends()
    await until(lambda: desk.ended)
    assert desk.happened(Key) == [Key("5")]
    assert desk.heard == tone(0.1)
    assert desk.events[-1] == HungUp("caller")


async def test_a_flush_follows_what_was_sent_and_nothing_old_follows_it(port: int, desk: Desk) -> None:
    page = await call(port)
    await until(lambda: desk.lines)
    desk.lines[0].play(tone(10.0))
    await until(lambda: page.played)
    assert desk.lines[0].flush() > 8.0
    desk.lines[0].play(bytes(320))
    await until(lambda: "flush" in page.order and page.order[-1] == "sound")
    after = page.order[page.order.index("flush") :].count("sound")
    assert after == 1
    await page.leaves()


async def test_hanging_up_and_refusing_tell_the_page_why(port: int, desk: Desk) -> None:
    page = await call(port)
    await until(lambda: desk.lines)
    await desk.lines[0].hang_up()
    await page.ends()
    assert page.told[-1] == {"state": "ended", "reason": "us"}

    async def busy(line: Line) -> None:
        with pytest.raises(TransferRefused):
            await line.transfer("8001", {})
        await line.reject("busy")
        with pytest.raises(LineGone):
            await line.answer()

    desk.script = busy
    page = await call(port)
    await page.ends()
    assert page.told == [{"state": "ended", "reason": "busy"}]


@pytest.mark.parametrize("message", ["{", "[]", "x" * 2_000, b"\0" * 20_000])
async def test_what_no_page_sends_ends_the_call(port: int, desk: Desk, message: str | bytes) -> None:
    page = await call(port)
    await until(lambda: desk.lines)
    await page.socket.send(message)
    await page.ends()
    await until(lambda: desk.ended)


async def test_one_address_makes_a_few_calls_at_once_and_no_more(port: int, desk: Desk) -> None:
    pages = [await call(port) for _ in range(CALLS_AT_ONCE)]
    refused = await call(port)
    await refused.ends()
    assert refused.socket.close_code == TOO_MANY
    await pages[0].leaves()
    await until(lambda: desk.ended == 1)
    pages[0] = await call(port)
    await until(lambda: len(desk.lines) == CALLS_AT_ONCE + 1)
    for page in pages:
        await page.leaves()


async def test_a_page_of_another_site_is_not_let_in(port: int, desk: Desk) -> None:
    with pytest.raises(InvalidStatus):
        await call(port, origin="https://elsewhere.example")
    assert desk.lines == []


@pytest.mark.parametrize("demo", [False])
async def test_without_the_demo_there_is_no_such_address(port: int) -> None:
    with pytest.raises(InvalidStatus):
        await call(port)
