"""A caller who only speaks and presses keys, before the real engine: a repair from hello to the ticket row."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select

from property_db.conversations.models import Conversation
from property_db.database import Database
from property_db.tickets.models import Ticket
from tests.support.stack import Server
from tests.support.telephone import Telephone, equip, give_up

ANSWERS = (
    ("小区", "翠湖花园"),
    ("栋", "三栋二单元五零一"),
    ("在哪儿", "卫生间"),
    ("什么地方", "厨房"),
    ("急", "不急"),
    ("什么时候", "后天下午三点"),
)


@pytest.fixture
async def caller(server: Server) -> AsyncIterator[Telephone]:
    """Somebody who has called and heard the greeting."""
    switchboard = server.services.hotline
    assert switchboard is not None
    before = switchboard.equipment
    telephone = Telephone("13800138000")
    equip(switchboard, telephone)
    telephone.calls(switchboard.take)
    await telephone.listens()
    telephone.forgets()
    yield telephone
    await give_up(telephone)
    switchboard.equipment = before


async def test_a_stranger_reports_a_repair_by_voice_and_keys(caller: Telephone, database: Database) -> None:
    await caller.says("我家厨房水龙头一直滴水，要报修")
    said = await caller.listens()
    for _ in range(14):
        if "报好了" in said or "单号" in said:
            break
        if "确认提交" in said or "对不对" in said or "是吗" in said or "说的是" in said:
            await caller.presses("1")
        elif "电话" in said or "手机" in said:
            await caller.presses("13800138000")
        elif answer := next((text for key, text in ANSWERS if key in said), None):
            await caller.says(answer)
        else:
            raise AssertionError(f"an unexpected question: {said}")
        said = await caller.listens()
    assert "单号" in said, caller.transcript
    async with database.reading() as session:
        ticket = (
            await session.scalars(
                select(Ticket)
                .join(Conversation, Conversation.id == Ticket.conversation_id)
                .where(Conversation.channel == "voice")
            )
        ).one()
    assert (ticket.facility, ticket.contact_phone) == ("水龙头", "13800138000")
