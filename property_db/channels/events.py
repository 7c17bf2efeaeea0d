"""Events of a channel that are no messages, taken in once however often they come."""

from typing import Any, cast

from sqlalchemy import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession

from property_db.channels.models import ChannelEvent
from property_db.clock import Clock
from property_db.upsert import insert_for


async def first_time(session: AsyncSession, account: str, key: str, clock: Clock) -> bool:
    """Note an event in the caller's transaction; False when it was taken in before.

    Args:
        account: the account it came to, such as `wechat:wx…`.
        key: what makes it that event, hashed: at most 64 characters.
    """
    statement = insert_for(session, ChannelEvent).values(account=account, key=key, created_at=clock.now())
    kept = await session.execute(statement.on_conflict_do_nothing(index_elements=["account", "key"]))
    return bool(cast("CursorResult[Any]", kept).rowcount)
