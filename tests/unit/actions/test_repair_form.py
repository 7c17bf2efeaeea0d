"""Reporting a repair, question by question."""

import pytest
from sqlalchemy import select, text

from property_db.clock import SettableClock
from property_db.database import Database
from property_db.estates.models import Home
from property_db.people.models import Binding, Person
from property_db.tickets.models import Ticket
from property_db.uploads import service as uploads
from property_db.uploads.models import Upload
from tests.unit.actions.conftest import WANG, Arrive, Resident

TOMORROW_THREE = "2026-11-22T15:00:00+08:00"
FORM = "report_repair_form"
TAP = {"facility": "水龙头", "place": "厨房", "area": "户内"}


async def tickets_of(database: Database, resident: Resident) -> list[Ticket]:
    async with database.reading() as session:
        rows = await session.scalars(select(Ticket).where(Ticket.conversation_id == resident.conversation_id))
        return list(rows)


async def begin_with_everything(resident: Resident) -> None:
    text = "厨房水龙头漏水，明天下午三点来修"
    await resident.begins(FORM, text, "report_repair", time=(TOMORROW_THREE, "明天下午三点"), **TAP)


async def file(resident: Resident) -> None:
    await resident.answers("确认", "affirm")
    assert resident.asked is None
    resident.form = None
    await resident.gets("action_file_repair")


async def test_a_sentence_with_everything_is_only_to_be_confirmed(wang: Resident) -> None:
    await begin_with_everything(wang)
    assert wang.asked == "repair_confirmed"
    assert wang.slots["repair_symptom"] == "厨房水龙头漏水"
    summary = await wang.gets("action_ask_repair_confirmed")
    said = summary.params("utter_ask_repair_confirmed")
    assert said["place"] == "翠湖花园3栋2单元501 厨房"
    assert said["when"] == "明天（11月22日）下午3点"
    assert said["phone"] == "138****8000"


async def test_confirming_files_a_ticket_with_all_fields(wang: Resident, database: Database) -> None:
    await begin_with_everything(wang)
    await file(wang)
    (ticket,) = await tickets_of(database, wang)
    assert (ticket.facility, ticket.area, ticket.place, ticket.symptom) == ("水龙头", "户内", "厨房", "厨房水龙头漏水")
    assert ticket.appointment_start is not None
    assert ticket.appointment_start.isoformat() == "2026-11-22T07:00:00+00:00"
    assert (ticket.contact_name, ticket.contact_phone, ticket.urgency) == ("王建国", "13800138000", "normal")
    assert ticket.home_id is not None
    assert wang.slots["ticket_number"] == ticket.number
    assert wang.slots["repair_facility"] is None


async def test_the_questions_come_one_by_one_and_skip_what_is_known(wang: Resident) -> None:
    await wang.begins(FORM, "我要报修", "report_repair")
    assert wang.asked == "repair_facility"
    await wang.answers("马桶", facility="马桶")
    assert wang.asked == "repair_symptom"
    await wang.answers("冲不下去了", "report_repair")
    assert wang.asked == "repair_place"
    await wang.answers("主卫", place="主卫", area="户内")
    assert wang.asked == "repair_urgency"
    await wang.answers("不急")
    assert wang.asked == "repair_time"
    await wang.answers("明天下午三点", time=(TOMORROW_THREE, "明天下午三点"))
    assert wang.asked == "repair_confirmed"


async def test_whoever_is_in_a_hurry_is_not_asked_for_a_time(wang: Resident) -> None:
    await wang.begins(FORM, "厨房水龙头漏水，很急", "report_repair", **TAP)
    assert wang.asked == "repair_confirmed"
    assert (wang.slots["repair_urgency"], wang.slots["repair_time"]) == ("urgent", {})


