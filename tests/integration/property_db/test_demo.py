"""The demo company is whole, provable and the same every time."""

import shutil
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from property_db import demo
from property_db.clock import SHANGHAI, SettableClock
from property_db.database import Database
from property_db.fees import service as fees
from property_db.fees.calculation import amount_fen
from property_db.fees.models import BillState
from property_db.handoff import service as handoff
from property_db.models import Bill, Estate, FeeItem, Home, Notice, Payment, Ticket, TicketEvent
from property_db.notices import service as notices
from property_db.notices.schemas import TimeWindow
from property_db.numbers import REPAIR, next_number
from property_db.people import service as people
from property_db.tickets.lifecycle import may_move
from property_db.tickets.models import TicketState
from tests.conftest import SATURDAY_TEN, own_postgres


async def _empty_sqlite(migrated_file: Path, folder: Path) -> AsyncIterator[Database]:
    shutil.copy(migrated_file, folder / "guanjia.db")
    database = Database(f"sqlite+aiosqlite:///{folder / 'guanjia.db'}", synchronous="OFF")
    yield database
    await database.dispose()


async def _empty_postgres() -> AsyncIterator[Database]:
    async with own_postgres() as url:
        database = Database(url)
        yield database
        await database.dispose()


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def company(
    request: pytest.FixtureRequest, migrated_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Database]:
    """The demo company of Saturday, 21 November 2026, made once for these tests: they only look at it."""
    folder = tmp_path_factory.mktemp("demo")
    databases = _empty_sqlite(migrated_file, folder) if request.param == "sqlite" else _empty_postgres()
    async for database in databases:
        assert await demo.create(database, SettableClock(SATURDAY_TEN))
        yield database


async def _home(database: Database, label: str) -> Home:
    async with database.reading() as session:
        return (await session.scalars(select(Home).where(Home.label == label))).one()


async def test_the_demo_company_is_whole(company: Database, clock: SettableClock) -> None:
    assert not await demo.create(company, clock), "creating it again must do nothing"
    async with company.reading() as session:
        assert list(await session.scalars(select(Estate.name).order_by(Estate.id))) == ["翠湖花园", "金桂苑"]
        assert 190 <= (await session.scalar(select(func.count(Home.id))) or 0) <= 210
        assert len(set(await session.scalars(select(Home.state)))) == 4
        assert len(set(await session.scalars(select(Home.area_hundredths)))) >= 5
        assert len(set(await session.scalars(select(FeeItem.name)))) == 6
        assert len(set(await session.scalars(select(Bill.period)))) >= 24
        assert set(await session.scalars(select(Ticket.state))) == set(TicketState)
        assert len(set(await session.scalars(select(Notice.state)))) == 3

    # one of six fees for 24 months, for a home that has them all
    home = await _home(company, "翠湖花园3栋2单元501")
    async with company.reading() as session:
        counts = Counter(await session.scalars(select(Bill.fee_item_id).where(Bill.home_id == home.id)))
    assert list(counts.values()) == [24] * 6


async def test_every_bill_is_what_its_inputs_give_and_every_payment_what_the_bill_says(company: Database) -> None:
    async with company.reading() as session:
        bills = list(await session.scalars(select(Bill).options(joinedload(Bill.fee_item))))
        paid = dict(
            tuple(row)
            for row in await session.execute(
                select(Payment.bill_id, func.sum(Payment.amount_fen)).group_by(Payment.bill_id)
            )
        )
    assert len(bills) > 20_000
    for bill in bills:
        assert amount_fen(bill.fee_item.method, bill.inputs) == bill.amount_fen, bill.inputs
        assert paid.get(bill.id, 0) == bill.paid_fen
        states = {0: BillState.UNPAID, bill.amount_fen: BillState.PAID}
        assert bill.state is states.get(bill.paid_fen, BillState.PARTLY_PAID)


async def test_meters_run_on_from_bill_to_bill(company: Database) -> None:
    home = await _home(company, "翠湖花园3栋2单元501")
    async with company.reading() as session:
        statement = select(Bill).join(FeeItem).where(Bill.home_id == home.id, FeeItem.name == "水费")
        bills = list(await session.scalars(statement.order_by(Bill.period)))
    for before, after in pairwise(bills):
        assert before.inputs["current"] == after.inputs["previous"]


async def test_nothing_was_paid_in_the_future_or_before_its_bill(company: Database, clock: SettableClock) -> None:
    async with company.reading() as session:
        assert (await session.scalar(select(func.max(Payment.paid_at)))) <= clock.now()
        too_early = select(func.count(Payment.id)).join(Bill).where(Payment.paid_at < Bill.created_at)
        assert await session.scalar(too_early) == 0


