"""What a caller meets: greeting, answers, repetition, silence, misunderstandings, dangers, goodbye."""

import asyncio

from integrations.voice.call.office import Standing
from property_db.calls.models import CallOutcome
from tests.unit.voice.call.conftest import Ring
from tests.unit.voice.call.desk import PaperOffice


async def test_the_caller_is_greeted_told_of_the_recording_and_what_to_do(ring: Ring) -> None:
    call = await ring(through_greeting=False)
    heard = await call.caller.listens()
    assert heard.index("翠湖物业") < heard.index("录音") < heard.index("直接说")


async def test_what_is_said_is_sent_and_the_answer_is_spoken(ring: Ring) -> None:
    call = await ring()
    await call.caller.says("厨房水龙头漏水")
    assert call.office.sent == ["厨房水龙头漏水"]
    call.office.answer(call.session, "好的，请问什么时候方便？")
    await call.caller.hears("什么时候方便")


async def test_what_was_heard_is_kept_with_its_confidence(ring: Ring) -> None:
    call = await ring()
    await call.caller.says("我要报修", confidence=0.8)
    assert call.office.kept == [("我要报修", 0.8, None)]


async def test_the_greeting_can_be_spoken_over(ring: Ring) -> None:
    call = await ring(through_greeting=False)
    await call.caller.passes(0.5)
    await call.caller.says("我要报修")
    assert call.office.sent == ["我要报修"]
    assert "直接说" not in call.caller.transcript


async def test_an_answer_is_cut_half_a_second_into_the_callers_speech(ring: Ring) -> None:
    call = await ring()
    await call.caller.says("查物业费")
    call.office.answer(call.session, "您家十月的物业费是二百五十元，十一月的物业费也是二百五十元，一共五百元")
    await call.caller.passes(1.0)
    await call.caller.begins_to_say("我要找人工客服", seconds=0.7)
    assert call.caller.line.unplayed == 0
    opener, answer = call.caller.line.heard[-2:]
    assert opener.text == call.prompt("opener")
    assert 1.4 < opener.seconds + answer.seconds < 1.8


async def test_a_cough_interrupts_nothing(ring: Ring) -> None:
    call = await ring()
    await call.caller.says("查物业费")
    call.office.answer(call.session, "您家十月的物业费是二百五十元")
    await call.caller.passes(0.3)
    await call.caller.mumbles(0.15)
    await call.caller.hears("二百五十元")
    assert call.office.sent == ["查物业费"]


async def test_what_was_cut_for_nothing_goes_on(ring: Ring) -> None:
    call = await ring()
    await call.caller.says("查物业费")
    call.office.answer(call.session, "您家十月的物业费是二百五十元")
    await call.caller.passes(0.5)
    await call.caller.mumbles(0.8)
    await call.caller.hears("二百五十元")


async def test_an_answer_that_comes_while_the_caller_speaks_waits_for_them(ring: Ring) -> None:
    call = await ring()
    await call.caller.says("我要报修")
    await call.caller.begins_to_say("是水龙头", seconds=0.6)
    call.office.answer(call.session, "什么坏了？")
    await call.caller.settles()
    assert call.caller.line.unplayed == 0
    await call.caller.passes(1.0)
    await call.caller.hears("什么坏了")
    assert call.office.sent == ["我要报修", "是水龙头"]


async def test_an_answer_delivered_twice_is_spoken_once(ring: Ring) -> None:
    call = await ring()
    await call.caller.says("查物业费")
    for _ in range(2):
        call.office.answer(call.session, "没有欠费", seq=3)
    await call.caller.hears("没有欠费")
    await call.caller.passes(3.0)
    assert call.caller.transcript.count("没有欠费") == 1


async def test_asking_again_repeats_the_last_answer(ring: Ring) -> None:
    call = await ring()
    await call.caller.says("查物业费")
    call.office.answer(call.session, "没有欠费")
    await call.caller.hears("没有欠费")
    await call.caller.says("再说一遍")
    await call.caller.hears("没有欠费")
    await call.caller.presses("1")
    await call.caller.hears("没有欠费")
    assert call.office.sent == ["查物业费"]


