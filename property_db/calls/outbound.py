"""Calls we place: planned, released by a person, dialled by one process at a time, within the hours people accept."""

import hashlib
from collections.abc import Collection
from datetime import datetime, time, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from property_db.audit import service as audit
from property_db.calls import outbound_repository as repository
from property_db.calls.errors import (
    DebtNeedsConfirmation,
    OutboundDuplicate,
    OutboundMoveRefused,
    OutboundNotFound,
    OutboundOptedOut,
)
from property_db.calls.models import CallOptOut, CallOutcome, OutboundKind, OutboundState, OutboundTask
from property_db.calls.numbers import dialable, same
from property_db.clock import SHANGHAI, Clock
from property_db.people.masking import mask_phone

QUIET_BEGIN = time(20)
QUIET_END = time(9)
"""Hours in Shanghai in which nobody is called; the hotline's settings have others."""
ATTEMPTS = 2
RETRY_MINUTES = 30
DUPLICATE_WITHIN = timedelta(days=1)
REMINDERS = frozenset({OutboundKind.APPOINTMENT, OutboundKind.OUTAGE, OutboundKind.DEBT})
"""What somebody can opt out of. A call back is the resident's own wish."""
_NOT_REACHED = frozenset({CallOutcome.BUSY, CallOutcome.NO_ANSWER, CallOutcome.FAILED})
_OPEN = (OutboundState.DRAFT, OutboundState.RELEASED, OutboundState.DIALLING)


async def create(
    session: AsyncSession,
    kind: OutboundKind,
    number: str,
    text: str,
    clock: Clock,
    *,
    person_id: int | None = None,
    home_id: int | None = None,
    conversation_id: int | None = None,
    not_before: datetime | None = None,
    created_by: int | None = None,
) -> OutboundTask:
    """Plan a call; it is a draft until somebody releases it.

    Raises:
        NumberInvalid: nothing that can be dialled.
        OutboundOptedOut: a reminder for a number that wants none.
        OutboundDuplicate: the same kind, number and text is planned, or was within a day and reached somebody. A call
            back may be repeated once the earlier one is over.
    """
    dialled = dialable(number)
    if kind in REMINDERS and await opted_out(session, dialled):
        raise OutboundOptedOut
    now = clock.now()
    fingerprint = hashlib.sha256(f"{kind.value}\n{dialled}\n{text}".encode()).hexdigest()
    await repository.free_fingerprint(session, fingerprint, now - DUPLICATE_WITHIN, _OPEN)
    task = await repository.insert(
        session,
        kind=kind,
        number=dialled,
        text=text,
        person_id=person_id,
        home_id=home_id,
        conversation_id=conversation_id,
        not_before=not_before,
        created_by=created_by,
        fingerprint=fingerprint,
        created_at=now,
    )
    if task is None:
        raise OutboundDuplicate
    return task


async def get(session: AsyncSession, task_id: int) -> OutboundTask:
    """Return a planned call as it is now.

    Raises:
        OutboundNotFound: there is none.
    """
    return _found(await repository.task(session, OutboundTask.id == task_id))


async def by_public_id(session: AsyncSession, public_id: str) -> OutboundTask:
    """Return the planned call with this outside id as it is now.

    Raises:
        OutboundNotFound: there is none.
    """
    return _found(await repository.task(session, OutboundTask.public_id == public_id))


def _found(task: OutboundTask | None) -> OutboundTask:
    if task is None:
        raise OutboundNotFound
    return task


async def recent(
    session: AsyncSession, limit: int = 100, states: Collection[OutboundState] | None = None
) -> list[OutboundTask]:
    """Return planned calls, newest first; only those in `states`, if given."""
    return await repository.recent(session, limit, states)


async def release(
    session: AsyncSession, task_id: int, agent_id: int, clock: Clock, *, explicit: bool = False, at_night: bool = False
) -> OutboundTask:
    """Let a draft be dialled.

    Args:
        explicit: the operator has said a second time that a robot may call about this debt.
        at_night: this call back may ring in quiet hours, as an agent wants it now; of no effect on reminders.

    Raises:
        OutboundNotFound: there is none.
        OutboundMoveRefused: it is no draft any more.
        DebtNeedsConfirmation: it is about a debt and not `explicit`.
        OutboundOptedOut: the number has opted out meanwhile.
    """
    task = await get(session, task_id)
    if task.kind is OutboundKind.DEBT and not explicit:
        raise DebtNeedsConfirmation
    if task.kind in REMINDERS and await opted_out(session, task.number):
        raise OutboundOptedOut
    now = clock.now()
    values = {
        "state": OutboundState.RELEASED,
        "released_by": agent_id,
        "released_at": now,
        "next_at": max(task.not_before or now, now),
        "at_night": at_night and task.kind is OutboundKind.CALLBACK,
    }
    await _move(session, task, (OutboundState.DRAFT,), values)
    actor, number = f"agent:{agent_id}", mask_phone(task.number)
    _note(session, clock, task, actor, "outbound.released", explicit=explicit, number=number)
    return await get(session, task_id)


async def cancel(session: AsyncSession, task_id: int, agent_id: int, clock: Clock) -> OutboundTask:
    """Withdraw a call that is not being dialled.

    Raises:
        OutboundNotFound: there is none.
        OutboundMoveRefused: it is being dialled or over.
    """
    task = await get(session, task_id)
    values = {"state": OutboundState.CANCELLED, "finished_at": clock.now(), "fingerprint": None}
    await _move(session, task, (OutboundState.DRAFT, OutboundState.RELEASED), values)
    _note(session, clock, task, f"agent:{agent_id}", "outbound.cancelled")
    return await get(session, task_id)


