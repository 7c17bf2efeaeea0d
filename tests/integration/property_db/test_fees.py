"""What is owed, what was paid, and why."""

from datetime import UTC, date, datetime

import pytest

from property_db.clock import SettableClock
from property_db.database import Database
from property_db.fees import service as fees
from property_db.fees.errors import NoBill, PeriodNotUnderstood
from property_db.fees.models import BillState, Payment
from tests.integration.property_db.conftest import Small, area_bill, water_bill


@pytest.fixture
async def bills(database: Database, small: Small) -> None:
    """王: September paid, October partly paid with a late charge, November open, water open; 李: one bill."""
    async with database.transaction() as session:
        september = area_bill(small, "2026-09", paid_fen=25060, state=BillState.PAID)
        october = area_bill(small, "2026-10", paid_fen=10000, late_fee_fen=188, state=BillState.PARTLY_PAID)
        session.add_all(
            [
                september,
                october,
                area_bill(small, "2026-11"),
                area_bill(small, "2026-08", state=BillState.CANCELLED),
                water_bill(small, "2026-09", 100, 107, paid_fen=2415, state=BillState.PAID),
                water_bill(small, "2026-10", 107, 118),
                area_bill(small, "2026-10", home_id=small.lis_homes[0].id),
            ]
        )
        await session.flush()
        for bill, fen, day in ((september, 25060, 5), (october, 10000, 9)):
            session.add(
                Payment(
                    bill_id=bill.id,
                    home_id=bill.home_id,
                    amount_fen=fen,
                    channel="微信支付",
                    paid_at=datetime(2026, 10, day, 4, tzinfo=UTC),
                    reference=f"R{day}",
                )
            )


async def test_arrears_are_what_is_left_of_open_bills_with_late_charges(
    database: Database, small: Small, clock: SettableClock, bills: None
) -> None:
    async with database.reading() as session:
        owed = await fees.arrears(session, [small.home], clock=clock)
    assert [(bill.fee_type, bill.period, bill.due_fen) for bill in owed.bills] == [
        ("物业费", "2026-10", 25060 - 10000 + 188),
        ("水费", "2026-10", 3795),
        ("物业费", "2026-11", 25060),
    ]
    assert owed.total_fen == 15248 + 3795 + 25060
    assert owed.total_text == "441.03"


async def test_a_bill_is_overdue_after_its_day(
    database: Database, small: Small, clock: SettableClock, bills: None
) -> None:
    async with database.reading() as session:
        owed = await fees.arrears(session, [small.home], "物业费", clock=clock)
        assert [bill.overdue for bill in owed.bills] == [True, False]
        assert owed.overdue_fen == 15248
        clock.advance(days=7)
        assert not (await fees.arrears(session, [small.home], "物业费", "2026-11", clock)).bills[0].overdue
        clock.advance(days=1)
        assert (await fees.arrears(session, [small.home], "物业费", "2026-11", clock)).bills[0].overdue


async def test_arrears_can_be_asked_for_one_fee_and_period(
    database: Database, small: Small, clock: SettableClock, bills: None
) -> None:
    async with database.reading() as session:
        assert (await fees.arrears(session, [small.home], "水费", clock=clock)).total_fen == 3795
        assert (await fees.arrears(session, [small.home], None, "2026-11", clock)).total_fen == 25060
        assert len((await fees.arrears(session, [small.home], None, "2026", clock)).bills) == 3
        assert (await fees.arrears(session, [small.home], None, "2026-01/2026-09", clock)).bills == []
        with pytest.raises(PeriodNotUnderstood):
            await fees.arrears(session, [small.home], None, "上个月", clock)


async def test_nobody_sees_the_bills_of_another_home(
    database: Database, small: Small, clock: SettableClock, bills: None
) -> None:
    async with database.reading() as session:
        assert {bill.home_id for bill in (await fees.arrears(session, small.lis_homes, clock=clock)).bills} == {
            small.lis_homes[0].id
        }
        assert (await fees.arrears(session, [], clock=clock)).total_fen == 0
        assert await fees.payments(session, small.lis_homes) == []
        with pytest.raises(NoBill):
            await fees.explain(session, [], clock=clock)


