"""Silence, interruption, repetition and the way back, as callers who are old, in a hurry or on the street need them."""

import asyncio

import pytest

from property_db.calls.models import CallOutcome
from tests.conversations.voice.conftest import CallUp
from tests.support.voice_actor import Caller


async def test_silence_is_asked_about_twice_then_goodbye(caller: Caller) -> None:
    assert "您还在吗" in await caller.waits(6.5)
    assert "没有听到您说话" in await caller.waits(6.5)
    assert "再见" in await caller.waits(6.5)
    await caller.is_over()
    assert caller.line.hung_up == "us"
    row = await caller.row()
    assert (row.outcome, row.conversation_id) == (CallOutcome.ABANDONED, None)


async def test_silence_after_an_answer_ends_a_call_that_was_served(caller: Caller) -> None:
    await caller.asks("物业服务中心几点上班")
    for _ in range(3):
        await caller.waits(6.5)
    await caller.is_over()
    assert (await caller.row()).outcome is CallOutcome.SELF_SERVED


async def test_speaking_up_begins_the_silences_anew(caller: Caller) -> None:
    await caller.waits(6.5)
    await caller.waits(6.5)
    await caller.asks("物业服务中心几点上班")
    assert "您还在吗" in await caller.waits(6.5)


async def test_a_breath_while_thinking_is_no_silence(caller: Caller) -> None:
    assert await caller.waits(4.0) == ""


@pytest.mark.parametrize("again", ["再说一遍", "没听清楚，再说一遍", "你说啥？", "#"])
async def test_the_last_answer_is_said_again(wang_calls: Caller, again: str) -> None:
    first = await wang_calls.asks("我家还欠多少物业费")
    second = await (wang_calls.keys(again) if again == "#" else wang_calls.asks(again))
    assert second == first
    assert await wang_calls.said() == ["我家还欠多少物业费"]


async def test_key_one_repeats_where_nothing_is_on_offer(wang_calls: Caller) -> None:
    first = await wang_calls.asks("明天停水吗")
    assert wang_calls.offered == {}
    assert await wang_calls.keys("1") == first


async def test_the_star_leads_back_to_the_menu(wang_calls: Caller) -> None:
    await wang_calls.asks("我家还欠多少物业费")
    assert "报修请按一" in await wang_calls.keys("*")
    assert "没交" in await wang_calls.keys("2")
    assert (await wang_calls.said())[-1] == "查一下物业费"


async def test_the_word_leads_back_to_the_menu(wang_calls: Caller) -> None:
    await wang_calls.asks("我家还欠多少物业费")
    assert "报修请按一" in await wang_calls.asks("返回主菜单")


async def test_a_key_that_is_not_on_offer_is_refused_and_the_question_said_again(wang_calls: Caller) -> None:
    await wang_calls.asks("我家还欠多少物业费")
    answer = await wang_calls.keys("9")
    assert "没有这个选项" in answer
    assert "请按一" in answer
    assert await wang_calls.said() == ["我家还欠多少物业费"]


async def hears_the_beginning(caller: Caller, question: str) -> None:
    """Ask, and be in the middle of the answer."""
    await caller.says(question)
    while not caller.heard_since():
        await (caller.passes(0.02) if caller.line.unplayed else asyncio.sleep(0.002))
    await caller.passes(1.0)


async def test_speech_cuts_an_answer_within_half_a_second_and_is_answered(wang_calls: Caller) -> None:
    await hears_the_beginning(wang_calls, "我家还欠多少物业费")
    assert wang_calls.line.unplayed
    await wang_calls.begins_to_say("明天停水吗", seconds=0.7)
    assert not wang_calls.line.unplayed, "we are silent while the caller speaks"
    cut = wang_calls.line.heard[-1]
    assert not cut.whole
    wang_calls.forgets()
    await wang_calls.passes(1.0)
    assert "三栋停水通知" in await wang_calls.listens()
    assert await wang_calls.said() == ["我家还欠多少物业费", "明天停水吗"]


async def test_a_cough_cuts_nothing(wang_calls: Caller) -> None:
    await hears_the_beginning(wang_calls, "我家还欠多少物业费")
    await wang_calls.mumbles(0.25)
    await wang_calls.listens()
    assert "缴费记录请按三" in wang_calls.transcript
    assert "没有听清" not in wang_calls.transcript
    assert all(one.whole for one in wang_calls.line.heard)


async def test_a_key_cuts_an_answer_at_once(wang_calls: Caller) -> None:
    await hears_the_beginning(wang_calls, "我家还欠多少物业费")
    answer = await wang_calls.keys("1")
    assert "平方米乘" in answer, "the key means what the cut answer offers"
    assert sum(not one.whole for one in wang_calls.line.heard) == 1


async def test_our_own_voice_out_of_a_loudspeaker_is_no_answer(wang_calls: Caller) -> None:
    await hears_the_beginning(wang_calls, "我家还欠多少物业费")
    await wang_calls.says(wang_calls.line.heard[-1].text[:12])
    await wang_calls.listens()
    assert await wang_calls.said() == ["我家还欠多少物业费"]
    assert "缴费记录请按三" in wang_calls.transcript


async def test_the_greeting_is_cut_by_speech(call: CallUp) -> None:
    caller = await call(hears_greeting=False)
    await caller.passes(1.0)
    assert "点" in await caller.asks("物业服务中心几点上班")
    assert "请直接说您要办的事" not in caller.transcript


async def test_the_greeting_is_cut_by_a_key(call: CallUp) -> None:
    caller = await call(hears_greeting=False)
    await caller.passes(1.0)
    assert "报修请按一" in await caller.keys("*")


async def test_the_recording_is_announced_before_anything_is_asked(caller: Caller) -> None:
    sentences = caller.transcript.splitlines()
    assert "录音" in sentences[1]
    assert "请直接说" in sentences[2]


async def test_keys_pressed_while_the_caller_speaks_count(wang_calls: Caller) -> None:
    await wang_calls.asks("我家还欠多少物业费")
    await wang_calls.begins_to_say("那个我想想啊", seconds=0.8)
    answer = await wang_calls.keys("1")
    await wang_calls.hears_out()
    assert "为什么这么多" in await wang_calls.said()
    assert answer


async def test_two_questions_in_a_row_are_both_answered_in_order(wang_calls: Caller) -> None:
    await wang_calls.says("明天停水吗")
    await wang_calls.asks("物业服务中心几点上班")
    await wang_calls.hears_out()
    assert await wang_calls.said() == ["明天停水吗", "物业服务中心几点上班"]
    assert len({heard.message_id for heard in await wang_calls.utterances()}) == 2


@pytest.mark.parametrize("words", ["再见", "没有了，谢谢", "好的拜拜"])
async def test_goodbye_ends_the_call(wang_calls: Caller, words: str) -> None:
    await wang_calls.asks("明天停水吗")
    await wang_calls.says(words)
    await wang_calls.is_over()
    assert wang_calls.line.hung_up == "us"
    assert "再见" in wang_calls.transcript
    assert (await wang_calls.row()).outcome is CallOutcome.SELF_SERVED


async def test_goodbye_ends_the_call_also_where_options_are_on_offer(wang_calls: Caller) -> None:
    await wang_calls.asks("我家还欠多少物业费")
    assert wang_calls.offered
    await wang_calls.says("再见")
    await wang_calls.is_over()
    assert wang_calls.line.hung_up == "us"
