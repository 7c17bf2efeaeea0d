"""Hanging up at every stage: the row says how the call ended, what was said is kept, nothing half-done is filed."""

import asyncio

import pytest

from integrations.voice.hotline import Switchboard
from property_db.calls.models import CallOutcome, CallState
from property_db.conversations.models import Direction, MessageState
from property_db.handoff.models import QueueState
from tests.conversations.voice.conftest import CallUp, verified
from tests.support.actors import DeskAgent
from tests.support.live import WANG
from tests.support.voice_actor import Caller


async def is_over_with(caller: Caller, outcome: CallOutcome) -> None:
    """The row as it has to be in the end."""
    row = await caller.row()
    assert (row.state, row.outcome) == (CallState.ENDED, outcome)
    assert row.ended_at is not None


async def test_in_the_greeting(call: CallUp) -> None:
    caller = await call(hears_greeting=False)
    await caller.passes(1.0)
    await caller.hangs_up()
    await is_over_with(caller, CallOutcome.ABANDONED)
    row = await caller.row()
    assert row.answered_at is not None
    assert row.conversation_id is None


async def test_while_the_home_is_confirmed(call: CallUp) -> None:
    caller = await call(WANG, trusted=True)
    await caller.presses("50")
    await caller.hangs_up()
    await is_over_with(caller, CallOutcome.ABANDONED)
    assert (await caller.identity()).person_id is None


async def test_in_the_middle_of_a_word(caller: Caller) -> None:
    await caller.begins_to_say("我要报修厨房", seconds=0.8)
    await caller.hangs_up()
    await is_over_with(caller, CallOutcome.ABANDONED)
    assert await caller.utterances() == []
    assert (await caller.row()).conversation_id is None


async def test_while_it_is_recognised(caller: Caller) -> None:
    caller.recogniser.hold = asyncio.Event()
    await caller.says("我要报修")
    await caller.hangs_up()
    await is_over_with(caller, CallOutcome.ABANDONED)
    assert (await caller.row()).conversation_id is None


async def test_while_the_answer_is_made(caller: Caller) -> None:
    await caller.says("物业服务中心几点上班")
    await caller.hangs_up()
    assert (await caller.row()).outcome in (CallOutcome.SELF_SERVED, CallOutcome.ABANDONED)
    assert await caller.said() in (["物业服务中心几点上班"], [])


async def test_while_the_answer_is_said(wang_calls: Caller) -> None:
    await wang_calls.says("我家还欠多少物业费")
    await wang_calls.hears("物业费")
    await wang_calls.hangs_up()
    await is_over_with(wang_calls, CallOutcome.SELF_SERVED)
    (answer,) = await wang_calls.messages(Direction.OUT)
    assert answer.state is MessageState.DELIVERED


async def test_in_the_middle_of_digits(caller: Caller) -> None:
    await caller.asks("我家还欠多少物业费")
    await caller.presses("138001")
    await caller.hangs_up()
    await is_over_with(caller, CallOutcome.SELF_SERVED)
    assert await caller.said() == ["我家还欠多少物业费"]


async def test_in_the_queue(caller: Caller, agent: DeskAgent) -> None:
    await caller.asks("转人工")
    await caller.hangs_up()
    await is_over_with(caller, CallOutcome.ABANDONED)
    (item,) = await caller.queue_items()
    assert item.state is QueueState.ABANDONED
    assert item.id not in [waiting["id"] for waiting in (await agent.overview())["waiting"]]


async def test_before_the_tone(caller: Caller) -> None:
    await caller.says("转人工")
    await caller.hears("嘀声")
    await caller.hangs_up()
    assert await caller.tickets() == []
    (item,) = await caller.queue_items()
    assert item.state is QueueState.WAITING, "the wish to be called back stands"


async def test_in_a_message(caller: Caller) -> None:
    await caller.asks("转人工")
    await caller.waits_for_the_tone()
    await caller.begins_to_say("单元门坏了，关不上", seconds=2.0)
    await caller.hangs_up()
    await is_over_with(caller, CallOutcome.VOICEMAIL)
    (ticket,) = await caller.tickets()
    assert ticket.symptom == "单元门坏了，关不上"


async def test_in_the_goodbye(caller: Caller) -> None:
    await caller.asks("物业服务中心几点上班")
    await caller.says("再见")
    await caller.hangs_up()
    await is_over_with(caller, CallOutcome.SELF_SERVED)


async def test_instead_of_the_stars(caller: Caller, agent: DeskAgent) -> None:
    await caller.asks("转人工")
    (item,) = await caller.queue_items()
    await agent.post(f"/queue/{item.id}/take")
    await caller.listens()
    conversation = await caller.conversation()
    assert conversation is not None
    caller.forgets()
    await agent.post(f"/conversations/{conversation.public_id}/close")
    await caller.listens()
    await caller.hangs_up()
    await is_over_with(caller, CallOutcome.AGENT)
    assert await caller.ratings() == []


async def test_many_at_once(call: CallUp, switchboard: Switchboard) -> None:
    callers = [await call(hears_greeting=False) for _ in range(5)]
    assert len(switchboard.live()) == 5
    for caller in callers:
        await caller.hangs_up()
    assert switchboard.live() == []


@pytest.mark.parametrize("stage", ["greeting", "answer", "waiting"])
async def test_a_server_that_stops_says_goodbye(call: CallUp, stage: str, agent: DeskAgent) -> None:
    caller = await verified(call, WANG) if stage == "answer" else await call()
    if stage == "answer":
        await caller.says("我家还欠多少物业费")
        await caller.hears("物业费")
    if stage == "waiting":
        await caller.keys("0")
    caller.forgets()
    caller.dialogue.close("goodbye_closing")
    await caller.is_over()
    assert "再见" in caller.transcript
    assert caller.line.hung_up == "us"
