"""Several wishes in one message: one is answered, and none of the others is dropped or asked about twice."""

from actions.base import action_named
from actions.catalogue import answering
from actions.second_wish import PLAIN
from actions.tasks import Task
from tests.unit.actions.conftest import Arrive, Resident, part

TAP = part("厨房水龙头漏水", "report_repair", facility="水龙头", place="厨房")
INVOICE = part("发票怎么开", "request_invoice")
NOISE = part("楼上天天半夜吵，我要投诉", "complain_neighbor")
TAKES_UP_NOISE = '/complain_neighbor{"choice":"second_wish"}'
TAKES_UP_TAP = '/report_repair{"choice":"second_wish"}'


async def test_a_plain_question_beside_another_is_answered_at_once(wang: Resident) -> None:
    await wang.says(
        "月卡怎么办，另外发票怎么开", "ask_parking_rental", wishes=[part("月卡怎么办", "ask_parking_rental"), INVOICE]
    )
    answer = await wang.gets("action_company_info")
    assert answer.responses.count("utter_second_answer") == 1
    assert answer.params("utter_second_answer")["what"] == "开发票"
    after = answer.said[answer.responses.index("utter_second_answer") + 1]
    assert "发票" in after["body"]
    assert "utter_second_wish" not in answer.responses


async def test_a_repair_beside_a_question_is_offered_and_its_button_reads_it_as_it_was_said(wang: Resident) -> None:
    wishes = [part("物业费怎么交", "ask_how_to_pay", fee_type="物业费"), TAP]
    await wang.says("物业费怎么交，另外厨房水龙头漏水", "ask_how_to_pay", wishes=wishes)
    answer = await wang.gets("action_company_info")
    assert answer.responses[-1] == "utter_second_wish"
    assert answer.payloads() == [TAKES_UP_TAP]
    await wang.begins("report_repair_form", TAKES_UP_TAP, "report_repair", choice="second_wish")
    assert wang.slots["repair_facility"] == "水龙头"
    assert wang.slots["repair_symptom"] == "厨房水龙头漏水"
    assert not wang.slots["second_wish"]


async def test_a_bare_yes_accepts_the_offered_wish(wang: Resident) -> None:
    wishes = [part("物业费怎么交", "ask_how_to_pay", fee_type="物业费"), TAP]
    await wang.says("物业费怎么交，另外厨房水龙头漏水", "ask_how_to_pay", wishes=wishes)
    await wang.gets("action_company_info")
    await wang.says("好", "affirm")
    assert (await wang.gets("action_affirm")).followup() == "report_repair_form"
    wang.form, wang.slots["requested_slot"] = "report_repair_form", None
    await wang.gets("validate_report_repair_form")
    assert wang.slots["repair_symptom"] == "厨房水龙头漏水"
    assert not wang.slots["second_wish"]


async def test_a_bare_no_declines_it_and_it_is_not_offered_again(wang: Resident) -> None:
    await wang.says("发票怎么开，另外厨房水龙头漏水", "request_invoice", wishes=[INVOICE, TAP])
    await wang.gets("action_company_info")
    await wang.says("不用了", "deny")
    assert (await wang.gets("action_deny")).responses == ["utter_deny_nothing_open"]
    await wang.says("物业几点上班", "ask_office_info")
    assert "utter_second_wish" not in (await wang.gets("action_company_info")).responses


async def test_a_plain_question_beside_a_repair_is_answered_before_the_forms_question(wang: Resident) -> None:
    answer = await wang.begins(
        "report_repair_form", "厨房水龙头漏水，另外发票怎么开", "report_repair", wishes=[TAP, INVOICE]
    )
    assert answer.responses[0] == "utter_second_answer"
    assert wang.slots["repair_symptom"] == "厨房水龙头漏水"
    assert wang.asked is not None


async def test_the_time_of_the_other_wish_is_no_time_for_the_visit(wang: Resident) -> None:
    outage = part("明天停水吗", "ask_outage", time=("2026-11-22/2026-11-23", "明天"), utility="水")
    text = "厨房水龙头漏水，另外明天停水吗"
    await wang.begins(
        "report_repair_form", text, "report_repair", wishes=[TAP, outage], time=("2026-11-22/2026-11-23", "明天")
    )
    assert wang.slots.get("repair_time") is None


