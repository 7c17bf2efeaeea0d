"""Refusals about fees."""

from property_db.errors import DomainError


class NoBill(DomainError):
    """There is no bill of that fee and period for these homes."""

    code = "no_bill"
    status = 404


class PeriodNotUnderstood(DomainError):
    """A period is `YYYY-MM`, `YYYY` or `YYYY-MM/YYYY-MM`; `period` is what was given."""

    code = "period_not_understood"
    status = 422
