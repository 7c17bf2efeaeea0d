"""Recogniser or voice are gone: the call goes on by keys, recordings and messages left."""

from pathlib import Path

from integrations.voice.call.office import Standing
from integrations.voice.wav import as_wav
from property_db.calls.models import CallOutcome, CallState
from tests.unit.voice.call.conftest import Call, Ring


async def until_the_tone(call: Call) -> None:
    while not call.caller.line.tones:
        await call.caller.passes(0.1)
    await call.caller.passes(0.6)


async def test_without_a_recogniser_the_keys_are_offered(ring: Ring) -> None:
    call = await ring(recogniser=False)
    assert call.prompt("speech_down") in call.caller.transcript
    assert call.prompt("menu") in call.caller.transcript
    await call.caller.presses("3")
    assert call.office.sent == ["有没有停水停电的通知"]
    assert call.office.speech_lost == 1


async def test_a_recogniser_lost_in_mid_call_is_told_of_once(ring: Ring) -> None:
    call = await ring()
    await call.caller.says("你好")
    call.office.answer(call.session, "您好")
    await call.caller.hears("您好")
    call.caller.recogniser.works = False
    for _ in range(2):
        await call.caller.says("我要报修")
        await call.caller.listens()
    assert call.caller.transcript.count(call.prompt("speech_down")) == 1
    assert call.caller.transcript.count(call.prompt("menu")) == 2
    assert call.office.speech_lost == 1


async def test_a_recogniser_that_is_back_is_used_again(ring: Ring) -> None:
    call = await ring(recogniser=False)
    call.caller.recogniser.works = True
    await call.caller.says("查物业费")
    assert call.office.sent == ["查物业费"]


async def test_a_repair_by_key_is_left_as_a_message(ring: Ring) -> None:
    call = await ring(recogniser=False)
    await call.caller.presses("1")
    await call.caller.hears(call.prompt("voicemail_repair"))
    await until_the_tone(call)
    await call.caller.says("厨房水龙头漏水")
    await call.caller.presses("#")
    await call.caller.hears(call.prompt("voicemail_kept"))
    await call.caller.is_over()
    ((sound, transcript),) = call.office.messages
    assert (len(sound) > 16_000, transcript) == (True, "")
    assert call.session.dialogue.outcome is CallOutcome.VOICEMAIL


async def test_a_message_ends_by_itself_when_the_caller_is_silent(ring: Ring) -> None:
    call = await ring()
    call.office.where = Standing(call_back=True)
    await call.caller.says("转人工")
    call.office.answer(call.session, "现在没有客服在线")
    await until_the_tone(call)
    await call.caller.says("电梯有异响")
    await call.caller.passes(6.0)
    await call.caller.hears(call.prompt("voicemail_kept"))
    assert [text for _, text in call.office.messages] == ["电梯有异响"]
    assert CallState.VOICEMAIL in call.office.moves


async def test_a_message_is_kept_when_the_caller_hangs_up_in_it(ring: Ring) -> None:
    call = await ring()
    call.office.where = Standing(call_back=True)
    await call.caller.says("转人工")
    call.office.answer(call.session, "现在没有客服在线")
    await until_the_tone(call)
    await call.caller.says("电梯有异响", then_silent=0.1)
    await call.caller.hangs_up()
    assert [text for _, text in call.office.messages] == ["电梯有异响"]


async def test_nothing_is_kept_where_nothing_was_said(ring: Ring) -> None:
    call = await ring()
    call.office.where = Standing(call_back=True)
    await call.caller.says("转人工")
    call.office.answer(call.session, "现在没有客服在线")
    await until_the_tone(call)
    await call.caller.passes(9.0)
    await call.caller.hears(call.prompt("voicemail_empty"))
    assert call.office.messages == []


async def test_who_wants_to_leave_no_message_goes_back_by_star(ring: Ring) -> None:
    call = await ring()
    call.office.where = Standing(call_back=True)
    await call.caller.says("转人工")
    call.office.answer(call.session, "现在没有客服在线")
    await until_the_tone(call)
    await call.caller.presses("*")
    await call.caller.hears(call.prompt("menu"))
    await call.caller.presses("2")
    assert call.office.sent[-1] == "查一下物业费"


async def test_a_danger_told_to_the_machine_is_answered_and_not_left_for_tomorrow(ring: Ring) -> None:
    call = await ring()
    call.office.where = Standing(call_back=True)
    await call.caller.says("转人工")
    call.office.answer(call.session, "现在没有客服在线")
    await until_the_tone(call)
    await call.caller.says("家里煤气漏了")
    assert call.office.sent[-1] == "家里煤气漏了"


async def test_a_silent_voice_does_not_end_the_call(ring: Ring) -> None:
    call = await ring(voice=False, through_greeting=False)
    await call.caller.passes(1.0)
    await call.caller.presses("0")
    assert call.office.sent == ["转人工"]
    call.caller.voice.works = True
    call.office.answer(call.session, "好的")
    await call.caller.hears("好的")


async def test_a_recorded_prompt_is_played_instead_of_the_voice(ring: Ring, tmp_path: Path) -> None:
    (tmp_path / "prompts").mkdir()
    (tmp_path / "prompts" / "how_to.wav").write_bytes(as_wav(b"\x10\x27\x00\x10" * 8_000))
    call = await ring(through_greeting=False)
    await call.caller.listens()
    assert call.prompt("how_to") not in call.caller.transcript
    assert call.caller.line.tones > 1.9
