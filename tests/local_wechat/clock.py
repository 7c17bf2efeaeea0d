"""The platform's clock: real time, and what the demo page moved it by."""

import time
from collections.abc import Callable

HOUR = 3600.0
DAY = 24 * HOUR


class PeerClock:
    """Seconds since 1970, as the platform counts them.

    Requests to the server always carry the real time: a server refuses a request whose time is far from its own. Only
    what the platform itself judges by time (windows, tokens, stored media) follows the moved clock.
    """

    def __init__(self, real: Callable[[], float] = time.time) -> None:
        self.real = real
        self.moved_by = 0.0

    def now(self) -> float:
        """The platform's time."""
        return self.real() + self.moved_by

    def move(self, seconds: float) -> None:
        """Move on (or back) by so many seconds."""
        self.moved_by += seconds

    def reset(self) -> None:
        """Show real time again."""
        self.moved_by = 0.0
