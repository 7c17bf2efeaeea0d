"""Money: the answers are the database's, and only about the resident's own homes."""

import pytest
from sqlalchemy import func, select

from property_db.complaints.models import Complaint
from property_db.database import Database
from property_db.estates.models import Home
from property_db.fees.models import Bill, FeeItem
from property_db.people.models import Binding, Person
from tests.unit.actions.conftest import WANG, Arrive, Resident


async def owed_fen(database: Database, phone: str) -> int:
    async with database.reading() as session:
        total = await session.scalar(
            select(func.sum(Bill.amount_fen + Bill.late_fee_fen - Bill.paid_fen))
            .join(Binding, Binding.home_id == Bill.home_id)
            .join(Person, Person.id == Binding.person_id)
            .where(Person.phone == phone, Bill.state.in_(["unpaid", "partly_paid"]))
        )
    return int(total or 0)


async def test_arrears_are_the_sum_of_the_open_bills(wang: Resident, database: Database) -> None:
    await wang.says("我家还欠多少钱", "query_arrears")
    answer = await wang.gets("action_query_arrears")
    owed = await owed_fen(database, WANG)
    assert owed > 0
    assert answer.responses == ["utter_arrears", "#bill_card", "utter_arrears_next"]
    assert answer.params("utter_arrears")["total"] == f"{owed / 100:.2f}"
    (card,) = answer.cards("bill_card")
    assert card["total_fen"] == owed == sum(line["amount_fen"] for line in card["lines"])


async def test_whoever_owes_nothing_is_told_so(li: Resident) -> None:
    await li.says("我还有没交的费用吗", "query_arrears")
    answer = await li.gets("action_query_arrears")
    assert answer.responses == ["utter_arrears_none", "utter_arrears_none_next"]


async def test_an_unverified_resident_on_the_web_gets_the_binding_block(stranger: Resident) -> None:
    await stranger.says("我家还欠多少钱", "query_arrears")
    answer = await stranger.gets("action_query_arrears")
    assert answer.responses == ["utter_bind_first", "utter_bind_block"]
    assert answer.events == []


async def test_an_unverified_resident_in_plain_text_is_led_through_binding(arrive: Arrive) -> None:
    caller = await arrive(channel="text")
    await caller.says("我家还欠多少物业费", "query_arrears", fee_type="物业费")
    answer = await caller.gets("action_query_arrears")
    assert answer.responses == ["utter_bind_first"]
    assert answer.followup() == "bind_form"
    assert answer.slots()["after_binding"]["action"] == "action_query_arrears"


async def test_a_neighbours_home_and_one_that_does_not_exist_get_the_same_refusal(wang: Resident) -> None:
    await wang.says("查一下3栋2单元502欠多少", "query_arrears", building="3", unit="2", room="502")
    neighbour = await wang.gets("action_query_arrears")
    await wang.says("查一下9栋9单元999欠多少", "query_arrears", building="9", unit="9", room="999")
    nobody = await wang.gets("action_query_arrears")
    assert neighbour.responses == nobody.responses == ["utter_home_not_yours"]


async def test_ones_own_home_may_be_named(wang: Resident) -> None:
    await wang.says("3栋2单元501欠多少", "query_arrears", building="3", unit="2", room="501")
    assert (await wang.gets("action_query_arrears")).responses[0] == "utter_arrears"


async def test_a_resident_with_two_homes_hears_which_home_a_bill_is_for(wang: Resident, database: Database) -> None:
    async with database.transaction() as session:
        binding = await session.scalar(select(Binding).join(Person).where(Person.phone == WANG))
        other = await session.scalar(select(Home).where(Home.label == "翠湖花园5栋1单元1203"))
        assert binding is not None
        assert other is not None
        session.add(Binding(person_id=binding.person_id, home_id=other.id, role=binding.role))
    await wang.says("我还欠多少", "query_arrears")
    answer = await wang.gets("action_query_arrears")
    assert answer.responses[:3] == ["utter_arrears", "#bill_card", "utter_arrears_none"]
    assert answer.params("utter_arrears")["home"] == "翠湖花园3栋2单元501"
    assert answer.params("utter_arrears_none")["home"] == "翠湖花园5栋1单元1203"


async def test_why_so_much_explains_the_fee_spoken_of_before(wang: Resident) -> None:
    await wang.says("还欠多少物业费", "query_arrears", fee_type="物业费")
    await wang.gets("action_query_arrears")
    await wang.says("为什么这么多", "explain_bill")
    answer = await wang.gets("action_explain_bill")
    assert answer.responses[0] == "utter_explain_sum"
    assert "utter_explain_area_price" in answer.responses
    shown = answer.params("utter_explain_area_price")
    assert float(shown["area"]) * float(shown["unit_price"]) * int(shown["months"]) == float(shown["amount"])


