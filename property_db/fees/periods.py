"""Periods as the language part writes them: `YYYY-MM`, `YYYY`, `YYYY-MM/YYYY-MM` (both included)."""

import re

from property_db.fees.errors import PeriodNotUnderstood

_MONTH = r"\d{4}-(?:0[1-9]|1[0-2])"
_RANGE = re.compile(rf"({_MONTH})/({_MONTH})")


def bounds(period: str) -> tuple[str, str]:
    """Return first and last month.

    Raises:
        PeriodNotUnderstood: none of the three forms, or the end lies before the start.
    """
    if re.fullmatch(_MONTH, period):
        return period, period
    if re.fullmatch(r"\d{4}", period):
        return f"{period}-01", f"{period}-12"
    months = _RANGE.fullmatch(period)
    if months is None or months[1] > months[2]:
        raise PeriodNotUnderstood(period=period)
    return months[1], months[2]


def months_before(month: str, count: int) -> str:
    """Return the month `count` months before `month` (negative: after)."""
    year, number = divmod(int(month[:4]) * 12 + int(month[5:]) - 1 - count, 12)
    return f"{year:04d}-{number + 1:02d}"