async def test_a_complaint_beside_a_repair_waits_for_the_forms_end_and_is_offered_once(wang: Resident) -> None:
    text = "厨房水龙头漏水，还有楼上天天半夜吵，我要投诉"
    answer = await wang.begins("report_repair_form", text, "report_repair", wishes=[TAP, NOISE])
    assert "utter_second_wish" not in answer.responses
    for words, intent in (("急", "inform"), ("可以", "affirm")):
        answer = await wang.answers(words, intent)
        assert "utter_second_wish" not in answer.responses
    wang.form = None
    filed = await wang.gets("action_file_repair")
    assert filed.responses[-1] == "utter_second_wish"
    assert filed.payloads() == [TAKES_UP_NOISE]
    await wang.begins("complaint_form", TAKES_UP_NOISE, "complain_neighbor", choice="second_wish")
    assert wang.slots["complaint_text"] == "楼上天天半夜吵，我要投诉"
    await wang.says("算了", "stop")
    assert "utter_second_wish" not in (await wang.gets("action_stop")).responses


async def test_a_wish_that_waits_is_offered_when_the_form_is_given_up(wang: Resident) -> None:
    await wang.begins("report_repair_form", "厨房水龙头漏水，还有我要投诉", "report_repair", wishes=[TAP, NOISE])
    await wang.says("算了", "stop")
    answer = await wang.gets("action_stop")
    assert answer.responses == ["utter_stopped", "utter_second_wish"]


async def test_a_wish_that_the_resident_comes_to_himself_is_not_offered_any_more(wang: Resident) -> None:
    await wang.begins("report_repair_form", "厨房水龙头漏水，还有我要投诉", "report_repair", wishes=[TAP, NOISE])
    wang.slots["suspended_task"] = ["report_repair_form"]
    await wang.begins("complaint_form", "楼上天天半夜吵，我要投诉", "complain_neighbor")
    assert not wang.slots["second_wish"]


async def test_two_questions_in_the_middle_of_a_form_are_both_answered(wang: Resident) -> None:
    wang.form = "report_repair_form"
    await wang.says(
        "物业几点上班？发票怎么开？", "ask_office_info", wishes=[part("物业几点上班", "ask_office_info"), INVOICE]
    )
    answer = await wang.gets("action_company_info")
    assert "utter_second_answer" in answer.responses


async def test_a_question_that_comes_with_an_answer_is_answered(wang: Resident) -> None:
    await wang.begins("report_repair_form", "厨房水龙头漏水", "report_repair", facility="水龙头", place="厨房")
    assert wang.asked == "repair_urgency"
    wishes = [part("不急，帮我修好就行", "inform"), INVOICE]
    answer = await wang.answers("不急，帮我修好就行。另外发票怎么开", "inform", wishes=wishes)
    assert "utter_second_answer" in answer.responses
    assert wang.slots["repair_urgency"] == "normal"


async def test_an_answer_before_another_subject_is_kept_although_a_question_follows(wang: Resident) -> None:
    await wang.begins("report_repair_form", "厨房水龙头漏水", "report_repair", facility="水龙头", place="厨房")
    assert wang.asked == "repair_urgency"
    await wang.answers("不急，另外发票怎么开", "request_invoice")
    assert wang.slots["repair_urgency"] == "normal"
    await wang.gets("action_company_info")
    await wang.gets("validate_report_repair_form")
    assert wang.asked == "repair_time"
    await wang.answers("厨房，另外发票怎么开", "request_invoice")
    assert wang.slots.get("repair_time") is None


async def test_more_of_the_same_is_no_other_wish(wang: Resident) -> None:
    when = part("什么时候能来修", "query_repair_progress")
    answer = await wang.begins(
        "report_repair_form", "厨房水龙头漏水。什么时候能来修？", "report_repair", wishes=[TAP, when]
    )
    assert answer.responses == []
    assert not wang.slots.get("second_wish")


