"""Reporting a repair, question by question."""

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
    assert second.slots()["offer"]["intent"] == "request_human"
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
    await wang.answers("不是", "deny")
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


async def test_a_yes_to_the_offer_of_a_person_in_the_middle_of_a_form_calls_one(wang: Resident) -> None:
    await wang.begins(FORM, "厨房水龙头漏水，不急", "report_repair", **TAP)
    for nonsense in ("嘎嘎嘎", "咕咕咕"):
        await wang.answers(nonsense, "nlu_fallback")
    answer = await wang.answers("好的", "affirm")
    assert answer.followup() == "action_request_human"


async def test_how_to_help_oneself_is_answered_in_the_middle_of_a_form(wang: Resident) -> None:
    await wang.begins(FORM, "厨房水龙头漏水，不急", "report_repair", **TAP)
    answer = await wang.answers("总阀怎么关", "ask_repair_guide", facility="水阀")
    assert answer.kinds() == ["action_execution_rejected"]
