"""Bare values, small talk, what was not understood, and the question about danger."""

import pytest
from sqlalchemy import select

from property_db.database import Database
from property_db.handoff.models import Alarm
from tests.unit.actions.conftest import Arrive, Resident, part


async def alarm_of(database: Database, resident: Resident) -> Alarm | None:
    async with database.reading() as session:
        alarm: Alarm | None = await session.scalar(
            select(Alarm).where(Alarm.conversation_id == resident.conversation_id)
        )
        return alarm


@pytest.mark.parametrize(("meter", "utility"), [("电表", "电"), ("水表", "水"), ("燃气表", "燃气")])
async def test_who_shows_a_meter_is_not_told_of_outages(wang: Resident, meter: str, utility: str) -> None:
    await wang.says(f"图上是我家{meter}", "inform", facility=meter, utility=(utility, meter))
    answer = await wang.gets("action_inform")
    assert answer.responses == ["utter_inform_facility"]
    assert answer.params("utter_inform_facility")["facility"] == meter


async def test_a_bare_supply_is_still_a_question_about_outages(wang: Resident) -> None:
    await wang.says("电梯旁边的水呢", "inform", facility="电梯", utility="水")
    assert (await wang.gets("action_inform")).responses[0].startswith("utter_outages")


async def test_talk_in_the_ranking_is_no_choice_and_three_are_enough(wang: Resident) -> None:
    ranking = [
        ("chitchat", 0.24), ("query_arrears", 0.2), ("inform", 0.15), ("explain_bill", 0.14), ("ask_how_to_pay", 0.12),
        ("ask_late_fee", 0.11),
    ]  # fmt: skip
    await wang.says("那个啥钱", "nlu_fallback", ranking=ranking)
    answer = await wang.gets("action_fallback")
    assert answer.payloads() == ["/query_arrears", "/explain_bill", "/ask_how_to_pay"]
    titles = [button["title"] for said in answer.said for button in said["buttons"]]
    assert titles == ["查欠费", "账单为什么这么多", "怎么缴费"]


async def test_the_parts_of_a_message_that_was_not_understood_as_a_whole_come_first(wang: Resident) -> None:
    wishes = [part("那个表咋看", "ask_utility", 0.5), part("保安咋回事啊", "complain_service", 0.6)]
    ranking = [("chitchat", 0.2), ("ask_notice", 0.15)]
    await wang.says("那个表咋看？保安咋回事啊？", "nlu_fallback", ranking=ranking, wishes=wishes)
    assert (await wang.gets("action_fallback")).payloads() == ["/ask_utility", "/complain_service", "/ask_notice"]


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_a_danger_among_the_likeliest_is_asked_about_first(
    wang: Resident, database: Database, place: int
) -> None:
    ranking = [("report_repair", 0.2), ("ask_outage", 0.18)]
    ranking.insert(place, ("report_emergency", 0.17))
    await wang.says("那边冒着啥东西", "nlu_fallback", ranking=[("nlu_fallback", 0.3), *ranking])
    answer = await wang.gets("action_fallback")
    assert answer.responses == ["utter_emergency_unsure"]
    assert await alarm_of(database, wang) is None


@pytest.mark.parametrize("sure", [0.14, 0.2])
async def test_a_danger_that_is_hardly_likely_is_not_asked_about(wang: Resident, sure: float) -> None:
    ranking = [("report_repair", 0.24), ("ask_outage", 0.22), ("ask_notice", 0.21), ("report_emergency", sure)]
    await wang.says("那边那个", "nlu_fallback", ranking=ranking if sure > 0.15 else [ranking[0], ranking[3]])
    assert (await wang.gets("action_fallback")).responses == ["utter_fallback"]


async def test_small_talk_behind_which_a_danger_may_be_is_asked_about(wang: Resident) -> None:
    await wang.says("唉哟喂这烟", "chitchat", confidence=0.5, ranking=[("chitchat", 0.5), ("report_emergency", 0.2)])
    assert (await wang.gets("action_small_talk")).responses == ["utter_emergency_unsure"]
    await wang.says("今天天气不错", "chitchat", ranking=[("chitchat", 0.9), ("report_emergency", 0.01)])
    assert (await wang.gets("action_small_talk")).responses == ["utter_chitchat"]