async def test_a_question_in_between_is_handed_over_and_the_form_comes_back(wang: Resident) -> None:
    await wang.begins(FORM, "厨房水龙头漏水", "report_repair", **TAP)
    assert wang.asked == "repair_urgency"
    handed_over = await wang.answers("明天停水吗", "ask_outage", time=("2026-11-22", "明天"), utility="水")
    assert handed_over.kinds() == ["action_execution_rejected"]
    assert wang.slots["suspended_task"] == [FORM]
    await wang.gets("action_ask_outage")
    back = await wang.gets(f"validate_{FORM}")
    assert back.responses == ["utter_resume"]
    assert wang.asked == "repair_urgency"
    assert wang.slots["suspended_task"] == []


async def test_an_earlier_answer_can_be_changed_while_another_question_is_open(wang: Resident) -> None:
    await begin_with_everything(wang)
    later = "2026-11-23T10:00:00+08:00"
    answer = await wang.answers("时间改成后天上午十点", "change_repair", time=(later, "后天上午十点"))
    assert answer.responses == ["utter_repair_changed"]
    assert wang.slots["repair_time"]["start"] == later
    assert wang.asked == "repair_confirmed"


async def test_yes_with_a_change_is_not_filed_but_shown_again(wang: Resident, database: Database) -> None:
    await begin_with_everything(wang)
    later = "2026-11-23T10:00:00+08:00"
    await wang.answers("可以，不过改到后天上午十点", "affirm", time=(later, "后天上午十点"))
    assert wang.asked == "repair_confirmed"
    assert await tickets_of(database, wang) == []


async def test_no_asks_what_to_change_and_asks_that_question_again(wang: Resident) -> None:
    await begin_with_everything(wang)
    await wang.answers("不对", "deny")
    assert wang.asked == "repair_correction"
    await wang.answers("/inform", "inform", choice="repair_phone")
    assert wang.asked == "repair_phone"
    await wang.answers("13900001111", phone="13900001111")
    assert wang.asked == "repair_confirmed"
    assert wang.slots["repair_phone"] == "13900001111"


async def test_wanting_to_change_a_field_without_the_new_value_opens_its_question(wang: Resident) -> None:
    await begin_with_everything(wang)
    await wang.answers("我想换个电话", "change_repair")
    assert wang.asked == "repair_phone"


async def test_an_appointment_in_the_past_is_refused_kindly(wang: Resident) -> None:
    answer = await wang.begins(
        FORM,
        "厨房水龙头漏水，昨天下午三点来修",
        "report_repair",
        time=("2026-11-20T15:00:00+08:00", "昨天下午三点"),
        **TAP,
    )
    assert "utter_time_past" in answer.responses
    assert wang.slots.get("repair_time") is None


async def test_an_appointment_at_night_is_refused_with_the_hours(wang: Resident) -> None:
    await wang.begins(FORM, "厨房水龙头漏水，不急", "report_repair", **TAP)
    answer = await wang.answers("凌晨三点", time=("2026-11-22T03:00:00+08:00", "凌晨三点"))
    assert answer.responses == ["utter_time_outside_hours"]
    assert answer.params("utter_time_outside_hours")["opens"] == "8:00"
    assert wang.asked == "repair_time"


async def test_a_time_that_was_not_understood_is_asked_again_and_then_a_person_is_offered(wang: Resident) -> None:
    await wang.begins(FORM, "厨房水龙头漏水，不急", "report_repair", **TAP)
    assert (await wang.answers("嘎嘎嘎", "nlu_fallback")).responses == ["utter_time_unclear"]
    second = await wang.answers("咕咕咕", "nlu_fallback")
    assert second.responses == ["utter_offer_person_here"]
    assert wang.asked == "repair_time"


async def test_an_essay_is_refused_as_symptom(wang: Resident) -> None:
    await wang.begins(FORM, "报修马桶", "report_repair", facility="马桶")
    answer = await wang.answers("漏" * 300, "nlu_fallback")
    assert answer.responses == ["utter_text_too_long"]
    assert wang.asked == "repair_symptom"


async def test_marks_alone_are_refused_as_symptom(wang: Resident) -> None:
    await wang.begins(FORM, "报修马桶", "report_repair", facility="马桶")
    assert (await wang.answers("？？？！！", "nlu_fallback")).responses == ["utter_text_too_short"]


