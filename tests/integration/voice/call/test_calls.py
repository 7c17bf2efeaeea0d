"""Whole calls over the real inbox, router, outbox and database."""

import stat
from pathlib import Path

from sqlalchemy import select

from integrations.desk import service as desk
from property_db.calls import recordings
from property_db.calls import service as calls
from property_db.calls.models import Call, CallOutcome, CallState, RecordingKind
from property_db.conversations.models import Direction, Message, MessageState
from property_db.handoff import service as handoff
from property_db.handoff.models import AgentStatus
from property_db.people.models import ChannelIdentity
from property_db.tickets.models import Ticket, TicketKind
from tests.integration.voice.call.conftest import PHONE, Office


async def only_call(office: Office) -> Call:
    async with office.services.database.reading() as session:
        return (await session.scalars(select(Call))).one()


async def all_tickets(office: Office) -> list[Ticket]:
    async with office.services.database.reading() as session:
        return list(await session.scalars(select(Ticket)))


async def test_a_spoken_repair_ends_in_a_ticket(office: Office) -> None:
    caller = await office.called()
    await caller.says("我要报修，水龙头漏水")
    await caller.hears("联系电话")
    await caller.says("一三八零零一三八零零零")
    await caller.listens()
    assert office.engine.asked[-1] != PHONE, "a spoken number is read back before it is used"
    await caller.presses("1")
    await caller.hears("可以吗")
    await caller.listens()
    await caller.presses("1")
    await caller.hears("报好了")
    assert [ticket.facility for ticket in await all_tickets(office)] == ["水龙头"]
    await caller.hangs_up()
    call = await only_call(office)
    assert (call.state, call.outcome) == (CallState.ENDED, CallOutcome.SELF_SERVED)
    assert call.conversation_id is not None


async def test_a_keyed_number_needs_no_reading_back(office: Office) -> None:
    caller = await office.called()
    await caller.says("我要报修，水龙头漏水")
    await caller.listens()
    await caller.presses(PHONE)
    await caller.hears("可以吗")
    assert office.engine.asked[-1] == PHONE


async def test_what_was_heard_and_its_sound_are_kept_with_the_message(office: Office, tmp_path: Path) -> None:
    caller = await office.called()
    await caller.says("你们几点上班", confidence=0.7)
    await caller.hears("收到")
    await caller.hangs_up()
    call = await only_call(office)
    async with office.services.database.reading() as session:
        (heard,) = await calls.utterances(session, call.id)
        (recording,) = await recordings.of_call(session, call.id)
        message = await session.get_one(Message, heard.message_id)
    assert (heard.text, heard.confidence, heard.recording_id) == ("你们几点上班", 0.7, recording.id)
    assert (message.text, recording.kind) == ("你们几点上班", RecordingKind.UTTERANCE)
    file = tmp_path / "recordings" / recording.file
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.stat().st_size == recording.size_bytes


async def test_every_call_is_somebody_else(office: Office) -> None:
    for _ in range(2):
        caller = await office.called("13800138000")
        await caller.says("你们几点上班")
        await caller.hears("收到")
        await caller.hangs_up()
    async with office.services.database.reading() as session:
        assert len(list(await session.scalars(select(ChannelIdentity)))) == 2


async def test_an_answer_after_the_end_is_not_delivered(office: Office) -> None:
    caller = await office.called()
    await caller.says("你们几点上班")
    await caller.hears("收到")
    await caller.hangs_up()
    call = await only_call(office)
    async with office.services.database.transaction() as session:
        agent = await handoff.create_agent(session, "xiaoli", "小李", "guanjia-demo")
        place = await handoff.call_back(session, call.conversation_id or 0, "x", office.services.clock)
        await handoff.set_status(session, agent.id, AgentStatus.ONLINE, office.services.clock)
    await desk.take(office.services, agent, place.item_id)
    await office.services.outbox.deliver_due(call.conversation_id or 0)
    async with office.services.database.reading() as session:
        rows = await session.scalars(
            select(Message).where(Message.direction == Direction.OUT, Message.state == MessageState.FAILED)
        )
        assert [row.reason for row in rows] == ["hung_up"]


