"""Things that may be used once, such as the state of a sign-in; only the hash of each is kept."""

import hashlib
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, select
from sqlalchemy.ext.asyncio import AsyncSession

from property_db.channels.models import SingleUse
from property_db.clock import Clock
from property_db.upsert import insert_for


async def take(session: AsyncSession, secret: str, expires_at: datetime, clock: Clock) -> bool:
    """Use it up; True for exactly one of several that try, also at once.

    Another transaction that takes the same one waits here until this one is over. Undone with its transaction.

    Args:
        secret: the thing itself; it has to carry a limit of its own, as the row is thrown away some time after.
        expires_at: that limit.
    """
    now = clock.now()
    statement = insert_for(session, SingleUse).values(
        key=_hash(secret), expires_at=expires_at, used_at=now, created_at=now
    )
    result = await session.execute(statement.on_conflict_do_nothing(index_elements=["key"]))
    return cast("CursorResult[Any]", result).rowcount == 1


async def is_taken(session: AsyncSession, secret: str) -> bool:
    """Whether it was used; somebody may be about to, so only `take` decides."""
    return await session.scalar(select(SingleUse.id).where(SingleUse.key == _hash(secret))) is not None


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