async def test_pictures_are_collected_from_any_message_and_attached_to_the_ticket(
    wang: Resident, database: Database
) -> None:
    async with database.transaction() as session:
        for name in ("a", "b"):
            await uploads.add(
                session, wang.identity_id, media_type="image/jpeg", size=1, width=1, height=1, file_name=name,
                upload_id=name,
            )  # fmt: skip
    await wang.begins(FORM, "厨房水龙头漏水，很急", "report_repair", upload_ids=["a"], **TAP)
    answer = await wang.answers("", "nlu_fallback", upload_ids=["b"])
    assert answer.responses == ["utter_photos_received"]
    assert wang.asked == "repair_confirmed"
    await file(wang)
    (ticket,) = await tickets_of(database, wang)
    async with database.reading() as session:
        for name in ("a", "b"):
            upload = await session.get(Upload, name)
            assert upload is not None
            assert upload.ticket_id == ticket.id


async def test_a_lift_is_the_lift_of_ones_own_staircase(wang: Resident, database: Database) -> None:
    await wang.begins(FORM, "电梯按钮坏了，不急，明天上午来", "report_repair", facility="电梯", area="公共区域")
    assert wang.slots["repair_place"] == "翠湖花园3栋2单元"


async def test_a_second_fault_is_written_on_the_same_ticket(wang: Resident) -> None:
    await wang.begins(FORM, "厨房水龙头漏水", "report_repair", **TAP)
    answer = await wang.answers("不急，另外马桶也堵了", "report_repair", facility="马桶")
    assert "utter_repair_added" in answer.responses
    assert wang.slots["repair_facility"] == "水龙头"
    assert wang.slots["repair_symptom"].endswith("马桶也堵了")


async def test_the_same_fault_again_is_added_to_the_open_ticket(wang: Resident, database: Database) -> None:
    await begin_with_everything(wang)
    await file(wang)
    await wang.begins(FORM, "厨房水龙头还在漏水，漏得更大了", "report_repair", **TAP)
    assert wang.asked == "repair_same"
    await wang.answers("是", "affirm")
    assert wang.asked is None
    wang.form = None
    answer = await wang.gets("action_file_repair")
    assert answer.responses == ["utter_repair_already_filed"]
    (ticket,) = await tickets_of(database, wang)
    assert ticket.symptom.endswith("漏得更大了")


async def test_another_fault_of_the_same_kind_becomes_a_ticket_of_its_own(wang: Resident) -> None:
    await begin_with_everything(wang)
    await file(wang)
    await wang.begins(FORM, "卫生间水龙头漏水，不急", "report_repair", facility="水龙头", place="卫生间")
    assert wang.asked == "repair_time"


async def test_a_stranger_gives_estate_address_and_phone(stranger: Resident, database: Database) -> None:
    await stranger.begins(FORM, "厨房水龙头漏水，很急", "report_repair", **TAP)
    assert stranger.asked == "repair_estate"
    offered = await stranger.gets("action_ask_repair_estate")
    assert offered.payloads() == ['/inform{"choice":"翠湖花园"}', '/inform{"choice":"金桂苑"}']
    await stranger.answers("翠湖花园")
    assert stranger.asked == "repair_address"
    await stranger.answers("3栋2单元501", building="3", unit="2", room="501")
    assert stranger.asked == "repair_phone"
    await stranger.answers("12345")
    assert stranger.asked == "repair_phone"
    await stranger.answers("13612345678", phone="13612345678")
    await file(stranger)
    (ticket,) = await tickets_of(database, stranger)
    assert ticket.home_id is None, "an address that was only typed opens nothing"
    assert ticket.place == "3栋2单元501 厨房"
    assert ticket.estate_id is not None


async def test_a_failure_while_filing_keeps_everything_and_asks_again(wang: Resident, database: Database) -> None:
    await begin_with_everything(wang)
    await wang.answers("确认", "affirm")
    wang.form = None
    async with database.transaction() as other_writer:
        await other_writer.execute(text("SELECT 1"))
        answer = await wang.gets("action_file_repair")
    assert answer.responses == ["utter_database_busy"]
    assert answer.followup() == FORM
    assert wang.slots["repair_facility"] == "水龙头"
    assert wang.slots["repair_confirmed"] is None
    assert await tickets_of(database, wang) == []


