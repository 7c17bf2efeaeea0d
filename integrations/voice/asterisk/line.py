"""A call over Asterisk's ``chan_websocket``: binary messages are sound, text messages are commands and events."""

import asyncio
import contextlib
import secrets
from collections.abc import Mapping

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from integrations.voice.asterisk import control
from integrations.voice.asterisk.leg import Leg
from integrations.voice.asterisk.onward import Onward
from integrations.voice.line import HangUpReason, LineGone

log = structlog.get_logger()

LEAD_SECONDS = 0.2
"""Asterisk keeps time itself; so much ahead it hides a busy moment here, and a flush takes it back."""
MARK_WITHIN_SECONDS = 2.0


class AsteriskLine(Leg):
    """One call.

    Args:
        socket: accepted.
        start: what MEDIA_START told.
        media: the format it named.
        onward: where a transfer is published.
        goes_on: the dialplan goes on after our leg hung up.
    """

    transport = "asterisk"
    recalls = True

    def __init__(
        self,
        socket: WebSocket,
        start: control.Event,
        media: control.Format,
        onward: Onward,
        *,
        line_id: str,
        caller: str | None,
        called: str | None,
        headers: Mapping[str, str],
        goes_on: bool,
    ) -> None:
        super().__init__(line_id, caller, called, headers, lead=LEAD_SECONDS)
        self.onward = onward
        self.can_transfer = goes_on
        self._socket = socket
        self._is_json = start.is_json
        self._media = media
        self._rest = b""
        self._marks: dict[str, asyncio.Event] = {}
        self._marks_work = True

    async def answer(self) -> None:
        """Take the call; one that Asterisk answered by itself is not harmed.

        Raises:
            LineGone: the caller gave up first.
        """
        if self.over is not None:
            raise LineGone
        self._command("ANSWER")
        self.start_sound()

    async def drained(self) -> None:
        """Wait until Asterisk has played everything: our clock says so, and then Asterisk itself."""
        await self.sound.drained()
        if self.over is not None or not self._marks_work:
            return
        mark = secrets.token_hex(6)
        passed = self._marks[mark] = asyncio.Event()
        self._command("MARK_MEDIA", mark)
        # A version before MARK_MEDIA says nothing at all.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(MARK_WITHIN_SECONDS):
                await passed.wait()
        if self._marks.pop(mark, None) is not None and not passed.is_set():
            self._marks_work = False

    def recall(self) -> None:
        """Empty Asterisk's queue; the marks in it never come back."""
        self._command("FLUSH_MEDIA")
        self._rest = b""
        self._release_marks()

    async def send_sound(self, frame: bytes) -> None:
        """Send a frame in the call's coding, in multiples of the size that Asterisk named."""
        data = self._rest + self._media.coding.encode(frame)
        whole = len(data) // self._media.size * self._media.size
        self._rest = data[whole:]
        if whole:
            await self._socket.send_bytes(data[:whole])

    async def send_message(self, message: str) -> None:
        """Send a command."""
        await self._socket.send_text(message)

    async def disconnect(self, reason: HangUpReason) -> None:
        """Hang up and close."""
        self._release_marks()
        with contextlib.suppress(OSError, RuntimeError, WebSocketDisconnect):
            if reason != "caller":
                await self._socket.send_text(control.write("HANGUP", is_json=self._is_json))
            await self._socket.close()

    async def listen(self) -> None:
        """Take what Asterisk sends until it closes the connection, which is how it hangs up."""
        try:
            while self.over is None:
                message = await self._socket.receive()
                if message["type"] == "websocket.disconnect":
                    break
                if (data := message.get("bytes")) is not None:
                    self.heard(self._media.coding.decode(data))
                elif (text := message.get("text")) is not None and (event := control.read(text)) is not None:
                    self._on(event)
        except (OSError, RuntimeError):
            log.info("voice.line_lost", transport=self.transport, line=self.line_id)
        finally:
            await self.end("caller")

    def _on(self, event: control.Event) -> None:
        match event.name:
            case "DTMF_END":
                self.pressed(event.values.get("digit"))
            case "MEDIA_XOFF":
                self.sound.hold(True)
            case "MEDIA_XON":
                self.sound.hold(False)
            case "MEDIA_MARK_PROCESSED":
                if passed := self._marks.get(event.values.get("correlation_id", "")):
                    passed.set()
            case "ERROR":
                log.warning("voice.asterisk_error", line=self.line_id)

    def _command(self, command: str, correlation_id: str | None = None) -> None:
        self.say(control.write(command, correlation_id, is_json=self._is_json))

    def _release_marks(self) -> None:
        for passed in self._marks.values():
            passed.set()
