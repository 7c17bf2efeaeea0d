"""How money, times and periods are written for a resident."""

import re
from datetime import date, datetime
from typing import Any

from actions.catalogue import section
from property_db.clock import SHANGHAI
from property_db.fees.calculation import yuan_text

__all__ = ["day_text", "period_text", "short", "span_text", "title", "yuan_text"]


def short(name: str, **values: object) -> str:
    """Return a short text of the catalogue, filled."""
    text: str = section("short")[name]
    return text.format(**values)


def day_text(day: date, today: date) -> str:
    """Return `明天（11月22日）` for the next days, `11月25日（周三）` for later ones."""
    words = section("time")
    name = words["relative"].get((day - today).days)
    if name is not None:
        return str(words["day_named"].format(name=name, month=day.month, day=day.day))
    return str(words["day"].format(month=day.month, day=day.day, weekday=words["weekdays"][day.weekday()]))


def _clock_text(moment: datetime) -> str:
    words: dict[str, Any] = section("time")
    part = words["parts"][max(hour for hour in words["parts"] if hour <= moment.hour)]
    hour = moment.hour - 12 if moment.hour > 12 else moment.hour
    form = "hour" if moment.minute == 0 else "half" if moment.minute == 30 else "minute"
    return str(words[form].format(part=part, hour=hour, minute=moment.minute))


def span_text(start: datetime | None, end: datetime | None, today: date | None) -> str:
    """Return when somebody comes: a moment, a span of one day, or as soon as possible where nothing was agreed."""
    words = section("time")
    if start is None or today is None:
        return str(words["soonest"])
    start = start.astimezone(SHANGHAI)
    day, first = day_text(start.date(), today), _clock_text(start)
    if end is None or end <= start:
        return str(words["moment"].format(day=day, start=first))
    return str(words["span"].format(day=day, start=first, end=_clock_text(end.astimezone(SHANGHAI))))


def appointed_text(start: datetime | None, end: datetime | None, today: date) -> str:
    """Return the appointment as a clause of its own: `明天（11月22日）下午3点上门`."""
    words = section("time")
    if start is None:
        return str(words["appointed_soonest"])
    return str(words["appointed"].format(when=span_text(start, end, today)))


def period_text(period: str | None) -> str:
    """Return `2026年10月` for `2026-10`, `2026年` for `2026`, both ends of a range; empty for none."""
    if not period:
        return ""
    words = section("time")
    first, _, last = period.partition("/")
    if last:
        return str(words["scope_range"].format(first=period_text(first), last=period_text(last)))
    month = re.fullmatch(r"(\d{4})-(\d{2})", period)
    if month is None:
        return str(words["scope_year"].format(year=period))
    return str(words["scope_period"].format(year=month[1], month=int(month[2])))


def title(form: str) -> str:
    """Return what residents call a form's task."""
    return str(section("tasks")[form])