async def test_every_method_of_charging_has_its_explanation(wang: Resident) -> None:
    for fee, method in [("水费", "meter"), ("公摊费", "shared_area"), ("物业费", "area_price")]:
        await wang.says(f"{fee}怎么算的", "explain_bill", fee_type=fee)
        assert f"utter_explain_{method}" in (await wang.gets("action_explain_bill")).responses


async def test_a_bill_that_does_not_exist_is_not_explained(wang: Resident) -> None:
    await wang.says("垃圾费怎么这么多", "explain_bill", fee_type="垃圾费")
    assert (await wang.gets("action_explain_bill")).responses == ["utter_explain_none"]


async def test_payments_are_listed_newest_first(wang: Resident) -> None:
    await wang.says("我交过哪些钱", "query_payment_history")
    answer = await wang.gets("action_query_payment_history")
    days = [said["paid_on"] for said in answer.said if said["response"] == "utter_payment_line"]
    assert answer.responses[0] == "utter_payments"
    assert len(days) > 1
    assert days == sorted(days, reverse=True)


async def test_tariffs_are_told_to_anybody(stranger: Resident) -> None:
    await stranger.says("物业费怎么收", "ask_fee_standard", fee_type="物业费")
    answer = await stranger.gets("action_fee_standard")
    estates = [said["estate"] for said in answer.said if said["response"] == "utter_fee_standards"]
    assert sorted(estates) == ["翠湖花园", "金桂苑"]


async def test_a_disputed_fee_is_filed_with_the_residents_words_and_a_person_is_offered(
    wang: Resident, database: Database
) -> None:
    await wang.says("你们上个月多收了我两百块，我不认", "dispute_fee")
    answer = await wang.gets("action_dispute_fee")
    assert answer.responses == ["utter_dispute_recorded"]
    assert answer.slots()["offer"]["intent"] == "request_human"
    async with database.reading() as session:
        filed = await session.scalar(select(Complaint).where(Complaint.conversation_id == wang.conversation_id))
    assert filed is not None
    assert (filed.category, filed.text) == ("fee", "你们上个月多收了我两百块，我不认")
    assert filed.number == answer.params("utter_dispute_recorded")["number"]


async def test_in_the_middle_of_a_form_nothing_else_is_suggested(wang: Resident) -> None:
    wang.form = "report_repair_form"
    await wang.says("我还欠多少钱", "query_arrears")
    assert (await wang.gets("action_query_arrears")).responses == ["utter_arrears", "#bill_card"]


async def test_why_a_sum_is_so_much_is_told_by_its_bills_and_then_by_the_formula_of_one(
    wang: Resident, database: Database
) -> None:
    await wang.says("我家还欠多少钱", "query_arrears")
    await wang.gets("action_query_arrears")
    await wang.says("为什么这么多", "explain_bill")
    answer = await wang.gets("action_explain_bill")
    owed = await owed_fen(database, WANG)
    assert answer.params("utter_explain_sum")["total"] == f"{owed / 100:.2f}"
    lines = [said for said in answer.said if said["response"] == "utter_explain_sum_line"]
    assert round(sum(float(line["due"]) for line in lines) * 100) == owed
    assert any("违约金" in line["details"] for line in lines)
    assert answer.responses.index("utter_explain_area_price") == len(lines) + 2


async def test_one_bill_named_by_its_period_is_not_explained_as_a_sum(wang: Resident) -> None:
    await wang.says("10月的物业费怎么算的", "explain_bill", fee_type="物业费", period=("2026-10", "10月"))
    assert (await wang.gets("action_explain_bill")).responses[0] == "utter_explain_area_price"


async def test_the_amount_of_a_paid_bill_is_told(wang: Resident, database: Database) -> None:
    async with database.reading() as session:
        amount = await session.scalar(
            select(Bill.amount_fen)
            .join(FeeItem)
            .join(Home, Home.id == Bill.home_id)
            .where(Home.label == "翠湖花园3栋2单元501", FeeItem.name == "燃气费", Bill.period == "2026-07")
        )
    assert amount
    for action, intent in (("action_query_arrears", "query_arrears"), ("action_fee_standard", "ask_fee_standard")):
        await wang.says("7月的燃气费多少钱", intent, fee_type="燃气费", period=("2026-07", "7月"))
        answer = await wang.gets(action)
        assert answer.responses == ["utter_bill_paid", "utter_arrears_none_next"]
        assert answer.params("utter_bill_paid")["amount"] == f"{amount / 100:.2f}"


