"""Work that is done again and again beside everything else, until the server stops."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

log = structlog.get_logger()


class Every:
    """Does something at once, then again after each pause. What fails is logged and tried again.

    Args:
        seconds: the pause.
        failed: the event's name in the log.
        first_after: seconds before the first time.
    """

    def __init__(
        self, seconds: float, work: Callable[[], Awaitable[object]], failed: str, *, first_after: float = 0.0
    ) -> None:
        self._seconds = seconds
        self._work = work
        self._failed = failed
        self._first_after = first_after
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._go_on())

    async def stop(self) -> None:
        """End, also in the middle of the work."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _go_on(self) -> None:
        await asyncio.sleep(self._first_after)
        while True:
            try:
                await self._work()
            except Exception as error:
                log.error(self._failed, error=type(error).__name__)
            await asyncio.sleep(self._seconds)