async def test_an_unclear_answer_behind_which_a_danger_may_be_is_asked_about(wang: Resident) -> None:
    await wang.begins("report_repair_form", "厨房水龙头漏水", "report_repair", facility="水龙头", place="厨房")
    ranking = [("chitchat", 0.2), ("report_emergency", 0.16)]
    answer = await wang.answers("唉哟喂这烟", "nlu_fallback", ranking=ranking)
    assert (answer.responses, wang.asked) == (["utter_emergency_unsure"], "repair_urgency")
    answer = await wang.answers("没有", "deny")
    assert (answer.responses, wang.asked) == (["utter_no_danger"], "repair_urgency")


async def test_a_yes_to_the_question_about_danger_raises_the_alarm(wang: Resident, database: Database) -> None:
    await wang.says("！！！", "report_emergency", confidence=0.47)
    await wang.gets("action_report_emergency")
    await wang.says("有", "affirm")
    assert (await wang.gets("action_affirm")).responses[0] == "#emergency"
    assert await alarm_of(database, wang) is not None


@pytest.mark.parametrize("words", ["没有危险", "没危险", "没有"])
async def test_no_danger_is_no_answer_to_the_forms_question(wang: Resident, words: str) -> None:
    await wang.begins("report_repair_form", "厨房水龙头漏水", "report_repair", facility="水龙头", place="厨房")
    await wang.answers("急", "inform")
    assert wang.asked == "repair_confirmed"
    await wang.says("！！！", "report_emergency", confidence=0.9)
    await wang.gets("validate_report_repair_form")
    await wang.gets("action_report_emergency")
    await wang.gets("validate_report_repair_form")
    answer = await wang.answers(words, "deny")
    assert answer.responses == ["utter_no_danger"]
    assert wang.asked == "repair_confirmed"
    await wang.answers("不对", "deny")
    assert wang.asked == "repair_correction"


async def test_the_button_no_danger_leaves_the_form_alone(wang: Resident) -> None:
    await wang.begins("report_repair_form", "厨房水龙头漏水", "report_repair", facility="水龙头", place="厨房")
    await wang.answers("急", "inform")
    answer = await wang.answers('/deny{"choice":"safe"}', "deny", confidence=1.0, choice="safe")
    assert (answer.responses, wang.asked) == (["utter_no_danger"], "repair_confirmed")


async def test_danger_confirmed_within_a_form_goes_to_the_alarm(wang: Resident) -> None:
    await wang.begins("report_repair_form", "厨房水龙头漏水", "report_repair", facility="水龙头", place="厨房")
    await wang.says("！！！", "report_emergency", confidence=0.9)
    await wang.gets("validate_report_repair_form")
    await wang.gets("action_report_emergency")
    answer = await wang.answers("有危险", "inform")
    assert answer.followup() == "action_report_emergency"
    assert (await wang.gets("action_report_emergency")).responses[0] == "#emergency"


@pytest.mark.parametrize("intent", ["out_of_scope", "bind_household", "ask_office_info", "nlu_fallback"])
async def test_a_code_that_does_not_arrive_gets_help_within_binding(arrive: Arrive, intent: str) -> None:
    caller = await arrive(channel="text")
    await caller.begins("bind_form", "绑定房屋", "bind_household")
    await caller.answers("13800138000", phone="13800138000")
    answer = await caller.answers("怎么收不到验证码", intent)
    assert answer.responses == ["utter_bind_code_help"]
    assert caller.asked == "bind_code"


async def test_a_code_that_does_not_arrive_is_no_small_talk(stranger: Resident) -> None:
    await stranger.says("怎么收不到验证码", "out_of_scope")
    answer = await stranger.gets("action_small_talk")
    assert "utter_bind_why" in answer.responses
    assert "utter_out_of_scope" not in answer.responses
