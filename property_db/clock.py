"""The one source of time, so that a test can set it."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
"""The zone in which residents speak of days and times; the database keeps UTC."""


class Clock:
    """The system's clock."""

    def now(self) -> datetime:
        """Return this moment, aware, in UTC."""
        return datetime.now(UTC)

    def today(self) -> date:
        """Return the date in Shanghai, which until 08:00 differs from the UTC date."""
        return self.now().astimezone(SHANGHAI).date()


class SettableClock(Clock):
    """A clock that stands still until it is moved; for tests and for the demo content's anchor date."""

    def __init__(self, start: datetime) -> None:
        """Start at `start`, which must be aware."""
        self.set(start)

    def now(self) -> datetime:
        """Return the moment that was set, in UTC."""
        return self._now

    def set(self, moment: datetime) -> None:
        """Jump to `moment`.

        Raises:
            ValueError: `moment` has no zone, so it is no moment.
        """
        if moment.tzinfo is None:
            raise ValueError("a clock needs an aware moment")
        self._now = moment.astimezone(UTC)

    def advance(self, *, seconds: float = 0, minutes: float = 0, hours: float = 0, days: float = 0) -> None:
        """Move forward."""
        self._now += timedelta(seconds=seconds, minutes=minutes, hours=hours, days=days)


SYSTEM_CLOCK = Clock()
