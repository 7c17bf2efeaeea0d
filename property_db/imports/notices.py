"""The import of notices."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from property_db.catalogue import load
from property_db.clock import Clock
from property_db.estates.models import Building, Estate, Unit
from property_db.imports.places import Places, address, places
from property_db.imports.reader import Row
from property_db.imports.residents import Counts
from property_db.notices.models import Notice, NoticeKind, NoticeState
from property_db.pushes import service as pushes


async def notices(session: AsyncSession, rows: list[Row], clock: Clock) -> Counts:
    """Enter notices; one with the same place, title and start is brought up to date.

    What is published by that is told to the residents it is for, each once.
    """
    known = await places(session)
    texts = load("imports/texts.yml")
    existing = {_key(notice): notice for notice in await session.scalars(select(Notice))}
    seen: dict[tuple[object, ...], int] = {}
    published: list[Notice] = []
    created = 0
    for row in rows:
        notice = _notice(row, known, texts, clock)
        if notice is None:
            continue
        key = _key(notice)
        if seen.setdefault(key, row.line) != row.line:
            row.wrong("title", "repeated", line=seen[key])
        elif key in existing:
            if existing[key].state is not NoticeState.PUBLISHED:
                published.append(existing[key])
            _update(existing[key], notice)
        else:
            session.add(notice)
            published.append(notice)
            created += 1
    if not any(row.errors for row in rows):
        await session.flush()
        for notice in published:
            await pushes.notice_published(session, notice, clock)
    return Counts(created, len(rows) - created)


def _notice(row: Row, known: Places, texts: dict[str, dict[str, dict[str, str]]], clock: Clock) -> Notice | None:
    kind = row.word("kind", texts["words"]["notice_kind"], NoticeKind.ANNOUNCEMENT.value)
    utility = row.word("utility", {name: name for name in texts["utilities"]})
    if kind == NoticeKind.OUTAGE.value and not row.has("utility"):
        row.wrong("utility", "utility_needed")
    starts, ends = row.moment("starts_at"), row.moment("ends_at")
    if starts and ends and ends < starts:
        row.wrong("ends_at", "ends_before_start")
    state = NoticeState(row.word("state", texts["words"]["notice_state"], NoticeState.PUBLISHED.value))
    title, body = row.text("title", 255), row.text("body", 5000)
    estate, building, unit = _place(row, known)
    if row.errors or estate is None:
        return None
    return Notice(
        estate_id=estate.id,
        building_id=building.id if building else None,
        unit_id=unit.id if unit else None,
        kind=NoticeKind(kind),
        utility=utility or None,
        title=title,
        body=body,
        starts_at=starts,
        ends_at=ends,
        state=state,
        published_at=clock.now() if state is NoticeState.PUBLISHED else None,
    )


def _place(row: Row, known: Places) -> tuple[Estate | None, Building | None, Unit | None]:
    estate_name, building_name, unit_name, _ = address(row)
    estate = known.estates.get(estate_name)
    if estate is None:
        if estate_name:
            row.wrong("estate", "place_unknown", value=estate_name)
        return None, None, None
    building = known.buildings.get((estate.id, building_name))
    if building is None:
        if building_name or unit_name:
            row.wrong("building", "place_unknown", value=building_name)
        return estate, None, None
    unit = known.units.get((building.id, unit_name))
    if unit is None and unit_name:
        row.wrong("unit", "place_unknown", value=unit_name)
    return estate, building, unit


def _key(notice: Notice) -> tuple[object, ...]:
    return notice.estate_id, notice.building_id, notice.unit_id, notice.title, notice.starts_at


def _update(known: Notice, new: Notice) -> None:
    for name in ("kind", "utility", "body", "ends_at", "state"):
        setattr(known, name, getattr(new, name))
    known.published_at = known.published_at or new.published_at
