"""How long to wait before something is tried again, and when to give up."""

from datetime import timedelta

FIRST_RETRY = timedelta(seconds=2)
LONGEST_RETRY = timedelta(minutes=5)
GIVE_UP_AFTER_ATTEMPTS = 12


def pause_after(attempts: int, *, first: timedelta = FIRST_RETRY, longest: timedelta = LONGEST_RETRY) -> timedelta:
    """How long to wait after so many failed attempts, twice as long each time: 2 s, 4 s, 8 s … 5 min."""
    return min(first * 2.0 ** min(attempts, 10), longest)
