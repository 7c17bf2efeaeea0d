"""Messages with two wishes: the first is answered, and the second is neither dropped nor asked about twice."""

import pytest
from sqlalchemy import select

from property_db.complaints.models import Complaint
from property_db.conversations.models import Conversation
from property_db.database import Database
from property_db.handoff.models import Alarm
from tests.conversations.test_repairs import REPLIES, tickets_of, until_confirmation
from tests.support.actors import Resident

pytestmark = pytest.mark.parametrize("channel", ["webchat", "wechat"])

OFFER = "要接着办吗"


async def complaints_of(database: Database, resident: Resident) -> list[Complaint]:
    async with database.reading() as session:
        rows = await session.scalars(
            select(Complaint)
            .join(Conversation, Conversation.id == Complaint.conversation_id)
            .where(Conversation.public_id == resident.conversation_id)
        )
        return list(rows)


async def test_a_fee_question_and_a_repair(wang: Resident, database: Database) -> None:
    answer = await wang.says("我家还欠多少物业费？另外厨房水龙头漏水，派人来修一下")
    assert answer.card("bill_card")["total_fen"] > 0
    assert OFFER in answer.text
    answer = await wang.chooses("报修")
    answer = await until_confirmation(wang, answer, REPLIES)
    assert OFFER not in answer.text
    await wang.chooses("确认提交")
    (ticket,) = await tickets_of(database, wang)
    assert (ticket.facility, ticket.symptom) == ("水龙头", "厨房水龙头漏水")
    assert "厨房" in ticket.place


async def test_a_repair_and_a_complaint(wang: Resident, database: Database) -> None:
    answer = await wang.says("客厅的灯不亮了，另外我要投诉楼上半夜装修太吵")
    assert OFFER not in answer.text
    answer = await until_confirmation(wang, answer, {**REPLIES, "什么": "灯", "怎么": "不亮"})
    answer = await wang.chooses("确认提交")
    (ticket,) = await tickets_of(database, wang)
    assert ticket.number in answer.text
    assert "装修" not in ticket.symptom
    assert OFFER in answer.text
    answer = await wang.says("好的")
    for _ in range(3):
        if answer.offers("确认提交"):
            break
        answer = await wang.says("楼上502")
    answer = await wang.chooses("确认提交")
    assert OFFER not in answer.text
    (complaint,) = await complaints_of(database, wang)
    assert complaint.text.startswith("我要投诉楼上半夜装修太吵")


async def test_parking_and_an_invoice(stranger: Resident) -> None:
    answer = await stranger.says("车位月卡怎么办？还有发票怎么开")
    assert "「开发票」" in answer.text
    assert answer.text.index("月") < answer.text.index("「开发票」")
    assert OFFER not in answer.text


async def test_office_hours_and_how_to_pay(stranger: Resident) -> None:
    answer = await stranger.says("物业几点上班？对了物业费怎么交")
    assert "「怎么缴费」" in answer.text
    assert "微信" in answer.text


async def test_two_questions_inside_a_form(wang: Resident, database: Database) -> None:
    answer = await wang.says("卫生间的马桶堵了要报修")
    between = await wang.says("物业几点上班？对了发票怎么开")
    assert "「开发票」" in between.text
    answer = await until_confirmation(wang, between, {**REPLIES, "什么": "马桶", "怎么": "堵了"})
    answer = await wang.chooses("确认提交")
    assert OFFER not in answer.text
    (ticket,) = await tickets_of(database, wang)
    assert ticket.facility == "马桶"


async def test_an_answer_and_a_question_in_one_message_of_a_form(wang: Resident) -> None:
    answer = await wang.says("次卧的窗户关不上了要报修")
    for _ in range(4):
        if "急" in answer.text.splitlines()[-1]:
            break
        answer = await wang.says("次卧")
    between = await wang.says("不急，另外物业费怎么交")
    assert "微信" in between.text
    assert between.cards("ask")[-1]["value"] == "time", "it is not asked again how urgent it is"


async def test_a_question_and_a_complaint_inside_a_form(wang: Resident, database: Database) -> None:
    await wang.says("阳台的窗户关不上了要报修")
    between = await wang.says("物业几点上班？另外我要投诉保安态度差")
    assert OFFER not in between.text
    answer = await until_confirmation(wang, between, {**REPLIES, "什么": "窗户", "怎么": "关不上"})
    answer = await wang.chooses("确认提交")
    assert OFFER in answer.text
    assert answer.offers("投诉物业")
    declined = await wang.says("不用了")
    assert OFFER not in declined.text
    assert await complaints_of(database, wang) == []


async def test_an_outage_and_a_repair_that_is_declined(wang: Resident, database: Database) -> None:
    answer = await wang.says("明天停水吗？还有，我家客厅的灯不亮了")
    assert answer.card("notice_card")["notice_kind"] == "outage"
    assert OFFER in answer.text
    await wang.says("不用了")
    again = await wang.says("物业几点上班")
    assert OFFER not in again.text
    assert await tickets_of(database, wang) == []


async def test_a_complaint_given_up_and_a_question_with_it(wang: Resident) -> None:
    answer = await wang.says("我要投诉保安态度差，顺便问一下装修几点到几点可以施工")
    assert "「装修」" in answer.text
    stopped = await wang.says("算了不投诉了")
    assert OFFER not in stopped.text


async def test_what_is_out_of_scope_and_an_invoice(stranger: Resident) -> None:
    answer = await stranger.says("帮我买张火车票，另外发票怎么开")
    assert "「开发票」" in answer.text


async def test_a_repair_and_when_somebody_comes_are_one_wish(wang: Resident) -> None:
    answer = await wang.says("厨房水龙头漏水。什么时候能来修？")
    assert OFFER not in answer.text
    assert "另外" not in answer.text


async def test_a_danger_beside_a_question_is_answered_alone(wang: Resident, database: Database) -> None:
    answer = await wang.says("物业费怎么交，另外厨房里煤气味好大")
    assert answer.blocks[0]["kind"] == "emergency"
    assert OFFER not in answer.text
    async with database.reading() as session:
        alarm = await session.scalar(
            select(Alarm)
            .join(Conversation, Conversation.id == Alarm.conversation_id)
            .where(Conversation.public_id == wang.conversation_id)
        )
    assert alarm is not None


async def test_a_meter_in_a_picture_is_no_question_about_outages(wang: Resident) -> None:
    answer = await wang.says("图上是我家电表")
    assert "停电" not in answer.text


async def test_no_code_is_helped_with(stranger: Resident) -> None:
    answer = await stranger.says("怎么收不到验证码")
    assert "验证" in answer.text


async def test_no_danger_is_no_answer_to_what_the_form_asked(wang: Resident, database: Database) -> None:
    answer = await wang.says("书房的窗户关不上了要报修")
    answer = await until_confirmation(wang, answer, {**REPLIES, "什么": "窗户", "怎么": "关不上"})
    answer = await wang.says("味道不对劲啊")
    assert answer.offers("有危险，马上来人")
    answer = await wang.says("没危险")
    assert answer.offers("确认提交"), answer.text
    answer = await wang.says("味道不对劲啊")
    answer = await wang.chooses("没有危险")
    assert answer.offers("确认提交"), answer.text
    await wang.chooses("确认提交")
    assert len(await tickets_of(database, wang)) == 1
