"""Notices, office information, complaints, feedback, people, danger, talk and the fallback."""

from sqlalchemy import select

from property_db.complaints.models import Complaint, Feedback
from property_db.database import Database
from property_db.handoff.models import Alarm, QueueItem
from tests.unit.actions.conftest import Arrive, Resident

TOMORROW = ("2026-11-22T00:00:00+08:00/2026-11-23T00:00:00+08:00", "明天")


async def test_a_planned_outage_is_told_to_the_building_it_concerns(wang: Resident) -> None:
    await wang.says("明天停水吗", "ask_outage", time=TOMORROW, utility="水")
    answer = await wang.gets("action_ask_outage")
    assert answer.responses == ["utter_outages", "#notice_card"]
    assert answer.cards("notice_card")[0]["notice_kind"] == "outage"


async def test_another_buildings_outage_is_not_told_as_ones_own(li: Resident) -> None:
    await li.says("明天停水吗", "ask_outage", time=TOMORROW, utility="水")
    answer = await li.gets("action_ask_outage")
    assert answer.responses == ["utter_outages_none", "utter_outages_none_next"]
    assert answer.params("utter_outages_none")["when"].startswith("明天")


async def test_a_stranger_sees_for_whom_an_outage_is(stranger: Resident) -> None:
    await stranger.says("明天停水吗", "ask_outage", time=TOMORROW, utility="水")
    answer = await stranger.gets("action_ask_outage")
    assert answer.responses[0] == "utter_outages_whole_estate"
    assert "翠湖花园3栋" in answer.cards("notice_card")[0]["title"]


async def test_notices_need_no_binding(stranger: Resident) -> None:
    await stranger.says("最近有什么通知", "ask_notice")
    answer = await stranger.gets("action_ask_notice")
    assert answer.responses[0] == "utter_notices"


async def test_every_service_question_is_answered_from_the_companys_texts(wang: Resident) -> None:
    from actions.company import TOPICS

    for intent in TOPICS:
        await wang.says("请问", intent)
        answer = await wang.gets("action_company_info")
        assert answer.responses[0] == "utter_company_info", intent


async def test_a_complaint_is_filed_with_text_and_place(wang: Resident, database: Database) -> None:
    await wang.begins("complaint_form", "我要投诉", "complain_service")
    assert wang.asked == "complaint_text"
    await wang.answers("保洁好几天没来打扫了", "complain_service")
    assert wang.asked == "complaint_place"
    await wang.answers("3栋楼道", "inform")
    assert wang.asked == "complaint_confirmed"
    await wang.answers("可以", "affirm")
    wang.form = None
    answer = await wang.gets("action_file_complaint")
    assert answer.responses == ["utter_complaint_filed"]
    async with database.reading() as session:
        filed = await session.scalar(select(Complaint).where(Complaint.conversation_id == wang.conversation_id))
    assert filed is not None
    assert (filed.category, filed.text) == ("service", "保洁好几天没来打扫了（地点：3栋楼道）")


async def test_a_complaint_told_at_once_is_not_asked_for_again(wang: Resident) -> None:
    await wang.begins("complaint_form", "楼上502天天半夜装修吵死了", "complain_neighbor", room="502")
    assert wang.asked == "complaint_confirmed"
    assert wang.slots["complaint_category"] == "neighbor"


async def test_progress_of_complaints_is_ones_own_only(wang: Resident, li: Resident) -> None:
    await wang.begins("complaint_form", "楼上502天天半夜装修吵死了", "complain_neighbor", room="502")
    await wang.answers("可以", "affirm")
    wang.form = None
    number = (await wang.gets("action_file_complaint")).params("utter_complaint_filed")["number"]
    await wang.says("投诉处理得怎么样", "query_complaint_progress")
    assert (await wang.gets("action_query_complaint_progress")).params("utter_complaint_progress")["number"] == number
    await li.says(f"{number}怎么样了", "query_complaint_progress", ticket_no=number)
    assert (await li.gets("action_query_complaint_progress")).responses == ["utter_complaint_not_found"]


async def test_a_suggestion_is_kept_and_a_bare_wish_to_make_one_is_asked_for(
    wang: Resident, database: Database
) -> None:
    await wang.says("建议在单元门口装个雨棚", "give_feedback")
    assert (await wang.gets("action_give_feedback")).responses == ["utter_feedback_recorded"]
    await wang.says("我想提个建议", "give_feedback")
    assert (await wang.gets("action_give_feedback")).followup() == "feedback_form"
    async with database.reading() as session:
        texts = list(await session.scalars(select(Feedback.text).where(Feedback.identity_id == wang.identity_id)))
    assert texts == ["建议在单元门口装个雨棚"]