async def test_giving_up_with_the_word_for_withdrawing_ends_the_report(wang: Resident) -> None:
    await wang.begins(FORM, "厨房水龙头漏水", "report_repair", **TAP)
    answer = await wang.answers("取消吧", "cancel_repair")
    assert answer.kinds() == ["action_execution_rejected", "followup"]
    stopped = await wang.gets("action_stop")
    assert stopped.responses == ["utter_stopped"]
    assert wang.form is None
    assert wang.slots["repair_facility"] is None


async def test_an_outage_that_explains_the_fault_is_told_first(wang: Resident, clock: SettableClock) -> None:
    clock.advance(days=1)
    answer = await wang.begins(FORM, "家里没水了", "report_repair", utility="水")
    assert answer.responses[:2] == ["utter_notice_explains_fault", "#notice_card"]


async def test_a_resident_with_two_homes_is_asked_which(arrive: Arrive, database: Database) -> None:
    async with database.transaction() as session:
        binding = await session.scalar(select(Binding).join(Person).where(Person.phone == WANG))
        other = await session.scalar(select(Home).where(Home.label == "金桂苑2栋1单元302"))
        assert binding is not None
        assert other is not None
        session.add(Binding(person_id=binding.person_id, home_id=other.id, role=binding.role))
    wang = await arrive(WANG)
    await wang.begins(FORM, "厨房水龙头漏水，很急", "report_repair", **TAP)
    assert wang.asked == "repair_home"
    offered = await wang.gets("action_ask_repair_home")
    await wang.answers(offered.payloads()[1], "inform", choice=f"home_{other.id}")
    assert wang.slots["repair_home"] == other.id


async def test_hurry_is_not_taken_for_a_place(wang: Resident) -> None:
    await wang.begins(FORM, "水龙头漏水", "report_repair", facility="水龙头")
    assert wang.asked == "repair_place"
    await wang.answers("很急", "nlu_fallback")
    assert wang.slots["repair_urgency"] == "urgent"
    assert wang.asked == "repair_place"


async def test_a_day_without_an_hour_means_the_hours_of_that_day(wang: Resident) -> None:
    await wang.begins(FORM, "厨房水龙头漏水，不急", "report_repair", **TAP)
    await wang.answers("周一", time=("2026-11-23T00:00:00+08:00", "周一"))
    assert wang.slots["repair_time"] == {
        "start": "2026-11-23T08:00:00+08:00",
        "end": "2026-11-23T20:00:00+08:00",
    }


async def test_a_day_far_away_is_refused(wang: Resident) -> None:
    await wang.begins(FORM, "厨房水龙头漏水，不急", "report_repair", **TAP)
    answer = await wang.answers("12月30号", time=("2026-12-30T00:00:00+08:00", "12月30号"))
    assert answer.responses == ["utter_time_too_far"]


async def test_a_fee_question_while_any_text_may_answer_is_still_a_question(wang: Resident) -> None:
    await wang.begins(FORM, "我要报修", "report_repair")
    answer = await wang.answers("给我查下电费", "query_arrears", confidence=0.27, fee_type="电费")
    assert answer.kinds() == ["action_execution_rejected"]


async def test_not_saying_where_leaves_a_complaint_open_but_goes_on(wang: Resident) -> None:
    await wang.begins("complaint_form", "楼上小孩每天蹦到半夜十二点", "complain_neighbor")
    assert wang.asked == "complaint_place"
    await wang.answers("算了不说在哪了", "stop")
    assert wang.asked == "complaint_confirmed"
    await wang.answers("就在3栋2单元一楼", building="3", unit="2")
    assert wang.slots["complaint_place"] == "就在3栋2单元一楼"
    assert wang.asked == "complaint_confirmed"


