"""The exchange's side of Asterisk's two media connections, over real sockets, as faithful as their descriptions go.

``ChanWebsocket`` keeps the queue of the real channel driver: one frame leaves every 20 ms, 1,000 fit, XOFF at 900, XON
at 800, a flush empties it and forgets its marks, and what does not fill a frame is dropped. ``AudioSocket`` is the
application of older versions: it plays what arrives, and sends what the caller says.
"""

import asyncio
import contextlib
import json
import math
import struct
import time
from array import array
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self
from urllib.parse import urlencode
from uuid import UUID

import uvicorn
from aiortp.codecs import PcmaCodec, PcmuCodec
from fastapi import FastAPI
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from integrations.voice.line import Audio, HungUp, Line, LineEvent, LineGone
from tests.support.stack import free_port

TICK = 0.02
LONG = 10.0
SECRET = "a-secret-of-the-exchange"


class _Linear:
    def encode(self, pcm: bytes) -> bytes:
        return pcm

    def decode(self, data: bytes) -> bytes:
        return data


CODECS = {"ulaw": (PcmuCodec(), 160), "alaw": (PcmaCodec(), 160), "slin": (_Linear(), 320)}


def tone(seconds: float, hertz: float = 440.0, rate: int = 8_000) -> bytes:
    """A tone at a third of full scale."""
    count = int(seconds * rate)
    return array("h", (int(11_000 * math.sin(2 * math.pi * hertz * n / rate)) for n in range(count))).tobytes()


def loud(pcm: bytes) -> bool:
    """Whether there is anything to hear."""
    samples = array("h", pcm)
    return bool(samples) and max(abs(sample) for sample in samples) > 1_000


def loud_seconds(pcm: bytes) -> float:
    """How much of it is to be heard, in steps of 20 ms."""
    return sum(TICK for at in range(0, len(pcm), 320) if loud(pcm[at : at + 320 - len(pcm[at : at + 320]) % 2]))


