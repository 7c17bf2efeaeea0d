"""Places: which estate a question is about."""

from sqlalchemy.ext.asyncio import AsyncSession

from property_db.estates import repository
from property_db.estates.models import Building, Estate, Home
from property_db.estates.settings import EstateSettings, settings_of
from property_db.people.scope import AccessScope


async def all_estates(session: AsyncSession) -> list[Estate]:
    """Return the estates the company manages."""
    return await repository.all_estates(session)


async def buildings_of(session: AsyncSession, estate_id: int) -> list[Building]:
    """Return the buildings of an estate."""
    return await repository.buildings_of(session, estate_id)


async def estate_for(session: AsyncSession, scope: AccessScope) -> Estate | None:
    """Return the estate a resident speaks about: the first bound home's, their account's, or the only one there is.

    None if the company has several and the resident is bound to none: then ask, do not guess.
    """
    if scope.homes:
        return await session.get(Estate, scope.homes[0].estate_id)
    if scope.estate_id is not None:
        return await session.get(Estate, scope.estate_id)
    estates = await repository.all_estates(session)
    return estates[0] if len(estates) == 1 else None


async def settings_for(session: AsyncSession, estate_id: int | None) -> EstateSettings:
    """Return an estate's settings, or the defaults where it is unknown."""
    return settings_of(None if estate_id is None else await session.get(Estate, estate_id))


async def homes_at(
    session: AsyncSession, estate_id: int | None, building: str, unit: str | None, room: str
) -> list[Home]:
    """Return the homes at an address, for the company's own use: never confirm to a resident who lives there."""
    return await repository.homes_at(session, estate_id, building, unit, room)
