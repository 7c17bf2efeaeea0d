"""Who may use an engine next: as many at once as it has places, urgent ones first, then in order; too many are refused.

Work is cut into pieces of about a second (a clause, ten seconds of sound), and every piece takes a turn of its own, so
that a long text or a long recording does not keep a caller waiting.
"""

import asyncio
import heapq
import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from enum import IntEnum
from typing import Any

MOST_WAITING = 8
LONGEST_WAIT = 4.0
"""Seconds. A caller who waited that long for one answer has said it again already."""


class Urgency(IntEnum):
    """What goes first."""

    NOW = 0
    """Somebody listens into silence."""
    SOON = 1
    """It will be wanted in a moment: the next clause, what was said before a pause."""
    IDLE = 2
    """Nobody waits for it; never refused."""


class Busy(Exception):
    """It would come too late."""


class Turns:
    """Runs work in threads of its own.

    Args:
        places: pieces of work at once.
        most_waiting: more than so many in the line are refused.
        longest_wait: seconds in the line after which one is refused.
    """

    def __init__(self, places: int, most_waiting: int = MOST_WAITING, longest_wait: float = LONGEST_WAIT) -> None:
        self._places = places
        self._most = most_waiting
        self._longest = longest_wait
        self._running = 0
        self.asked = 0
        """Pieces for which somebody waits, or soon will, since the beginning."""
        self._line: list[tuple[Urgency, int, asyncio.Future[None]]] = []
        self._count = itertools.count()
        self._pool = ThreadPoolExecutor(places)
        self._quiet = asyncio.Event()
        self._quiet.set()

    @property
    def waiting(self) -> int:
        """How many wait for whom somebody waits."""
        return sum(urgency < Urgency.IDLE and not place.done() for urgency, _, place in self._line)

    @property
    def idle(self) -> bool:
        """Whether nothing runs and nobody waits."""
        return self._quiet.is_set()

    async def quiet(self) -> None:
        """Wait until nothing runs and nobody waits."""
        await self._quiet.wait()

    async def run[Result](self, urgency: Urgency, work: Callable[[], Result]) -> Result:
        """Wait for a place and do it in a thread. It is done to its end even where nobody waits for it any more.

        Raises:
            Busy: too many are before it, or it waited too long.
        """
        self.asked += urgency < Urgency.IDLE
        await self._place(urgency)
        doing = asyncio.get_running_loop().run_in_executor(self._pool, work)
        doing.add_done_callback(self._done)
        return await asyncio.shield(doing)

    def close(self) -> None:
        """Take no more work."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _place(self, urgency: Urgency) -> None:
        if self._running < self._places and not self._line:
            self._take()
            return
        if urgency < Urgency.IDLE and self.waiting >= self._most:
            raise Busy
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._line, (urgency, next(self._count), place))
        try:
            async with asyncio.timeout(self._longest if urgency < Urgency.IDLE else None):
                await place
        except BaseException as error:
            if place.done() and not place.cancelled():  # it was given at the very moment we gave up
                self._leave()
            place.cancel()
            if isinstance(error, TimeoutError):
                raise Busy from error
            raise

    def _take(self) -> None:
        self._running += 1
        self._quiet.clear()

    def _done(self, doing: asyncio.Future[Any]) -> None:
        if not doing.cancelled():
            doing.exception()  # looked at, whether somebody waits for it or not
        self._leave()

    def _leave(self) -> None:
        self._running -= 1
        while self._line and self._running < self._places:
            *_, place = heapq.heappop(self._line)
            if not place.done():
                self._take()
                place.set_result(None)
        if not self._running:
            self._quiet.set()