async def until(holds: Callable[[], object], seconds: float = LONG) -> None:
    """Wait for something that happens outside; fails when it does not."""
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.005)


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[int]:
    """Run an application on a free port; its port."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, access_log=False))
    task = asyncio.create_task(server.serve())
    await until(lambda: server.started or task.done())
    assert server.started
    try:
        yield port
    finally:
        server.should_exit = True
        await task


class Desk:
    """Stands for the hotline service: keeps the lines, and lets a test decide what happens on them."""

    def __init__(self, script: Callable[[Line], Awaitable[None]] | None = None) -> None:
        self.lines: list[Line] = []
        self.events: list[LineEvent] = []
        self.script = script or self.listen
        self.ended = 0

    @property
    def hotline(self) -> Self:
        return self

    @property
    def heard(self) -> bytes:
        """All sound that came."""
        return b"".join(event.pcm for event in self.events if isinstance(event, Audio))

    def happened(self, kind: type[LineEvent]) -> list[LineEvent]:
        """The events of a kind."""
        return [event for event in self.events if isinstance(event, kind)]

    async def take(self, line: Line) -> None:
        """Run a call."""
        self.lines.append(line)
        try:
            await self.script(line)
        finally:
            self.ended += 1

    async def listen(self, line: Line) -> None:
        """Answer, and keep what happens until the call is over."""
        with contextlib.suppress(LineGone):
            await line.answer()
        while True:
            event = await line.next_event()
            self.events.append(event)
            if isinstance(event, HungUp):
                return

    async def echo(self, line: Line) -> None:
        """Answer, and say everything back."""
        await line.answer()
        while not isinstance(event := await line.next_event(), HungUp):
            self.events.append(event)
            if isinstance(event, Audio):
                line.play(event.pcm)
        self.events.append(event)


class ChanWebsocket:
    """One call that Asterisk brings over its WebSocket channel driver."""

    def __init__(
        self,
        port: int,
        *,
        secret: str = SECRET,
        codec: str = "ulaw",
        spelling: str = "plain",
        xoff: int = 900,
        xon: int = 800,
        knows_marks: bool = True,
        **parameters: str,
    ) -> None:
        self._url = f"ws://127.0.0.1:{port}/voice/asterisk/{secret}?{urlencode(parameters)}"
        self._name = codec
        self._codec, self.frame_size = CODECS.get(codec, (_Linear(), 640))
        self._json = spelling == "json"
        self._xoff, self._xon, self._knows_marks = xoff, xon, knows_marks
        self._queue: deque[bytes | str] = deque()
        self._full = False
        self._report_drained = False
        self._tasks: list[asyncio.Task[None]] = []
        self.commands: list[str] = []
        self.played = bytearray()
        self.starved = 0
        self.odd = 0
        self.dropped = 0
        self.longest = 0
        self.frozen = False
        self.socket: ClientConnection

    @property
    def answered(self) -> bool:
        return "ANSWER" in self.commands

    @property
    def hung_up(self) -> bool:
        return "HANGUP" in self.commands

    @property
    def queued(self) -> int:
        """Frames that wait."""
        return sum(isinstance(entry, bytes) for entry in self._queue)

    async def __aenter__(self) -> Self:
        self.socket = await connect(self._url, subprotocols=["media"], compression=None, proxy=None)  # type: ignore[list-item]
        await self._event(
            "MEDIA_START",
            connection_id="e226e283",
            channel="WebSocket/guanjia/0x5140001a0040",
            format=self._name,
            optimal_frame_size=self.frame_size,
        )
        self._tasks = [asyncio.create_task(self._receive()), asyncio.create_task(self._play())]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.hang_up()

    async def hang_up(self) -> None:
        """The caller hangs up: the driver closes the connection."""
        await self.socket.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def speak(self, pcm: bytes) -> None:
        """The caller says something, at the pace of speech."""
        begin = time.monotonic()
        for number, at in enumerate(range(0, len(pcm), 320)):
            await self.socket.send(self._codec.encode(pcm[at : at + 320]))
            await asyncio.sleep(max(0.0, begin + (number + 1) * TICK - time.monotonic()))

    async def press(self, digit: str) -> None:
        await self._event("DTMF_END", digit=digit)

    async def gone(self) -> None:
        """Wait until our side closed the connection."""
        async with asyncio.timeout(LONG):
            await self.socket.wait_closed()

    async def _event(self, name: str, **values: object) -> None:
        if self._json:
            await self.socket.send(json.dumps({"event": name, "channel_id": "1761245643.1", **values}))
        elif name == "MEDIA_MARK_PROCESSED":
            await self.socket.send(f"{name} {values['correlation_id']}")
        else:
            await self.socket.send(" ".join([name, *(f"{key}:{value}" for key, value in values.items())]))

    async def _receive(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for message in self.socket:
                if isinstance(message, bytes):
                    await self._media(message)
                else:
                    await self._command(message)

    async def _media(self, data: bytes) -> None:
        assert len(data) <= 65_500, "the driver closes the connection"
        whole = len(data) // self.frame_size * self.frame_size
        self.odd += len(data) - whole
        for at in range(0, whole, self.frame_size):
            if self.queued >= self._xoff + 100:
                self.dropped += 1
            else:
                self._queue.append(data[at : at + self.frame_size])
        self.longest = max(self.longest, self.queued)
        if self.queued >= self._xoff and not self._full:
            self._full = True
            await self._event("MEDIA_XOFF")

    async def _command(self, text: str) -> None:
        if self._json:
            fields = json.loads(text)
            name, correlation = fields["command"], fields.get("correlation_id", "")
        else:
            name, _, correlation = text.partition(" ")
        self.commands.append(name)
        if name == "FLUSH_MEDIA":
            self._queue.clear()
        elif name == "MARK_MEDIA" and self._knows_marks:
            self._queue.append(correlation)
        elif name == "REPORT_QUEUE_DRAINED":
            self._report_drained = True
        elif name == "HANGUP":
            await self.socket.close()

    async def _play(self) -> None:
        begin, ticks = time.monotonic(), 0
        with contextlib.suppress(ConnectionClosed):
            while True:
                ticks += 1
                await asyncio.sleep(max(0.0, begin + ticks * TICK - time.monotonic()))
                if not self.frozen:
                    await self._tick()

    async def _tick(self) -> None:
        while self._queue and isinstance(entry := self._queue[0], str):
            self._queue.popleft()
            await self._event("MEDIA_MARK_PROCESSED", correlation_id=entry)
        if self._queue:
            frame = self._queue.popleft()
            assert isinstance(frame, bytes)
            self.played += self._codec.decode(frame)
        elif self.played:
            self.starved += 1
        if self._full and self.queued < self._xon:
            self._full = False
            await self._event("MEDIA_XON")
        if self._report_drained and not self._queue:
            self._report_drained = False
            await self._event("QUEUE_DRAINED")


class AudioSocket:
    """One call that Asterisk's AudioSocket application brings."""

    def __init__(self, address: tuple[str, int], uuid: UUID, *, wide: bool = False) -> None:
        self._address = address
        self._uuid = uuid
        self._wide = wide
        self._task: asyncio.Task[None] | None = None
        self.played = bytearray()
        self.kinds: list[int] = []
        self.ended = asyncio.Event()

    async def __aenter__(self) -> Self:
        self.reader, self.writer = await asyncio.open_connection(*self._address)
        await self.send(0x01, self._uuid.bytes)
        self._task = asyncio.create_task(self._receive())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()

    async def send(self, kind: int, payload: bytes = b"") -> None:
        """Send a frame."""
        self.writer.write(struct.pack(">BH", kind, len(payload)) + payload)
        await self.writer.drain()

    async def speak(self, pcm: bytes) -> None:
        """The caller says something, at the pace of speech."""
        size = 640 if self._wide else 320
        begin = time.monotonic()
        for number, at in enumerate(range(0, len(pcm), size)):
            await self.send(0x12 if self._wide else 0x10, pcm[at : at + size])
            await asyncio.sleep(max(0.0, begin + (number + 1) * TICK - time.monotonic()))

    async def press(self, digit: str) -> None:
        await self.send(0x03, digit.encode())

    async def hang_up(self) -> None:
        await self.send(0x00)

    def reset(self) -> None:
        """Go without a word, as a killed process does."""
        self.writer.transport.abort()

    async def _receive(self) -> None:
        try:
            while True:
                kind, length = struct.unpack(">BH", await self.reader.readexactly(3))
                payload = await self.reader.readexactly(length) if length else b""
                self.kinds.append(kind)
                if kind in {0x10, 0x12}:
                    self.played += payload
                elif kind == 0x00:
                    return
        except (asyncio.IncompleteReadError, OSError):
            return
        finally:
            self.ended.set()
