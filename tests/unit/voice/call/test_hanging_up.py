"""Hanging up at every stage: the call ends, and nothing of it runs on (the fixture looks)."""

import asyncio

import pytest

from integrations.voice.call.office import Standing
from tests.unit.voice.call.conftest import Ring
from tests.unit.voice.call.desk import PaperOffice

STAGES = [
    "in_the_greeting",
    "confirming_the_home",
    "while_speaking",
    "while_being_recognised",
    "while_waiting_for_an_answer",
    "while_an_answer_is_said",
    "in_the_middle_of_digits",
    "in_the_queue",
    "with_a_person",
    "before_the_tone",
    "in_a_message",
    "in_the_goodbye",
]


@pytest.mark.parametrize("stage", STAGES)
async def test_nothing_stays_behind(ring: Ring, stage: str) -> None:
    greeted = stage != "in_the_greeting"
    call = await ring(PaperOffice(known=stage == "confirming_the_home"), through_greeting=greeted)
    caller, office, session = call.caller, call.office, call.session
    match stage:
        case "in_the_greeting":
            await caller.passes(1.0)
        case "confirming_the_home":
            await caller.presses("50")
        case "while_speaking":
            await caller.begins_to_say("我要报修", seconds=0.7)
        case "while_being_recognised":
            caller.recogniser.hold = asyncio.Event()
            await caller.says("我要报修")
        case "while_waiting_for_an_answer":
            await caller.says("我要报修")
            await caller.passes(3.0)
        case "while_an_answer_is_said":
            await caller.says("查物业费")
            office.answer(session, "您家十月的物业费是二百五十元，十一月的物业费也是二百五十元")
            await caller.passes(0.5)
        case "in_the_middle_of_digits":
            await caller.says("我要报修")
            office.answer(session, "您的房号？", expects="room")
            await caller.hears("房号")
            await caller.presses("50")
        case "in_the_queue" | "with_a_person":
            office.where = Standing(owner="waiting" if stage == "in_the_queue" else "human", ahead=1, minutes=2)
            await caller.says("转人工")
            session.conversation_changed()
            await caller.passes(1.0)
        case "before_the_tone" | "in_a_message":
            office.where = Standing(call_back=True)
            await caller.says("转人工")
            office.answer(session, "没有客服在线")
            await caller.passes(0.5)
            while stage == "in_a_message" and not caller.line.tones:
                await caller.passes(0.1)
            if stage == "in_a_message":
                await caller.passes(0.6)
                await caller.begins_to_say("电梯坏了", seconds=0.9)
        case "in_the_goodbye":
            session.dismiss()
            await caller.passes(0.3)
    await caller.hangs_up()
    assert caller.line.hung_up == "caller"


async def test_who_gives_up_before_the_answer_is_not_answered(ring: Ring) -> None:
    from integrations.voice.line import LineGone

    with pytest.raises(LineGone):
        call = await ring(through_greeting=False)
        await call.caller.hangs_up()
