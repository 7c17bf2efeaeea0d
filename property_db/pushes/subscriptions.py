"""One-time messages: what residents have agreed to and not got yet. Each agreement is spent at most once."""

from enum import Enum
from typing import Any, cast

from sqlalchemy import CursorResult, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from property_db.clock import Clock
from property_db.pushes import repository
from property_db.pushes.models import Push, PushState, Subscription
from property_db.upsert import insert_for

_OPTIONS = {"synchronize_session": False}
ONE_TIME = "one_time"
"""The reason of news that has spent an agreement: it leaves once, also after a crash."""


class Spent(Enum):
    """What came of the wish to spend an agreement: it is spent now, was before for the same news, or there is none."""

    NOW = "now"
    BEFORE = "before"
    NONE = "none"


async def agreed(session: AsyncSession, identity_id: int, template_id: str, clock: Clock) -> None:
    """Count one message more that the resident has agreed to."""
    statement = insert_for(session, Subscription).values(
        identity_id=identity_id, template_id=template_id, remaining=1, created_at=clock.now()
    )
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["identity_id", "template_id"], set_={"remaining": Subscription.remaining + 1}
        )
    )


async def refused(session: AsyncSession, identity_id: int, template_id: str) -> None:
    """Forget what the resident had agreed to."""
    await session.execute(
        update(Subscription)
        .where(Subscription.identity_id == identity_id, Subscription.template_id == template_id)
        .values(remaining=0),
        execution_options=_OPTIONS,
    )


async def spend(session: AsyncSession, push_id: int, template_id: str) -> Spent:
    """Spend an agreement for a piece of news that is about to leave; commit before it does."""
    identity_id = await session.scalar(
        select(Push.identity_id).where(Push.id == push_id, Push.state == PushState.PENDING)
    )
    if identity_id is None:
        return Spent.NONE
    first = await repository.change(
        session, Push.id == push_id, Push.reason.is_distinct_from(ONE_TIME), reason=ONE_TIME
    )
    if not first:
        return Spent.BEFORE
    result = await session.execute(
        update(Subscription)
        .where(
            Subscription.identity_id == identity_id,
            Subscription.template_id == template_id,
            Subscription.remaining > 0,
        )
        .values(remaining=Subscription.remaining - 1),
        execution_options=_OPTIONS,
    )
    if cast("CursorResult[Any]", result).rowcount == 1:
        return Spent.NOW
    await repository.change(session, Push.id == push_id, reason=None)
    return Spent.NONE


async def give_back(session: AsyncSession, push_id: int, template_id: str, clock: Clock) -> None:
    """Undo `spend` for news that certainly did not leave."""
    if await repository.change(session, Push.id == push_id, Push.reason == ONE_TIME, reason=None):
        identity_id = await session.scalar(select(Push.identity_id).where(Push.id == push_id))
        if identity_id is not None:
            await agreed(session, identity_id, template_id, clock)
