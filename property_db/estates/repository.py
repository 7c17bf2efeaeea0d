"""Queries over places."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from property_db.estates.models import Building, Estate, Home, Unit


async def all_estates(session: AsyncSession) -> list[Estate]:
    """Return the estates in the order in which they were entered."""
    return list(await session.scalars(select(Estate).order_by(Estate.id)))


async def buildings_of(session: AsyncSession, estate_id: int) -> list[Building]:
    """Return the buildings of an estate."""
    return list(await session.scalars(select(Building).where(Building.estate_id == estate_id).order_by(Building.id)))


async def homes_at(
    session: AsyncSession, estate_id: int | None, building: str, unit: str | None, room: str
) -> list[Home]:
    """Return the homes at an address; several only where the unit or the estate is left open."""
    statement = (
        select(Home)
        .join(Building, Building.id == Home.building_id)
        .join(Unit, Unit.id == Home.unit_id)
        .where(Building.name == building, Home.room == room)
        .order_by(Home.id)
    )
    if estate_id is not None:
        statement = statement.where(Home.estate_id == estate_id)
    if unit is not None:
        statement = statement.where(Unit.name == unit)
    return list(await session.scalars(statement))
