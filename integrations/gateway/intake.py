"""Taking in goes before answering: what a resident sent has to be committed within seconds, the answer may follow.

When many write at once, a few are stored at a time in the order of their arrival, and answering waits until nobody
stands in line. Whoever would have to wait too long is refused before any work is done for them, so that the channel
delivers again.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

AT_A_TIME = 8
"""Messages that are stored at the same time; more only queue inside the database."""
ANSWERING_WAITS_SECONDS = 3.0
"""At most: a line that never ends must not keep everybody without an answer."""


class TooManyWrite(Exception):
    """The line is too long for the time that is left."""


class Intake:
    """The line of messages to be stored."""

    def __init__(self) -> None:
        self._doors = asyncio.Semaphore(AT_A_TIME)
        self._in_line = 0
        self._empty = asyncio.Event()
        self._empty.set()

    @contextlib.asynccontextmanager
    async def turn(self, until: float | None = None) -> AsyncIterator[None]:
        """Stand in line, then store.

        Args:
            until: by the event loop's clock: when it is too late to begin; None waits as long as it takes.

        Raises:
            TooManyWrite: it became too late.
        """
        self._in_line += 1
        self._empty.clear()
        try:
            try:
                async with asyncio.timeout_at(until):
                    await self._doors.acquire()
            except TimeoutError:
                raise TooManyWrite from None
            try:
                yield
            finally:
                self._doors.release()
        finally:
            self._in_line -= 1
            if not self._in_line:
                self._empty.set()

    async def calm(self) -> None:
        """Wait until nobody stands in line, within reason."""
        if not self._empty.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ANSWERING_WAITS_SECONDS):
                    await self._empty.wait()
