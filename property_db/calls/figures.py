"""The hotline's figures of some days, computed by the database."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Float, Select, and_, case, cast, func, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import String

from property_db.calls.models import Call, CallDirection, CallOutcome

IN_TIME_SECONDS = 15
"""What call centres promise: so soon somebody, or the bot, has picked up."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Calls that came in. Shares are 0 to 1, times are seconds; None where nothing can be said.

    Attributes:
        connection_rate: of all calls, those that were answered; a caller who heard busy was not.
        answered_in_time: of all calls, those answered within 15 s.
        self_served, to_agent: of the answered ones, those that ended without a person, and those a person took.
        agents_in_time: of those who asked for a person, whom one took within 15 s.
        voicemail, abandoned: how many ended so.
        handling_seconds: from answer to end, on average.
        wait_seconds: from asking for a person until one came or the caller gave up, on average.
        rating: stars on average.
    """

    calls: int = 0
    answered: int = 0
    connection_rate: float | None = None
    answered_in_time: float | None = None
    self_served: float | None = None
    to_agent: float | None = None
    agents_in_time: float | None = None
    voicemail: int = 0
    abandoned: int = 0
    handling_seconds: float | None = None
    wait_seconds: float | None = None
    rating: float | None = None


@dataclass(frozen=True, slots=True)
class HotlineFigures(Figures):
    """All of the time, its days in Shanghai (those without a call are left out), and calls we placed and who took them.

    `placed` and `reached` count calls that went out.
    """

    placed: int = 0
    reached: int = 0
    days: tuple[tuple[date, Figures], ...] = ()


async def of(session: AsyncSession, since: datetime, until: datetime) -> HotlineFigures:
    """Return the figures of the calls that began from `since` on and before `until`; both aware."""
    within = and_(Call.started_at >= since, Call.started_at < until)
    came_in = and_(within, Call.direction == CallDirection.IN)
    sums = _sums(session)
    total = (await session.execute(select(*sums).where(came_in))).one()
    day = _day(session).label("day")
    days = await session.execute(select(day, *sums).where(came_in).group_by(day).order_by(day))
    placed, reached = (await session.execute(_went_out(within))).one()
    return HotlineFigures(
        **_shares(total),
        placed=placed,
        reached=reached,
        days=tuple((date.fromisoformat(row.day), Figures(**_shares(row))) for row in days),
    )


def _sums(session: AsyncSession) -> list[ColumnElement[Any]]:
    """The columns that `_shares` reads."""
    answered = Call.answered_at.is_not(None)
    asked = Call.waiting_at.is_not(None)
    handling = _seconds(session, Call.answered_at, Call.ended_at)
    wait = _seconds(session, Call.waiting_at, func.coalesce(Call.agent_at, Call.ended_at))
    return [
        func.count(Call.id).label("calls"),
        _count(answered).label("answered"),
        _count(_seconds(session, Call.started_at, Call.answered_at) <= IN_TIME_SECONDS).label("in_time"),
        _count(and_(answered, Call.outcome == CallOutcome.SELF_SERVED)).label("self_served"),
        _count(and_(answered, Call.agent_at.is_not(None))).label("to_agent"),
        _count(asked).label("asked"),
        _count(
            and_(
                asked, Call.agent_at.is_not(None), _seconds(session, Call.waiting_at, Call.agent_at) <= IN_TIME_SECONDS
            )
        ).label("agents_in_time"),
        _count(Call.outcome == CallOutcome.VOICEMAIL).label("voicemail"),
        _count(Call.outcome == CallOutcome.ABANDONED).label("abandoned"),
        func.avg(handling).label("handling"),
        func.avg(wait).label("wait"),
        func.avg(cast(Call.rating, Float)).label("rating"),
    ]


def _went_out(within: ColumnElement[bool]) -> Select[int, int]:
    return select(func.count(Call.id), _count(Call.answered_at.is_not(None))).where(
        within, Call.direction == CallDirection.OUT
    )


def _shares(row: Any) -> dict[str, Any]:
    return {
        "calls": row.calls,
        "answered": row.answered,
        "connection_rate": _share(row.answered, row.calls),
        "answered_in_time": _share(row.in_time, row.calls),
        "self_served": _share(row.self_served, row.answered),
        "to_agent": _share(row.to_agent, row.answered),
        "agents_in_time": _share(row.agents_in_time, row.asked),
        "voicemail": row.voicemail,
        "abandoned": row.abandoned,
        "handling_seconds": _number(row.handling),
        "wait_seconds": _number(row.wait),
        "rating": _number(row.rating),
    }


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _seconds(session: AsyncSession, begin: Any, end: Any) -> ColumnElement[float]:
    """Seconds between two moments; null where one is missing."""
    if session.get_bind().dialect.name == "sqlite":
        return (func.julianday(end, type_=Float) - func.julianday(begin, type_=Float)) * 86400.0
    return cast(func.extract("epoch", end) - func.extract("epoch", begin), Float)


def _day(session: AsyncSession) -> ColumnElement[str]:
    """The day in Shanghai, which has no summer time, as `2026-11-21`."""
    if session.get_bind().dialect.name == "sqlite":
        return type_coerce(func.strftime("%Y-%m-%d", Call.started_at, "+8 hours"), String)
    return func.to_char(func.timezone("Asia/Shanghai", Call.started_at), "YYYY-MM-DD", type_=String)