async def test_payments_come_newest_first(database: Database, small: Small, bills: None) -> None:
    async with database.reading() as session:
        paid = await fees.payments(session, [small.home])
        assert [(payment.period, payment.amount_text) for payment in paid] == [
            ("2026-10", "100.00"),
            ("2026-09", "250.60"),
        ]
        assert len(await fees.payments(session, [small.home], limit=1)) == 1
        assert [payment.reference for payment in await fees.payments(session, [small.home], "物业费", "2026-09")] == [
            "R5"
        ]
        assert await fees.payments(session, [small.home], "水费") == []


async def test_an_explanation_proves_an_area_bill(
    database: Database, small: Small, clock: SettableClock, bills: None
) -> None:
    async with database.reading() as session:
        why = await fees.explain(session, [small.home], "物业费", clock=clock)
    assert why.bill.period == "2026-11"
    assert why.proven
    assert (why.area, why.unit_price, why.months) == ("89.50", "2.80", "1")
    assert why.previous is not None
    assert why.previous.period == "2026-10"
    assert why.difference_fen == 0


async def test_an_explanation_proves_a_meter_bill_and_compares_the_use(
    database: Database, small: Small, clock: SettableClock, bills: None
) -> None:
    async with database.reading() as session:
        why = await fees.explain(session, [small.home], "水费", clock=clock)
    assert why.proven
    assert (why.previous_reading, why.current_reading, why.usage) == ("107", "118", "11")
    assert why.previous_usage == "7"
    assert why.difference_text == "13.80"


async def test_an_amount_that_its_inputs_do_not_give_is_not_proven(
    database: Database, small: Small, clock: SettableClock
) -> None:
    async with database.transaction() as session:
        session.add_all([area_bill(small, "2026-11", amount_fen=25061), area_bill(small, "2026-10", inputs={})])
    async with database.reading() as session:
        assert not (await fees.explain(session, [small.home], None, "2026-11", clock)).proven
        without_inputs = await fees.explain(session, [small.home], None, "2026-10", clock)
    assert not without_inputs.proven
    assert without_inputs.unit_price == "2.80"


async def test_an_explanation_takes_the_newest_open_bill_that_fits(
    database: Database, small: Small, clock: SettableClock, bills: None
) -> None:
    async with database.reading() as session:
        assert (await fees.explain(session, [small.home], clock=clock)).bill.period == "2026-11"
        of_september = await fees.explain(session, [small.home], None, "2026-09", clock)
        assert (of_september.bill.fee_type, of_september.bill.state) == ("物业费", BillState.PAID)
        with pytest.raises(NoBill) as refused:
            await fees.explain(session, [small.home], "电费", "2026-11", clock)
    assert refused.value.params == {"fee_type": "电费", "period": "2026-11"}


async def test_bills_are_listed_with_those_that_are_paid(
    database: Database, small: Small, clock: SettableClock, bills: None
) -> None:
    async with database.reading() as session:
        listed = await fees.bills(session, [small.home], clock=clock)
    assert len(listed) == 5
    assert listed[0].period == "2026-11"
    assert sum(bill.due_fen for bill in listed if bill.state is BillState.PAID) == 0
    assert listed[0].due_on == date(2026, 11, 28)


async def test_tariffs_are_public(database: Database, small: Small) -> None:
    async with database.reading() as session:
        everything = await fees.standards(session)
        water = await fees.standards(session, small.estate.id, "水费")
        elsewhere = await fees.standards(session, small.other_estate.id)
    assert [(tariff.fee_type, tariff.unit_price) for tariff in everything] == [("物业费", "2.80"), ("水费", "3.45")]
    assert [tariff.estate_name for tariff in water] == ["翠湖花园"]
    assert elsewhere == []