async def test_who_waits_for_the_recogniser_waits_already(ring: Ring) -> None:
    call = await ring()
    call.caller.recogniser.hold = asyncio.Event()
    await call.caller.says("查物业费")
    await call.caller.passes(1.6)
    call.caller.recogniser.hold.set()
    await call.caller.settles()
    await call.caller.passes(0.3)
    await call.caller.hears(call.prompt("one_moment"))


async def test_a_slow_answer_is_bridged_once_and_then_now_and_then(ring: Ring) -> None:
    call = await ring()
    await call.caller.says("查物业费")
    await call.caller.passes(0.3)
    assert call.prompt("one_moment") not in call.caller.heard_since()
    await call.caller.passes(2.0)
    assert call.caller.heard_since().count(call.prompt("one_moment")) == 1
    await call.caller.passes(8.0)
    assert call.caller.heard_since().count(call.prompt("still_working")) == 1
    call.office.answer(call.session, "没有欠费")
    await call.caller.hears("没有欠费")


async def test_who_waits_a_second_hears_a_word_and_the_answer_behind_it(ring: Ring) -> None:
    call = await ring()
    await call.caller.says("查物业费")
    await call.caller.passes(0.4)
    assert call.caller.heard_since() == call.prompt("opener")
    await call.caller.passes(0.5)
    assert call.caller.heard_since() == call.prompt("opener")
    call.office.answer(call.session, "没有欠费")
    await call.caller.hears("没有欠费")
    assert call.caller.transcript.count(call.prompt("opener")) == 1


async def test_every_sentence_may_have_its_word(ring: Ring) -> None:
    call = await ring()
    for _ in range(2):
        await call.caller.says("查物业费")
        await call.caller.passes(0.4)
        call.office.answer(call.session, "没有欠费")
        await call.caller.hears("没有欠费")
    assert call.caller.transcript.count(call.prompt("opener")) == 2


async def test_nothing_is_said_before_the_safety_text(ring: Ring) -> None:
    call = await ring()
    await call.caller.says("我家着火了")
    await call.caller.passes(0.8)
    assert call.prompt("opener") not in call.caller.transcript


async def test_silence_is_asked_twice_and_ends_in_a_goodbye(ring: Ring) -> None:
    call = await ring()
    await call.caller.passes(6.5)
    await call.caller.hears(call.prompt("reprompt_1"))
    await call.caller.passes(6.5)
    await call.caller.hears(call.prompt("reprompt_2"))
    await call.caller.passes(6.5)
    await call.caller.hears(call.prompt("goodbye_silence"))
    await call.caller.is_over()
    assert call.caller.line.hung_up == "us"


async def test_who_speaks_again_is_not_counted_as_silent(ring: Ring) -> None:
    call = await ring()
    await call.caller.passes(6.5)
    await call.caller.hears(call.prompt("reprompt_1"))
    await call.caller.says("查物业费")
    call.office.answer(call.session, "没有欠费")
    await call.caller.hears("没有欠费")
    await call.caller.passes(6.5)
    await call.caller.hears(call.prompt("reprompt_1"))


async def test_three_misunderstandings_lead_over_the_keys_to_a_person(ring: Ring) -> None:
    call = await ring()
    await call.caller.says("哇啦哇啦", confidence=0.1)
    await call.caller.hears(call.prompt("not_heard"))
    await call.caller.mumbles()
    await call.caller.hears(call.prompt("menu"))
    assert call.office.sent == []
    await call.caller.mumbles()
    await call.caller.hears(call.prompt("not_heard_person"))
    assert call.office.sent == ["转人工"]


async def test_what_was_not_understood_is_kept_with_the_reason(ring: Ring) -> None:
    call = await ring()
    await call.caller.mumbles()
    assert call.office.kept == [("", 0.0, "nothing_said")]


