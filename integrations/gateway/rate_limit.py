"""Limits how often one address may do what costs something (new sessions, codes, sign-ins, uploads).

Kept in this process: with several processes each allows the same rate, which is enough against a flood; limits that
protect a person (codes per phone, wrong codes) are rows in the database.
"""

import time
from collections import OrderedDict, deque

from integrations.gateway.errors import ApiError

MOST_KEYS = 50_000


class RateLimit:
    """At most ``count`` events in ``seconds`` for each key."""

    def __init__(self, count: int, seconds: float) -> None:
        self._count = count
        self._seconds = seconds
        self._events: OrderedDict[str, deque[float]] = OrderedDict()

    def check(self, key: str) -> None:
        """Count one event.

        Raises:
            ApiError: 429 when the key has used up its share.
        """
        self.refuse_if_spent(key)
        self.count(key)

    def refuse_if_spent(self, key: str) -> None:
        """Count nothing; for limits on what went wrong only, such as failed sign-ins.

        Raises:
            ApiError: 429 when the key has used up its share.
        """
        if len(self._recent(key)) >= self._count:
            raise ApiError(429, "too_many_requests")

    def count(self, key: str) -> None:
        """Count one event, whether or not it is one too many."""
        self._recent(key).append(time.monotonic())
        if len(self._events) > MOST_KEYS:
            self._events.popitem(last=False)

    def _recent(self, key: str) -> deque[float]:
        events = self._events.setdefault(key, deque())
        self._events.move_to_end(key)
        while events and events[0] <= time.monotonic() - self._seconds:
            events.popleft()
        return events
