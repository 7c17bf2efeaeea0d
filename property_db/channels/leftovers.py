"""What is still to be done elsewhere for a resident who was forgotten, kept until it is done.

Noted in the transaction that forgets, as events of accounts that no platform has, so that a crash loses none of it.
The keys tell nobody who it was.
"""

from collections.abc import Collection
from typing import Literal, get_args

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from property_db.channels.models import ChannelEvent
from property_db.clock import Clock
from property_db.upsert import insert_for

Place = Literal["engine:forget", "pictures:forget", "recordings:forget"]
"""The engine's memory of a conversation, by its public id; the file of a picture or a recording, by its name."""
PLACES: tuple[Place, ...] = get_args(Place)


async def note(session: AsyncSession, place: Place, keys: Collection[str], clock: Clock) -> None:
    """Keep what is to be removed there; at most 64 characters each."""
    if keys:
        rows = [{"account": place, "key": key, "created_at": clock.now()} for key in keys]
        statement = insert_for(session, ChannelEvent).values(rows)
        await session.execute(statement.on_conflict_do_nothing(index_elements=["account", "key"]))


async def noted(session: AsyncSession, place: Place, limit: int = 1000) -> list[str]:
    """Return what is to be removed there, oldest first; no more than one statement can name again."""
    statement = select(ChannelEvent.key).where(ChannelEvent.account == place)
    return list(await session.scalars(statement.order_by(ChannelEvent.id).limit(limit)))


async def done(session: AsyncSession, place: Place, keys: Collection[str]) -> None:
    """Take what was removed off the list."""
    await session.execute(
        delete(ChannelEvent).where(ChannelEvent.account == place, ChannelEvent.key.in_(keys)),
        execution_options={"synchronize_session": False},
    )
