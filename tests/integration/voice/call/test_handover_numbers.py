"""Numbers in a hand-over: which are dialled, and which nobody reads on a telephone's display."""

from typing import Literal
from urllib.parse import unquote

import pytest
from sqlalchemy import select

from integrations.desk import service as desk
from integrations.voice.configuration import Hotline
from property_db.conversations import service as conversations
from property_db.conversations.models import Author, Conversation, ConversationState, Direction
from tests.integration.voice.call.conftest import Office
from tests.integration.voice.call.test_handover import PHONE, happens, hire, state, take, waits
from tests.support.exchange import PaperExchange, another
from tests.support.telephone import Telephone

SUMMARY = "X-Guanjia-Summary"


async def keys(office: Office, text: str) -> None:
    """A message of the caller, as a keyed or spoken value becomes one."""
    async with office.services.database.transaction() as session:
        conversation = (await session.scalars(select(Conversation))).one()
        await conversations.append(
            session,
            conversation.id,
            direction=Direction.IN,
            author=Author.RESIDENT,
            text=text,
            clock=office.services.clock,
        )


async def shown(office: Office, caller: Telephone) -> str | None:
    """What the agent's telephone shows when it rings; None where it is told nothing."""
    exchange = office.switchboard.exchange = PaperExchange({PHONE: another(caller, PHONE)})
    await take(office, await hire(office))
    await happens(lambda: exchange.dialled, caller=caller)
    ((_, headers),) = exchange.dialled
    return unquote(headers[SUMMARY]) if SUMMARY in headers else None


@pytest.mark.parametrize("transfer", ["bridge", "refer"])
async def test_a_telephone_abroad_is_not_called_and_the_agent_types(
    office: Office, transfer: Literal["bridge", "refer"]
) -> None:
    office.switchboard.settings = Hotline(transfer=transfer)
    exchange = office.switchboard.exchange = PaperExchange()
    agent = await hire(office, phone="0085212345678")  # as it was stored under other settings
    caller = await office.called(can_transfer=transfer == "refer")
    await caller.presses("0")
    await caller.hears("转人工")
    conversation = await take(office, agent)
    await caller.hears("小李")
    await desk.reply(office.services, agent, conversation.public_id, "m1", "师傅十分钟到")
    await caller.hears("师傅十分钟到")
    assert (exchange.dialled, caller.line.transfers) == ([], [])
    assert await state(office, conversation) is ConversationState.HUMAN


@pytest.mark.parametrize("value", ["13800138000", "482913", "3栋2单元501", "我住三栋五零一", "一三八零零一三八零零零"])
async def test_a_number_or_room_that_was_keyed_is_not_shown(office: Office, value: str) -> None:
    caller = await waits(office)
    await keys(office, value)
    assert await shown(office, caller) == "电梯停了"


async def test_who_keyed_a_code_and_nothing_else_is_shown_without_words(office: Office) -> None:
    caller = await office.called()
    await caller.presses("0")
    await caller.hears("转人工")
    await keys(office, "482913")
    assert await shown(office, caller) is None
