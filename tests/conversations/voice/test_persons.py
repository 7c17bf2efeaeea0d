"""From the telephone to a person and back: by key and by word, in the queue, spoken with, rated; or a message left."""

import pytest

from integrations.voice.call.voicemail import NOTHING_ENDS_SECONDS
from property_db.calls.models import CallOutcome, CallState, RecordingKind
from property_db.handoff.models import QueueItem, QueueKind, QueueState
from property_db.tickets.models import TicketKind
from tests.conversations.voice.conftest import CallUp
from tests.conversations.voice.facts import heard_nothing_private
from tests.support.actors import DeskAgent
from tests.support.live import WANG
from tests.support.voice_actor import Caller


async def only_item(caller: Caller) -> QueueItem:
    """The caller's one wish for a person."""
    (item,) = await caller.queue_items()
    return item


async def is_taken(caller: Caller, agent: DeskAgent) -> str:
    """An agent takes the call; the conversation's outside id."""
    await agent.post(f"/queue/{(await only_item(caller)).id}/take")
    await caller.listens()
    conversation = await caller.conversation()
    assert conversation is not None
    return conversation.public_id


async def test_the_whole_way_to_a_person_and_the_stars(wang_calls: Caller, agent: DeskAgent) -> None:
    await wang_calls.asks("我家还欠多少物业费")
    await wang_calls.asks("转人工")
    assert await wang_calls.state() == "waiting"
    assert (await wang_calls.row()).state is CallState.WAITING
    conversation = await is_taken(wang_calls, agent)
    assert "小李" in wang_calls.transcript
    assert (await wang_calls.row()).state is CallState.WITH_AGENT
    detail = await agent.detail(conversation)
    assert "我家还欠多少物业费" in [message["text"] for message in detail["messages"]]
    assert detail["resident"]["arrears_fen"] > 0

    await wang_calls.says("楼道里的灯坏了好几天了")
    await wang_calls.hears_out()
    said = [message["text"] for message in (await agent.detail(conversation))["messages"]]
    assert "楼道里的灯坏了好几天了" in said, "who helps reads what was said"
    await agent.post(
        f"/conversations/{conversation}/reply", client_message_id="phone-reply-1", text="您好，师傅明天上午就去换灯"
    )
    await wang_calls.hears("师傅明天上午就去换灯")
    await agent.post(f"/conversations/{conversation}/notes", client_message_id="phone-note-1", text="老客户，脾气急")

    wang_calls.forgets()
    await agent.post(f"/conversations/{conversation}/close")
    assert "五" in await wang_calls.listens()
    assert wang_calls.asked_for == "rating"
    await wang_calls.keys("5")
    await wang_calls.hangs_up()
    assert "老客户" not in wang_calls.transcript, "a note is for agents only"
    row = await wang_calls.row()
    assert (row.outcome, row.rating) == (CallOutcome.AGENT, 5)
    assert row.agent_id is not None
    assert row.waiting_at is not None
    assert row.agent_at is not None
    assert [rating.stars for rating in await wang_calls.ratings()] == [5]
    assert (await only_item(wang_calls)).state is QueueState.DONE


@pytest.mark.parametrize("heard", ["转人工", "转人公", "帮我接一下人工客服"])
async def test_a_person_is_asked_for_by_word(caller: Caller, agent: DeskAgent, heard: str) -> None:
    await caller.asks(heard)
    assert await caller.state() == "waiting"
    assert (await only_item(caller)).kind is QueueKind.CHAT


@pytest.mark.parametrize(
    "when", ["greeting", "home", "listening", "answer", "form", "digits", "confirmation", "menu", "long_list"]
)
async def test_zero_reaches_a_person_at_any_time(call: CallUp, agent: DeskAgent, when: str) -> None:
    caller = await call(
        WANG, trusted=when not in ("greeting", "listening", "digits"), hears_greeting=when != "greeting"
    )
    keys = "0"
    match when:
        case "greeting":
            await caller.passes(1.0)
        case "answer":
            await caller.keys("501#")
            await caller.says("我家还欠多少物业费")
            await caller.hears("物业费")
            await caller.passes(0.5)
        case "form":
            await caller.keys("501#")
            await caller.asks("马桶堵了要报修")
        case "home":
            keys = "0#"
        case "digits":
            await caller.asks("我家还欠多少物业费")
            assert caller.asked_for == "phone"
            keys = "0#"
        case "confirmation":
            await caller.keys("501#")
            await caller.asks("客厅的灯不亮了，后天下午三点来修")
        case "menu":
            await caller.keys("*")
            await caller.keys("*")
        case "long_list":
            await caller.keys("501#")
            await caller.asks("我最近交过哪些钱")
    await caller.keys(keys)
    assert await caller.state() == "waiting"
    assert (await only_item(caller)).state is QueueState.WAITING
    assert await caller.tickets() == []
    await caller.hangs_up()
    assert (await caller.row()).outcome is CallOutcome.ABANDONED
    assert (await only_item(caller)).state is QueueState.ABANDONED


async def test_the_place_in_the_queue_is_told(call: CallUp, agent: DeskAgent) -> None:
    first = await call()
    await first.keys("0")
    second = await call()
    await second.keys("0")
    assert "马上就轮到您了" in await first.keys("0")
    answer = await second.keys("0")
    assert "前面还有一位" in answer
    assert "不要挂机" in await second.waits(31.0), "it is told again while the caller waits"
    await first.hangs_up()
    assert "马上就轮到您了" in await second.keys("0")


async def test_waiting_is_no_silence(caller: Caller, agent: DeskAgent) -> None:
    await caller.keys("0")
    await caller.waits(70.0)
    assert caller.line.hung_up is None
    assert "您还在吗" not in caller.transcript


