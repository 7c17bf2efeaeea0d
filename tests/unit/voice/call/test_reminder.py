"""A call of ours with a reminder: who has had enough says so at any time, and only what was heard counts as told."""

import pytest

from integrations.voice.outbound.reminder import Reminder
from property_db.calls.models import CallOutcome
from tests.unit.voice.call.conftest import Call, Ring

TEXT = "明天停水，三号楼和四号楼上午九点到下午五点停水，请提前储水。"


async def reminded(ring: Ring, *, voice: bool = True, to_machine: bool = False) -> tuple[Call, list[str]]:
    """Call somebody; what they wanted of us then."""
    call = await ring(through_greeting=False, voice=voice)
    wanted: list[str] = []

    async def opted_out() -> None:
        wanted.append("out")

    async def asked() -> None:
        wanted.append("asked")

    parts = call.session.dialogue.parts
    call.session.dialogue = Reminder(parts, TEXT, opted_out, asked, to_machine=to_machine)
    return call, wanted


async def test_who_said_something_can_still_opt_out(ring: Ring) -> None:
    call, wanted = await reminded(ring)
    await call.caller.passes(14.0)
    await call.caller.says("知道了")
    await call.caller.passes(0.5)
    call.office.answer(call.session, "好的。")
    await call.caller.hears("好的。")
    await call.caller.presses("2")
    await call.caller.hears(call.prompt("outbound_opted_out"))
    assert wanted == ["asked", "out"]
    assert call.session.dialogue.outcome is CallOutcome.OPTED_OUT


async def test_two_is_an_option_where_options_are_offered(ring: Ring) -> None:
    call, wanted = await reminded(ring)
    await call.caller.passes(14.0)
    await call.caller.says("我要报修")
    call.office.answer(call.session, "提交请按1，修改请按2。", options={"1": "确认提交", "2": "修改"})
    await call.caller.hears("修改")
    await call.caller.presses("2")
    await call.caller.passes(0.5)
    assert (call.office.sent, wanted) == (["我要报修", "修改"], ["asked"])


async def test_the_reminder_out_of_a_loudspeaker_is_no_question(ring: Ring) -> None:
    call, wanted = await reminded(ring)
    await call.caller.hears("给您来电")
    await call.caller.passes(3.5)
    await call.caller.says("三号楼和四号楼")
    await call.caller.passes(1.0)
    assert (call.office.sent, wanted) == ([], [])


@pytest.mark.parametrize("to_machine", [False, True])
async def test_a_reminder_that_nobody_could_hear_has_failed(ring: Ring, to_machine: bool) -> None:
    call, _ = await reminded(ring, voice=False, to_machine=to_machine)
    await call.caller.passes(2.0)
    assert call.session.dialogue.outcome is CallOutcome.FAILED


@pytest.mark.parametrize(("to_machine", "outcome"), [(False, CallOutcome.SELF_SERVED), (True, CallOutcome.VOICEMAIL)])
async def test_a_reminder_that_was_played_to_its_end_is_told(
    ring: Ring, to_machine: bool, outcome: CallOutcome
) -> None:
    call, _ = await reminded(ring, to_machine=to_machine)
    await call.caller.passes(25.0)
    assert call.session.dialogue.outcome is outcome
