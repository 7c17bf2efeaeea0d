"""Queries over people, identities and codes."""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from property_db.base import utc_now
from property_db.estates.models import Building, Estate
from property_db.people.models import (
    Binding,
    BindingState,
    ChannelIdentity,
    ChannelOrigin,
    OneTimeCode,
    Person,
    Role,
)
from property_db.upsert import insert_for


async def identity_of_channel(
    session: AsyncSession, channel: str, external_id: str, *, lock: bool = False
) -> ChannelIdentity | None:
    """Return the identity a channel knows under this id; `lock` keeps other writers waiting."""
    statement = select(ChannelIdentity).where(
        ChannelIdentity.channel == channel, ChannelIdentity.external_id == external_id
    )
    return await session.scalar(statement.with_for_update(key_share=True) if lock else statement)


async def create_identity(session: AsyncSession, channel: str, external_id: str, now: datetime) -> None:
    """Insert the identity unless it is there."""
    statement = insert_for(session, ChannelIdentity).values(channel=channel, external_id=external_id, created_at=now)
    await session.execute(statement.on_conflict_do_nothing(index_elements=["channel", "external_id"]))


async def note_origin(
    session: AsyncSession, identity_id: int, estate_code: str | None, building_id: int | None
) -> None:
    """Write where an identity came in; a building that is known already is forgotten only for another one."""
    estate_id: int | None = None
    if estate_code is not None:
        estate_id = await session.scalar(select(Estate.id).where(Estate.code == estate_code))
    building = None if building_id is None else await session.get(Building, building_id)
    if building is not None and estate_id in (None, building.estate_id):
        estate_id = building.estate_id
    else:
        building = None
    values = {"estate_id": estate_id} | ({} if building is None else {"building_id": building.id})
    statement = insert_for(session, ChannelOrigin).values(identity_id=identity_id, created_at=utc_now(), **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["identity_id"], set_=values))


async def person_by_phone(session: AsyncSession, phone: str, *, lock: bool = False) -> Person | None:
    """Return the person with this telephone number; `lock` keeps other writers waiting."""
    statement = select(Person).where(Person.phone == phone)
    return await session.scalar(statement.with_for_update() if lock else statement)


async def lock_identity(session: AsyncSession, identity_id: int) -> ChannelIdentity | None:
    """Return the identity, kept from other writers until the transaction ends; rows may refer to it meanwhile."""
    return await session.scalar(
        select(ChannelIdentity).where(ChannelIdentity.id == identity_id).with_for_update(key_share=True),
        execution_options={"populate_existing": True},
    )


async def asked_since(
    session: AsyncSession, identity_id: int, phone: str, since: datetime
) -> list[tuple[int, str, datetime]]:
    """Return by which identity, for which number and when codes were asked for, newest first.

    Only what this identity asked for, or what was asked for this number.
    """
    rows = await session.execute(
        select(OneTimeCode.identity_id, OneTimeCode.phone, OneTimeCode.created_at)
        .where(or_(OneTimeCode.identity_id == identity_id, OneTimeCode.phone == phone), OneTimeCode.created_at > since)
        .order_by(OneTimeCode.created_at.desc())
    )
    return [(row.identity_id, row.phone, row.created_at) for row in rows]


async def tries_since(session: AsyncSession, phone: str, since: datetime) -> int:
    """Return how often codes for this number were tried that were asked for after `since`, whoever did."""
    statement = select(func.sum(OneTimeCode.attempts)).where(OneTimeCode.phone == phone, OneTimeCode.created_at > since)
    return await session.scalar(statement) or 0


async def newest_code(session: AsyncSession, identity_id: int, phone: str) -> OneTimeCode | None:
    """Return the last code asked for by this identity for this number; earlier ones no longer count."""
    return await session.scalar(
        select(OneTimeCode)
        .where(OneTimeCode.identity_id == identity_id, OneTimeCode.phone == phone)
        .order_by(OneTimeCode.id.desc())
        .limit(1),
        execution_options={"populate_existing": True},
    )


async def take_attempt(session: AsyncSession, code_id: int, limit: int) -> int | None:
    """Count one try in one statement; returns how many there were, or None if the limit was reached before."""
    return await session.scalar(
        update(OneTimeCode)
        .where(OneTimeCode.id == code_id, OneTimeCode.attempts < limit, OneTimeCode.used_at.is_(None))
        .values(attempts=OneTimeCode.attempts + 1)
        .returning(OneTimeCode.attempts),
        execution_options={"synchronize_session": False},
    )


async def use_code(session: AsyncSession, code_id: int, now: datetime) -> bool:
    """Mark a code as used; True for exactly one of several at once."""
    result = await session.execute(
        update(OneTimeCode).where(OneTimeCode.id == code_id, OneTimeCode.used_at.is_(None)).values(used_at=now),
        execution_options={"synchronize_session": False},
    )
    return cast("CursorResult[Any]", result).rowcount == 1


async def person_of_identity(session: AsyncSession, identity_id: int) -> Person | None:
    """Return the person a verified identity stands for."""
    return await session.scalar(
        select(Person)
        .join(ChannelIdentity, ChannelIdentity.person_id == Person.id)
        .where(ChannelIdentity.id == identity_id, ChannelIdentity.verified_at.is_not(None))
    )


async def request_binding(session: AsyncSession, person_id: int, home_id: int, role: Role, now: datetime) -> None:
    """Insert a pending binding unless there is one between this person and this home."""
    statement = insert_for(session, Binding).values(
        person_id=person_id, home_id=home_id, role=role, state=BindingState.PENDING, created_at=now
    )
    await session.execute(statement.on_conflict_do_nothing(index_elements=["person_id", "home_id"]))
