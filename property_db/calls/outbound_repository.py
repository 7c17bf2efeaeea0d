"""Queries over calls we place. Every step is a compare-and-swap: several processes dial from one list."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from property_db.calls.models import CallOptOut, OutboundKind, OutboundState, OutboundTask
from property_db.upsert import insert_for

_OPTIONS = {"synchronize_session": False}
_FRESH = {"populate_existing": True}


async def insert(session: AsyncSession, **values: Any) -> OutboundTask | None:
    """Write a task; None if another one holds its fingerprint."""
    statement = insert_for(session, OutboundTask).values(**values)
    statement = statement.on_conflict_do_nothing(index_elements=["fingerprint"]).returning(OutboundTask.id)
    task_id: int | None = (await session.execute(statement)).scalar()
    return None if task_id is None else await task(session, OutboundTask.id == task_id)


async def free_fingerprint(
    session: AsyncSession, fingerprint: str, created_until: datetime, still_open: Collection[OutboundState]
) -> None:
    """Let a task be planned again that is over and old enough."""
    await session.execute(
        update(OutboundTask)
        .where(
            OutboundTask.fingerprint == fingerprint,
            OutboundTask.created_at <= created_until,
            OutboundTask.state.not_in(still_open),
        )
        .values(fingerprint=None),
        execution_options=_OPTIONS,
    )


async def task(session: AsyncSession, which: ColumnElement[bool]) -> OutboundTask | None:
    """Return one task as it is now."""
    return await session.scalar(select(OutboundTask).where(which), execution_options=_FRESH)


async def recent(session: AsyncSession, limit: int, states: Collection[OutboundState] | None) -> list[OutboundTask]:
    """Return tasks, newest first."""
    statement = select(OutboundTask).order_by(OutboundTask.id.desc()).limit(limit)
    if states is not None:
        statement = statement.where(OutboundTask.state.in_(states))
    return list(await session.scalars(statement, execution_options=_FRESH))


async def move(session: AsyncSession, task_id: int, states: Collection[OutboundState], **values: Any) -> bool:
    """Change a task that is in one of these states; True for exactly one of several at once."""
    return await _one(
        session, update(OutboundTask).where(OutboundTask.id == task_id, OutboundTask.state.in_(states)).values(**values)
    )


async def due(session: AsyncSession, now: datetime, limit: int, *, only_at_night: bool) -> list[OutboundTask]:
    """Return released tasks whose time has come, the longest due first."""
    statement = select(OutboundTask).where(OutboundTask.state == OutboundState.RELEASED, OutboundTask.next_at <= now)
    if only_at_night:
        statement = statement.where(OutboundTask.at_night)
    statement = statement.order_by(OutboundTask.next_at, OutboundTask.id).limit(limit)
    return list(await session.scalars(statement, execution_options=_FRESH))


async def take(session: AsyncSession, task_id: int, now: datetime) -> bool:
    """Compare-and-swap from released to dialling, counting the attempt."""
    return await _one(
        session,
        update(OutboundTask)
        .where(OutboundTask.id == task_id, OutboundTask.state == OutboundState.RELEASED, OutboundTask.next_at <= now)
        .values(state=OutboundState.DIALLING, claimed_at=now, attempts=OutboundTask.attempts + 1),
    )


async def dialling_since(session: AsyncSession, claimed_until: datetime) -> list[int]:
    """Return the tasks that are being dialled since then or longer."""
    rows = await session.scalars(
        select(OutboundTask.id)
        .where(OutboundTask.state == OutboundState.DIALLING, OutboundTask.claimed_at <= claimed_until)
        .order_by(OutboundTask.id)
    )
    return list(rows)


async def end_reminders(session: AsyncSession, number: str, kinds: Collection[OutboundKind], now: datetime) -> None:
    """End the reminders for a number that are not being dialled."""
    await session.execute(
        update(OutboundTask)
        .where(
            OutboundTask.number == number,
            OutboundTask.kind.in_(kinds),
            OutboundTask.state.in_((OutboundState.DRAFT, OutboundState.RELEASED)),
        )
        .values(state=OutboundState.OPTED_OUT, finished_at=now, fingerprint=None),
        execution_options=_OPTIONS,
    )


async def add_opt_out(session: AsyncSession, number: str, source: str, now: datetime) -> CallOptOut:
    """Put a number on the list of those who want no reminders, once."""
    statement = insert_for(session, CallOptOut).values(number=number, source=source, since=now, created_at=now)
    await session.execute(statement.on_conflict_do_nothing(index_elements=["number"]))
    entry: CallOptOut = (await session.scalars(select(CallOptOut).where(CallOptOut.number == number))).one()
    return entry


async def is_opted_out(session: AsyncSession, number: str) -> bool:
    """Whether a number is on the list."""
    return await session.scalar(select(CallOptOut.id).where(CallOptOut.number == number)) is not None


async def opt_outs(session: AsyncSession, limit: int) -> list[CallOptOut]:
    """Return the list, newest first."""
    return list(await session.scalars(select(CallOptOut).order_by(CallOptOut.id.desc()).limit(limit)))


async def remove_opt_out(session: AsyncSession, opt_out_id: int) -> bool:
    """Take a number off the list."""
    return await _one(session, delete(CallOptOut).where(CallOptOut.id == opt_out_id))


async def _one(session: AsyncSession, statement: Any) -> bool:
    result = await session.execute(statement, execution_options=_OPTIONS)
    return cast("CursorResult[Any]", result).rowcount == 1
