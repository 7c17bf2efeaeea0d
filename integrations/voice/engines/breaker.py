"""A circuit breaker: who failed just now is left alone for a while, so that no caller waits for a dead service."""

import time
from collections.abc import Callable


class Breaker:
    """Remembers failures in a row.

    Args:
        failures: so many in a row shut it.
        pause: seconds until one attempt is let through again, and between such attempts.
        now: seconds on a clock that only goes on.
    """

    def __init__(self, failures: int, pause: float, now: Callable[[], float] = time.monotonic) -> None:
        self._most = failures
        self._pause = pause
        self._now = now
        self._failed = 0
        self._shut_until = 0.0

    def allows(self) -> bool:
        """Whether to try it; shut, it lets one attempt through each pause, whatever becomes of that one."""
        if self._failed < self._most:
            return True
        if self._now() < self._shut_until:
            return False
        self._shut_until = self._now() + self._pause
        return True

    def failed(self) -> bool:
        """It did not work; whether that shut the breaker just now."""
        self._failed += 1
        self._shut_until = self._now() + self._pause
        return self._failed == self._most

    def worked(self) -> None:
        """It worked: all is forgotten."""
        self._failed = 0