async def test_a_yes_while_a_question_stands_last_calls_nobody(wang: Resident) -> None:
    await wang.begins(FORM, "厨房水龙头漏水，不急", "report_repair", **TAP)
    for nonsense in ("嘎嘎嘎", "咕咕咕"):
        await wang.answers(nonsense, "nlu_fallback")
    answer = await wang.answers("好的", "affirm")
    assert answer.followup() is None
    assert wang.asked == "repair_time"


async def test_how_to_help_oneself_is_answered_in_the_middle_of_a_form(wang: Resident) -> None:
    await wang.begins(FORM, "厨房水龙头漏水，不急", "report_repair", **TAP)
    answer = await wang.answers("总阀怎么关", "ask_repair_guide", facility="水阀")
    assert answer.kinds() == ["action_execution_rejected"]


def more(resident: Resident, kind: str, value: str, typed: str) -> None:
    """Add another entity of a kind to the last message, standing where it is typed last."""
    start = resident.latest["text"].rfind(typed)
    found = {"entity": kind, "value": value, "start": start, "end": start + len(typed)}
    resident.latest["entities"].append(found)


async def test_a_person_or_a_danger_ends_the_report_and_nothing_of_it_is_in_the_next(wang: Resident) -> None:
    for words, action in (("转人工", "action_request_human"), ("闻到煤气味", "action_report_emergency")):
        await wang.begins(FORM, "空调不制冷，很急", "report_repair", facility="空调", place="客厅")
        wang.slots["suspended_task"] = ["complaint_form"]
        wang.slots["complaint_text"] = "楼上太吵"
        await wang.says(words, "request_human")
        await wang.gets(action)
        assert wang.form is None
        assert wang.slots["repair_facility"] is None
        assert wang.slots["complaint_text"] is None
        assert not wang.slots["suspended_task"]


async def test_a_new_report_begins_without_answers_of_one_broken_off(wang: Resident) -> None:
    wang.slots |= {"repair_facility": "空调", "repair_symptom": "不制冷", "repair_place": "客厅"}
    await wang.begins(FORM, "马桶堵了", "report_repair", facility="马桶")
    assert (wang.slots["repair_facility"], wang.slots["repair_symptom"]) == ("马桶", "马桶堵了")
    assert wang.slots["repair_place"] is None


@pytest.mark.parametrize(
    "text", ["对了 再看看厨房下水", "对了 顺便看下插座也没电了", "可以，对了门铃也不响", "好的，让师傅带个梯子"]
)
@pytest.mark.parametrize("intent", ["affirm", "report_repair"])
async def test_what_comes_with_a_yes_is_written_down_and_shown_again(wang: Resident, text: str, intent: str) -> None:
    await begin_with_everything(wang)
    answer = await wang.answers(text, intent)
    assert answer.responses == ["utter_repair_added"]
    assert wang.asked == "repair_confirmed"
    assert "；另外：" in wang.slots["repair_symptom"]


@pytest.mark.parametrize(
    "text", ["可以", "对，就这样报吧", "嗯嗯好的没问题", "好的，谢谢", "确认提交", "行，麻烦您了", "/affirm"]
)
async def test_a_plain_yes_files(wang: Resident, text: str) -> None:
    await begin_with_everything(wang)
    await wang.answers(text, "affirm")
    assert wang.asked is None, text


async def test_of_two_times_the_new_one_is_taken(wang: Resident) -> None:
    await begin_with_everything(wang)
    await wang.says("明天我不在，改成后天上午十点", "change_repair", time=("2026-11-22", "明天"))
    later = "2026-11-23T10:00:00+08:00"
    more(wang, "time", later, "后天上午十点")
    await wang.gets(f"validate_{FORM}")
    assert wang.slots["repair_time"]["start"] == later


@pytest.mark.parametrize("text", ["联系电话13711112222，找我妈", "联系人换我老公 电话13711112222"])
async def test_a_new_number_at_the_summary_is_taken_whatever_the_intent(wang: Resident, text: str) -> None:
    await begin_with_everything(wang)
    await wang.answers(text, "bind_household", phone="13711112222")
    assert wang.slots["repair_phone"] == "13711112222"
    assert wang.asked == "repair_confirmed"


