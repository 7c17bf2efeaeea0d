"""Every test of this folder runs on SQLite and on PostgreSQL, with the same small estate."""

from dataclasses import dataclass
from datetime import date

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from property_db.clock import SettableClock
from property_db.conversations import service as conversations
from property_db.database import Database
from property_db.estates.models import Building, Estate, Home, HomeState, Unit
from property_db.fees.calculation import amount_fen
from property_db.fees.models import Bill, BillState, FeeItem, Method
from property_db.people import service as people
from property_db.people.models import Binding, Person, Role
from property_db.people.scope import AccessScope, scope_of


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> Database:
    """An empty database of either kind."""
    database: Database = request.getfixturevalue(request.param)
    return database


@dataclass
class Resident:
    """Somebody with a verified identity and an open conversation."""

    person_id: int
    identity_id: int
    conversation_id: int


@dataclass
class Small:
    """翠湖花园: 3栋2单元501 is 王's, 3栋1单元101 and 5栋1单元1203 are 李's; 金桂苑2栋1单元302 stands empty."""

    estate: Estate
    other_estate: Estate
    home: Home
    lis_homes: list[Home]
    empty_home: Home
    wang: Resident
    li: Resident
    stranger: Resident
    fee: FeeItem
    water: FeeItem


@pytest.fixture
async def small(database: Database, clock: SettableClock) -> Small:
    """A small estate with two owners and somebody unknown."""
    async with database.transaction() as session:
        settings = {
            "emergency_phone": "0571-88001800",
            "gas_phone": "0571-96177",
            "office_phone": "0571-88001801",
            "hours": "8:30—18:00",
        }
        estate = Estate(code="CH", name="翠湖花园", address="滨河路", settings=settings)
        other = Estate(code="JG", name="金桂苑", settings={})
        session.add_all([estate, other])
        await session.flush()
        homes = []
        for owner, building_name, unit_name, room, area in (
            (estate, "3", "2", "501", 8950),
            (estate, "3", "1", "101", 7580),
            (estate, "5", "1", "1203", 11820),
            (other, "2", "1", "302", 6230),
        ):
            homes.append(await _home(session, owner, building_name, unit_name, room, area))
        fee = FeeItem(estate_id=estate.id, code="property", name="物业费", method=Method.AREA_PRICE, unit_price=28000)
        water = FeeItem(estate_id=estate.id, code="water", name="水费", method=Method.METER, unit_price=34500)
        session.add_all([fee, water])
        residents = []
        for name, phone, owned in (
            ("王建国", "13800138000", homes[:1]),
            ("李秀英", "13900139000", homes[1:3]),
            ("", "", []),
        ):
            residents.append(await _resident(session, clock, name, phone, owned))
    return Small(estate, other, homes[0], homes[1:3], homes[3], *residents, fee, water)


async def _home(
    session: AsyncSession, estate: Estate, building_name: str, unit_name: str, room: str, area: int
) -> Home:
    building = await session.scalar(
        select(Building).where(Building.estate_id == estate.id, Building.name == building_name)
    )
    if building is None:
        building = Building(estate_id=estate.id, name=building_name, display=f"{building_name}栋")
        session.add(building)
        await session.flush()
    unit = Unit(building_id=building.id, name=unit_name)
    session.add(unit)
    await session.flush()
    home = Home(
        estate_id=estate.id,
        building_id=building.id,
        unit_id=unit.id,
        room=room,
        label=f"{estate.name}{building.display}{unit_name}单元{room}",
        area_hundredths=area,
        state=HomeState.OCCUPIED,
    )
    session.add(home)
    await session.flush()
    return home


async def _resident(session: AsyncSession, clock: SettableClock, name: str, phone: str, homes: list[Home]) -> Resident:
    identity = await people.identity_for(session, "webchat", f"browser of {name}", clock)
    person_id = 0
    if phone:
        person = Person(name=name, phone=phone)
        session.add(person)
        await session.flush()
        person_id = person.id
        identity.person_id, identity.verified_at = person.id, clock.now()
        session.add_all(
            Binding(person_id=person.id, home_id=home.id, role=Role.OWNER, starts_on=date(2024, 1, 1)) for home in homes
        )
    conversation = await conversations.open_for(session, "webchat", identity.id, clock)
    return Resident(person_id, identity.id, conversation.id)


@pytest.fixture
async def wangs_scope(database: Database, small: Small, clock: SettableClock) -> AccessScope:
    """What 王 may see."""
    async with database.reading() as session:
        return await scope_of(session, small.wang.identity_id, clock)


@pytest.fixture
async def lis_scope(database: Database, small: Small, clock: SettableClock) -> AccessScope:
    """What 李 may see."""
    async with database.reading() as session:
        return await scope_of(session, small.li.identity_id, clock)


def area_bill(small: Small, period: str, **changes: object) -> Bill:
    """王's management fee of a month, 250.60 yuan, due on the 28th."""
    inputs = {"area": "89.50", "unit_price": "2.80", "months": 1}
    values: dict[str, object] = {
        "home_id": small.home.id,
        "fee_item_id": small.fee.id,
        "period": period,
        "amount_fen": amount_fen(Method.AREA_PRICE, inputs),
        "due_on": date.fromisoformat(f"{period}-28"),
        "state": BillState.UNPAID,
        "inputs": inputs,
    }
    return Bill(**values | changes)


def water_bill(small: Small, period: str, previous: int, current: int, **changes: object) -> Bill:
    """王's water bill of a month."""
    inputs = {"previous": str(previous), "current": str(current), "unit_price": "3.45"}
    return area_bill(
        small,
        period,
        fee_item_id=small.water.id,
        amount_fen=amount_fen(Method.METER, inputs),
        inputs=inputs,
        **changes,
    )
