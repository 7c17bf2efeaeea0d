"""A call from the demo page over a WebSocket.

Up: binary messages are the microphone's sound (16-bit little-endian, 8 kHz, mono); text messages are JSON, ``{"key":
"5"}`` or ``{"hang_up": true}``. Down: binary messages of 20 ms of sound; text messages ``{"state": "talking"}``,
``{"state": "ended", "reason": …}``, ``{"flush": true}`` (drop what is not played yet), ``{"show": kind, "text": …}``.
"""

import contextlib
import json
from collections.abc import MutableMapping
from typing import Any, Literal

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from integrations.voice.line import HangUpReason, LineGone, RejectReason
from integrations.voice.paced_line import PacedLine

log = structlog.get_logger()

LEAD_SECONDS = 0.24
"""The page plays from a small buffer; so much it may hold, which outlasts the hiccups of a network at home."""
LARGEST_PIECE = 16_000
"""Bytes; a page sends 320 at a time. More than a second at once is no microphone."""
LONGEST_MESSAGE = 1_000

Shown = Literal["heard", "partial", "said"]


class BrowserLine(PacedLine):
    """One call."""

    transport = "browser"
    recalls = True

    def __init__(self, socket: WebSocket, line_id: str, caller: str | None) -> None:
        super().__init__(line_id, caller, None, {}, lead=LEAD_SECONDS, silence=False)
        self._socket = socket
        self._refused: RejectReason | None = None

    async def answer(self) -> None:
        """Take the call; the page stops ringing.

        Raises:
            LineGone: the caller gave up first.
        """
        if self.over is not None:
            raise LineGone
        self._tell({"state": "talking"})
        self.start_sound()

    async def reject(self, reason: RejectReason) -> None:
        """Refuse the call; the page says why."""
        self._refused = reason
        await self.hang_up()

    def show(self, kind: Shown, text: str) -> None:
        """Let the page show what was heard of the caller, or what is said to them. Only this transport can."""
        self._tell({"show": kind, "text": text})

    def recall(self) -> None:
        """Let the page drop what it has not played."""
        self._tell({"flush": True})

    async def send_sound(self, frame: bytes) -> None:
        """Send a frame."""
        await self._socket.send_bytes(frame)

    async def send_message(self, message: str) -> None:
        """Send JSON."""
        await self._socket.send_text(message)

    async def disconnect(self, reason: HangUpReason) -> None:
        """Say that it is over, and close."""
        with contextlib.suppress(OSError, RuntimeError, WebSocketDisconnect):
            if reason != "caller":
                await self._socket.send_text(json.dumps({"state": "ended", "reason": self._refused or reason}))
            await self._socket.close()

    async def listen(self) -> None:
        """Take what the page sends until it is closed."""
        try:
            while self.over is None:
                message = await self._socket.receive()
                if message["type"] == "websocket.disconnect" or not self._take(message):
                    break
        except (OSError, RuntimeError):
            log.info("voice.line_lost", transport=self.transport, line=self.line_id)
        finally:
            await self.end("caller")

    def _take(self, message: MutableMapping[str, Any]) -> bool:
        """One message; whether the call goes on."""
        if (data := message.get("bytes")) is not None:
            if len(data) > LARGEST_PIECE:
                return False
            self.heard(data[: len(data) // 2 * 2])
            return True
        text = message.get("text") or ""
        if len(text) > LONGEST_MESSAGE:
            return False
        try:
            fields = json.loads(text)
        except (ValueError, RecursionError):
            return False
        if not isinstance(fields, dict) or fields.get("hang_up"):
            return False
        self.pressed(fields.get("key"))
        return True

    def _tell(self, fields: dict[str, object]) -> None:
        self.say(json.dumps(fields, ensure_ascii=False))