async def test_a_lift_of_a_stranger_needs_its_building(stranger: Resident) -> None:
    await stranger.begins(FORM, "电梯坏了，很急", "report_repair", facility="电梯", utility="电梯", area="公共区域")
    await stranger.answers("翠湖花园")
    assert stranger.asked == "repair_place"
    await stranger.answers("3栋2单元", building="3", unit="2")
    assert stranger.slots["repair_place"] == "3栋2单元"


async def test_the_building_a_stranger_named_at_once_is_the_place(stranger: Resident) -> None:
    await stranger.begins(
        FORM, "3栋2单元电梯坏了，很急", "report_repair", facility="电梯", area="公共区域", building="3", unit="2"
    )
    assert stranger.slots["repair_place"] == "3栋2单元"


async def test_a_facility_with_its_place_is_both(wang: Resident) -> None:
    await wang.begins(FORM, "我要报修", "report_repair")
    await wang.answers("厨房的水龙头", facility="水龙头", place="厨房")
    assert (wang.slots["repair_facility"], wang.slots["repair_place"]) == ("水龙头", "厨房")
    assert wang.asked == "repair_symptom"


@pytest.mark.parametrize("text", ["急", "嗯", "是的", "尽快", "越快越好", "现在就来", "有点急"])
async def test_words_of_hurry(wang: Resident, text: str) -> None:
    await wang.begins(FORM, "厨房水龙头漏水", "report_repair", **TAP)
    await wang.answers(text, "affirm" if text in ("嗯", "是的") else "urge_repair")
    assert (wang.slots["repair_urgency"], wang.slots["repair_time"]) == ("urgent", {}), text


OPEN_TIMES = [
    "随便", "不知道", "什么时候都行", "随便什么时候", "什么时候都可以", "还没想好", "我再想想", "看你们方便",
    "你们看着办", "下班以后", "都行",
]  # fmt: skip


@pytest.mark.parametrize("text", OPEN_TIMES)
async def test_words_that_leave_the_time_open(wang: Resident, text: str) -> None:
    await wang.begins(FORM, "厨房水龙头漏水", "report_repair", **TAP)
    await wang.answers(text, "ask_office_info", confidence=0.8)
    assert (wang.slots["repair_urgency"], wang.slots["repair_time"]) == ("normal", {})
    assert wang.asked == "repair_confirmed"
    assert wang.slots["repair_symptom"].endswith("下班以后") == (text == "下班以后")


@pytest.mark.parametrize("text", [*OPEN_TIMES, "急", "尽快", "越快越好", "现在就来"])
async def test_the_time_itself_may_be_left_open(wang: Resident, text: str) -> None:
    await wang.begins(FORM, "厨房水龙头漏水，不急", "report_repair", **TAP)
    assert wang.asked == "repair_time"
    await wang.answers(text, "ask_office_info", confidence=0.8)
    assert wang.slots["repair_time"] == {}, text


@pytest.mark.parametrize(
    ("text", "slot", "value", "entities"),
    [
        ("不是厨房 是卫生间", "repair_place", "卫生间", [("place", "厨房"), ("place", "卫生间")]),
        ("地点改成阳台门", "repair_place", "阳台门", [("place", "阳台")]),
        ("坏了什么改成窗户", "repair_facility", "窗户", []),
        ("地方错了 是阳台", "repair_place", "阳台", [("place", "阳台")]),
        ("不是水龙头，是马桶", "repair_facility", "马桶", [("facility", "水龙头"), ("facility", "马桶")]),
    ],
)
async def test_a_correction_that_holds_the_value(
    wang: Resident, text: str, slot: str, value: str, entities: list[tuple[str, str]]
) -> None:
    for asked_first in (False, True):
        await begin_with_everything(wang)
        if asked_first:
            await wang.answers("要改", "deny")
            assert wang.asked == "repair_correction"
        await wang.says(text, "deny" if asked_first else "change_repair", confidence=0.6)
        for kind, typed in entities:
            more(wang, kind, typed, typed)
        await wang.gets(f"validate_{FORM}")
        assert wang.slots[slot] == value
        assert wang.asked == "repair_confirmed"


