"""From every place of a call there is a way on, and nothing that was said or asked is lost on it."""

import pytest

from integrations.voice.call.office import Standing
from tests.unit.voice.call.conftest import Ring
from tests.unit.voice.call.desk import PaperOffice

MESSAGE = "三号楼门口的灯不亮了麻烦回个电话"
CONFIRM = {"1": "确认提交", "2": "修改"}


async def test_the_recording_notice_is_heard_whatever_the_caller_does(ring: Ring) -> None:
    call = await ring(through_greeting=False)
    await call.caller.passes(0.5)
    await call.caller.presses("*")
    await call.caller.says("查物业费")
    await call.caller.passes(3.0)
    assert call.caller.transcript.count(call.prompt("recording_notice")) == 1
    assert call.office.sent == ["查物业费"]


async def test_who_is_silent_at_a_question_is_not_told_to_press_an_option(ring: Ring) -> None:
    call = await ring()
    await call.caller.says("水管坏了")
    call.office.answer(call.session, "核对一下。", "提交请按1，修改请按2。", options=CONFIRM)
    await call.caller.hears("修改")
    await call.caller.passes(6.5)
    await call.caller.hears(call.prompt("reprompt_keys"))
    await call.caller.presses("#")
    await call.caller.hears("提交请按1")
    assert call.office.sent == ["水管坏了"]


async def test_a_message_that_is_being_left_is_kept_when_the_house_closes(ring: Ring) -> None:
    call = await ring()
    call.office.where = Standing(call_back=True)
    await call.caller.says("转人工")
    call.office.answer(call.session, "客服下班了。")
    await call.caller.hears("嘀声后留言")
    await call.caller.passes(1.0)
    await call.caller.begins_to_say(MESSAGE)
    await call.caller.passes(1.0)
    call.session.dismiss()
    await call.caller.is_over()
    assert [text for _, text in call.office.messages] == [MESSAGE]


async def test_a_known_caller_who_was_not_understood_can_key_what_is_asked_later(ring: Ring) -> None:
    call = await ring(PaperOffice(known=True))
    for _ in range(2):
        await call.caller.mumbles()
        await call.caller.listens()
    await call.caller.presses("2")
    await call.caller.passes(0.3)
    call.office.answer(call.session, "请按手机号，按完请按井号键。", expects="phone")
    await call.caller.hears("手机号")
    await call.caller.presses("13800138000")
    await call.caller.passes(0.5)
    assert call.office.sent == ["查一下物业费", "13800138000"]


@pytest.mark.parametrize("recording", [False, True])
async def test_zero_leads_to_a_person_out_of_voicemail(ring: Ring, recording: bool) -> None:
    call = await ring(recogniser=False)
    await call.caller.presses("1")
    if recording:
        await call.caller.hears("嘀声后")
        await call.caller.passes(1.0)
    await call.caller.presses("0")
    await call.caller.passes(1.0)
    assert call.office.sent == ["转人工"]
    assert call.session.dialogue.stage == "talking"


async def test_who_declined_to_leave_a_message_may_ask_again(ring: Ring) -> None:
    call = await ring()
    call.office.where = Standing(call_back=True)
    await call.caller.says("转人工")
    call.office.answer(call.session, "客服下班了。")
    await call.caller.hears("嘀声后留言")
    await call.caller.presses("*")
    await call.caller.listens()
    await call.caller.presses("0")
    await call.caller.passes(0.3)
    call.office.answer(call.session, "客服下班了。")
    await call.caller.hears("嘀声后留言")


async def test_an_agents_words_are_heard_however_long_the_call(ring: Ring) -> None:
    call = await ring(longest_seconds=60)
    call.office.where = Standing("human", agent_id=1)
    call.session.conversation_changed()
    await call.caller.passes(61.0)
    await call.caller.begins_to_say("我在说话呢")
    call.office.answer(call.session, "师傅十分钟后到。", author="agent")
    await call.caller.passes(1.5)
    await call.caller.hears("师傅十分钟后到")
    call.office.where = Standing("rating")
    call.office.answer(call.session, "请为这次服务打分。", expects="rating", author="system")
    call.session.conversation_changed()
    await call.caller.hears("打分")
    await call.caller.passes(1.0)
    assert call.prompt("goodbye_longest") not in call.caller.transcript


async def test_a_question_outlives_the_recogniser(ring: Ring) -> None:
    call = await ring()
    await call.caller.says("水管坏了")
    call.office.answer(call.session, "核对一下。", "提交请按1，修改请按2。", options=CONFIRM)
    await call.caller.hears("修改")
    call.caller.recogniser.works = False
    await call.caller.says("确认")
    await call.caller.hears("提交请按1")
    await call.caller.presses("1")
    await call.caller.passes(0.5)
    assert call.office.sent == ["水管坏了", "确认提交"]


async def test_a_murmur_does_not_bring_a_second_word(ring: Ring) -> None:
    call = await ring()
    await call.caller.begins_to_say("查一下物业费")
    await call.caller.passes(1.0)
    await call.caller.begins_to_say("嗯", confidence=0.1, seconds=0.3)
    await call.caller.passes(2.5)
    assert call.caller.transcript.count(call.prompt("opener")) == 1


async def test_a_danger_is_believed_even_when_it_is_badly_heard(ring: Ring) -> None:
    call = await ring()
    await call.caller.says("家里着火了", confidence=0.3)
    await call.caller.passes(0.5)
    assert call.office.sent == ["家里着火了"]
