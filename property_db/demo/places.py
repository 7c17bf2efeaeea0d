"""The demo company's estates, homes and people."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from property_db.catalogue import load
from property_db.estates.models import Building, Estate, Home, HomeState, Unit
from property_db.fees.models import FeeItem, Method
from property_db.people.models import Binding, BindingState, Person, Role


@dataclass(slots=True)
class Town:
    """What was built: everything later content refers to."""

    estates: dict[str, Estate] = field(default_factory=dict)
    buildings: dict[tuple[int, str], Building] = field(default_factory=dict)
    units: dict[tuple[int, str], Unit] = field(default_factory=dict)
    homes: list[Home] = field(default_factory=list)
    fee_items: dict[int, list[FeeItem]] = field(default_factory=dict)
    residents: dict[str, tuple[Person, Home]] = field(default_factory=dict)
    habits: dict[int, str] = field(default_factory=dict)

    def home_at(self, estate: str, building: str, unit: str, room: str) -> Home:
        """Return the home at an address."""
        found_building = self.buildings[self.estates[estate].id, building]
        found_unit = self.units[found_building.id, unit]
        return next(home for home in self.homes if home.unit_id == found_unit.id and home.room == room)


async def build(session: AsyncSession, content: dict[str, Any], random: Random, today: date) -> Town:
    """Enter places, tariffs and people."""
    town = Town()
    for entry in content["estates"]:
        await _estate(session, town, entry, content["areas"], random)
    for resident in content["residents"]:
        town.home_at(
            resident["estate"], resident["building"], resident["unit"], resident["room"]
        ).state = HomeState.OCCUPIED
    await session.flush()
    await _demo_residents(session, town, content, today)
    await _neighbours(session, town, content, random, today)
    return town


async def _estate(
    session: AsyncSession, town: Town, entry: dict[str, Any], areas: list[list[int]], random: Random
) -> None:
    texts = load("estates/texts.yml")
    estate = Estate(code=entry["code"], name=entry["name"], address=entry["address"], settings=entry["settings"])
    session.add(estate)
    await session.flush()
    town.estates[estate.name] = estate
    items = [FeeItem(estate_id=estate.id, **fee | {"method": Method(fee["method"])}) for fee in entry["fees"]]
    session.add_all(items)
    town.fee_items[estate.id] = items
    for number, block in enumerate(entry["buildings"]):
        display = texts["building"].format(building=block["name"])
        building = Building(estate_id=estate.id, name=block["name"], display=display)
        session.add(building)
        await session.flush()
        town.buildings[estate.id, building.name] = building
        for unit_number in range(1, block["units"] + 1):
            unit = Unit(building_id=building.id, name=str(unit_number))
            session.add(unit)
            await session.flush()
            town.units[building.id, unit.name] = unit
            # 3栋2单元 starts with 89.50 m², the home of the first demo resident.
            row = areas[(number + unit_number) % len(areas)]
            for floor in range(1, block["floors"] + 1):
                for place in range(block["rooms"]):
                    room = f"{floor}{place + 1:02d}"
                    town.homes.append(
                        Home(
                            estate_id=estate.id,
                            building_id=building.id,
                            unit_id=unit.id,
                            room=room,
                            label=texts["label"].format(
                                estate=estate.name, building=display, unit=unit.name, room=room
                            ),
                            area_hundredths=row[place % len(row)],
                            state=_state(random),
                        )
                    )
    session.add_all(home for home in town.homes if home.estate_id == estate.id)
    await session.flush()


def _state(random: Random) -> HomeState:
    return random.choices(
        [HomeState.OCCUPIED, HomeState.VACANT, HomeState.RENOVATING, HomeState.UNDELIVERED], weights=[84, 8, 4, 4]
    )[0]


async def _demo_residents(session: AsyncSession, town: Town, content: dict[str, Any], today: date) -> None:
    for entry in content["residents"]:
        home = town.home_at(entry["estate"], entry["building"], entry["unit"], entry["room"])
        person = Person(name=entry["name"], phone=entry["phone"])
        session.add(person)
        await session.flush()
        role = Role(entry["role"])
        session.add(
            Binding(
                person_id=person.id,
                home_id=home.id,
                role=role,
                starts_on=today - timedelta(days=400),
                ends_on=today + timedelta(days=330) if role is Role.TENANT else None,
            )
        )
        town.residents[entry["name"]] = person, home
        town.habits[home.id] = entry["pays"]
    await session.flush()


async def _neighbours(session: AsyncSession, town: Town, content: dict[str, Any], random: Random, today: date) -> None:
    """One owner per delivered home; some families, tenants and a few who have moved out."""
    wanted: list[tuple[Home, Role, BindingState]] = []
    taken = {home.id for _, home in town.residents.values()}
    for home in town.homes:
        tenant_lives_there = home.id in taken and town.habits[home.id] == "tenant"
        if home.state is HomeState.UNDELIVERED or (home.id in taken and not tenant_lives_there):
            continue
        wanted.append((home, Role.OWNER, BindingState.ACTIVE))
        if home.state is not HomeState.OCCUPIED or home.id in taken:
            continue
        if random.random() < 0.2:
            wanted.append((home, Role.FAMILY, BindingState.ACTIVE))
        if random.random() < 0.12:
            wanted.append((home, Role.TENANT, BindingState.ACTIVE))
        elif random.random() < 0.05:
            wanted.append((home, Role.TENANT, BindingState.ENDED))
    people = [
        Person(
            name=random.choice(content["surnames"]) + random.choice(content["given_names"]),
            phone=f"1990000{number:04d}",
        )
        for number in range(1, len(wanted) + 1)
    ]
    session.add_all(people)
    await session.flush()
    for person, (home, role, state) in zip(people, wanted, strict=True):
        ended = state is BindingState.ENDED
        session.add(
            Binding(
                person_id=person.id,
                home_id=home.id,
                role=role,
                state=state,
                starts_on=today - timedelta(days=random.randint(500, 2000)),
                ends_on=today - timedelta(days=random.randint(20, 300))
                if ended
                else today + timedelta(days=random.randint(30, 400))
                if role is Role.TENANT
                else None,
            )
        )
    await session.flush()
