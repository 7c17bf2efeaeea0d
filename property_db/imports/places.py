"""Finding homes by the address in a row, for a whole file at once."""

from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from property_db.catalogue import load
from property_db.estates.models import Building, Estate, Home, HomeState, Unit
from property_db.imports.reader import Row

Address = tuple[str, str, str, str]


@dataclass(slots=True)
class Places:
    """All places of the company by name, kept up while a file adds some."""

    estates: dict[str, Estate] = field(default_factory=dict)
    buildings: dict[tuple[int, str], Building] = field(default_factory=dict)
    units: dict[tuple[int, str], Unit] = field(default_factory=dict)
    homes: dict[tuple[int, str], Home] = field(default_factory=dict)

    def home(self, row: Row) -> Home | None:
        """Return the home of a row's address; notes the fault where there is none."""
        estate, building, unit, room = address(row)
        found = self._find(estate, building, unit, room)
        if found is None and all((estate, building, unit, room)):
            row.wrong("room", "home_unknown")
        return found

    def _find(self, estate: str, building: str, unit: str, room: str) -> Home | None:
        if estate not in self.estates:
            return None
        found_building = self.buildings.get((self.estates[estate].id, building))
        found_unit = self.units.get((found_building.id, unit)) if found_building else None
        return self.homes.get((found_unit.id, room)) if found_unit else None


def address(row: Row) -> Address:
    """Return estate, building, unit and room as they are kept: `3栋` and `2单元` lose their words."""
    building = row.text("building").removesuffix("栋").removesuffix("幢").removesuffix("号楼")
    unit = row.text("unit").removesuffix("单元")
    return row.text("estate"), building.upper(), unit.upper(), row.text("room").removesuffix("室").upper()


async def places(session: AsyncSession) -> Places:
    """Read all places."""
    return Places(
        estates={estate.name: estate for estate in await session.scalars(select(Estate))},
        buildings={(b.estate_id, b.name): b for b in await session.scalars(select(Building))},
        units={(u.building_id, u.name): u for u in await session.scalars(select(Unit))},
        homes={(h.unit_id, h.room): h for h in await session.scalars(select(Home))},
    )


async def settle(session: AsyncSession, known: Places, where: Address, area_hundredths: int, state: HomeState) -> bool:
    """Enter or update one home with the estate, building and unit it needs; True where the home is new."""
    estate_name, building_name, unit_name, room = where
    texts = load("estates/texts.yml")
    estate = known.estates.get(estate_name)
    if estate is None:
        estate = known.estates[estate_name] = Estate(code=estate_name, name=estate_name)
        session.add(estate)
        await session.flush()
    building = known.buildings.get((estate.id, building_name))
    if building is None:
        display = texts["building"].format(building=building_name)
        building = Building(estate_id=estate.id, name=building_name, display=display)
        session.add(building)
        await session.flush()
        known.buildings[estate.id, building_name] = building
    unit = known.units.get((building.id, unit_name))
    if unit is None:
        unit = Unit(building_id=building.id, name=unit_name)
        session.add(unit)
        await session.flush()
        known.units[building.id, unit_name] = unit
    home = known.homes.get((unit.id, room))
    if home is not None:
        home.area_hundredths, home.state = area_hundredths, state
        return False
    label = texts["label"].format(estate=estate.name, building=building.display, unit=unit.name, room=room)
    home = known.homes[unit.id, room] = Home(
        estate_id=estate.id,
        building_id=building.id,
        unit_id=unit.id,
        room=room,
        label=label,
        area_hundredths=area_hundredths,
        state=state,
    )
    session.add(home)
    return True
