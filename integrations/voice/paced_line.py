"""What the lines have in common whose peer takes a stream of sound and messages over one connection."""

import asyncio
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Mapping

import structlog
from starlette.websockets import WebSocketDisconnect

from integrations.voice.line import (
    FRAME_SECONDS,
    KEYS,
    Audio,
    HangUpReason,
    HungUp,
    Key,
    LineEvent,
    LineGone,
    RejectReason,
    TransferRefused,
)
from integrations.voice.paced import PacedQueue

log = structlog.get_logger()

MOST_WAITING = 1_500
"""Pieces of sound that wait to be heard: half a minute; one that nobody hears is not kept."""
SEND_WITHIN_SECONDS = 10.0
"""A peer that takes nothing for so long is gone."""


class PacedLine(ABC):
    """A :class:`~integrations.voice.line.Line` over a connection; a transport adds how things are sent.

    Attributes:
        recalls: the peer can be told to drop what it was sent.
        over: why the call ended, None while it lasts.
    """

    transport: str
    recalls = False

    def __init__(
        self,
        line_id: str,
        caller: str | None,
        called: str | None,
        headers: Mapping[str, str],
        *,
        lead: float = FRAME_SECONDS,
        silence: bool = True,
    ) -> None:
        self.line_id = line_id
        self.caller = caller
        self.called = called
        self.headers = headers
        self.can_transfer = False
        self.over: HungUp | None = None
        self.sound = PacedQueue(lead, silence=silence)
        self._events: asyncio.Queue[LineEvent] = asyncio.Queue()
        self._messages: deque[str] = deque()
        self._wake = asyncio.Event()
        self._player: asyncio.Task[None] | None = None

    @abstractmethod
    async def send_sound(self, frame: bytes) -> None:
        """Send 20 ms of 16-bit sound."""

    @abstractmethod
    async def send_message(self, message: str) -> None:
        """Send a message, in order with the sound."""

    @abstractmethod
    async def disconnect(self, reason: HangUpReason) -> None:
        """Tell the peer that the call is over, and close the connection; a peer that is gone is no error."""

    async def answer(self) -> None:
        """Sound goes both ways from here.

        Raises:
            LineGone: the caller gave up first.
        """
        if self.over is not None:
            raise LineGone
        self.start_sound()

    async def reject(self, reason: RejectReason) -> None:
        """Refuse the call; the peer hears no reason here."""
        await self.hang_up()

    async def next_event(self) -> LineEvent:
        """The next event; the last one again and again."""
        if self.over is not None and self._events.empty():
            return self.over
        return await self._events.get()

    def play(self, pcm: bytes) -> None:
        """Queue sound."""
        self.sound.put(pcm)
        self._wake.set()

    def flush(self) -> float:
        """Stop at once; the seconds that were dropped."""
        dropped = self.sound.flush(recalled=self.recalls)
        if self.recalls and dropped:
            self.recall()
        return dropped

    def recall(self) -> None:  # noqa: B027 - only for peers that can
        """Tell the peer to drop what it was sent."""

    @property
    def unplayed(self) -> float:
        """Seconds of sound that the caller has still to hear."""
        return self.sound.seconds

    async def drained(self) -> None:
        """Wait until nothing is queued, or the call is over."""
        await self.sound.drained()

    async def transfer(self, target: str, headers: Mapping[str, str]) -> None:
        """Not here.

        Raises:
            TransferRefused: always.
        """
        raise TransferRefused

    async def hang_up(self) -> None:
        """End the call."""
        await self.end("us")

    async def end(self, reason: HangUpReason) -> None:
        """The call is over, whoever ended it; only the first time counts."""
        if self.over is not None:
            return
        self.ended(reason)
        player, self._player = self._player, None
        if player is not None and player is not asyncio.current_task():
            player.cancel()
            await asyncio.gather(player, return_exceptions=True)
        await self.disconnect(reason)
        log.info("voice.line_ended", transport=self.transport, line=self.line_id, reason=reason)

    def ended(self, reason: HangUpReason) -> None:
        """Put the last event behind the others."""
        self.over = HungUp(reason)
        self._events.put_nowait(self.over)
        self.sound.close()

    def heard(self, pcm: bytes) -> None:
        """The caller's sound, as 16-bit samples of 8 kHz."""
        if self.over is None and pcm and self._events.qsize() < MOST_WAITING:
            self._events.put_nowait(Audio(pcm))

    def pressed(self, digit: object) -> None:
        """A key; anything that no telephone has is ignored."""
        if self.over is None and isinstance(digit, str) and digit in KEYS and self._events.qsize() < 2 * MOST_WAITING:
            self._events.put_nowait(Key(digit))

    def say(self, message: str) -> None:
        """Send a message soon, before sound that is not sent yet."""
        if self.over is None:
            self._messages.append(message)
            self._wake.set()

    def start_sound(self) -> None:
        """Begin to send; once is enough."""
        if self._player is None and self.over is None:
            self._player = asyncio.create_task(self._send_all(), name="voice.line_sound")

    async def _send_all(self) -> None:
        """Messages and frames as they become due, until the call is over or the peer takes nothing more."""
        loop = asyncio.get_running_loop()
        try:
            while self.over is None:
                async with asyncio.timeout(SEND_WITHIN_SECONDS):
                    await self._send_due()
                alarm = loop.call_later(self.sound.due_in, self._wake.set)
                try:
                    await self._wake.wait()
                finally:
                    alarm.cancel()
                self._wake.clear()
        except TimeoutError:
            log.warning("voice.peer_takes_nothing", transport=self.transport, line=self.line_id)
            await self.end("no_media")
        except (OSError, RuntimeError, WebSocketDisconnect) as error:  # how a closed connection shows, by transport
            log.info("voice.line_lost", transport=self.transport, line=self.line_id, error=type(error).__name__)
            await self.end("caller")

    async def _send_due(self) -> None:
        while True:
            # Before every frame: what a flush dropped must not follow the message that recalls it.
            while self._messages:
                await self.send_message(self._messages.popleft())
            frame = self.sound.next_frame()
            if frame is None:
                return
            await self.send_sound(frame)
