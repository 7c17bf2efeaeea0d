"""Queries over calls, what was heard on them and their recordings. What may happen twice is a single UPDATE."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from property_db.calls.models import AgentPhone, Call, CallOutcome, CallState, Recording, Utterance

_OPTIONS = {"synchronize_session": False}
_OPEN = Call.state != CallState.ENDED


async def call(session: AsyncSession, call_id: int) -> Call | None:
    """Return a call as it is now."""
    return await session.scalar(select(Call).where(Call.id == call_id), execution_options={"populate_existing": True})


async def by_public_id(session: AsyncSession, public_id: str) -> Call | None:
    """Return the call with this outside id as it is now."""
    return await session.scalar(
        select(Call).where(Call.public_id == public_id), execution_options={"populate_existing": True}
    )


async def change(session: AsyncSession, call_id: int, now: datetime, **values: Any) -> bool:
    """Change a call that goes on; False if it is over or not there. It counts as a sign of life."""
    return await _one(session, update(Call).where(Call.id == call_id, _OPEN).values(seen_at=now, **values))


async def note(session: AsyncSession, call_id: int, **values: Any) -> bool:
    """Change a call, also one that is over."""
    return await _one(session, update(Call).where(Call.id == call_id).values(**values))


async def end_silent(session: AsyncSession, seen_until: datetime, now: datetime) -> list[int]:
    """End the calls without a sign of life since `seen_until`; returns their ids.

    Who was never answered has given up; the others were cut off.
    """
    ended: list[int] = []
    for never_answered, outcome in ((True, CallOutcome.ABANDONED), (False, CallOutcome.FAILED)):
        which = Call.answered_at.is_(None) if never_answered else Call.answered_at.is_not(None)
        rows = await session.scalars(
            update(Call)
            .where(_OPEN, Call.seen_at <= seen_until, which)
            .values(state=CallState.ENDED, outcome=outcome, ended_at=now)
            .returning(Call.id),
            execution_options=_OPTIONS,
        )
        ended.extend(rows)
    return sorted(ended)


async def seen(session: AsyncSession, call_ids: Collection[int], now: datetime) -> None:
    """Note a sign of life of these calls."""
    await session.execute(
        update(Call).where(Call.id.in_(call_ids), _OPEN).values(seen_at=now), execution_options=_OPTIONS
    )


async def live(session: AsyncSession) -> list[Call]:
    """Return the calls that go on, the oldest first."""
    return await _calls(session, select(Call).where(_OPEN).order_by(Call.id))


async def recent(session: AsyncSession, limit: int, before: int | None) -> list[Call]:
    """Return calls, newest first; only those before the call with the id `before`."""
    statement = select(Call).order_by(Call.id.desc()).limit(limit)
    return await _calls(session, statement if before is None else statement.where(Call.id < before))


async def of_conversation(session: AsyncSession, conversation_id: int) -> list[Call]:
    """Return the calls of a conversation, the oldest first."""
    return await _calls(session, select(Call).where(Call.conversation_id == conversation_id).order_by(Call.id))


async def _calls(session: AsyncSession, statement: Any) -> list[Call]:
    return list(await session.scalars(statement, execution_options={"populate_existing": True}))


async def utterances(session: AsyncSession, call_id: int) -> list[Utterance]:
    """Return what was heard on a call, in order."""
    statement = select(Utterance).where(Utterance.call_id == call_id).order_by(Utterance.at, Utterance.id)
    return list(await session.scalars(statement))


async def last_heard(session: AsyncSession, call_ids: Collection[int]) -> dict[int, str]:
    """Return the last text that was heard on each of these calls."""
    newest = (
        select(func.max(Utterance.id))
        .where(Utterance.call_id.in_(call_ids), Utterance.text != "")
        .group_by(Utterance.call_id)
    )
    rows = await session.execute(select(Utterance.call_id, Utterance.text).where(Utterance.id.in_(newest)))
    return {row.call_id: row.text for row in rows}


async def link(session: AsyncSession, utterance_id: int, **values: Any) -> None:
    """Connect an utterance with its message or its sound."""
    await session.execute(
        update(Utterance).where(Utterance.id == utterance_id).values(**values), execution_options=_OPTIONS
    )


async def recording(session: AsyncSession, public_id: str) -> Recording | None:
    """Return the recording with this outside id."""
    return await session.scalar(
        select(Recording).where(Recording.public_id == public_id), execution_options={"populate_existing": True}
    )


async def lock_recording(session: AsyncSession, recording_id: int) -> Recording | None:
    """Return a recording, kept from other writers until the transaction ends."""
    return await session.scalar(
        select(Recording).where(Recording.id == recording_id).with_for_update(),
        execution_options={"populate_existing": True},
    )


async def phone_of(session: AsyncSession, agent_id: int) -> AgentPhone | None:
    """Return the telephone of an agent."""
    return await session.scalar(
        select(AgentPhone).where(AgentPhone.agent_id == agent_id), execution_options={"populate_existing": True}
    )


async def _one(session: AsyncSession, statement: Any) -> bool:
    result = await session.execute(statement, execution_options=_OPTIONS)
    return cast("CursorResult[Any]", result).rowcount == 1
