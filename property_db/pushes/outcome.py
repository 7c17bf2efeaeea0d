"""What a far side tells later about news that it had taken."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from property_db.pushes import repository
from property_db.pushes.models import Push, PushKind, PushState
from property_db.pushes.subscriptions import ONE_TIME


async def did_not_arrive(
    session: AsyncSession, identity_id: int, receipt: str, state: PushState, reason: str
) -> int | None:
    """Note that news with this receipt (see `delivery.sent`) did not arrive; returns its id.

    The far side may be faster than our own note that it took the news: then it is the one that is on the wire to this
    identity just now. None where there is no such, or more than one.
    """
    push_id = await session.scalar(
        select(Push.id).where(Push.identity_id == identity_id, Push.state == PushState.SENT, Push.reason == receipt)
    )
    if push_id is None:
        on_the_wire = list(
            await session.scalars(
                select(Push.id).where(
                    Push.identity_id == identity_id,
                    Push.state == PushState.PENDING,
                    Push.claimed_by.is_not(None),
                )
            )
        )
        if len(on_the_wire) != 1:
            return None
        (push_id,) = on_the_wire
    return await _undo(session, push_id, state, reason)


async def one_time_did_not_arrive(
    session: AsyncSession, identity_id: int, kinds: Collection[PushKind], reason: str
) -> int | None:
    """Note that the last one-time message of these kinds did not arrive; returns its id, None where there is none."""
    push_id = await session.scalar(
        select(Push.id)
        .where(
            Push.identity_id == identity_id,
            Push.kind.in_(kinds),
            Push.state.in_((PushState.SENT, PushState.PENDING)),
            Push.reason == ONE_TIME,
        )
        .order_by(Push.sent_at.desc(), Push.id.desc())
        .limit(1)
    )
    return None if push_id is None else await _undo(session, push_id, PushState.FAILED, reason)


async def _undo(session: AsyncSession, push_id: int, state: PushState, reason: str) -> int | None:
    changed = await repository.change(
        session,
        Push.id == push_id,
        Push.state.in_((PushState.SENT, PushState.PENDING)),
        state=state,
        reason=reason,
        sent_at=None,
        claimed_by=None,
        claimed_at=None,
        values={},
    )
    return push_id if changed else None
