"""Queries on the far side's keys and on the lease of who fetches a new one; nothing here knows how to fetch."""

from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from property_db.channels.models import AccessToken
from property_db.upsert import insert_for


async def read(session: AsyncSession, account: str) -> AccessToken | None:
    """The account's row as it is now; a session that has read it before reads it again."""
    query = select(AccessToken).where(AccessToken.account == account)
    row: AccessToken | None = await session.scalar(query, execution_options={"populate_existing": True})
    return row


async def store(session: AsyncSession, account: str, token: str, expires_at: datetime, *, replaces: str) -> bool:
    """Keep a new token if the row still has the one that it replaces.

    Args:
        replaces: the token that was read before the new one was fetched; empty where there was none.

    Returns:
        False where somebody else stored another one meanwhile; theirs stays.
    """
    await _ensure(session, account)
    values = {"token": token, "expires_at": expires_at}
    return await _changed(session, account, AccessToken.token.in_([replaces, token]), values)


async def take_lease(session: AsyncSession, account: str, owner: str, now: datetime, until: datetime) -> bool:
    """Become the one who fetches, unless somebody is; one statement decides between processes."""
    await _ensure(session, account)
    free = or_(AccessToken.lease_until.is_(None), AccessToken.lease_until <= now)
    return await _changed(session, account, free, {"lease_owner": owner, "lease_until": until})


async def give_lease_back(session: AsyncSession, account: str, owner: str) -> None:
    """Let the next one fetch; nothing happens where ``owner`` lost the lease meanwhile."""
    mine = AccessToken.lease_owner == owner
    await _changed(session, account, mine, {"lease_owner": None, "lease_until": None})


async def _ensure(session: AsyncSession, account: str) -> None:
    insert = insert_for(session, AccessToken).values(account=account, token="")
    await session.execute(insert.on_conflict_do_nothing(index_elements=["account"]))


async def _changed(session: AsyncSession, account: str, condition: Any, values: dict[str, Any]) -> bool:
    statement = update(AccessToken).where(AccessToken.account == account, condition).values(**values)
    result = await session.execute(statement, execution_options={"synchronize_session": False})
    assert isinstance(result, CursorResult)
    return result.rowcount == 1