async def test_many_paid_bills_are_told_with_their_sum(li: Resident) -> None:
    await li.says("10月的费用多少", "query_arrears", period=("2026-10", "10月"))
    answer = await li.gets("action_query_arrears")
    lines = [said for said in answer.said if said["response"] == "utter_bill_paid_line"]
    assert len(lines) == int(answer.params("utter_bills_paid")["count"]) > 1
    await li.says("去年到今年的费用", "query_arrears", period=("2025-01/2026-12", "去年到今年"))
    assert "utter_fee_sum_line" in (await li.gets("action_query_arrears")).responses


async def test_a_bill_that_never_was_is_not_called_paid(li: Resident) -> None:
    await li.says("取暖费呢", "query_arrears", fee_type="取暖费")
    assert (await li.gets("action_query_arrears")).responses[0] == "utter_bills_none"
    await li.says("2019年的费用", "query_arrears", period="2019")
    assert (await li.gets("action_query_arrears")).responses[0] == "utter_bills_none"
    await li.says("2019年交过吗", "query_payment_history", period="2019")
    assert (await li.gets("action_query_payment_history")).responses == ["utter_payments_none", "utter_bills_none"]


async def test_payments_without_a_period_are_the_newest_six(wang: Resident) -> None:
    await wang.says("我交过哪些钱", "query_payment_history")
    answer = await wang.gets("action_query_payment_history")
    assert answer.params("utter_payments")["count"] == "6"


async def test_payments_of_a_period_are_all_told_with_their_sum_and_what_is_still_open(wang: Resident) -> None:
    await wang.says("今年的物业费交了没", "query_payment_history", fee_type="物业费", period=("2026", "今年"))
    answer = await wang.gets("action_query_payment_history")
    lines = [said for said in answer.said if said["response"] == "utter_payment_line"]
    told = answer.params("utter_payments_of")
    assert int(told["count"]) == len(lines) > 6
    assert f"{sum(float(line['amount']) for line in lines):.2f}" == told["total"]
    assert "2026年10月" in answer.params("utter_payments_open")["bills"]


async def test_whoever_has_paid_it_all_is_told_so(li: Resident) -> None:
    await li.says("今年的费用交了没", "query_payment_history", period=("2026", "今年"))
    answer = await li.gets("action_query_payment_history")
    assert "utter_fee_sum_line" in answer.responses
    assert "utter_payments_complete" in answer.responses


async def test_a_late_charge_is_told_from_the_own_bills_before_the_companys_text(wang: Resident, li: Resident) -> None:
    await wang.says("滞纳金多少", "ask_late_fee")
    answer = await wang.gets("action_company_info")
    assert answer.responses[:2] == ["utter_late_charge", "utter_late_charge_line"]
    assert "utter_company_info" in answer.responses
    await wang.says("为什么10月物业费有违约金", "explain_bill", fee_type="物业费", period=("2026-10", "10月"))
    answer = await wang.gets("action_explain_bill")
    assert answer.responses[:3] == ["utter_late_charge", "utter_late_charge_line", "utter_company_info"]
    await li.says("滞纳金多少", "ask_late_fee")
    assert (await li.gets("action_company_info")).responses[:2] == ["utter_late_charge_none", "utter_company_info"]


@pytest.mark.parametrize(
    "said", ["李秀英家欠费吗", "我邻居家物业费交了没", "帮我查一下张伟的物业费", "老王家欠多少", "赵先生欠多少钱"]
)
async def test_what_others_owe_is_told_to_nobody(wang: Resident, said: str) -> None:
    for action in ("action_query_arrears", "action_query_payment_history", "action_explain_bill"):
        await wang.says(said, "query_arrears")
        assert (await wang.gets(action)).responses == ["utter_home_not_yours"]


async def test_ones_own_name_is_no_strangers(wang: Resident) -> None:
    await wang.says("王建国家欠费吗", "query_arrears")
    assert (await wang.gets("action_query_arrears")).responses[0] == "utter_arrears"


async def test_a_foreign_home_is_refused_where_tariffs_are_asked_for_too(wang: Resident) -> None:
    await wang.says("5栋1单元1203的物业费", "ask_fee_standard", building="5", unit="1", room="1203")
    assert (await wang.gets("action_fee_standard")).responses == ["utter_home_not_yours"]
