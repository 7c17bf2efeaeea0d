"""Conversations about outages and notices of this resident's building."""

import pytest
from sqlalchemy import select

from property_db.complaints.models import Complaint
from property_db.conversations.models import Conversation
from property_db.database import Database
from tests.support.actors import Resident

pytestmark = pytest.mark.parametrize("channel", ["webchat", "wechat"])


async def test_a_planned_outage_is_told_to_the_building_it_concerns(wang: Resident) -> None:
    answer = await wang.says("明天停水吗")
    card = answer.card("notice_card")
    assert card["notice_kind"] == "outage"
    assert "水" in card["title"]


async def test_the_outage_of_another_building_is_not_told_as_ones_own(li: Resident) -> None:
    answer = await li.says("明天停水吗")
    assert not answer.cards("notice_card"), answer.text


async def test_notices_are_told_without_binding(stranger: Resident) -> None:
    answer = await stranger.says("小区最近有什么通知")
    assert answer.text


async def test_a_complaint_becomes_a_row_with_a_number_and_can_be_followed(wang: Resident, database: Database) -> None:
    answer = await wang.says("楼上每天半夜装修吵得睡不着，我要投诉")
    assert "哪" in answer.text
    answer = await wang.says("502每天晚上十二点还在打孔")  # more of the story instead of the place: it is kept
    answer = await wang.says("3栋2单元502")
    assert answer.offers("确认提交")
    answer = await wang.chooses("确认提交")
    async with database.reading() as session:
        complaint = await session.scalar(
            select(Complaint)
            .join(Conversation, Conversation.id == Complaint.conversation_id)
            .where(Conversation.public_id == wang.conversation_id)
        )
    assert complaint is not None
    assert complaint.number in answer.text
    assert "打孔" in complaint.text
    progress = await wang.says("我上次投诉的处理得怎么样了")
    assert complaint.number in progress.text


async def test_office_hours_come_from_what_the_company_keeps(stranger: Resident) -> None:
    answer = await stranger.says("物业服务中心几点上班")
    assert "点" in answer.text or ":" in answer.text


async def test_small_talk_and_requests_out_of_scope_are_answered_in_chinese(stranger: Resident) -> None:
    for words in ("你好", "你是机器人吗", "谢谢", "帮我买张去北京的火车票"):
        answer = await stranger.says(words)
        assert answer.text, words


async def test_a_second_message_in_a_row_that_is_not_understood_offers_a_person(stranger: Resident) -> None:
    await stranger.says("啊啵呲嘚呃佛歌喝")
    answer = await stranger.says("噼里啪啦稀里哗啦")
    assert answer.offers("转人工")
