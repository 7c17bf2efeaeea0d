"""Money: the answers are the database's, and only about the resident's own homes."""

from sqlalchemy import func, select

from property_db.complaints.models import Complaint
from property_db.database import Database
from property_db.estates.models import Home
from property_db.fees.models import Bill
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
    assert answer.responses[0] == "utter_explain_area_price"
    shown = answer.params("utter_explain_area_price")
    assert float(shown["area"]) * float(shown["unit_price"]) * int(shown["months"]) == float(shown["amount"])


async def test_every_method_of_charging_has_its_explanation(wang: Resident) -> None:
    for fee, method in [("水费", "meter"), ("公摊费", "shared_area"), ("物业费", "area_price")]:
        await wang.says(f"{fee}怎么算的", "explain_bill", fee_type=fee)
        assert (await wang.gets("action_explain_bill")).responses[0] == f"utter_explain_{method}"


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