@pytest.mark.parametrize("text", ["算了", "不改了"])
async def test_not_correcting_anything_goes_back_to_the_summary(wang: Resident, text: str) -> None:
    await begin_with_everything(wang)
    await wang.answers("要改", "deny")
    answer = await wang.answers(text, "stop")
    assert "action_execution_rejected" not in answer.kinds()
    assert wang.asked == "repair_confirmed"
    assert wang.slots["repair_facility"] == "水龙头"


async def test_going_on_is_not_giving_up(wang: Resident) -> None:
    await wang.begins(FORM, "厨房水龙头漏水", "report_repair", **TAP)
    for words, intent, sure in (("继续报修", "cancel_repair", 0.8), ("接着", "stop", 0.9), ("嗯那个", "stop", 0.4)):
        answer = await wang.answers(words, intent, confidence=sure)
        assert "action_execution_rejected" not in answer.kinds(), words
        assert wang.asked == "repair_urgency"
    answer = await wang.answers("不报了", "cancel_repair", confidence=0.3)
    assert answer.followup() == "action_stop"


async def test_a_stranger_who_names_no_estate_is_offered_a_person(stranger: Resident) -> None:
    await stranger.begins(FORM, "厨房水龙头漏水，很急", "report_repair", **TAP)
    assert (await stranger.answers("那边那个")).responses == ["utter_estate_unclear"]
    assert (await stranger.answers("就那个")).responses == ["utter_offer_person_here"]
    asks = await stranger.answers("马桶堵了自己怎么通", "ask_repair_guide", facility="马桶")
    assert asks.kinds() == ["action_execution_rejected"]


async def test_a_fault_is_no_place(wang: Resident) -> None:
    await wang.begins(FORM, "马桶坏了", "report_repair", facility="马桶")
    assert wang.asked == "repair_place"
    await wang.answers("漏水", "report_repair")
    assert wang.asked == "repair_place"
    assert wang.slots["repair_symptom"] == "马桶坏了；另外：漏水"
    await wang.answers("不急，主卫", place="主卫")
    assert wang.slots["repair_place"] == "主卫"


async def test_what_happened_is_no_place_of_a_complaint(wang: Resident) -> None:
    await wang.begins("complaint_form", "楼上小孩每天蹦到半夜", "complain_neighbor")
    await wang.answers("敲门了也不听", "complain_neighbor")
    assert wang.asked == "complaint_place"
    assert wang.slots["complaint_text"].endswith("敲门了也不听")


async def test_a_time_told_for_a_fault_reported_already_is_kept(wang: Resident, database: Database) -> None:
    await wang.begins(FORM, "厨房水龙头漏水，很急", "report_repair", **TAP)
    await file(wang)
    await begin_with_everything(wang)
    assert wang.asked == "repair_same"
    await wang.answers("是", "affirm")
    wang.form = None
    await wang.gets("action_file_repair")
    (ticket,) = await tickets_of(database, wang)
    assert ticket.appointment_start is not None


async def test_which_ticket_is_to_be_withdrawn_is_not_answered_by_giving_up(wang: Resident) -> None:
    wang.slots["ticket_choices"] = [["WX1", "马桶"], ["WX2", "灯"]]
    await wang.begins("cancel_repair_form", "取消报修", "cancel_repair")
    answer = await wang.answers("不修了", "cancel_repair")
    assert answer.followup() is None
    assert wang.asked == "cancel_ticket"


async def test_a_correction_of_a_named_field_changes_only_that_one(wang: Resident) -> None:
    await begin_with_everything(wang)
    await wang.answers("地点改成阳台门", "change_repair", facility=("室内门", "门"), place="阳台")
    assert (wang.slots["repair_place"], wang.slots["repair_facility"]) == ("阳台门", "水龙头")
    await wang.answers("坏了什么改成窗户", "ask_repair_responsibility")
    assert wang.slots["repair_facility"] == "窗户"
    await wang.answers("对了 顺便看下插座也没电了", "ask_outage", utility="电")
    assert wang.slots["repair_symptom"].endswith("没电了")
    assert wang.asked == "repair_confirmed"
