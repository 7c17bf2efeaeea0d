"""Queries over notices."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, false, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from property_db.estates.models import Home
from property_db.notices.models import Notice, NoticeKind, NoticeState


def concerns(homes: Sequence[Home], estate_id: int | None) -> list[ColumnElement[bool]]:
    """Return the WHERE clauses for notices of these homes, or of an estate, or, knowing neither, of all estates.

    A home is concerned by what is for its estate as a whole, for its building as a whole, or for its unit.
    """
    if homes:
        return [or_(false(), *(_concerns(home) for home in homes))]
    return [] if estate_id is None else [Notice.estate_id == estate_id]


def _concerns(home: Home) -> ColumnElement[bool]:
    return and_(
        Notice.estate_id == home.estate_id,
        or_(Notice.building_id.is_(None), Notice.building_id == home.building_id),
        or_(Notice.unit_id.is_(None), Notice.unit_id == home.unit_id),
    )


async def published(
    session: AsyncSession,
    conditions: Sequence[ColumnElement[bool]],
    *,
    now: datetime,
    kind: NoticeKind | None,
    utility: str | None,
    start: datetime,
    end: datetime,
    limit: int,
) -> list[Notice]:
    """Return published notices whose time overlaps the window, its end not included; one without is open there."""
    statement = (
        select(Notice)
        .where(
            *conditions,
            Notice.state == NoticeState.PUBLISHED,
            or_(Notice.published_at.is_(None), Notice.published_at <= now),
            or_(Notice.starts_at.is_(None), Notice.starts_at < end),
            or_(Notice.ends_at.is_(None), Notice.ends_at > start),
        )
        .options(joinedload(Notice.estate), joinedload(Notice.building), joinedload(Notice.unit))
        .limit(limit)
    )
    if kind is NoticeKind.OUTAGE:
        statement = statement.where(Notice.kind == kind).order_by(Notice.starts_at, Notice.id)
    else:
        statement = statement.order_by(Notice.published_at.desc(), Notice.id.desc())
        statement = statement if kind is None else statement.where(Notice.kind == kind)
    if utility is not None:
        statement = statement.where(Notice.utility == utility)
    return list(await session.scalars(statement))