async def _move(
    session: AsyncSession, task: OutboundTask, states: tuple[OutboundState, ...], values: dict[str, object]
) -> None:
    if not await repository.move(session, task.id, states, **values):
        raise OutboundMoveRefused(state=(await get(session, task.id)).state.value)


def is_quiet(now: datetime, begin: time = QUIET_BEGIN, end: time = QUIET_END) -> bool:
    """Whether nobody is called now: from `begin` until `end` in Shanghai, over midnight where it begins later."""
    hour = now.astimezone(SHANGHAI).time()
    return begin <= hour < end if begin <= end else hour >= begin or hour < end


async def due(
    session: AsyncSession,
    clock: Clock,
    *,
    quiet_begin: time = QUIET_BEGIN,
    quiet_end: time = QUIET_END,
    limit: int = 10,
) -> list[OutboundTask]:
    """Return the released calls whose time has come, the longest due first; in quiet hours those allowed at night."""
    now = clock.now()
    return await repository.due(session, now, limit, only_at_night=is_quiet(now, quiet_begin, quiet_end))


async def claim(
    session: AsyncSession,
    task_id: int,
    clock: Clock,
    *,
    quiet_begin: time = QUIET_BEGIN,
    quiet_end: time = QUIET_END,
) -> OutboundTask | None:
    """Take a due call to dial it; of several processes exactly one gets it, the others None.

    Also None when it is not due any more, quiet hours have begun, or the number has opted out, which ends it.
    """
    now = clock.now()
    task = await repository.task(session, OutboundTask.id == task_id)
    if task is None or (is_quiet(now, quiet_begin, quiet_end) and not task.at_night):
        return None
    if task.kind in REMINDERS and await opted_out(session, task.number):
        await repository.end_reminders(session, task.number, REMINDERS, now)
        return None
    return await get(session, task_id) if await repository.take(session, task_id, now) else None


async def finish(
    session: AsyncSession,
    task_id: int,
    outcome: CallOutcome,
    clock: Clock,
    *,
    call_id: int | None = None,
    attempts: int = ATTEMPTS,
    retry_minutes: int = RETRY_MINUTES,
) -> OutboundTask:
    """Say how dialling ended: busy, no answer and failure are tried again until `attempts` calls were placed.

    `opted_out` keeps the number from all reminders. A call that is not being dialled stays as it is.

    Raises:
        OutboundNotFound: there is none.
    """
    task = await get(session, task_id)
    if task.state is not OutboundState.DIALLING:
        return task
    now = clock.now()
    values: dict[str, object] = {"outcome": outcome, "call_id": call_id, "finished_at": now, "claimed_at": None}
    if outcome in _NOT_REACHED and task.attempts < attempts:
        values |= {"state": OutboundState.RELEASED, "finished_at": None}
        values["next_at"] = now + timedelta(minutes=retry_minutes)
    elif outcome in _NOT_REACHED:
        values |= {"state": OutboundState.FAILED, "fingerprint": None}
    elif outcome is CallOutcome.OPTED_OUT:
        values |= {"state": OutboundState.OPTED_OUT, "fingerprint": None}
    else:
        values["state"] = OutboundState.DONE
        if task.kind not in REMINDERS:
            values["fingerprint"] = None
    await repository.move(session, task_id, (OutboundState.DIALLING,), **values)
    if outcome is CallOutcome.OPTED_OUT:
        await opt_out(session, task.number, "call", clock)
    return await get(session, task_id)


async def recover(
    session: AsyncSession,
    clock: Clock,
    *,
    silent_for: timedelta = timedelta(),
    attempts: int = ATTEMPTS,
    retry_minutes: int = RETRY_MINUTES,
) -> list[int]:
    """Treat what a dead process was dialling as failed calls; returns their ids.

    By default all that is being dialled, as in `calls.close_orphans`; otherwise what was taken `silent_for` ago.
    """
    lost = await repository.dialling_since(session, clock.now() - silent_for)
    for task_id in lost:
        await finish(session, task_id, CallOutcome.FAILED, clock, attempts=attempts, retry_minutes=retry_minutes)
    return lost


async def opt_out(session: AsyncSession, number: str, source: str, clock: Clock) -> CallOptOut:
    """Keep a number from all reminders, planned ones too; again changes nothing.

    Args:
        source: where it was said, such as `call` or `agent:3`.

    Raises:
        NumberInvalid: no number.
    """
    dialled, now = dialable(number), clock.now()
    entry = await repository.add_opt_out(session, dialled, source[:80], now)
    await repository.end_reminders(session, dialled, REMINDERS, now)
    audit.record(session, clock, actor=source[:80], action="calls.opted_out", subject=f"call_opt_out:{entry.id}")
    return entry


async def opted_out(session: AsyncSession, number: str) -> bool:
    """Whether this number wants no reminders."""
    return await repository.is_opted_out(session, same(number))


async def opt_outs(session: AsyncSession, limit: int = 500) -> list[CallOptOut]:
    """Return the numbers that want no reminders, newest first."""
    return await repository.opt_outs(session, limit)


async def opt_in(session: AsyncSession, opt_out_id: int, agent_id: int, clock: Clock) -> bool:
    """Take a number off the list at its owner's wish; False if it was not on it."""
    actor, subject = f"agent:{agent_id}", f"call_opt_out:{opt_out_id}"
    if not await repository.remove_opt_out(session, opt_out_id):
        return False
    audit.record(session, clock, actor=actor, action="calls.opted_in", subject=subject)
    return True


def _note(session: AsyncSession, clock: Clock, task: OutboundTask, actor: str, act: str, **detail: object) -> None:
    subject = f"outbound_task:{task.id}"
    audit.record(session, clock, actor=actor, action=act, subject=subject, kind=task.kind.value, **detail)
