"""Who calls over AudioSocket: the dialplan tells it over HTTP before it connects, because AudioSocket cannot."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

KEPT_SECONDS = 60.0
MOST = 1_000


@dataclass(frozen=True, slots=True)
class Announced:
    """One call that is about to come; all unknown where nothing was announced."""

    caller: str | None = None
    called: str | None = None
    goes_on: bool = False


class Announcements:
    """Kept for a minute, taken once.

    They live in this process, which is also the one that listens: with several server processes the exchange has to
    ask the one that it connects to.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._calls: dict[UUID, tuple[float, Announced]] = {}

    def expect(self, uuid: UUID, call: Announced) -> None:
        """A call with this UUID is about to come."""
        now = self._now()
        self._calls = {key: entry for key, entry in self._calls.items() if entry[0] > now}
        while len(self._calls) >= MOST:
            self._calls.pop(next(iter(self._calls)))
        self._calls[uuid] = (now + KEPT_SECONDS, call)

    def take(self, uuid: UUID) -> Announced:
        """What was announced for this UUID."""
        until, call = self._calls.pop(uuid, (0.0, Announced()))
        return call if until > self._now() else Announced()
