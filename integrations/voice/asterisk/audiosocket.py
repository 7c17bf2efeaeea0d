"""A call over AudioSocket, and the listener that Asterisk connects to."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address
from uuid import UUID

import structlog

from integrations.voice.asterisk import frames
from integrations.voice.asterisk.announced import Announced, Announcements
from integrations.voice.asterisk.frames import Frame, Kind
from integrations.voice.asterisk.leg import Leg
from integrations.voice.asterisk.onward import Onward
from integrations.voice.configuration import Network
from integrations.voice.line import HangUpReason, Line

log = structlog.get_logger()

UUID_WITHIN_SECONDS = 5.0
CLOSE_WITHIN_SECONDS = 2.0
GONE_AFTER_MS = 20_000
"""TCP gives up a peer that acknowledges nothing for so long."""
UUID_BYTES = 16


class AudioSocketLine(Leg):
    """One call. The exchange has answered it already, and ends it where it hears nothing for two seconds, so silence
    is sent from the first moment, also before :meth:`answer`.
    """

    transport = "audiosocket"

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        onward: Onward,
        uuid: UUID,
        call: Announced,
    ) -> None:
        super().__init__(str(uuid), call.caller, call.called, {})
        self.onward = onward
        self.can_transfer = call.goes_on
        self._reader = reader
        self._writer = writer
        self._wideband: frames.Wideband | None = None

    async def send_sound(self, frame: bytes) -> None:
        """Send a frame, in the width in which the exchange sends."""
        if self._wideband is None:
            await self._send(Frame(Kind.SOUND_8K, frame))
        elif wide := self._wideband.widened(frame):
            await self._send(Frame(Kind.SOUND_16K, wide))

    async def send_message(self, message: str) -> None:
        """AudioSocket has no messages."""

    async def disconnect(self, reason: HangUpReason) -> None:
        """Hang up and close."""
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(CLOSE_WITHIN_SECONDS):
                if reason != "caller":
                    await self._send(Frame(Kind.HANG_UP))
                self._writer.close()
                # Asterisk may answer with a reset.
                await self._writer.wait_closed()

    async def listen(self) -> None:
        """Take what the exchange sends until the call ends."""
        self.start_sound()
        reason: HangUpReason = "caller"
        try:
            while self.over is None and (frame := await frames.read(self._reader)) is not None:
                if frame.kind == Kind.SOUND_8K:
                    self._wideband = None
                    self.heard(frame.payload[: len(frame.payload) // 2 * 2])
                elif frame.kind == Kind.SOUND_16K:
                    self._wideband = self._wideband or frames.Wideband()
                    self.heard(self._wideband.narrowed(frame.payload))
                elif frame.kind == Kind.KEY:
                    self.pressed(frame.payload[:1].decode("latin-1"))
                elif frame.kind == Kind.HANG_UP:
                    break
                elif frame.kind == Kind.ERROR:
                    log.warning("voice.audiosocket_error", line=self.line_id, code=frame.payload[:1].hex())
                    reason = "error"
                    break
        except OSError as error:
            log.info("voice.line_lost", transport=self.transport, line=self.line_id, error=type(error).__name__)
        finally:
            await self.end(reason)

    async def _send(self, frame: Frame) -> None:
        self._writer.write(bytes(frame))
        await self._writer.drain()


class AudioSocketServer:
    """Listens for the exchange.

    Args:
        host, port: where; port 0 takes a free one.
        allowed: networks that may connect; without any, only this machine.
        take: runs a call.
    """

    def __init__(
        self,
        host: str,
        port: int,
        allowed: Sequence[Network],
        announcements: Announcements,
        onward: Onward,
        take: Callable[[Line], Awaitable[None]],
    ) -> None:
        self._host = host
        self._port = port
        self._allowed = tuple(allowed)
        self._announcements = announcements
        self._onward = onward
        self._take = take
        self._server: asyncio.Server | None = None
        self._calls: dict[asyncio.Task[None], AudioSocketLine | None] = {}

    @property
    def address(self) -> tuple[str, int] | None:
        """Where the exchange connects; None while nothing is listened to."""
        if self._server is None:
            return None
        host, port = self._server.sockets[0].getsockname()[:2]
        return host, port

    @property
    def calls(self) -> int:
        """Calls that are going on."""
        return len(self._calls)

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            OSError: the port is taken.
        """
        self._server = await asyncio.start_server(self._connected, self._host, self._port)
        log.info("voice.audiosocket_listening", address=self.address)

    async def stop(self) -> None:
        """Take no more calls, and end those that are going on."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        for line in list(self._calls.values()):
            if line is not None:
                await line.hang_up()
        for task in list(self._calls):
            task.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)
        await server.wait_closed()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A task of our own: the one that asyncio makes of a coroutine could not be waited for.
        task = asyncio.create_task(self._serve(reader, writer), name="voice.audiosocket")
        self._calls[task] = None
        task.add_done_callback(lambda done: self._calls.pop(done, None))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if not self._lets_in(writer):
                log.warning("voice.audiosocket_refused")
                return
            _notice_a_dead_peer(writer)
            uuid = await _uuid_of(reader)
            if uuid is None:
                log.warning("voice.audiosocket_without_uuid")
                return
            line = AudioSocketLine(reader, writer, self._onward, uuid, self._announcements.take(uuid))
            task = asyncio.current_task()
            if task is not None:
                self._calls[task] = line
            async with asyncio.TaskGroup() as both:
                both.create_task(line.listen())
                both.create_task(self._run(line))
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _run(self, line: AudioSocketLine) -> None:
        try:
            await self._take(line)
        except Exception as error:  # one call must not end the others, nor leave its caller in silence
            log.error("voice.call_failed", transport=line.transport, line=line.line_id, error=type(error).__name__)
            await line.end("error")
        else:
            await line.hang_up()

    def _lets_in(self, writer: asyncio.StreamWriter) -> bool:
        address = ip_address(writer.get_extra_info("peername")[0].partition("%")[0])
        mapped = getattr(address, "ipv4_mapped", None) or address
        return any(mapped in network for network in self._allowed) if self._allowed else mapped.is_loopback


async def _uuid_of(reader: asyncio.StreamReader) -> UUID | None:
    """The call's id, which comes first; None where something else does."""
    try:
        async with asyncio.timeout(UUID_WITHIN_SECONDS):
            frame = await frames.read(reader)
    except (OSError, TimeoutError):
        return None
    if frame is None or frame.kind != Kind.UUID or len(frame.payload) != UUID_BYTES:
        return None
    return UUID(bytes=frame.payload)


def _notice_a_dead_peer(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, GONE_AFTER_MS)
