"""A caller given to an agent's telephone, over the real queue, desk and database."""

import asyncio
from collections.abc import Iterator
from urllib.parse import unquote

import pytest
from sqlalchemy import select

from integrations.desk import presence
from integrations.desk import service as desk
from integrations.voice.call.chime import chime
from integrations.voice.configuration import Hotline
from integrations.voice.line import Key, NotReached
from property_db.calls import agent_phones
from property_db.calls.models import Call, CallOutcome, CallState
from property_db.conversations.models import Conversation, ConversationState, Message
from property_db.handoff import service as handoff
from property_db.handoff.models import Agent, AgentStatus, QueueKind, QueueState
from property_db.tickets.models import Ticket, TicketKind
from tests.integration.voice.call.conftest import Office
from tests.support.exchange import Answer, PaperExchange, another, hears_everybody, speaks
from tests.support.telephone import PATIENCE_SECONDS, Telephone

PHONE = "8001"


async def hire(office: Office, username: str = "xiaoli", name: str = "小李", phone: str | None = PHONE) -> Agent:
    """Somebody comes to the desk, with a telephone."""
    services = office.services
    async with services.database.transaction() as session:
        agent = await handoff.create_agent(session, username, name, "guanjia-demo")
        await handoff.set_status(session, agent.id, AgentStatus.ONLINE, services.clock)
        if phone is not None:
            await agent_phones.set(session, agent.id, phone, services.clock)
    return agent


async def waits(office: Office) -> Telephone:
    """Somebody calls, says what it is about and asks for a person."""
    caller = await office.called()
    hears_everybody(caller)
    await caller.says("电梯停了")
    await caller.hears("收到")
    await caller.presses("0")
    await caller.hears("转人工")
    return caller


async def take(office: Office, agent: Agent) -> Conversation:
    """The agent takes who waits longest."""
    async with office.services.database.reading() as session:
        (item, conversation), *_ = await handoff.waiting(session)
    await desk.take(office.services, agent, item.id)
    return conversation


async def state(office: Office, conversation: Conversation) -> ConversationState:
    async with office.services.database.reading() as session:
        return (await session.get_one(Conversation, conversation.id)).state


async def only_call(office: Office) -> Call:
    async with office.services.database.reading() as session:
        return (await session.scalars(select(Call))).one()


async def happens(condition: object, *, caller: Telephone) -> None:
    """Wait until a condition holds; the caller holds the line meanwhile."""
    end = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while asyncio.get_running_loop().time() < end:
        result = condition()  # type: ignore[operator]
        if asyncio.iscoroutine(result):
            result = await result
        if result:
            return
        await caller.passes(0.1)
        await asyncio.sleep(0.002)
    raise AssertionError("it did not happen")


async def bridged(office: Office) -> tuple[Telephone, Telephone, Agent, Conversation, PaperExchange]:
    """A caller and an agent who speak with each other."""
    agent = await hire(office)
    caller = await waits(office)
    agents_phone = another(caller)
    exchange = PaperExchange({PHONE: agents_phone})
    office.switchboard.exchange = exchange
    conversation = await take(office, agent)
    await happens(lambda: agents_phone.line.answered, caller=caller)
    await happens(lambda: all(call.session.dialogue.aside for call in office.switchboard.live()), caller=caller)
    await caller.passes(0.2)
    return caller, agents_phone, agent, conversation, exchange


async def test_both_hear_each_other_and_the_caller_rates_afterwards(office: Office) -> None:
    caller, agents_phone, agent, conversation, _ = await bridged(office)
    caller.forgets()
    await speaks(caller, "我家电梯停了", [agents_phone])
    assert "我家电梯停了" in agents_phone.transcript
    await speaks(agents_phone, "师傅马上就到", [caller])
    assert "师傅马上就到" in caller.heard_since()
    assert office.engine.asked == ["电梯停了", "转人工"], "what is said to a person is no message"
    agents_phone.line.caller_hangs_up()
    await caller.hears("打分")
    await caller.presses("5")
    await caller.hears("感谢")
    await caller.hangs_up()
    call = await only_call(office)
    assert (call.outcome, call.rating, call.agent_id) == (CallOutcome.AGENT, 5, agent.id)
    assert await state(office, conversation) is not ConversationState.HUMAN