async def test_the_queue_is_left_by_key(caller: Caller, agent: DeskAgent) -> None:
    await caller.keys("0")
    assert "报修请按一" in await caller.keys("*")
    assert await caller.state() == "bot"
    assert (await only_item(caller)).state is QueueState.ABANDONED
    assert "点" in await caller.asks("物业服务中心几点上班")
    await caller.hangs_up()
    assert (await caller.row()).outcome is CallOutcome.SELF_SERVED


async def test_the_queue_is_left_by_word(caller: Caller, agent: DeskAgent) -> None:
    await caller.asks("转人工")
    await caller.asks("不等了，继续问智能助手")
    assert await caller.state() == "bot"
    assert (await only_item(caller)).state is QueueState.ABANDONED


async def test_what_is_said_in_the_queue_is_there_for_the_agent(caller: Caller, agent: DeskAgent) -> None:
    await caller.asks("转人工")
    await caller.says("我家楼上漏水漏到我家来了")
    await caller.hears_out()
    conversation = await is_taken(caller, agent)
    said = [message["text"] for message in (await agent.detail(conversation))["messages"]]
    assert "我家楼上漏水漏到我家来了" in said


async def test_the_agent_gives_the_caller_back_to_the_bot(caller: Caller, agent: DeskAgent) -> None:
    await caller.asks("转人工")
    conversation = await is_taken(caller, agent)
    await agent.post(f"/conversations/{conversation}/return")
    await caller.hears_out()
    assert "点" in await caller.asks("物业服务中心几点上班")
    assert await caller.state() == "bot"


async def test_hanging_up_on_a_person_is_told_to_them(caller: Caller, agent: DeskAgent) -> None:
    await caller.asks("转人工")
    await is_taken(caller, agent)
    await caller.hangs_up()
    row = await caller.row()
    assert (row.outcome, row.rating) == (CallOutcome.AGENT, None)


async def test_with_nobody_on_duty_a_message_is_left(call: CallUp) -> None:
    caller = await call("13612341234")
    await caller.asks("转人工")
    assert "留言" in caller.transcript
    kept = await caller.leaves_a_message("三栋的单元门关不上了，请派人来看看")
    assert "留言已经收到" in kept
    (ticket,) = await caller.tickets()
    assert (ticket.kind, ticket.contact_phone) == (TicketKind.VOICEMAIL, "13612341234")
    assert "单元门关不上" in ticket.symptom
    recording = next(one for one in await caller.recordings() if one.kind is RecordingKind.VOICEMAIL)
    assert (recording.ticket_id, recording.transcript) == (ticket.id, "三栋的单元门关不上了，请派人来看看")
    assert recording.seconds > 1
    assert (await only_item(caller)).kind is QueueKind.CALLBACK
    assert (await caller.row()).outcome is CallOutcome.VOICEMAIL
    assert heard_nothing_private(caller)


async def test_a_message_of_a_verified_caller_names_the_home(wang_calls: Caller) -> None:
    await wang_calls.asks("转人工")
    await wang_calls.leaves_a_message("请给我回个电话")
    (ticket,) = await wang_calls.tickets()
    assert ticket.home_id is not None


async def test_a_message_that_is_broken_off_is_kept(caller: Caller) -> None:
    await caller.asks("转人工")
    await caller.waits_for_the_tone()
    await caller.says("你们的电话怎么老是没人接")
    await caller.hangs_up()
    (ticket,) = await caller.tickets()
    assert ticket.kind is TicketKind.VOICEMAIL
    assert (await caller.row()).outcome is CallOutcome.VOICEMAIL


async def test_an_empty_message_is_none(caller: Caller) -> None:
    await caller.asks("转人工")
    await caller.waits_for_the_tone()
    assert "没有听到留言" in await caller.waits(NOTHING_ENDS_SECONDS + 1)
    assert await caller.tickets() == []
    assert (await only_item(caller)).kind is QueueKind.CALLBACK, "the wish for a person is kept all the same"


async def test_who_wants_to_leave_no_message_goes_on_with_the_bot(caller: Caller) -> None:
    await caller.asks("转人工")
    assert "报修请按一" in await caller.keys("*")
    assert "点" in await caller.asks("物业服务中心几点上班")
    assert await caller.tickets() == []


async def test_three_misunderstandings_end_with_a_person(caller: Caller, agent: DeskAgent) -> None:
    assert "没有听清" in await caller.mumbles_on()
    assert "报修请按一" in await caller.mumbles_on()
    assert "帮我转人工" not in caller.transcript
    assert "转人工" in await caller.mumbles_on()
    assert await caller.state() == "waiting"
    assert [heard.text for heard in await caller.utterances()] == ["", "", ""]


async def test_what_is_understood_in_between_begins_the_count_anew(caller: Caller, agent: DeskAgent) -> None:
    await caller.mumbles_on()
    await caller.mumbles_on()
    await caller.asks("物业服务中心几点上班")
    assert "没有听清" in await caller.mumbles_on()
    assert await caller.state() == "bot"


async def test_what_is_not_to_be_believed_is_asked_again_and_kept(caller: Caller) -> None:
    assert "没有听清" in await caller.asks("请不吝点赞订阅转发", confidence=0.1)
    assert (await caller.row()).conversation_id is None
    (heard,) = await caller.utterances()
    assert (heard.text, heard.message_id) == ("请不吝点赞订阅转发", None)


async def test_it_is_said_that_nobody_is_there_before_a_message_is_asked_for(caller: Caller) -> None:
    answer = await caller.asks("转人工")
    assert answer.index("没有客服值班") < answer.index("请在嘀声后留言")
