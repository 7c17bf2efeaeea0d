"""Without a recogniser, or with one that dies or is late, and without a voice: keys, prompts, messages, persons."""

import asyncio

import pytest

from property_db.calls.models import CallOutcome, RecordingKind
from property_db.database import Database
from property_db.tickets.models import TicketKind
from tests.conversations.test_fees import owed_fen
from tests.conversations.voice.conftest import CallUp
from tests.conversations.voice.facts import money
from tests.support.actors import DeskAgent
from tests.support.live import WANG
from tests.support.voice_actor import Caller

MENU = "报修请按一"
DOWN = "语音识别暂时不可用"


async def test_down_from_the_start_the_keypad_menu_is_offered(call: CallUp) -> None:
    caller = await call(recogniser=False)
    assert DOWN in caller.transcript
    assert MENU in caller.transcript
    assert (await caller.row()).speech_ok is False


async def test_arrears_by_keys_alone(call: CallUp, database: Database) -> None:
    caller = await call(recogniser=False)
    await caller.keys("2")
    assert caller.asked_for == "phone"
    await caller.keys(WANG)
    answer = await caller.keys(await caller.code_of(WANG))
    assert money(await owed_fen(database, WANG, "物业费")) in answer
    assert await caller.utterances() == []
    await caller.hangs_up()
    assert (await caller.row()).outcome is CallOutcome.SELF_SERVED


async def test_a_repair_by_keys_is_a_message_that_becomes_a_ticket(call: CallUp) -> None:
    caller = await call("13612341234", recogniser=False)
    assert "什么坏了" in await caller.keys("1")
    kept = await caller.leaves_a_message("厨房水龙头漏水，三栋二单元六零一")
    assert "留言已经收到" in kept
    (ticket,) = await caller.tickets()
    assert (ticket.kind, ticket.contact_phone) == (TicketKind.VOICEMAIL, "13612341234")
    (recording,) = [one for one in await caller.recordings() if one.kind is RecordingKind.VOICEMAIL]
    assert (recording.ticket_id, recording.transcript) == (ticket.id, "")
    assert recording.seconds > 1
    assert (await caller.row()).outcome is CallOutcome.VOICEMAIL


async def test_notices_and_a_person_by_keys(call: CallUp, agent: DeskAgent) -> None:
    caller = await call(recogniser=False)
    assert await caller.keys("3")
    await caller.keys("0")
    assert await caller.state() == "waiting"


async def test_speaking_all_the_same_opens_the_menu_again(call: CallUp) -> None:
    caller = await call(recogniser=False)
    answer = await caller.asks("我要报修")
    assert MENU in answer
    assert DOWN not in answer, "it is said once"
    assert caller.transcript.count(DOWN) == 1


async def test_dying_in_mid_call_the_keypad_takes_over(wang_calls: Caller, database: Database) -> None:
    await wang_calls.asks("明天停水吗")
    wang_calls.recogniser.works = False
    answer = await wang_calls.asks("我家还欠多少物业费")
    assert DOWN in answer
    assert MENU in answer
    answer = await wang_calls.keys("2")
    assert money(await owed_fen(database, WANG, "物业费")) in answer
    row = await wang_calls.row()
    assert row.speech_ok is False
    assert await wang_calls.said() == ["明天停水吗", "查一下物业费"]


async def test_coming_back_in_mid_call_it_is_used_again(call: CallUp) -> None:
    caller = await call(recogniser=False)
    caller.recogniser.works = True
    assert "点" in await caller.asks("物业服务中心几点上班")


async def test_dying_in_a_form_the_options_are_still_on_their_keys(wang_calls: Caller) -> None:
    await wang_calls.asks("客厅的灯不亮了，后天下午三点来修")
    wang_calls.recogniser.works = False
    await wang_calls.keys("1")
    (ticket,) = await wang_calls.tickets()
    assert ticket.facility == "灯具"


async def test_late_recognition_is_waited_for_and_answered_once(wang_calls: Caller) -> None:
    wang_calls.recogniser.hold = asyncio.Event()
    await wang_calls.says("明天停水吗")
    await wang_calls.passes(4.0)
    wang_calls.recogniser.hold.set()
    assert "三栋停水通知" in await wang_calls.listens()
    assert await wang_calls.said() == ["明天停水吗"]


async def test_a_key_pressed_while_recognition_is_late_is_done_at_once(wang_calls: Caller) -> None:
    await wang_calls.asks("我家还欠多少物业费")
    wang_calls.recogniser.hold = asyncio.Event()
    await wang_calls.says("为什么这么多")
    await wang_calls.presses("2")
    while "怎么缴费" not in await wang_calls.said():
        await asyncio.sleep(0.01)
    wang_calls.recogniser.hold.set()
    await wang_calls.hears_out()
    assert sorted((await wang_calls.said())[1:]) == ["为什么这么多", "怎么缴费"]


async def test_a_person_is_spoken_with_though_nothing_is_recognised(call: CallUp, agent: DeskAgent) -> None:
    caller = await call(recogniser=False)
    await caller.keys("0")
    (item,) = await caller.queue_items()
    await agent.post(f"/queue/{item.id}/take")
    await caller.listens()
    await caller.says("我家楼上漏水")
    await caller.hears_out()
    await caller.hangs_up()
    (heard,) = await caller.utterances()
    assert (heard.text, heard.refused) == ("", "unavailable")
    assert heard.recording_id is not None, "the agent can listen to it"


@pytest.mark.parametrize("recogniser", [True, False])
async def test_without_a_voice_the_call_goes_on_silently(call: CallUp, recogniser: bool) -> None:
    caller = await call(voice=False, recogniser=recogniser, hears_greeting=False)
    await caller.passes(1.0)
    await caller.presses("*")
    await caller.presses("4")
    await caller.hears_out()
    assert await caller.said() == ["我要投诉"]
    assert caller.transcript == ""


async def test_a_voice_that_comes_back_speaks_again(call: CallUp) -> None:
    caller = await call(voice=False, hears_greeting=False)
    await caller.passes(1.0)
    caller.voice.works = True
    assert "点" in await caller.asks("物业服务中心几点上班")


async def test_a_voice_that_dies_loses_no_ticket(wang_calls: Caller) -> None:
    await wang_calls.asks("客厅的灯不亮了，后天下午三点来修")
    wang_calls.voice.works = False
    await wang_calls.presses("1")
    await wang_calls.hears_out()
    assert len(await wang_calls.tickets()) == 1