async def test_asking_for_a_person_with_nobody_on_duty_becomes_a_call_back(wang: Resident, database: Database) -> None:
    wang.form = "report_repair_form"
    await wang.says("转人工", "request_human")
    answer = await wang.gets("action_request_human")
    assert answer.responses == ["utter_handoff_callback"]
    assert wang.form is None
    async with database.reading() as session:
        item = await session.scalar(select(QueueItem).where(QueueItem.conversation_id == wang.conversation_id))
    assert item is not None
    assert item.kind == "callback"


async def test_danger_gets_the_safety_text_first_a_ticket_and_an_alarm_and_ends_the_form(
    wang: Resident, database: Database
) -> None:
    wang.form = "report_repair_form"
    await wang.says("闻到煤气味", "report_emergency")
    answer = await wang.gets("action_report_emergency")
    assert answer.responses == ["#emergency", "utter_emergency_reported"]
    assert wang.form is None
    async with database.reading() as session:
        alarm = await session.scalar(select(Alarm).where(Alarm.conversation_id == wang.conversation_id))
    assert alarm is not None
    assert alarm.kind == "gas"


async def test_the_first_failure_offers_likely_wishes_and_the_second_a_person(wang: Resident) -> None:
    ranking = [("query_arrears", 0.3), ("nlu_fallback", 0.3), ("greet", 0.2), ("explain_bill", 0.1), ("thank", 0.01)]
    await wang.says("那个啥", "nlu_fallback", ranking=ranking)
    first = await wang.gets("action_fallback")
    assert first.responses == ["utter_fallback"]
    assert first.payloads() == ["/query_arrears", "/explain_bill"]
    await wang.says("就是那个", "nlu_fallback", ranking=ranking)
    second = await wang.gets("action_fallback")
    assert second.responses == ["utter_fallback_again"]
    assert second.slots()["offer"]["intent"] == "request_human"


async def test_a_yes_after_the_offer_of_a_person_accepts_it_and_later_it_does_not(wang: Resident) -> None:
    for words in ("那个啥", "就是那个"):
        await wang.says(words, "nlu_fallback")
        await wang.gets("action_fallback")
    await wang.says("好", "affirm")
    assert (await wang.gets("action_affirm")).responses == ["utter_handoff_callback"]
    await wang.says("好", "affirm")
    assert (await wang.gets("action_affirm")).responses == ["utter_affirm_nothing_open"]


async def test_a_bare_fee_after_the_arrears_is_a_question_about_that_fee(wang: Resident) -> None:
    await wang.says("水费呢", "inform", fee_type="水费")
    answer = await wang.gets("action_inform")
    assert answer.responses[0] in ("utter_arrears", "utter_arrears_none")
    assert answer.slots()["fee_focus"]["fee_type"] == "水费"


async def test_a_bare_facility_asks_whether_to_report(wang: Resident) -> None:
    await wang.says("水龙头", "inform", facility="水龙头")
    assert (await wang.gets("action_inform")).responses == ["utter_inform_facility"]


async def test_a_neighbours_room_as_a_bare_value_is_refused(wang: Resident) -> None:
    await wang.says("3-2-502", "inform", building="3", unit="2", room="502")
    assert (await wang.gets("action_inform")).responses == ["utter_home_not_yours"]


async def test_stopping_one_task_takes_up_the_one_put_aside_for_it(wang: Resident) -> None:
    wang.form, wang.slots["suspended_task"] = "complaint_form", ["report_repair_form", "complaint_form"]
    await wang.says("算了", "stop")
    answer = await wang.gets("action_stop")
    assert answer.responses == ["utter_stopped"]
    assert answer.followup() == "report_repair_form"
    assert wang.slots["suspended_task"] == ["report_repair_form"]


async def test_stop_without_a_task_is_taken_calmly(wang: Resident) -> None:
    await wang.says("算了", "stop")
    answer = await wang.gets("action_stop")
    assert (answer.responses, answer.events) == (["utter_stop_nothing_open"], [])


async def test_only_people_change_who_belongs_to_a_home(wang: Resident) -> None:
    await wang.says("给我老婆也绑上", "bind_household")
    assert (await wang.gets("action_bind_household")).responses == ["utter_bind_desk_only"]


