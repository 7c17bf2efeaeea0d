"""Which tasks something has left behind, on a loop that other tests' servers share."""

import asyncio
import contextlib
from collections.abc import Iterator
from contextvars import ContextVar

_watched_by: ContextVar["TaskWatch | None"] = ContextVar("watched_by", default=None)
"""Inherited by every task that a watched one begins."""


class TaskWatch:
    """Knows the tasks that were begun under it, however deep."""

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Tasks that are begun in the block belong to it, and so do theirs."""
        before = _watched_by.get()
        _watched_by.set(self)
        try:
            yield
        finally:
            _watched_by.set(before)

    def left(self) -> list[asyncio.Task[object]]:
        """Those that are not over."""
        return [
            task
            for task in asyncio.all_tasks()
            if task is not asyncio.current_task() and task.get_context().get(_watched_by) is self
        ]
