"""How far the messages of an account were pulled, and who pulls them: one process at a time, by a lease.

The lease only saves work and repeats: messages are committed under ids of their own before the cursor moves, so that
two pullers at once lose and double nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from property_db.channels.models import PullCursor
from property_db.clock import Clock
from property_db.upsert import insert_for

_OPTIONS = {"synchronize_session": False}


@dataclass(frozen=True, slots=True)
class Pull:
    """A lease that was taken.

    Attributes:
        cursor: where the last pull ended; empty before the first.
        begun_at: when this account was pulled for the first time; what was sent long before is not ours to answer.
    """

    cursor: str
    begun_at: datetime


async def holder(session: AsyncSession, account: str) -> str | None:
    """Return who pulls the account, or did so last without giving the lease back."""
    return await session.scalar(select(PullCursor.lease_owner).where(PullCursor.account == account))


async def take(
    session: AsyncSession, account: str, owner: str, clock: Clock, lasts: timedelta, *, instead_of: str | None = None
) -> Pull | None:
    """Take the lease; None while somebody else has it.

    Args:
        instead_of: a holder that is known to be gone, whose lease need not run out.
    """
    now = clock.now()
    first = insert_for(session, PullCursor).values(account=account, cursor="", created_at=now)
    await session.execute(first.on_conflict_do_nothing(index_elements=["account"]))
    row = (
        await session.execute(
            update(PullCursor)
            .where(
                PullCursor.account == account,
                or_(
                    PullCursor.lease_owner.is_(None),
                    PullCursor.lease_owner.in_([owner, instead_of or owner]),
                    PullCursor.lease_until <= now,
                ),
            )
            .values(lease_owner=owner, lease_until=now + lasts)
            .returning(PullCursor.cursor, PullCursor.created_at),
            execution_options=_OPTIONS,
        )
    ).one_or_none()
    return None if row is None else Pull(row.cursor, row.created_at)


async def advance(
    session: AsyncSession, account: str, owner: str, clock: Clock, lasts: timedelta, cursor: str | None = None
) -> bool:
    """Move the cursor, or leave it (None), and hold the lease for longer; False when it is somebody else's by now."""
    values: dict[str, Any] = {"lease_until": clock.now() + lasts}
    if cursor is not None:
        values["cursor"] = cursor
    moved = await session.execute(
        update(PullCursor).where(PullCursor.account == account, PullCursor.lease_owner == owner).values(**values),
        execution_options=_OPTIONS,
    )
    return bool(cast("CursorResult[Any]", moved).rowcount)


async def release(session: AsyncSession, account: str, owner: str) -> None:
    """Give the lease back; nothing happens when it is somebody else's."""
    await session.execute(
        update(PullCursor)
        .where(PullCursor.account == account, PullCursor.lease_owner == owner)
        .values(lease_owner=None, lease_until=None),
        execution_options=_OPTIONS,
    )
