"""Our own voice out of a loudspeaker is no message, and no message is taken for it."""

import pytest

from integrations.voice.call.echo import is_echo
from tests.unit.voice.call.conftest import Ring

NOTICE = "本次通话会录音。请直接说您要办的事，也可以按零转人工。"


@pytest.mark.parametrize(
    ("heard", "said", "asked", "echo"),
    [
        ("请直接说您要办", NOTICE, False, True),
        ("请直接说您要半的是", NOTICE, False, True),  # as a recogniser hears it
        ("也可以按零转人工", NOTICE, False, True),
        ("我要转人工", NOTICE, False, False),
        ("转人工客服", NOTICE, False, False),
        ("您家的水费", "您家的物业费是二百五十元", False, False),
        ("请按", "报修请按一", False, False),
        ("明天上午", "明天上午请按一，明天下午请按二", True, False),
        ("明天下午请按二后天", "明天上午请按一，明天下午请按二，后天上午请按三", True, True),
        ("煤气泄漏", "如果是煤气泄漏，请马上开窗", False, False),
        ("", NOTICE, False, False),
        ("请直接说您要办", "", False, False),
    ],
)
def test_what_is_an_echo(heard: str, said: str, asked: bool, echo: bool) -> None:
    assert is_echo(heard, said, asked=asked) is echo


@pytest.mark.parametrize("text", ["我要转人工", "请转人工", "帮我转人工"])
async def test_a_person_can_be_asked_for_while_the_greeting_names_one(ring: Ring, text: str) -> None:
    call = await ring(through_greeting=False)
    await call.caller.hears("您好")
    await call.caller.passes(0.4)
    await call.caller.says(text)
    await call.caller.passes(1.0)
    assert call.office.sent == [text]


async def test_a_time_that_is_read_out_can_be_taken_at_once(ring: Ring) -> None:
    call = await ring()
    await call.caller.says("水管坏了")
    times = "可以直接说，也可以按键：明天上午请按1，明天下午请按2，后天上午请按3，最后按井号键。"
    call.office.answer(call.session, "您什么时候方便？", times, expects="time")
    await call.caller.hears("您什么时候方便")
    await call.caller.passes(4.0)
    await call.caller.says("明天上午")
    await call.caller.passes(1.0)
    assert call.office.sent == ["水管坏了", "明天上午"]


async def test_a_danger_that_we_ask_about_is_told(ring: Ring) -> None:
    call = await ring()
    await call.caller.says("有怪味")
    call.office.answer(call.session, "请问是不是闻到煤气味了？", "如果是煤气泄漏，请马上开窗，不要开关电器。")
    await call.caller.hears("煤气味")
    await call.caller.passes(0.8)
    await call.caller.says("煤气泄漏")
    await call.caller.passes(1.0)
    assert call.office.sent == ["有怪味", "煤气泄漏"]


async def test_what_was_said_seconds_ago_is_no_echo(ring: Ring) -> None:
    call = await ring()
    await call.caller.says("查物业费")
    call.office.answer(call.session, "您家十月的物业费是二百五十元，电梯维护费是二十元，一共是二百七十元整")
    await call.caller.passes(6.0)
    await call.caller.says("十月的物业费")
    await call.caller.passes(1.0)
    assert call.office.sent == ["查物业费", "十月的物业费"]