async def test_a_danger_is_told_at_once_and_its_first_sentence_is_heard_out(ring: Ring) -> None:
    call = await ring()
    await call.caller.says("查物业费")
    call.office.answer(call.session, "您家十月的物业费是二百五十元，十一月的物业费也是二百五十元")
    await call.caller.passes(0.5)
    await call.caller.says("家里煤气漏了")
    call.office.answer(call.session, "马上离开屋子，不要开关电灯", "到了外面再打电话", danger=True)
    await call.caller.passes(0.3)
    await call.caller.begins_to_say("怎么办怎么办", seconds=1.0)
    await call.caller.passes(0.3)
    await call.caller.hears("马上离开屋子")
    first = next(one for one in call.caller.line.heard if "马上离开" in one.text)
    assert first.whole


async def test_after_a_danger_the_way_to_a_person_is_offered(ring: Ring) -> None:
    call = await ring()
    await call.caller.says("家里煤气漏了")
    call.office.answer(call.session, "马上离开屋子", danger=True)
    await call.caller.hears(call.prompt("emergency_offer"))
    await call.caller.presses("0")
    assert call.office.sent[-1] == "转人工"


async def test_a_danger_does_not_wait_until_the_caller_is_silent(ring: Ring) -> None:
    call = await ring()
    await call.caller.says("家里煤气漏了")
    await call.caller.begins_to_say("快来人", seconds=0.6)
    call.office.answer(call.session, "马上离开屋子", danger=True)
    await call.caller.settles()
    assert call.caller.line.unplayed > 0


async def test_our_own_voice_in_a_loudspeaker_is_no_answer(ring: Ring) -> None:
    call = await ring()
    await call.caller.says("查物业费")
    call.office.answer(call.session, "您家十月的物业费是二百五十元")
    await call.caller.passes(0.5)
    await call.caller.says("十月的物业费是二百五")
    await call.caller.hears("二百五十元")
    assert call.office.sent == ["查物业费"]


async def test_a_goodbye_ends_the_call(ring: Ring) -> None:
    call = await ring()
    await call.caller.says("查物业费")
    call.office.answer(call.session, "没有欠费")
    await call.caller.hears("没有欠费")
    await call.caller.says("好的谢谢再见")
    await call.caller.hears(call.prompt("goodbye"))
    await call.caller.is_over()
    assert call.session.dialogue.outcome is CallOutcome.SELF_SERVED


async def test_the_rest_of_a_long_list_comes_when_it_is_wanted(ring: Ring) -> None:
    from integrations.voice.spoken import Sentence, SpokenAnswer

    call = await ring()
    await call.caller.says("有什么通知")
    rest = SpokenAnswer(sentences=(Sentence("第四条，电梯检修", "第四条，电梯检修"),))
    call.office.answer(call.session, "第一条，停水", "要接着听吗", more=(rest,), more_key="1")
    await call.caller.hears("要接着听吗")
    await call.caller.says("好的")
    await call.caller.hears("电梯检修")
    assert call.office.sent == ["有什么通知"]


async def test_the_longest_call_ends_with_a_goodbye(ring: Ring) -> None:
    call = await ring(longest_seconds=40.0)
    for _ in range(12):
        await call.caller.says("查物业费")
        call.office.answer(call.session, "没有欠费")
        await call.caller.passes(3.0)
        if call.prompt("goodbye_longest") in call.caller.transcript:
            break
    await call.caller.is_over()
    assert call.prompt("goodbye_longest") in call.caller.transcript


async def test_with_a_person_silence_is_no_matter_and_their_words_are_spoken(ring: Ring) -> None:
    call = await ring()
    await call.caller.says("转人工")
    call.office.where = Standing(owner="human", agent_id=7)
    call.session.conversation_changed()
    await call.caller.passes(20.0)
    assert call.prompt("reprompt_1") not in call.caller.transcript
    call.office.answer(call.session, "您好，我是小李", author="agent")
    await call.caller.hears("我是小李")
    await call.caller.says("你帮我看看")
    assert call.office.sent[-1] == "你帮我看看"


