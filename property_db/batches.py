"""Deleting what is old, a little at a time, so that nobody waits long for the lock."""

from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from property_db.base import Base


async def delete_some(session: AsyncSession, model: type[Base], limit: int, *conditions: ColumnElement[bool]) -> int:
    """Delete at most `limit` rows that meet the conditions, oldest first; returns how many.

    Rows that another process is deleting just now are left to it.
    """
    some = select(model.id).where(*conditions).order_by(model.id).limit(limit).with_for_update(skip_locked=True)
    result = await session.execute(
        delete(model).where(model.id.in_(some)), execution_options={"synchronize_session": False}
    )
    return cast("CursorResult[Any]", result).rowcount
