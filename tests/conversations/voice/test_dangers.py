"""Dangers told by telephone: the safety text at once, an alarm, a ticket, and a person on a key, at every moment."""

import pytest
from sqlalchemy import select

from property_db.calls.models import CallOutcome
from property_db.database import Database
from property_db.handoff.models import Alarm
from property_db.tickets.models import Ticket, TicketState, Urgency
from tests.conversations.voice.conftest import CallUp
from tests.conversations.voice.facts import heard_nothing_private
from tests.support.actors import DeskAgent
from tests.support.live import WANG
from tests.support.voice_actor import Caller

GAS = "闻到燃气味，请马上这样做"


async def alarm_and_ticket(caller: Caller, database: Database) -> tuple[Alarm, Ticket]:
    """The one alarm and the one ticket of the call."""
    (alarm,) = await caller.alarms()
    (ticket,) = await caller.tickets()
    assert alarm.ticket_id == ticket.id
    return alarm, ticket


@pytest.mark.parametrize(
    ("heard", "kind", "first"),
    [
        ("厨房里煤气味好大", "gas", "离开"),
        ("有人被困在电梯里出不来", "lift", "冷静"),
        ("家里着火了", "fire", "逃生"),
        ("电体里困住人了", "lift", "冷静"),
        ("着火啦快来人呀", "fire", "逃生"),
    ],
)
async def test_the_safety_text_comes_first_with_alarm_and_ticket(
    caller: Caller, database: Database, heard: str, kind: str, first: str
) -> None:
    answer = await caller.asks(heard, confidence=0.5)
    sentences = answer.splitlines()
    assert first in sentences[0]
    assert "请按零" in sentences[-1]
    alarm, ticket = await alarm_and_ticket(caller, database)
    assert alarm.kind == kind
    assert (ticket.urgency, ticket.state) == (Urgency.EMERGENCY, TicketState.NEW)
    assert heard_nothing_private(caller)


async def test_the_first_sentence_is_heard_out_whatever_the_caller_does(caller: Caller) -> None:
    await caller.says("厨房里煤气味好大")
    while not any(GAS in one.text for one in caller.line.heard):
        await caller.passes(0.1)
    await caller.begins_to_say("喂喂喂，你听到没有啊", seconds=1.5)
    await caller.presses("5")
    await caller.listens()
    spoken = next(one for one in caller.line.heard if GAS in one.text)
    assert spoken.whole
    assert len(await caller.alarms()) == 1


async def test_a_danger_in_the_greeting_needs_no_home(call: CallUp, database: Database) -> None:
    caller = await call(WANG, trusted=True, hears_greeting=False)
    await caller.passes(1.0)
    answer = await caller.asks("我家着火了")
    assert "逃生" in answer
    await alarm_and_ticket(caller, database)


async def test_a_danger_in_the_middle_of_a_form(wang_calls: Caller) -> None:
    await wang_calls.asks("马桶堵了要报修")
    assert GAS in await wang_calls.asks("厨房里有煤气味")
    (ticket,) = await wang_calls.tickets()
    assert ticket.urgency is Urgency.EMERGENCY
    assert ticket.home_id is not None
    assert len(await wang_calls.alarms()) == 1


async def test_a_danger_while_digits_are_asked_for(caller: Caller) -> None:
    await caller.asks("我家还欠多少物业费")
    await caller.presses("138")
    assert GAS in await caller.asks("煤气味好大")
    assert len(await caller.alarms()) == 1


async def test_a_danger_on_the_voicemail_is_answered_and_no_message_for_tomorrow(caller: Caller) -> None:
    await caller.asks("转人工")
    await caller.waits_for_the_tone()
    assert GAS in await caller.asks("厨房里煤气味好大")
    (ticket,) = await caller.tickets()
    assert ticket.urgency is Urgency.EMERGENCY
    assert len(await caller.alarms()) == 1


async def test_a_danger_in_the_queue(caller: Caller, agent: DeskAgent) -> None:
    await caller.asks("转人工")
    assert await caller.state() == "waiting"
    assert GAS in await caller.asks("厨房里煤气味好大")
    assert len(await caller.alarms()) == 1


async def test_a_danger_with_a_person_on_the_line(caller: Caller, agent: DeskAgent, database: Database) -> None:
    await caller.asks("转人工")
    (item,) = await caller.queue_items()
    await agent.post(f"/queue/{item.id}/take")
    await caller.listens()
    assert GAS in await caller.asks("厨房里煤气味好大")
    conversation = await caller.conversation()
    assert conversation is not None
    await agent.post(f"/conversations/{conversation.public_id}/return")
    async with database.reading() as session:
        alarm = await session.scalar(select(Alarm).where(Alarm.conversation_id == conversation.id))
    assert alarm is not None
    shown = [row for row in (await agent.overview())["alarms"] if row["id"] == alarm.id]
    assert shown


async def test_the_offered_key_reaches_a_person(caller: Caller, agent: DeskAgent) -> None:
    await caller.asks("厨房里煤气味好大")
    await caller.keys("0")
    assert await caller.state() == "waiting"
    (item,) = await caller.queue_items()
    assert item.state.value == "waiting"


async def test_hanging_up_before_the_text_is_over_loses_no_alarm(caller: Caller, database: Database) -> None:
    await caller.says("厨房里煤气味好大")
    await caller.hears(GAS)
    await caller.hangs_up()
    await alarm_and_ticket(caller, database)
    assert (await caller.row()).outcome in (CallOutcome.SELF_SERVED, CallOutcome.ABANDONED)


async def test_what_is_no_danger_raises_no_alarm(caller: Caller) -> None:
    await caller.asks("煤气费怎么交")
    assert await caller.alarms() == []
    assert await caller.tickets() == []
