"""Listening in on a call: both sides mixed, for supervisors."""

import asyncio
from array import array
from collections.abc import AsyncIterator

from integrations.voice.line import SAMPLE_BYTES, SAMPLE_RATE

MOST_BEHIND = 100
"""Pieces a listener may be late; whoever is slower loses the oldest."""
_LOUDEST = 32_767
_MOST_AHEAD = 60 * SAMPLE_RATE * SAMPLE_BYTES


class Tap:
    """Mixes what the caller says with what they hear meanwhile.

    Our sound is queued ahead of time; the caller's sound is the clock by which it is taken from there.
    """

    def __init__(self) -> None:
        self._ours = bytearray()
        self._listeners: set[asyncio.Queue[bytes | None]] = set()
        self._closed = False

    @property
    def listeners(self) -> int:
        """How many listen now."""
        return len(self._listeners)

    def ours(self, pcm: bytes, dropped: int) -> None:
        """Sound that was given to the line, or ``dropped`` bytes that were taken back from its end."""
        if dropped:
            del self._ours[max(0, len(self._ours) - dropped) :]
        self._ours += pcm[:_MOST_AHEAD]

    def theirs(self, pcm: bytes) -> None:
        """Sound of the caller."""
        mine = bytes(self._ours[: len(pcm)])
        del self._ours[: len(pcm)]
        if not self._listeners:
            return
        mixed = _mixed(pcm, mine)
        for queue in self._listeners:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(mixed)

    async def listen(self) -> AsyncIterator[bytes]:
        """The call as it sounds, 8 kHz, until it ends."""
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(MOST_BEHIND)
        if self._closed:
            return
        self._listeners.add(queue)
        try:
            while (piece := await queue.get()) is not None:
                yield piece
        finally:
            self._listeners.discard(queue)

    def close(self) -> None:
        """The call is over."""
        self._closed = True
        for queue in self._listeners:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(None)


def _mixed(one: bytes, other: bytes) -> bytes:
    if not other:
        return one
    mine, theirs = array("h", other[: len(other) // 2 * 2]), array("h", one[: len(one) // 2 * 2])
    for n, sample in enumerate(mine[: len(theirs)]):
        theirs[n] = max(-_LOUDEST, min(_LOUDEST, theirs[n] + sample))
    return theirs.tobytes()
