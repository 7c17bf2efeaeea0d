"""Which notices concern whom. Notices are public, so an unverified resident may ask as well."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from property_db.catalogue import load
from property_db.clock import SYSTEM_CLOCK, Clock
from property_db.estates.models import Home
from property_db.notices import repository
from property_db.notices.models import Notice, NoticeKind
from property_db.notices.schemas import NoticeView, TimeWindow

LOOK_AHEAD = timedelta(days=7)
"""Without a time in the question, outages up to a week ahead are told."""
NOTICE_LIVES = timedelta(days=30)
"""A notice without an end is news for so long."""
NOTICE_IS_KEPT = timedelta(days=365)
"""Notices that are spoken of by their title are found for so long."""
LEAST_FIT = 2
"""So many pairs of characters of a title make it the notice that is asked for."""


async def outages(
    session: AsyncSession,
    *,
    homes: Sequence[Home] = (),
    estate_id: int | None = None,
    utility: str | None = None,
    window: TimeWindow | None = None,
    clock: Clock = SYSTEM_CLOCK,
    limit: int = 10,
) -> list[NoticeView]:
    """Return published outages that touch the window (default: now to a week ahead), the earliest first.

    `homes` narrows to their estates, buildings and units; else `estate_id` to an estate; else all are searched.
    """
    now = clock.now()
    window = window or TimeWindow(now, now + LOOK_AHEAD)
    rows = await repository.published(
        session,
        repository.concerns(homes, estate_id),
        now=now,
        kind=NoticeKind.OUTAGE,
        utility=utility,
        start=window.start,
        end=window.end,
        limit=limit,
    )
    return [_view(notice, now) for notice in rows]


async def current(
    session: AsyncSession,
    *,
    homes: Sequence[Home] = (),
    estate_id: int | None = None,
    kind: NoticeKind | None = None,
    clock: Clock = SYSTEM_CLOCK,
    limit: int = 5,
) -> list[NoticeView]:
    """Return the newest published notices that are not over, newest first; `kind` narrows."""
    now = clock.now()
    rows = await repository.published(
        session,
        repository.concerns(homes, estate_id),
        now=now,
        kind=kind,
        utility=None,
        start=now,
        end=now + NOTICE_LIVES,
        limit=100,
    )
    views = [_view(notice, now) for notice in rows if notice.ends_at is not None or _is_news(notice, now)]
    views.sort(key=lambda view: (view.published_at or now, view.notice_id), reverse=True)
    return views[:limit]


async def search(
    session: AsyncSession,
    text: str,
    *,
    homes: Sequence[Home] = (),
    estate_id: int | None = None,
    clock: Clock = SYSTEM_CLOCK,
    limit: int = 3,
) -> list[NoticeView]:
    """Return notices of the last year whose title is spoken of in `text`, the best fitting first.

    A title is spoken of when at least two pairs of neighbouring characters of it are in the text.
    """
    now = clock.now()
    rows = await repository.published(
        session,
        repository.concerns(homes, estate_id),
        now=now,
        kind=None,
        utility=None,
        start=now - NOTICE_IS_KEPT,
        end=now + NOTICE_LIVES,
        limit=200,
    )
    said = _pairs(text)
    fits = [(len(_pairs(notice.title) & said), notice) for notice in rows]
    fits.sort(key=lambda fit: -fit[0])  # stable: the newest of those that fit alike stay first
    return [_view(notice, now) for fit, notice in fits[:limit] if fit >= LEAST_FIT]


def _pairs(text: str) -> set[str]:
    return {text[start : start + 2] for start in range(len(text) - 1)}


def _is_news(notice: Notice, now: datetime) -> bool:
    return notice.published_at is None or now - notice.published_at <= NOTICE_LIVES


def _view(notice: Notice, now: datetime) -> NoticeView:
    started = notice.starts_at is None or notice.starts_at <= now
    return NoticeView(
        notice_id=notice.id,
        kind=notice.kind,
        utility=notice.utility,
        title=notice.title,
        body=notice.body,
        starts_at=notice.starts_at,
        ends_at=notice.ends_at,
        published_at=notice.published_at,
        scope_text=_scope_text(notice),
        building=notice.building.name if notice.building is not None else None,
        running=started and (notice.ends_at is None or notice.ends_at >= now),
    )


def _scope_text(notice: Notice) -> str:
    unit = load("estates/texts.yml")["unit"].format(unit=notice.unit.name) if notice.unit is not None else ""
    return notice.estate.name + (notice.building.display if notice.building is not None else "") + unit