async def test_a_report_of_the_thing_that_was_asked_about_is_not_offered_but_that_of_another_is(wang: Resident) -> None:
    asks = part("水龙头漏水归谁修", "ask_repair_responsibility", facility="水龙头")
    await wang.says("水龙头漏水归谁修？厨房水龙头漏水", "ask_repair_responsibility", wishes=[asks, TAP])
    assert "utter_second_wish" not in (await wang.gets("action_company_info")).responses
    lamp = part("客厅灯不亮了", "report_repair", facility="灯")
    await wang.says("水龙头漏水归谁修？客厅灯不亮了", "ask_repair_responsibility", wishes=[asks, lamp])
    assert (await wang.gets("action_company_info")).responses[-1] == "utter_second_wish"


async def test_talk_values_danger_and_what_is_hardly_believed_are_never_offered(wang: Resident) -> None:
    for intent, confidence in (("chitchat", 0.9), ("inform", 0.9), ("report_emergency", 0.5), ("report_repair", 0.2)):
        wishes = [INVOICE, part("那个什么的", intent, confidence)]
        await wang.says("发票怎么开？那个什么的", "request_invoice", wishes=wishes)
        answer = await wang.gets("action_company_info")
        assert not {"utter_second_wish", "utter_second_answer"} & set(answer.responses), intent


async def test_a_stranger_is_not_asked_twice_to_bind(stranger: Resident) -> None:
    wishes = [part("我家欠多少钱", "query_arrears"), part("上个月交了多少", "query_payment_history")]
    await stranger.says("我家欠多少钱？上个月交了多少？", "query_arrears", wishes=wishes)
    answer = await stranger.gets("action_query_arrears")
    assert answer.responses == ["utter_bind_first", "utter_bind_block", "utter_second_wish"]


async def test_what_waits_for_binding_is_offered_after_it(arrive: Arrive) -> None:
    caller = await arrive(channel="text")
    await caller.says(
        "我家欠多少钱，另外厨房水龙头漏水", "query_arrears", wishes=[part("我家欠多少钱", "query_arrears"), TAP]
    )
    answer = await caller.gets("action_query_arrears")
    assert answer.followup() == "bind_form"
    assert "utter_second_wish" not in answer.responses
    caller.form = "bind_form"
    await caller.says("算了", "stop")
    assert "utter_second_wish" in (await caller.gets("action_stop")).responses


async def test_in_danger_nothing_else_is_offered_until_it_is_settled(wang: Resident) -> None:
    burnt = part("好像有点焦味", "report_emergency", 0.5)
    await wang.says("好像有点焦味，另外厨房水龙头漏水", "report_emergency", confidence=0.5, wishes=[burnt, TAP])
    assert (await wang.gets("action_report_emergency")).responses == ["utter_emergency_unsure"]
    await wang.says("没有危险", "deny")
    assert (await wang.gets("action_deny")).responses == ["utter_no_danger", "utter_second_wish"]


async def test_after_an_alarm_nothing_is_offered(wang: Resident) -> None:
    await wang.begins("report_repair_form", "厨房水龙头漏水，还有我要投诉", "report_repair", wishes=[TAP, NOISE])
    await wang.says("闻到煤气味", "report_emergency")
    assert (await wang.gets("action_report_emergency")).responses == ["#emergency", "utter_emergency_reported"]
    assert not wang.slots["second_wish"]


async def test_an_answerable_question_beside_what_nobody_here_can_do_is_answered(wang: Resident) -> None:
    wishes = [part("帮我买张火车票", "out_of_scope"), INVOICE]
    await wang.says("帮我买张火车票，另外发票怎么开", "out_of_scope", wishes=wishes)
    answer = await wang.gets("action_small_talk")
    assert answer.responses[:2] == ["utter_out_of_scope", "utter_second_answer"]


def test_what_is_answered_at_once_needs_no_form_and_changes_nothing() -> None:
    for intent in PLAIN:
        action = action_named(answering(intent))
        assert not action.writes, intent
        assert not isinstance(action, Task)
