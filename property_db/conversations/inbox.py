"""The inbox: each message from a resident is worked on by one worker at a time, in order, until it is answered."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from property_db.clock import Clock
from property_db.conversations import repository
from property_db.conversations.errors import ClaimLost
from property_db.conversations.models import ActionRun, Direction, Message, MessageState
from property_db.upsert import insert_for


async def claim_next(session: AsyncSession, conversation_id: int, worker: str, clock: Clock) -> Message | None:
    """Take the oldest received message of a conversation, or None if it is not due or another one is worked on.

    A message that waits for its next attempt holds back those behind it: answers come in the order of the questions.
    One UPDATE decides; of two workers exactly one sees a changed row.
    """
    claimed = await repository.claim_oldest(session, conversation_id, worker, clock.now())
    return None if claimed is None else await _fresh(session, claimed)


async def finish(
    session: AsyncSession,
    message_id: int,
    worker: str,
    clock: Clock,
    state: MessageState = MessageState.ANSWERED,
) -> None:
    """Close the work on a message, in the transaction that writes its answers.

    Raises:
        ClaimLost: the message was taken from this worker meanwhile; the transaction with its answers must be undone.
    """
    await _release(session, message_id, worker, state=state, next_attempt_at=None)


async def retry_later(session: AsyncSession, message_id: int, worker: str, due_at: datetime) -> None:
    """Give the message back, to be tried again from `due_at`.

    Raises:
        ClaimLost: the message was taken from this worker meanwhile.
    """
    await _release(session, message_id, worker, state=MessageState.RECEIVED, next_attempt_at=due_at)


async def media_fetched(
    session: AsyncSession,
    message: Message,
    worker: str,
    *,
    text: str | None = None,
    upload_ids: Sequence[str] | None = None,
    choice: dict[str, Any] | None = None,
) -> None:
    """Keep what was fetched for a claimed message, which can be answered now.

    Raises:
        ClaimLost: the message was taken from this worker meanwhile.
    """
    message.media = None
    message.text = message.text if text is None else text
    message.upload_ids = message.upload_ids if upload_ids is None else list(upload_ids)
    message.choice = choice or message.choice
    mine = await _changes_one(
        session,
        Message.id == message.id,
        Message.state == MessageState.PROCESSING,
        Message.claimed_by == worker,
        values={
            "media": None,
            "text": message.text,
            "upload_ids": message.upload_ids,
            "choice": message.choice,
        },
    )
    if not mine:
        raise ClaimLost


async def fail_inbound(session: AsyncSession, message_id: int, worker: str) -> None:
    """Give the message up; the resident must have been told.

    Raises:
        ClaimLost: the message was taken from this worker meanwhile.
    """
    await _release(session, message_id, worker, state=MessageState.FAILED, next_attempt_at=None)


async def apologised(session: AsyncSession, message_id: int, clock: Clock) -> bool:
    """Note that the resident was told to wait; True only the first time, so it is said once."""
    return await _changes_one(
        session,
        Message.id == message_id,
        Message.apologised_at.is_(None),
        values={"apologised_at": clock.now()},
    )


async def hold_waiting(session: AsyncSession, conversation_id: int) -> int:
    """Mark every received message as held because a person owns the conversation now; returns how many."""
    result = await session.execute(
        update(Message)
        .where(
            Message.conversation_id == conversation_id,
            Message.direction == Direction.IN,
            Message.state == MessageState.RECEIVED,
        )
        .values(state=MessageState.HELD),
        execution_options={"synchronize_session": False},
    )
    return cast("CursorResult[Any]", result).rowcount


async def recover(session: AsyncSession, worker: str, older_than: datetime) -> list[int]:
    """Give back what other workers took before `older_than` and never finished; returns the conversations' ids.

    A server that starts alone passes the present moment and a new worker name.
    """
    rows = await session.scalars(
        update(Message)
        .where(
            Message.direction == Direction.IN,
            Message.state == MessageState.PROCESSING,
            Message.claimed_by != worker,
            Message.claimed_at <= older_than,
        )
        .values(state=MessageState.RECEIVED, claimed_by=None, claimed_at=None)
        .returning(Message.conversation_id),
        execution_options={"synchronize_session": False},
    )
    return sorted(set(rows))


async def with_work(session: AsyncSession, clock: Clock, limit: int = 200) -> list[int]:
    """Return ids of conversations with a received message that is due."""
    return await repository.conversations_with_work(session, clock.now(), limit)


async def run_of(session: AsyncSession, message_id: int, action: str) -> dict[str, Any] | None:
    """Return what `action` answered for this message before, or None if it has not run."""
    run = await repository.action_run(session, message_id, action)
    return None if run is None else run.result


async def runs_of(session: AsyncSession, message_id: int) -> list[dict[str, Any]]:
    """Return what all actions answered for this message, in the order in which they ran."""
    return [run.result for run in await repository.action_runs(session, message_id)]


async def remember_run(session: AsyncSession, message_id: int, action: str, result: dict[str, Any]) -> bool:
    """Keep what an action did, in the transaction in which it did it.

    Returns False when another transaction was first: then undo this one and repeat the kept answer.
    """
    statement = insert_for(session, ActionRun).values(message_id=message_id, action=action, result=result)
    kept = await session.execute(statement.on_conflict_do_nothing(index_elements=["message_id", "action"]))
    return bool(cast("CursorResult[Any]", kept).rowcount)


async def _fresh(session: AsyncSession, message_id: int) -> Message | None:
    return await session.scalar(
        select(Message).where(Message.id == message_id), execution_options={"populate_existing": True}
    )


async def _release(session: AsyncSession, message_id: int, worker: str, **values: object) -> None:
    mine = await _changes_one(
        session,
        Message.id == message_id,
        Message.state == MessageState.PROCESSING,
        Message.claimed_by == worker,
        values=values | {"claimed_by": None, "claimed_at": None},
    )
    if not mine:
        raise ClaimLost


async def _changes_one(session: AsyncSession, *conditions: ColumnElement[bool], values: dict[str, object]) -> bool:
    result = await session.execute(
        update(Message).where(*conditions).values(values), execution_options={"synchronize_session": False}
    )
    return cast("CursorResult[Any]", result).rowcount == 1