async def test_the_agents_telephone_is_told_what_it_is_about(office: Office) -> None:
    _, _, _, conversation, exchange = await bridged(office)
    ((number, headers),) = exchange.dialled
    assert number == PHONE
    assert headers["X-Guanjia-Conversation"] == conversation.public_id
    assert headers["X-Guanjia-Call"] == (await only_call(office)).public_id
    assert headers["X-Guanjia-Summary"].isascii()
    assert unquote(headers["X-Guanjia-Summary"]) == "电梯停了"


async def test_keys_arrive_as_tones(office: Office) -> None:
    caller, agents_phone, *_ = await bridged(office)
    before = agents_phone.line.tones
    caller.line.put(Key("5"))
    await happens(lambda: agents_phone.line.tones > before, caller=agents_phone)


async def test_the_caller_is_told_and_hears_it_ring(office: Office) -> None:
    agent = await hire(office)
    caller = await waits(office)
    exchange = PaperExchange({PHONE: another(caller)}, rings=asyncio.Event())
    office.switchboard.exchange = exchange
    await take(office, agent)
    await caller.hears("正在为您接通")
    await happens(lambda: caller.line.tones > 0.5, caller=caller)


async def test_who_hangs_up_while_it_rings_stops_it(office: Office) -> None:
    agent = await hire(office)
    caller = await waits(office)
    exchange = PaperExchange({PHONE: another(caller)}, rings=asyncio.Event())
    office.switchboard.exchange = exchange
    conversation = await take(office, agent)
    await caller.hears("正在为您接通")
    await caller.hangs_up()
    assert exchange.given_up == 1
    assert await state(office, conversation) is not ConversationState.HUMAN
    async with office.services.database.reading() as session:
        assert (await session.get_one(Agent, agent.id)).active == 0


async def test_who_hangs_up_ends_both_sides_and_frees_the_agent(office: Office) -> None:
    caller, agents_phone, agent, conversation, _ = await bridged(office)
    await caller.hangs_up()
    assert agents_phone.line.hung_up == "us"
    assert await state(office, conversation) is not ConversationState.HUMAN
    async with office.services.database.reading() as session:
        assert (await session.get_one(Agent, agent.id)).active == 0
    assert (await only_call(office)).outcome is CallOutcome.AGENT


async def test_an_agent_who_closes_at_the_desk_ends_the_talk(office: Office) -> None:
    caller, agents_phone, agent, conversation, _ = await bridged(office)
    await desk.close(office.services, agent, conversation.public_id)
    await happens(lambda: agents_phone.line.hung_up, caller=caller)
    await caller.hears("打分")


@pytest.mark.parametrize("reason", ["busy", "no_answer", "rejected"])
async def test_a_telephone_that_does_not_answer_leaves_the_caller_to_the_next_agent(
    office: Office, reason: str
) -> None:
    first = await hire(office)
    second = await hire(office, "xiaowang", "小王", "8002")
    caller = await waits(office)
    other = another(caller)
    office.switchboard.exchange = PaperExchange({PHONE: NotReached(reason), "8002": other})  # type: ignore[arg-type]
    conversation = await take(office, first)
    await caller.hears("重新优先排队")
    assert await state(office, conversation) is ConversationState.WAITING
    async with office.services.database.reading() as session:
        notes = [row.text for row in await session.scalars(select(Message)) if not row.visible_to_resident]
        assert (await session.get_one(Agent, first.id)).active == 0
    assert any("小李" in note for note in notes), "the others see who has not taken it"
    await take(office, second)
    await happens(lambda: other.line.answered, caller=caller)
    await caller.passes(0.2)
    await speaks(other, "您好我是小王", [caller])
    assert "您好我是小王" in caller.transcript
    assert (await only_call(office)).state is CallState.WITH_AGENT


