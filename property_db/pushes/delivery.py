"""Sending news: taking it, noting how it ended, taking it up again after a crash.

Once on the wire, as far as the far side allows: a claim notes in `sent_at`, before anything leaves, that it may have
left from now on. Until it is known that it has not, it is repeated only as long as the far side knows repeats.
"""

from datetime import timedelta
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

from property_db.batches import delete_some
from property_db.clock import Clock
from property_db.pushes import repository
from property_db.pushes.models import Push, PushKind, PushState
from property_db.pushes.quiet import after_quiet, is_quiet
from property_db.pushes.relevance import still_true
from property_db.pushes.repository import OUTAGE

UNCONFIRMED = "unconfirmed"
"""It left and nobody said that it arrived; it nearly always has."""
OUTDATED = "outdated"
REPEATABLE = timedelta(minutes=9)
"""WeChat knows a `client_msg_id` again for ten minutes; a minute less, as its clock and ours differ."""

SETTLED_KEPT = timedelta(days=90)
"""Two billing months and more: long enough to look up whether somebody was told."""


class Due(NamedTuple):
    """News that may go out, and to whom."""

    push: Push
    channel: str
    external_id: str


async def due(session: AsyncSession, clock: Clock, limit: int = 100) -> list[Due]:
    """Return news that may go out now and nobody holds; what residents wait for comes first."""
    now = clock.now()
    return [Due(*row) for row in await repository.due(session, now, is_quiet(now), limit)]


async def claim(session: AsyncSession, push: Push, worker: str, clock: Clock) -> bool:
    """Take a piece of news for sending it, as it was read; False if somebody else was first or it is over.

    Commit before anything leaves.
    """
    now = clock.now()
    may_have_left = push.sent_at
    taken = await repository.change(
        session,
        Push.id == push.id,
        Push.state == PushState.PENDING,
        Push.claimed_by.is_(None),
        Push.attempts == push.attempts,
        claimed_by=worker,
        claimed_at=now,
        attempts=push.attempts + 1,
        sent_at=may_have_left or now,
    )
    if not taken:
        return False
    if may_have_left is not None and now - may_have_left >= REPEATABLE:
        await sent(session, push.id, worker, clock, UNCONFIRMED)
        return False
    if not await still_true(session, push, clock):
        await ended(session, push.id, worker, PushState.SKIPPED, OUTDATED)
        return False
    return True


async def sent(session: AsyncSession, push_id: int, worker: str, clock: Clock, reason: str | None) -> bool:
    """Note that the far side has it, with its own number of it as the reason; what it said is kept no longer."""
    return await _settle(session, push_id, worker, state=PushState.SENT, sent_at=clock.now(), reason=reason, values={})


async def ended(session: AsyncSession, push_id: int, worker: str, state: PushState, reason: str) -> bool:
    """Note that it is given up (`failed`) or not wanted (`skipped`), and why."""
    return await _settle(session, push_id, worker, state=state, sent_at=None, reason=reason, values={})


async def retry_later(
    session: AsyncSession, push: Push, worker: str, clock: Clock, pause: timedelta, reason: str
) -> bool:
    """Give it back, to be tried again after a pause; at night in the morning, where nothing makes it urgent.

    Args:
        push: as it was read before the claim.
        reason: `unconfirmed` where it may have left.
    """
    now = clock.now()
    due_at = now + pause
    urgent = push.kind is PushKind.TICKET_PROGRESS or push.reference.startswith(OUTAGE)
    values: dict[str, object] = {"next_attempt_at": due_at if urgent else after_quiet(due_at)}
    if reason != UNCONFIRMED:
        values["sent_at"] = push.sent_at
    return await _settle(session, push.id, worker, **values)


async def _settle(session: AsyncSession, push_id: int, worker: str, **values: object) -> bool:
    return await repository.change(
        session,
        Push.id == push_id,
        Push.state == PushState.PENDING,
        Push.claimed_by == worker,
        claimed_by=None,
        claimed_at=None,
        **values,
    )


async def claimants(session: AsyncSession) -> list[str]:
    """Return the workers that hold something."""
    return await repository.claimants(session)


async def give_back(session: AsyncSession, worker: str, clock: Clock) -> int:
    """Let what a worker holds be taken again, as it is gone; returns how many."""
    return await repository.release(session, Push.claimed_by == worker, now=clock.now())


async def recover(session: AsyncSession, worker: str, older_than: timedelta, clock: Clock) -> int:
    """Let what other workers have held for so long be taken again; returns how many."""
    now = clock.now()
    return await repository.release(session, Push.claimed_by != worker, Push.claimed_at <= now - older_than, now=now)


async def forget_settled(session: AsyncSession, clock: Clock, limit: int) -> int:
    """Remove a small batch of old news that was sent, skipped or given up; returns how many that were."""
    over = Push.state != PushState.PENDING
    return await delete_some(session, Push, limit, over, Push.created_at < clock.now() - SETTLED_KEPT)