async def test_a_caller_waits_is_taken_speaks_with_a_person_and_rates(office: Office) -> None:
    agent_id = await office.on_duty()
    caller = await office.called()
    await caller.presses("0")
    await caller.hears("转人工")
    await caller.passes(31.0)
    await caller.hears("请不要挂机")
    async with office.services.database.reading() as session:
        (item, conversation), *_ = await handoff.waiting(session)
        agent = await handoff.agent_by_id(session, agent_id)
    assert agent is not None
    await desk.take(office.services, agent, item.id)
    await caller.hears("小李")
    await caller.says("我家漏水了")
    await desk.reply(office.services, agent, conversation.public_id, "m1", "师傅十分钟到")
    await caller.hears("师傅十分钟到")
    await desk.close(office.services, agent, conversation.public_id)
    await caller.listens()
    await caller.presses("5")
    await caller.hears("感谢")
    await caller.hangs_up()
    call = await only_call(office)
    assert (call.outcome, call.rating, call.agent_id) == (CallOutcome.AGENT, 5, agent_id)


async def test_with_nobody_on_duty_a_message_becomes_a_ticket(office: Office) -> None:
    caller = await office.called("13900139000")
    await caller.says("转人工")
    await caller.hears("嘀声")
    while not caller.line.tones:
        await caller.passes(0.1)
    await caller.passes(0.6)
    await caller.says("三栋电梯有异响，请派人看看")
    await caller.presses("#")
    await caller.hears("留言已经收到")
    await caller.is_over()
    (ticket,) = await all_tickets(office)
    assert (ticket.kind, ticket.contact_phone) == (TicketKind.VOICEMAIL, "13900139000")
    call = await only_call(office)
    assert call.outcome is CallOutcome.VOICEMAIL
    async with office.services.database.reading() as session:
        kept = [row for row in await recordings.of_call(session, call.id) if row.kind is RecordingKind.VOICEMAIL]
    assert [row.transcript for row in kept] == ["三栋电梯有异响，请派人看看"]


async def test_a_danger_is_answered_and_raises_the_alarm(office: Office) -> None:
    caller = await office.called()
    await caller.says("家里煤气漏了好大味道")
    await caller.hears("请按零")
    async with office.services.database.reading() as session:
        assert len(await handoff.alarms(session)) == 1
    assert office.engine.asked == []


async def test_one_call_too_many_hears_busy(office: Office) -> None:
    await office.called()
    object.__setattr__(office.switchboard.settings, "most_calls", 1)
    from tests.support.telephone import MemoryLine

    line = MemoryLine("1001")
    await office.switchboard.take(line)
    assert line.rejected == "busy"
    async with office.services.database.reading() as session:
        rows = list(await session.scalars(select(Call).order_by(Call.id)))
    assert rows[-1].outcome is CallOutcome.BUSY


async def test_calls_of_a_process_that_died_are_closed_at_the_start(office: Office) -> None:
    async with office.services.database.transaction() as session:
        from property_db.calls.models import CallDirection

        await calls.begin(session, CallDirection.IN, "sip", None, None, office.services.clock)
    await office.switchboard.stop()
    await office.switchboard.start()
    assert (await only_call(office)).state is CallState.ENDED


async def test_both_sides_can_be_listened_in_on(office: Office) -> None:
    import asyncio

    caller = await office.called()
    (call,) = office.switchboard.live()
    pieces: list[bytes] = []

    async def listen() -> None:
        async for piece in office.switchboard.listen_in(call.public_id):
            pieces.append(piece)  # noqa: PERF401 - what came before it ended counts

    listening = asyncio.create_task(listen())
    await caller.settles()
    assert call.listeners == 1
    await caller.says("你们几点上班")
    await caller.hears("收到")
    await caller.hangs_up()
    await listening
    assert any(any(piece) for piece in pieces)