async def test_the_same_agent_may_try_again(office: Office) -> None:
    agent = await hire(office)
    caller = await waits(office)
    phone = another(caller)
    tries: Iterator[Answer] = iter([NotReached("no_answer"), phone])
    office.switchboard.exchange = PaperExchange({PHONE: lambda: next(tries)})
    await take(office, agent)
    await caller.hears("重新优先排队")
    await take(office, agent)
    await happens(lambda: phone.line.answered, caller=caller)


async def test_an_agent_on_the_telephone_takes_no_second_call_on_it(office: Office) -> None:
    caller, _, agent, _, exchange = await bridged(office)
    second = await office.called(pace=caller.pace, voice=caller.voice, recogniser=caller.recogniser)
    await second.presses("0")
    await second.hears("转人工")
    conversation = await take(office, agent)
    await second.hears("重新优先排队")
    assert len(exchange.dialled) == 1
    assert await state(office, conversation) is ConversationState.WAITING


async def test_where_no_call_can_be_placed_the_agent_types(office: Office) -> None:
    agent = await hire(office)
    caller = await waits(office)
    office.switchboard.exchange = PaperExchange()
    conversation = await take(office, agent)
    await caller.hears("小李")
    await desk.reply(office.services, agent, conversation.public_id, "m1", "师傅十分钟到")
    await caller.hears("师傅十分钟到")
    assert await state(office, conversation) is ConversationState.HUMAN


async def test_when_the_last_agent_goes_the_caller_may_leave_a_message(office: Office) -> None:
    agent = await hire(office)
    caller = await waits(office)
    exchange = PaperExchange({PHONE: NotReached("no_answer")}, rings=asyncio.Event())
    office.switchboard.exchange = exchange
    await take(office, agent)
    await caller.hears("正在为您接通")
    async with office.services.database.transaction() as session:
        await handoff.set_status(session, agent.id, AgentStatus.AWAY, office.services.clock)
    assert exchange.rings is not None
    exchange.rings.set()
    await caller.hears("嘀声")


async def test_the_exchange_takes_the_call_where_it_transfers(office: Office) -> None:
    office.switchboard.settings = Hotline(transfer="refer")
    agent = await hire(office)
    caller = await office.called(can_transfer=True)
    await caller.presses("0")
    await caller.hears("转人工")
    conversation = await take(office, agent)
    await caller.hears("正在为您接通")
    await caller.is_over()
    ((target, headers),) = caller.line.transfers
    assert target == PHONE
    assert headers["X-Guanjia-Conversation"] == conversation.public_id
    assert await state(office, conversation) is ConversationState.HUMAN, "the agent speaks with the caller just now"
    assert (await only_call(office)).outcome is CallOutcome.AGENT


async def test_a_refused_transfer_leaves_the_caller_in_the_queue(office: Office) -> None:
    office.switchboard.settings = Hotline(transfer="refer")
    agent = await hire(office)
    caller = await office.called(can_transfer=True)
    caller.line.refuses_transfer = True
    await caller.presses("0")
    await caller.hears("转人工")
    conversation = await take(office, agent)
    await caller.hears("重新优先排队")
    assert await state(office, conversation) is ConversationState.WAITING


async def test_a_requeued_caller_waits_before_those_who_came_later(office: Office) -> None:
    agent = await hire(office)
    caller = await waits(office)
    office.switchboard.exchange = PaperExchange({PHONE: NotReached("busy")})
    await take(office, agent)
    await caller.hears("重新优先排队")
    async with office.services.database.reading() as session:
        ((item, _),) = await handoff.waiting(session)
    assert item.state is QueueState.WAITING
    assert item.priority > 0