async def test_binding_in_plain_text_goes_from_phone_to_code_to_the_wished_answer(
    arrive: Arrive, database: Database
) -> None:
    from actions import base

    sent: list[tuple[str, str]] = []

    async def send(phone: str, code: str) -> None:
        sent.append((phone, code))

    caller = await arrive(channel="text")
    base.bind(database, caller.clock, send)
    await caller.says("我家还欠多少物业费", "query_arrears", fee_type="物业费")
    await caller.gets("action_query_arrears")
    caller.form = "bind_form"
    await caller.gets("validate_bind_form")
    assert caller.asked == "bind_phone"
    answer = await caller.answers("13800138000", phone="13800138000")
    assert answer.responses == ["utter_bind_code_sent"]
    ((phone, code),) = sent
    assert phone == "13800138000"
    wrong = "000000" if code != "000000" else "111111"
    await caller.answers(wrong)
    refused = await caller.gets("action_finish_binding")
    assert refused.responses == ["utter_code_wrong"]
    assert refused.followup() == "bind_form"
    await caller.gets("validate_bind_form")
    assert caller.asked == "bind_code"
    await caller.answers(code)
    caller.form = None
    done = await caller.gets("action_finish_binding")
    assert done.responses[:3] == ["utter_bind_done", "utter_arrears", "#bill_card"]
    assert done.slots()["fee_focus"]["fee_type"] == "物业费"


async def test_a_number_the_company_does_not_know_is_answered_alike(arrive: Arrive) -> None:
    caller = await arrive(channel="text")
    await caller.begins("bind_form", "绑定房屋", "bind_household")
    answer = await caller.answers("13611112222", phone="13611112222")
    assert answer.responses == ["utter_bind_code_sent"]
    assert caller.asked == "bind_code"


async def test_a_code_that_cannot_be_sent_is_admitted(arrive: Arrive) -> None:
    caller = await arrive(channel="text")
    await caller.begins("bind_form", "绑定房屋", "bind_household")
    answer = await caller.answers("13900139000", phone="13900139000")
    assert answer.responses == ["utter_bind_code_sent", "utter_code_not_sent"]


async def test_a_fragment_with_a_fee_is_no_objection(wang: Resident, database: Database) -> None:
    await wang.says("水费呢", "dispute_fee", confidence=0.58, fee_type="水费")
    answer = await wang.gets("action_dispute_fee")
    assert answer.responses[0] in ("utter_arrears", "utter_arrears_none")


async def test_a_danger_hardly_believed_gets_the_numbers_and_a_question_but_no_alarm(
    wang: Resident, database: Database
) -> None:
    await wang.says("！！！", "report_emergency", confidence=0.47)
    assert (await wang.gets("action_report_emergency")).responses == ["utter_emergency_unsure"]
    async with database.reading() as session:
        alarm = await session.scalar(select(Alarm).where(Alarm.conversation_id == wang.conversation_id))
    assert alarm is None
    await wang.says("/report_emergency", "report_emergency", confidence=1.0)
    assert (await wang.gets("action_report_emergency")).responses[0] == "#emergency"


async def test_a_stranger_hears_the_hours_of_every_estate(stranger: Resident) -> None:
    await stranger.says("物业几点上班", "ask_office_info")
    answer = await stranger.gets("action_company_info")
    told = [said["estate"] for said in answer.said if said["response"] == "utter_company_info_of"]
    assert sorted(told) == ["翠湖花园", "金桂苑"]
    await stranger.says("/ask_office_info", "ask_office_info", choice="金桂苑")
    assert (await stranger.gets("action_company_info")).responses[0] == "utter_company_info"


async def test_the_intent_alone_never_raises_the_alarm(wang: Resident, database: Database) -> None:
    await wang.says("你们赶紧的啊", "report_emergency", confidence=0.99)
    assert (await wang.gets("action_report_emergency")).responses == ["utter_emergency_unsure"]
    async with database.reading() as session:
        assert await session.scalar(select(Alarm).where(Alarm.conversation_id == wang.conversation_id)) is None


async def test_a_name_hardly_taken_for_a_suggestion_is_not_filed(wang: Resident, database: Database) -> None:
    await wang.says("王建国", "give_feedback", confidence=0.5)
    assert (await wang.gets("action_give_feedback")).responses == ["utter_fallback_no_idea"]
    async with database.reading() as session:
        assert await session.scalar(select(Feedback).where(Feedback.identity_id == wang.identity_id)) is None


async def test_a_yes_after_who_repairs_what_begins_the_report_of_that_thing(wang: Resident) -> None:
    await wang.says("马桶堵了归谁修", "ask_repair_responsibility", facility="马桶")
    wang.events[-1]["parse_data"] = wang.latest
    await wang.gets("action_company_info")
    await wang.says("要", "affirm")
    answer = await wang.gets("action_affirm")
    assert answer.followup() == "report_repair_form"
    assert wang.slots["repair_facility"] == "马桶"
    wang.form = "report_repair_form"
    await wang.gets("validate_report_repair_form")
    assert wang.asked == "repair_symptom"
