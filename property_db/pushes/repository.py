"""Queries over news for residents: who gets it, what is due, and the marks a worker leaves."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from property_db.estates.models import Building, Estate, Home, Unit
from property_db.fees.models import Bill, BillState, FeeItem
from property_db.people.models import Binding, ChannelIdentity
from property_db.pushes.models import Push, PushKind, PushState
from property_db.upsert import insert_for

_OPTIONS = {"synchronize_session": False}
_AT_ONCE = 500
"""Values in one statement; both databases take 32,767."""
_ROWS_AT_ONCE = 200
OUTAGE = "outage:"
"""Begins the reference of a notice that may be told at night."""


def in_chunks[T](items: Collection[T], size: int = _AT_ONCE) -> Iterator[list[T]]:
    """The items in lists that one statement takes."""
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk


async def candidates(session: AsyncSession, channels: Collection[str], condition: ColumnElement[bool]) -> list[int]:
    """Return verified identities of these channels with any binding to a home that meets the condition.

    Whether the binding counts today, `people.scope` says.
    """
    rows = await session.scalars(
        select(ChannelIdentity.id)
        .join(Binding, Binding.person_id == ChannelIdentity.person_id)
        .join(Home, Home.id == Binding.home_id)
        .where(ChannelIdentity.channel.in_(channels), ChannelIdentity.verified_at.is_not(None), condition)
        .distinct()
        .order_by(ChannelIdentity.id)
    )
    return list(rows)


async def home_ids(session: AsyncSession, condition: ColumnElement[bool]) -> set[int]:
    """Return the homes that meet the condition."""
    return set(await session.scalars(select(Home.id).where(condition)))


async def channel_of(session: AsyncSession, identity_id: int) -> str | None:
    """Return the channel of an identity."""
    return await session.scalar(select(ChannelIdentity.channel).where(ChannelIdentity.id == identity_id))


async def labels(session: AsyncSession, home_ids: Collection[int]) -> dict[int, str]:
    """Return the labels of these homes."""
    found: dict[int, str] = {}
    for chunk in in_chunks(home_ids):
        rows = await session.execute(select(Home.id, Home.label).where(Home.id.in_(chunk)))
        found.update((row.id, row.label) for row in rows)
    return found


async def fee_names(session: AsyncSession, fee_item_ids: Collection[int]) -> dict[int, str]:
    """Return the names of these tariffs."""
    rows = await session.execute(select(FeeItem.id, FeeItem.name).where(FeeItem.id.in_(fee_item_ids)))
    return {row.id: row.name for row in rows}


async def has_open_bill(session: AsyncSession, home_id: int, since_id: int) -> bool:
    """Whether the home still owes something by this bill or a later one."""
    open_states = (BillState.UNPAID, BillState.PARTLY_PAID)
    statement = select(Bill.id).where(Bill.home_id == home_id, Bill.id >= since_id, Bill.state.in_(open_states))
    return await session.scalar(statement.limit(1)) is not None


async def place_names(
    session: AsyncSession, estate_id: int, building_id: int | None, unit_id: int | None
) -> tuple[str, str, str]:
    """Return the names of an estate, a building as the estate writes it, and a unit; empty where there is none."""
    estate = await session.scalar(select(Estate.name).where(Estate.id == estate_id))
    building = await session.scalar(select(Building.display).where(Building.id == building_id))
    unit = await session.scalar(select(Unit.name).where(Unit.id == unit_id))
    return estate or "", building or "", unit or ""


async def add(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert news that is not there yet by identity, kind and reference; returns how many were new."""
    new = 0
    for chunk in in_chunks(rows, _ROWS_AT_ONCE):
        statement = insert_for(session, Push).values(chunk)
        result = await session.execute(
            statement.on_conflict_do_nothing(index_elements=["identity_id", "kind", "reference"])
        )
        new += cast("CursorResult[Any]", result).rowcount
    return new


async def newest_since(
    session: AsyncSession, identity_id: int, kind: PushKind, prefix: str, since: datetime
) -> Push | None:
    """Return the newest news of a kind whose reference begins so, written after `since`."""
    return await session.scalar(
        select(Push)
        .where(
            Push.identity_id == identity_id,
            Push.kind == kind,
            Push.reference.startswith(prefix, autoescape=True),
            Push.created_at > since,
        )
        .order_by(Push.id.desc())
        .limit(1)
    )


async def due(session: AsyncSession, now: datetime, quiet: bool, limit: int) -> list[tuple[Push, str, str]]:
    """Return what may go out and nobody holds, each with its channel and the channel's id of the resident.

    What residents wait for comes before what is sent to many at once.
    """
    statement = (
        select(Push, ChannelIdentity.channel, ChannelIdentity.external_id)
        .join(ChannelIdentity, ChannelIdentity.id == Push.identity_id)
        .where(Push.state == PushState.PENDING, Push.claimed_by.is_(None), Push.next_attempt_at <= now)
        .order_by(Push.kind.in_((PushKind.BILL, PushKind.NOTICE)), Push.id)
        .limit(limit)
    )
    if quiet:
        statement = statement.where(
            or_(
                Push.kind == PushKind.TICKET_PROGRESS,
                and_(Push.kind == PushKind.NOTICE, Push.reference.startswith(OUTAGE, autoescape=True)),
            )
        )
    rows = await session.execute(statement, execution_options={"populate_existing": True})
    return [(push, channel, external_id) for push, channel, external_id in rows]


async def change(session: AsyncSession, *conditions: ColumnElement[bool], **values: object) -> bool:
    """Change one row if it is as expected; of several who try, one changes it."""
    result = await session.execute(update(Push).where(*conditions).values(values), execution_options=_OPTIONS)
    return cast("CursorResult[Any]", result).rowcount == 1


async def claimants(session: AsyncSession) -> list[str]:
    """Return the workers that hold something."""
    rows = await session.scalars(select(Push.claimed_by).where(Push.claimed_by.is_not(None)).distinct())
    return [worker for worker in rows if worker is not None]


async def release(session: AsyncSession, *conditions: ColumnElement[bool], now: datetime) -> int:
    """Let what these workers hold be taken again; that it may have left them stays noted in `sent_at`."""
    result = await session.execute(
        update(Push)
        .where(Push.state == PushState.PENDING, Push.claimed_by.is_not(None), *conditions)
        .values(claimed_by=None, claimed_at=None, next_attempt_at=now),
        execution_options=_OPTIONS,
    )
    return cast("CursorResult[Any]", result).rowcount