async def test_who_waits_hears_that_the_call_goes_on(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    await hire(office)
    caller = await waits(office)
    await caller.listens()
    played: list[bytes] = []
    monkeypatch.setattr(caller.line, "play", played.append)
    await caller.passes(20.0)
    assert played.count(chime()) == 2


async def test_who_does_not_want_to_wait_leaves_a_message(office: Office) -> None:
    await hire(office)
    caller = await waits(office)
    await caller.passes(31.0)
    await caller.hears("要留言请按井号键")
    await caller.presses("#")
    await leaves_a_message(caller, "电梯停了请派人看看")
    await caller.presses("#")
    await caller.hears("留言已经收到")
    await caller.is_over()
    async with office.services.database.reading() as session:
        ((item, _),) = await handoff.waiting(session)
        ticket = (await session.scalars(select(Ticket))).one()
    assert (item.kind, item.reason) == (QueueKind.CALLBACK, "voicemail")
    assert (ticket.kind, ticket.symptom) == (TicketKind.VOICEMAIL, "电梯停了请派人看看")
    assert (await only_call(office)).outcome is CallOutcome.VOICEMAIL


async def test_a_danger_said_just_before_hanging_up_raises_the_alarm(office: Office) -> None:
    caller = await office.called("13900139000")
    await caller.says("转人工")
    await caller.hears("嘀声")
    await leaves_a_message(caller, "", "家里煤气漏了好大味道")
    await caller.hangs_up()
    async with office.services.database.reading() as session:
        assert len(await handoff.alarms(session)) == 1
        kinds = {ticket.kind for ticket in await session.scalars(select(Ticket))}
    assert kinds == {TicketKind.VOICEMAIL, TicketKind.EMERGENCY}


async def test_a_danger_found_when_the_message_is_over_is_still_answered(office: Office) -> None:
    caller = await office.called("13900139000")
    await caller.says("转人工")
    await caller.hears("嘀声")
    await leaves_a_message(caller, "", "家里煤气漏了好大味道")
    await caller.presses("#")
    await caller.hears("请按零")
    async with office.services.database.reading() as session:
        assert len(await handoff.alarms(session)) == 1


async def leaves_a_message(caller: Telephone, text: str, unfinished: str = "") -> None:
    """Speak after the tone; what is unfinished is not followed by silence."""
    before = caller.line.tones
    while caller.line.tones <= before:
        await caller.passes(0.1)
    await caller.passes(0.6)
    if text:
        await caller.says(text)
    if unfinished:
        await caller.begins_to_say(unfinished)


async def test_who_is_connected_hears_goodbye_when_the_server_stops(office: Office) -> None:
    caller, agents_phone, agent, conversation, _ = await bridged(office)
    stopping = asyncio.create_task(office.switchboard.stop())
    await caller.hears("系统正在维护")
    await caller.is_over()
    await stopping
    assert agents_phone.line.hung_up == "us"
    assert await state(office, conversation) is ConversationState.HUMAN, f"{agent.display_name} still has it"
    await office.switchboard.start()


async def test_an_agent_whose_desk_is_closed_is_not_cut_off(office: Office) -> None:
    caller, agents_phone, agent, conversation, _ = await bridged(office)
    async with office.services.database.transaction() as session:
        await handoff.set_status(session, agent.id, AgentStatus.OFFLINE, office.services.clock)
    await presence.release_held(office.services, agent.id)
    await caller.passes(1.0)
    await speaks(agents_phone, "我还在呢", [caller])
    assert "我还在呢" in caller.transcript
    agents_phone.line.caller_hangs_up()
    await caller.passes(0.5)
    await caller.hears("嘀声")
    assert await state(office, conversation) is ConversationState.BOT


async def test_who_is_on_the_telephone_is_on_duty_whatever_the_browser_does(office: Office) -> None:
    caller, _, agent, conversation, _ = await bridged(office)
    for _ in range(8):
        office.services.clock.advance(minutes=1)  # type: ignore[attr-defined]
        await caller.passes(46.0)
        async with office.services.database.transaction() as session:
            await handoff.sweep_silent(session, office.services.clock)
        await presence.release_forsaken(office.services)
    assert await state(office, conversation) is ConversationState.HUMAN
    async with office.services.database.reading() as session:
        assert (await session.get_one(Agent, agent.id)).status is AgentStatus.ONLINE
