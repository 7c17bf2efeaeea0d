"""Conversations about repairs: from a leaking tap to a row with all its fields, and what comes after."""

import io
from datetime import timedelta

import pytest
from PIL import Image
from sqlalchemy import select

from property_db.clock import SHANGHAI
from property_db.conversations.models import Conversation
from property_db.database import Database
from property_db.tickets.models import Ticket
from property_db.uploads.models import Upload
from tests.support.actors import Answer, Resident
from tests.support.stack import Server

pytestmark = pytest.mark.parametrize("channel", ["webchat", "wechat"])


def photo() -> bytes:
    """A small real JPEG."""
    out = io.BytesIO()
    Image.new("RGB", (320, 240), (120, 150, 180)).save(out, "JPEG")
    return out.getvalue()


async def tickets_of(database: Database, resident: Resident) -> list[Ticket]:
    """The tickets that came out of the resident's conversation."""
    async with database.reading() as session:
        rows = await session.scalars(
            select(Ticket)
            .join(Conversation, Conversation.id == Ticket.conversation_id)
            .where(Conversation.public_id == resident.conversation_id)
            .order_by(Ticket.id)
        )
        return list(rows)


async def until_confirmation(resident: Resident, answer: Answer, replies: dict[str, str]) -> Answer:
    """Answer the form's questions by what they ask for, until it asks to confirm."""
    for _ in range(10):
        if answer.offers("确认提交"):
            return answer
        asked = answer.cards("ask")[-1]["value"] if answer.cards("ask") else ""
        question = answer.text.splitlines()[-1]
        key = asked if asked in replies else next((key for key in replies if key in question), None)
        assert key is not None, f"an unexpected question: {answer.text}"
        answer = await resident.says(replies[key])
    raise AssertionError(f"the form does not come to an end: {answer.text}")


REPLIES = {
    "time": "后天下午三点",
    "phone": "就用登记的",
    "photo": "没有",
    "同一个问题": "不是，是另外一个",
    "什么": "水龙头",
    "哪": "厨房",
    "怎么": "一直滴水",
    "急": "不急",
}


async def test_one_sentence_with_everything_asks_little_and_files_all_fields(
    wang: Resident, database: Database, server: Server
) -> None:
    answer = await wang.says("厨房水龙头一直漏水，后天下午三点来修")
    answer = await until_confirmation(wang, answer, REPLIES)
    filed = await wang.chooses("确认提交")
    (ticket,) = await tickets_of(database, wang)
    assert ticket.number in filed.text
    assert (ticket.facility, ticket.area) == ("水龙头", "户内")
    assert "厨房" in ticket.place
    assert "漏水" in ticket.symptom
    assert ticket.appointment_start is not None
    appointed = ticket.appointment_start.astimezone(SHANGHAI)
    wanted = server.services.clock.now().astimezone(SHANGHAI) + timedelta(days=2)
    assert (appointed.date(), appointed.hour) == (wanted.date(), 15)
    assert ticket.contact_phone == "13800138000"
    assert ticket.home_id is not None


async def test_a_repair_with_photo_changed_time_and_a_question_in_between(wang: Resident, database: Database) -> None:
    upload_id = await wang.uploads(photo())
    answer = await wang.says("水龙头漏水，你们派人来看看", upload_ids=[upload_id])
    answer = await wang.says("厨房") if "哪" in answer.text else answer
    between = await wang.says("明天停水吗")
    assert between.card("notice_card")["notice_kind"] == "outage"
    answer = await until_confirmation(wang, between, REPLIES)
    answer = await wang.says("时间改成大后天上午十点")
    answer = await until_confirmation(wang, answer, REPLIES)
    await wang.chooses("确认提交")
    (ticket,) = await tickets_of(database, wang)
    assert ticket.appointment_start is not None
    assert ticket.appointment_start.astimezone(SHANGHAI).hour == 10
    async with database.reading() as session:
        kept = list(await session.scalars(select(Upload).where(Upload.ticket_id == ticket.id)))
    assert [(upload.width, upload.height) for upload in kept] == [(320, 240)]


async def test_progress_urging_changing_and_cancelling_an_existing_ticket(wang: Resident, database: Database) -> None:
    answer = await wang.says("客厅的灯不亮了，帮我报修，后天上午来")
    await until_confirmation(wang, answer, {**REPLIES, "什么": "灯", "怎么": "不亮"})
    await wang.chooses("确认提交")
    (ticket,) = await tickets_of(database, wang)
    progress = await wang.says("我的报修修到哪了")
    assert ticket.number in [card["number"] for card in progress.cards("ticket_card")]
    urged = await wang.says("怎么还没人来，快点催一下")
    assert "催" in urged.text
    (after_urge,) = await tickets_of(database, wang)
    assert after_urge.urged_count == 1
    answer = await wang.says(f"把{ticket.number}取消掉，不用修了")
    assert "取消" in answer.text
    await wang.says("确定取消")
    (cancelled,) = await tickets_of(database, wang)
    assert cancelled.state == "cancelled"


async def test_giving_up_in_the_middle_files_nothing(wang: Resident, database: Database) -> None:
    await wang.says("马桶堵了要报修")
    answer = await wang.says("算了不弄了")
    assert not answer.offers("确认提交")
    assert await tickets_of(database, wang) == []
    afterwards = await wang.says("你好")
    assert not afterwards.offers("确认提交")


async def test_guidance_for_a_blocked_drain_comes_without_a_ticket(stranger: Resident, database: Database) -> None:
    answer = await stranger.says("地漏堵了自己怎么通")
    assert "地漏" in answer.text
    assert await tickets_of(database, stranger) == []


@pytest.mark.parametrize("words", ["昨天下午三点来修", "凌晨三点来修"])
async def test_an_impossible_appointment_is_corrected_kindly(wang: Resident, database: Database, words: str) -> None:
    answer = await wang.says(f"厨房水龙头漏水，{words}")
    for _ in range(8):
        if "时间" in answer.text or answer.offers("确认提交"):
            break
        key = next((key for key in REPLIES if key in answer.text), "哪")
        answer = await wang.says(REPLIES[key])
    assert not answer.offers("确认提交"), answer.text
    assert await tickets_of(database, wang) == []
