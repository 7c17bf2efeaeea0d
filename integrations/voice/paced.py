"""Sends sound at the pace of a telephone: a frame every 20 ms of an absolute clock, silence where nothing is queued.

Sleeping 20 ms after each frame drifts and stutters; here frame *n* is due at the beginning plus *n* × 20 ms, and a
loop that woke up late sends what it missed at once.
"""

import asyncio
import time
from collections.abc import Callable

from integrations.voice.line import FRAME_BYTES, FRAME_SECONDS, SAMPLE_BYTES, SAMPLE_RATE

SILENCE = bytes(FRAME_BYTES)
STALLED_SECONDS = 0.5
"""A process that slept longer than this (suspended, blocked) does not catch up: the caller would hear it all late."""


def seconds_of(size: int) -> float:
    """How long so many bytes of sound last."""
    return size / (SAMPLE_RATE * SAMPLE_BYTES)


class PacedQueue:
    """What is to be played on one line, and when each frame is due. Sends nothing itself.

    Args:
        lead: seconds of sound that may be sent ahead of the clock. A peer that keeps time itself takes a few frames
            more, which hides a busy event loop; a peer that plays what arrives takes one.
        silence: the peer needs sound all the time.
        now: seconds of a clock that only goes forward.
    """

    def __init__(
        self, lead: float = FRAME_SECONDS, *, silence: bool = True, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._lead = max(lead, FRAME_SECONDS)
        self._silence = silence
        self._now = now
        self._queued = bytearray()
        self._begin: float | None = None
        self._sent = 0
        self._last_sound = 0
        self._held = False
        self._closed = False
        self._empty = asyncio.Event()
        self._empty.set()

    def put(self, pcm: bytes) -> None:
        """Queue sound of any length."""
        if self._closed or not pcm:
            return
        self._queued += pcm
        self._empty.clear()

    def flush(self, *, recalled: bool) -> float:
        """Drop what is queued; the seconds that nobody will hear.

        Args:
            recalled: the peer also drops what it was sent and has not played.
        """
        dropped = seconds_of(len(self._queued))
        self._queued.clear()
        if recalled:
            dropped += self._on_the_way()
            self._restart()
        self._settle()
        return dropped

    @property
    def seconds(self) -> float:
        """What is queued, or sent and not played."""
        return seconds_of(len(self._queued)) + self._on_the_way()

    async def drained(self) -> None:
        """Wait until everything has been played, or the queue is closed."""
        await self._empty.wait()

    def hold(self, on: bool) -> None:
        """The peer takes nothing more for now, or takes sound again."""
        if self._held and not on:
            self._restart()
        self._held = on

    def close(self) -> None:
        """The line is over: nothing is queued any more."""
        self._closed = True
        self._queued.clear()
        self._empty.set()

    def next_frame(self) -> bytes | None:
        """The frame that is due now, exactly ``FRAME_BYTES``; None when nothing is."""
        self._settle()
        if self._held or self._closed:
            return None
        ahead = self._ahead()
        if self._queued and ahead < self._lead - FRAME_SECONDS / 2:
            frame = bytes(self._queued[:FRAME_BYTES])
            # More of an unfinished frame may be on its way: it is filled up only when its time has come.
            if len(frame) < FRAME_BYTES and ahead > 0:
                return None
            del self._queued[:FRAME_BYTES]
            self._sent += 1
            self._last_sound = self._sent
            return frame.ljust(FRAME_BYTES, b"\0")
        if self._silence and ahead <= 0:
            self._sent += 1
            return SILENCE
        return None

    @property
    def due_in(self) -> float:
        """Seconds until the next frame may be due."""
        if self._begin is None:
            return FRAME_SECONDS
        past = self._now() - self._begin
        return max(0.001, (int(past / FRAME_SECONDS + 1e-6) + 1) * FRAME_SECONDS - past)

    def _ahead(self) -> float:
        """Seconds that were sent ahead of the clock."""
        now = self._now()
        if self._begin is None:
            self._begin = now
        ahead = self._sent * FRAME_SECONDS - (now - self._begin)
        idle = not self._silence and ahead < 0
        if idle or ahead < -STALLED_SECONDS:
            self._begin, self._sent, self._last_sound, ahead = now, 0, 0, 0.0
        # A thousandth of a frame: sums of twentieths of a second do not come out even.
        return ahead if abs(ahead) > FRAME_SECONDS / 1000 else 0.0

    def _on_the_way(self) -> float:
        if self._begin is None:
            return 0.0
        return max(0.0, self._last_sound * FRAME_SECONDS - (self._now() - self._begin))

    def _restart(self) -> None:
        self._begin, self._sent, self._last_sound = None, 0, 0

    def _settle(self) -> None:
        if not self._queued and self._on_the_way() <= 0:
            self._empty.set()
