"""Conversations about money: the answer is the database's, and only for the resident's own home."""

import re

import pytest
from sqlalchemy import func, select

from property_db.database import Database
from property_db.estates.models import Home
from property_db.fees.models import Bill, FeeItem
from property_db.people.models import Binding, Person
from tests.support.actors import Resident
from tests.support.live import WANG

pytestmark = pytest.mark.parametrize("channel", ["webchat", "wechat"])


async def owed_fen(database: Database, phone: str, fee: str | None = None) -> int:
    """What the homes of this phone owe, straight from the rows."""
    statement = (
        select(func.sum(Bill.amount_fen + Bill.late_fee_fen - Bill.paid_fen))
        .join(Binding, Binding.home_id == Bill.home_id)
        .join(Person, Person.id == Binding.person_id)
        .join(FeeItem, FeeItem.id == Bill.fee_item_id)
        .where(Person.phone == phone, Bill.state.in_(["unpaid", "partly_paid"]))
    )
    if fee is not None:
        statement = statement.where(FeeItem.name == fee)
    async with database.reading() as session:
        return await session.scalar(statement) or 0


async def test_arrears_of_one_fee_are_exactly_the_databases_sum(wang: Resident, database: Database) -> None:
    answer = await wang.says("我家还欠多少物业费")
    owed = await owed_fen(database, WANG, "物业费")
    assert owed > 0
    assert answer.card("bill_card")["total_fen"] == owed
    assert f"{owed / 100:.2f}" in answer.text


async def test_arrears_of_everything_are_exactly_the_databases_sum(wang: Resident, database: Database) -> None:
    answer = await wang.says("帮我查一下现在一共欠多少钱")
    assert answer.card("bill_card")["total_fen"] == await owed_fen(database, WANG)


async def test_why_so_much_shows_the_formula_with_the_bills_own_inputs(wang: Resident, database: Database) -> None:
    await wang.says("我家还欠多少物业费")
    answer = await wang.says("为什么这么多")
    async with database.reading() as session:
        area = await session.scalar(
            select(Home.area_hundredths)
            .join(Binding, Binding.home_id == Home.id)
            .join(Person, Person.id == Binding.person_id)
            .where(Person.phone == WANG)
        )
    assert area is not None
    assert f"{area / 100:g}" in answer.text
    factors = re.search(r"([\d.]+) 平方米 × 每平方米 ([\d.]+) 元 × (\d+) 个月", answer.text)
    assert factors, answer.text
    amount = re.search(r"是 ([\d.]+) 元", answer.text)
    assert amount, answer.text
    a, price, months = (float(part) for part in factors.groups())
    assert abs(a * price * months - float(amount.group(1))) < 0.01


async def test_a_resident_who_owes_nothing_is_told_so(li: Resident) -> None:
    answer = await li.says("我还有没交的费用吗")
    assert "没有欠费" in answer.text
    assert not answer.cards("bill_card")


async def test_an_unverified_resident_is_asked_to_bind_and_told_no_amount(stranger: Resident) -> None:
    answer = await stranger.says("我家还欠多少物业费")
    assert answer.cards("bind")
    assert not re.search(r"\d+\.\d\d", answer.text)


async def test_another_households_home_is_refused_without_confirming_anything(wang: Resident) -> None:
    answer = await wang.says("帮我查一下3栋2单元502欠多少物业费")
    assert not answer.cards("bill_card")
    assert not re.search(r"\d+\.\d\d", answer.text)
    unknown = await wang.says("帮我查一下99栋9单元9999欠多少物业费")
    assert unknown.text == answer.text, "a home that exists and one that does not must get the same words"


async def test_payment_history_lists_what_was_paid(wang: Resident) -> None:
    answer = await wang.says("我最近交过哪些钱")
    assert "缴费记录" in answer.text
    assert re.search(r"\d+\.\d\d 元", answer.text)


async def test_how_to_pay_needs_no_binding(stranger: Resident) -> None:
    answer = await stranger.says("物业费怎么交，可以微信付吗")
    assert "微信" in answer.text
    assert not answer.cards("bind")


async def test_a_choice_button_does_what_its_title_says(wang: Resident) -> None:
    answer = await wang.says("我家还欠多少物业费")
    assert answer.offers("为什么这么多")
    explained = await wang.chooses("为什么这么多")
    assert "平方米" in explained.text
