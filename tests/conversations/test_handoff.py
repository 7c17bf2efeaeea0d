"""Conversations with a person: asked for, taken once, answered, closed, rated, and the bot again."""

import asyncio

import pytest
from sqlalchemy import select

from property_db.conversations.models import Conversation
from property_db.database import Database
from property_db.feedback.models import Rating
from property_db.handoff.models import Alarm, QueueItem
from tests.support.actors import DeskAgent, Resident
from tests.support.stack import Server

pytestmark = pytest.mark.parametrize("channel", ["webchat", "wechat"])


async def item_of(agent: DeskAgent, resident: Resident) -> int:
    """The resident's item in the agent's waiting list."""
    overview = await agent.overview()
    (item,) = [q for q in overview["waiting"] if q["conversation_id"] == resident.conversation_id]
    found: int = item["id"]
    return found


async def test_the_whole_way_to_a_person_and_back(wang: Resident, agent: DeskAgent, database: Database) -> None:
    await wang.says("我家还欠多少物业费")
    answer = await wang.says("转人工")
    assert "等待" in answer.text or "排队" in answer.text or "人工" in answer.text
    assert await wang.state() == "waiting"

    await agent.post(f"/queue/{await item_of(agent, wang)}/take")
    detail = await agent.detail(wang.conversation_id or "")
    said = [message["text"] for message in detail["messages"]]
    assert "我家还欠多少物业费" in said, "the agent sees what was said to the bot"
    assert detail["resident"]["arrears_fen"] > 0
    assert detail["resident"]["phone_masked"] == "138****8000"

    held = await wang.send("有人吗")
    await agent.post(
        f"/conversations/{wang.conversation_id}/reply", client_message_id="reply-00000001", text="您好，我是小李"
    )
    heard = await wang.hears("您好，我是小李", held["seq"])
    assert heard["author"] == "agent"

    await agent.post(
        f"/conversations/{wang.conversation_id}/notes", client_message_id="note-00000001", text="老客户，脾气急"
    )
    assert "老客户" not in str(await wang.messages()), "a note is for agents only"

    await agent.post(f"/conversations/{wang.conversation_id}/close")
    assert await wang.state() == "rating"
    await wang.rates(5, "很快")
    assert await wang.state() == "closed"
    earlier = wang.conversation_id
    async with database.reading() as session:
        stars = await session.scalar(
            select(Rating.stars)
            .join(Conversation, Conversation.id == Rating.conversation_id)
            .where(Conversation.public_id == earlier)
        )
    assert stars == 5

    again = await wang.says("你好")
    assert again.author == "bot"
    assert wang.conversation_id != earlier


async def test_two_agents_take_one_conversation_and_exactly_one_gets_it(
    stranger: Resident, agent: DeskAgent, server: Server, database: Database
) -> None:
    await stranger.says("转人工")
    item = await item_of(agent, stranger)
    other = await DeskAgent(server.url).signs_in("xiaozhang")
    try:
        answers = await asyncio.gather(*(desk.http.post(f"/queue/{item}/take") for desk in (agent, other)))
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        async with database.reading() as session:
            row = await session.get(QueueItem, item)
        assert row is not None
        assert row.state == "taken"
        holder = agent if answers[0].status_code == 200 else other
        await holder.post(f"/conversations/{stranger.conversation_id}/return")
    finally:
        await other.leaves()
    answer = await stranger.says("你好")
    assert answer.author == "bot"


async def test_stars_typed_as_text_count_as_the_rating(
    stranger: Resident, agent: DeskAgent, database: Database
) -> None:
    await stranger.says("转人工")
    await agent.post(f"/queue/{await item_of(agent, stranger)}/take")
    await agent.post(f"/conversations/{stranger.conversation_id}/close")
    earlier = stranger.conversation_id
    await stranger.send("4")
    async with database.reading() as session:
        stars = await session.scalar(
            select(Rating.stars)
            .join(Conversation, Conversation.id == Rating.conversation_id)
            .where(Conversation.public_id == earlier)
        )
    assert stars == 4
    assert stranger.conversation_id == earlier


async def test_with_nobody_on_duty_the_request_is_kept_and_the_bot_goes_on(
    stranger: Resident, database: Database
) -> None:
    await stranger.says("转人工")
    assert await stranger.state() == "bot"
    async with database.reading() as session:
        kind = await session.scalar(
            select(QueueItem.kind)
            .join(Conversation, Conversation.id == QueueItem.conversation_id)
            .where(Conversation.public_id == stranger.conversation_id)
        )
    assert kind == "callback"
    assert (await stranger.says("你好")).author == "bot"


async def test_leaving_the_queue_gives_the_bot_back(stranger: Resident, agent: DeskAgent) -> None:
    answer = await stranger.says("转人工")
    assert answer.offers("不等了，继续问智能助手")
    await stranger.chooses("不等了，继续问智能助手")
    assert await stranger.state() == "bot"
    assert [q for q in (await agent.overview())["waiting"] if q["conversation_id"] == stranger.conversation_id] == []


async def test_an_emergency_gets_the_safety_text_first_and_an_alarm_at_the_desk(
    wang: Resident, agent: DeskAgent, database: Database
) -> None:
    answer = await wang.says("闻到煤气味")
    assert answer.blocks[0]["kind"] == "emergency"
    assert answer.blocks[0]["phones"]
    async with database.reading() as session:
        alarm = await session.scalar(
            select(Alarm)
            .join(Conversation, Conversation.id == Alarm.conversation_id)
            .where(Conversation.public_id == wang.conversation_id)
        )
    assert alarm is not None
    assert alarm.kind == "gas"
    shown = [row for row in (await agent.overview())["alarms"] if row["id"] == alarm.id]
    assert shown
    await agent.post(f"/alarms/{alarm.id}/acknowledge")
    assert [row for row in (await agent.overview())["alarms"] if row["id"] == alarm.id] == []


async def test_an_emergency_in_the_middle_of_a_form_or_with_a_person_is_answered_at_once(
    wang: Resident, agent: DeskAgent
) -> None:
    await wang.says("马桶堵了要报修")
    assert (await wang.says("着火了快来人")).blocks[0]["kind"] == "emergency"
    await wang.says("转人工")
    await agent.post(f"/queue/{await item_of(agent, wang)}/take")
    assert (await wang.says("有人被困在电梯里出不来")).blocks[0]["kind"] == "emergency"
    await agent.post(f"/conversations/{wang.conversation_id}/return")


async def test_a_danger_told_while_stars_are_awaited_is_no_rating(stranger: Resident, agent: DeskAgent) -> None:
    await stranger.says("转人工")
    await agent.post(f"/queue/{await item_of(agent, stranger)}/take")
    await agent.post(f"/conversations/{stranger.conversation_id}/close")
    answer = await stranger.says("煤气味很大！太不满意了")
    assert answer.blocks[0]["kind"] == "emergency"


async def test_what_was_asked_in_the_queue_is_answered_after_leaving_it(stranger: Resident, agent: DeskAgent) -> None:
    await stranger.says("转人工")
    asked = await stranger.send("物业服务中心几点上班")
    await stranger.says("不等了，继续问智能助手")
    answer = await stranger.answer_to(asked)
    assert answer.author == "bot"