async def test_who_waits_is_told_their_place_now_and_then_and_may_leave(ring: Ring) -> None:
    call = await ring()
    call.office.where = Standing(owner="waiting", ahead=2, minutes=8)
    await call.caller.says("转人工")
    call.office.answer(call.session, "您前面还有2位")
    await call.caller.passes(35.0)
    assert call.prompts.text("waiting_place", ahead=2, minutes=8) in call.caller.transcript
    await call.caller.presses("*")
    await call.caller.hears(call.prompt("menu"))
    assert call.office.left_queue == 1


async def test_hanging_up_while_waiting_counts_as_given_up(ring: Ring) -> None:
    call = await ring(PaperOffice(where=Standing(owner="waiting", ahead=0, minutes=1)))
    await call.caller.says("转人工")
    call.office.answer(call.session, "请稍等")
    await call.caller.hears("请稍等")
    await call.caller.hangs_up()
    assert call.session.dialogue.outcome is CallOutcome.ABANDONED


async def test_stopping_the_server_says_goodbye(ring: Ring) -> None:
    call = await ring()
    call.session.dismiss()
    await call.caller.hears(call.prompt("goodbye_closing"))
    await call.caller.is_over()


async def test_what_fails_in_one_turn_does_not_end_the_call(ring: Ring) -> None:
    call = await ring()
    call.office.takes = False
    await call.caller.says("查物业费")
    await call.caller.hears(call.prompt("unanswered"))
    call.office.takes = True
    await call.caller.says("查物业费")
    assert call.office.sent == ["查物业费"]


async def test_the_recogniser_is_given_the_options_as_hints(ring: Ring) -> None:
    call = await ring()
    await call.caller.says("我要报修")
    call.office.answer(call.session, "在哪儿？", options={"1": "厨房", "2": "卫生间"})
    await call.caller.hears("在哪儿")
    await call.caller.says("卫生间")
    assert call.caller.recogniser.hints[-1] == ("厨房", "卫生间")


async def test_nothing_stays_when_the_caller_hangs_up_while_being_recognised(ring: Ring) -> None:
    call = await ring()
    call.caller.recogniser.hold = asyncio.Event()
    await call.caller.says("我要报修")
    await call.caller.hangs_up()
    assert call.office.sent == []


async def test_what_is_added_while_the_last_sound_is_played_is_said_too(ring: Ring) -> None:
    call = await ring()
    await call.caller.says("查物业费")
    call.office.answer(call.session, "没有欠费", seq=3)
    await call.caller.passes(0.5)
    call.office.answer(call.session, "还有一个通知", seq=4)
    await call.caller.hears("还有一个通知")


async def test_while_somebody_else_speaks_on_the_line_the_call_is_theirs(ring: Ring) -> None:
    call = await ring()
    got: list[object] = []
    call.session.step_aside(got.append)
    await call.caller.says("喂，是物业吗")
    await call.caller.presses("0")
    call.office.answer(call.session, "客服打的字", author="agent", seq=3)
    await call.caller.passes(10.0)
    assert (call.office.sent, call.caller.heard_since()) == ([], "")
    assert len(got) > 400
    call.session.come_back()
    await call.caller.passes(0.2)
    await call.caller.hears("客服打的字")
    await call.caller.says("查物业费")
    assert call.office.sent == ["查物业费"]


async def test_an_option_named_while_it_is_read_out_is_an_answer_and_no_echo(ring: Ring) -> None:
    call = await ring()
    await call.caller.says("厨房水龙头漏水")
    call.office.answer(call.session, "确认提交请按一，要改一下请按二", options={"1": "确认提交", "2": "要改一下"})
    await call.caller.passes(1.0)
    await call.caller.says("确认提交")
    assert call.office.sent[-1] == "确认提交"


async def test_our_own_voice_out_of_a_loudspeaker_is_no_answer(ring: Ring) -> None:
    call = await ring()
    await call.caller.says("厨房水龙头漏水")
    call.office.answer(call.session, "确认提交请按一，要改一下请按二", options={"1": "确认提交", "2": "要改一下"})
    await call.caller.passes(1.0)
    await call.caller.says("确认提交请按一")
    assert call.office.sent == ["厨房水龙头漏水"]
