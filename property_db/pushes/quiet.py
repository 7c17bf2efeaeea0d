"""Quiet hours: at night nothing is sent but what a resident waits for or must know at once."""

from datetime import datetime, time, timedelta

from property_db.clock import SHANGHAI

QUIET_FROM = time(22)
QUIET_UNTIL = time(8)


def is_quiet(now: datetime) -> bool:
    """Whether it is night in Shanghai: from 22:00, until 8:00."""
    hour = now.astimezone(SHANGHAI).time()
    return hour >= QUIET_FROM or hour < QUIET_UNTIL


def after_quiet(now: datetime) -> datetime:
    """This moment, or at night eight o'clock in the morning."""
    if not is_quiet(now):
        return now
    local = now.astimezone(SHANGHAI)
    morning = local.date() + timedelta(days=1) if local.time() >= QUIET_FROM else local.date()
    return datetime.combine(morning, QUIET_UNTIL, SHANGHAI)