async def test_the_three_residents_stand_as_the_story_needs_them(company: Database, clock: SettableClock) -> None:
    async with company.reading() as session:
        owed = {}
        for phone in ("13800138000", "13900139000", "13700137000"):
            identity = await people.identity_for(session, "webchat", phone, clock)
            issued = await people.request_code(session, identity.id, phone, clock)
            assert issued is not None
            await people.verify_code(session, identity.id, phone, issued.code, clock)
            homes = await people.homes_of_identity(session, identity.id, clock)
            owed[homes[0].label] = await fees.arrears(session, homes, clock=clock)
    wang, li, chen = owed["翠湖花园3栋2单元501"], owed["翠湖花园5栋1单元1203"], owed["金桂苑2栋1单元302"]
    assert {bill.fee_type for bill in wang.bills} == {"物业费", "水费", "公摊费"}
    assert [bill.amount_fen for bill in wang.bills if bill.fee_type == "物业费"] == [25060] * 3
    assert any(bill.late_fee_fen for bill in wang.bills)
    assert any(bill.state is BillState.PARTLY_PAID for bill in wang.bills)
    assert li.total_fen == 0
    assert [bill.fee_type for bill in chen.bills] == ["电费"]


async def test_tomorrow_the_water_of_building_3_is_off(company: Database, clock: SettableClock) -> None:
    home = await _home(company, "翠湖花园3栋2单元501")
    tomorrow = datetime(2026, 11, 22, tzinfo=SHANGHAI)
    window = TimeWindow(tomorrow, tomorrow + timedelta(hours=23))
    async with company.reading() as session:
        (notice,) = await notices.outages(session, homes=[home], utility="水", window=window, clock=clock)
    assert notice.starts_at == tomorrow + timedelta(hours=9)
    assert notice.ends_at == tomorrow + timedelta(hours=17)
    assert notice.scope_text == "翠湖花园3栋"


async def test_every_ticket_came_to_its_state_by_ways_that_exist(company: Database, clock: SettableClock) -> None:
    async with company.reading() as session:
        found = list(await session.scalars(select(Ticket)))
        events = list(await session.scalars(select(TicketEvent).order_by(TicketEvent.id)))
    for ticket in found:
        steps = [event for event in events if event.ticket_id == ticket.id]
        state = TicketState.NEW
        for event in steps[1:]:
            assert event.from_state is state
            assert event.to_state is not None
            assert may_move(state, event.to_state)
            state = event.to_state
        assert state is ticket.state
        assert [event.at for event in steps] == sorted(event.at for event in steps)
        assert steps[-1].at <= clock.now()


async def test_new_numbers_continue_after_those_of_the_demo(company: Database, clock: SettableClock) -> None:
    async with company.reading() as session:
        taken = set(await session.scalars(select(Ticket.number)))
        assert await next_number(session, REPAIR, clock) not in taken


async def test_the_demo_agents_can_sign_in(company: Database, clock: SettableClock) -> None:
    async with company.reading() as session:
        for username in ("xiaoli", "xiaozhang", "zhuguan"):
            assert (await handoff.sign_in(session, username, demo.PASSWORD, clock)).agent.username == username


async def test_the_same_day_gives_the_same_company(company: Database, sqlite: Database, clock: SettableClock) -> None:
    async def content(database: Database) -> list[object]:
        async with database.reading() as session:
            bills = select(Bill.period, Bill.amount_fen, Bill.paid_fen, Bill.inputs).order_by(Bill.id)
            return [tuple(row) for row in await session.execute(bills)]

    await demo.create(sqlite, clock)
    assert await content(sqlite) == await content(company)


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2027, 1, 1, 0, 5, tzinfo=SHANGHAI),
        datetime(2028, 2, 29, 12, 0, tzinfo=SHANGHAI),
        datetime(2027, 3, 31, 23, 59, tzinfo=SHANGHAI),
    ],
)
async def test_the_story_holds_on_any_day(sqlite: Database, clock: SettableClock, moment: datetime) -> None:
    clock.set(moment)
    await demo.create(sqlite, clock)
    wang, li = await _home(sqlite, "翠湖花园3栋2单元501"), await _home(sqlite, "翠湖花园5栋1单元1203")
    async with sqlite.reading() as session:
        assert (await fees.arrears(session, [wang], clock=clock)).total_fen > 50_000
        assert (await fees.arrears(session, [li], clock=clock)).total_fen == 0
        assert (await session.scalar(select(func.max(Payment.paid_at)))) <= clock.now()
        assert await notices.outages(session, homes=[wang], utility="水", clock=clock)
