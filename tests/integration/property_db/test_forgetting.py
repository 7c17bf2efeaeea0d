"""A resident who leaves a channel is forgotten, and what the company must keep no longer tells who it was."""

import asyncio
from dataclasses import dataclass

import pytest
from sqlalchemy import ColumnElement, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from property_db.audit import service as audit
from property_db.calls import outbound, recordings, voicemail
from property_db.calls import service as calls
from property_db.calls.models import (
    Call,
    CallDirection,
    CallOutcome,
    OutboundKind,
    OutboundState,
    OutboundTask,
    Recording,
    RecordingKind,
    Utterance,
)
from property_db.channels.models import ContactWindow, OutboundPart
from property_db.clock import SettableClock
from property_db.complaints import service as complaints
from property_db.complaints.models import Complaint, ComplaintCategory, Feedback
from property_db.complaints.schemas import ComplaintDraft
from property_db.conversations import service as conversations
from property_db.conversations.models import Author, Conversation, ConversationState, Direction, Message
from property_db.database import Database
from property_db.emergencies import service as emergencies
from property_db.feedback import service as stars
from property_db.feedback.models import Rating
from property_db.handoff import service as handoff
from property_db.handoff.errors import QueueItemNotFound
from property_db.handoff.models import Agent, AgentStatus, Alarm, QueueItem
from property_db.models import Base, Binding, ChannelIdentity, ChannelOrigin, OneTimeCode, Push, Subscription
from property_db.people import service as people
from property_db.people.forget import Forgotten, forget
from property_db.people.scope import scope_of
from property_db.pushes.models import PushKind
from property_db.tickets import service as tickets
from property_db.tickets.models import Ticket, TicketEvent, TicketState
from property_db.tickets.schemas import RepairDraft
from property_db.uploads import service as uploads
from property_db.uploads.models import Upload
from tests.integration.property_db.conftest import Small

WANG, NAME = "13800138000", "王建国"
SOUND = "2026-11/" + "a" * 32 + ".wav"
WAY_TO_THE_END = (TicketState.ACCEPTED, TicketState.IN_PROGRESS, TicketState.DONE)
KEPT = {"ticket", "complaint", "feedback", "rating", "alarm", "upload", "call", "outbound_task"}
"""Tables whose rows outlive the resident; those of all other tables that lead to one must be gone."""


@dataclass
class Life:
    """Everything 王 has left behind on a channel."""

    identity_id: int
    conversation_ids: list[int]
    public_ids: list[str]
    open_ticket: int
    finished_ticket: int
    loose_picture: str
    repair_picture: str


@pytest.fixture
async def agent(database: Database, clock: SettableClock) -> Agent:
    """小李, on duty."""
    async with database.transaction() as session:
        row = Agent(
            username="xiaoli",
            display_name="小李",
            password_hash="",
            status=AgentStatus.ONLINE,
            last_seen_at=clock.now(),
        )
        session.add(row)
    return row


@pytest.fixture
async def wangs_life(database: Database, small: Small, agent: Agent, clock: SettableClock) -> Life:
    """王 has used everything there is; 小李 is talking with him now."""
    identity_id, old = small.wang.identity_id, small.wang.conversation_id
    async with database.transaction() as session:
        said = await _says(session, old, "水龙头漏水", clock)
        await conversations.remember_run(session, said, "action_report_repair", {})
        finished = await _repair(session, small, old, said, clock)
        for state in WAY_TO_THE_END:
            await tickets.advance(session, finished.id, state, "agent:1", clock)
        await stars.rate_ticket(session, await scope_of(session, identity_id, clock), finished.number, 4, "还行", clock)
        await stars.rate_conversation(session, identity_id, old, 5, "", clock)
        await session.execute(update(Conversation).where(Conversation.id == old).values(state="closed"))
    async with database.transaction() as session:
        now = await conversations.open_for(session, "webchat", identity_id, clock)
        said = await _says(session, now.id, "门禁坏了", clock)
        pictures = [await _picture(session, identity_id, name) for name in ("loose.jpg", "repair.jpg")]
        ticket = await _repair(session, small, now.id, said, clock, [pictures[1]])
        said = await _says(session, now.id, "保安态度差", clock)
        draft = ComplaintDraft(
            category=ComplaintCategory.SERVICE,
            text="保安态度差",
            identity_id=identity_id,
            conversation_id=now.id,
            home_id=small.home.id,
            source_message_id=said,
        )
        await complaints.file(session, draft, clock)
        said = await _says(session, now.id, "建议多装几盏灯", clock)
        await complaints.give_feedback(session, identity_id, "建议多装几盏灯", clock, said)
        said = await _says(session, now.id, "电梯困人了", clock)
        await emergencies.report(session, now.id, identity_id, "elevator", "电梯困人了", said, clock)
        await people.request_code(session, identity_id, WANG, clock)
        await people.note_origin(session, identity_id, "CH")
        moment = clock.now()
        session.add_all(
            [
                ContactWindow(
                    identity_id=identity_id, contact="message", opened_at=moment, closes_at=moment, allowed=5
                ),
                OutboundPart(conversation_id=now.id, identity_id=identity_id, reply_to_id=said, completes=[said]),
                Push(identity_id=identity_id, kind=PushKind.BILL, reference="bill:1"),
                Subscription(identity_id=identity_id, template_id="t", remaining=1),
            ]
        )
        await _telephones(session, identity_id, now.id, said, clock)
        place = await handoff.request(session, now.id, "asked", clock)
        await handoff.claim(session, place.item_id, agent.id, clock)
        public_ids = [(await conversations.get(session, one)).public_id for one in (old, now.id)]
    return Life(identity_id, [old, now.id], public_ids, ticket.id, finished.id, *pictures)


async def _telephones(
    session: AsyncSession, identity_id: int, conversation_id: int, message_id: int, clock: SettableClock
) -> None:
    call = await calls.begin(session, CallDirection.IN, "sip", WANG, "8001", clock)
    await calls.attach(session, call.id, identity_id, conversation_id)
    sound = await recordings.add(session, call.id, RecordingKind.UTTERANCE, SOUND, 1.0, 16_044, 90, clock)
    await calls.heard(session, call.id, "电梯困人了", 0.9, 1.0, clock, message_id, sound.id)
    await calls.end(session, call.id, CallOutcome.SELF_SERVED, clock)
    await outbound.create(session, OutboundKind.CALLBACK, WANG, NAME, clock, conversation_id=conversation_id)


async def _says(session: AsyncSession, conversation_id: int, words: str, clock: SettableClock) -> int:
    question = await conversations.append(
        session, conversation_id, direction=Direction.IN, author=Author.RESIDENT, text=words, clock=clock
    )
    await conversations.append(
        session, conversation_id, direction=Direction.OUT, author=Author.BOT, reply_to_id=question.id, clock=clock
    )
    return question.id


async def _repair(
    session: AsyncSession,
    small: Small,
    conversation_id: int,
    message_id: int,
    clock: SettableClock,
    upload_ids: list[str] | None = None,
) -> Ticket:
    draft = RepairDraft(
        identity_id=small.wang.identity_id,
        conversation_id=conversation_id,
        home_id=small.home.id,
        facility="水龙头",
        contact_name=NAME,
        contact_phone=WANG,
        source_message_id=message_id,
        upload_ids=upload_ids or [],
    )
    return await tickets.report(session, draft, clock)


async def _picture(session: AsyncSession, identity_id: int, file_name: str) -> str:
    row = await uploads.add(
        session, identity_id, media_type="image/jpeg", size=1, width=1, height=1, file_name=file_name
    )
    return row.id


async def _forgets(database: Database, identity_id: int, clock: SettableClock) -> Forgotten:
    async with database.transaction() as session:
        return await forget(session, identity_id, clock)


async def _count(database: Database, table: type[Base], *conditions: ColumnElement[bool]) -> int:
    async with database.reading() as session:
        return await session.scalar(select(func.count()).select_from(table).where(*conditions)) or 0


async def _referring(database: Database) -> dict[str, int]:
    """How many rows of each table lead to an identity, directly or by a conversation or a message."""
    leading = {"channel_identity", "conversation", "message"}
    counts: dict[str, int] = {}
    async with database.reading() as session:
        for table in Base.metadata.sorted_tables:
            columns = [key.parent.name for key in table.foreign_keys if key.column.table.name in leading]
            if columns:
                some = " OR ".join(f"{column} IS NOT NULL" for column in columns)
                counts[table.name] = await session.scalar(text(f"SELECT count(*) FROM {table.name} WHERE {some}")) or 0
    return counts


async def _clear_the_others(database: Database, small: Small) -> None:
    async with database.transaction() as session:
        for resident in (small.li, small.stranger):
            await session.delete(await session.get_one(ChannelIdentity, resident.identity_id))


async def test_nothing_leads_to_a_forgotten_resident(
    database: Database, small: Small, wangs_life: Life, clock: SettableClock
) -> None:
    await _clear_the_others(database, small)
    before = await _referring(database)
    assert min(before.values()) > 0, "this test must fill every table that leads to a resident"
    await _forgets(database, wangs_life.identity_id, clock)
    after = await _referring(database)
    assert after == dict.fromkeys(before, 0)
    async with database.reading() as session:
        left = {name: await session.scalar(text(f"SELECT count(*) FROM {name}")) for name in before}
    assert {name for name, count in left.items() if count} == KEPT
    assert await _count(database, ChannelIdentity) == 0


async def test_the_answer_names_what_is_elsewhere(database: Database, wangs_life: Life, clock: SettableClock) -> None:
    forgotten = await _forgets(database, wangs_life.identity_id, clock)
    assert forgotten == Forgotten(wangs_life.public_ids, ["loose.jpg"], wangs_life.conversation_ids, [SOUND])


async def test_doing_it_again_is_harmless(database: Database, wangs_life: Life, clock: SettableClock) -> None:
    await _forgets(database, wangs_life.identity_id, clock)
    assert await _forgets(database, wangs_life.identity_id, clock) == Forgotten()
    async with database.reading() as session:
        entries = await audit.about(session, f"identity:{wangs_life.identity_id}")
    assert [entry.action for entry in entries].count("identity.forgotten") == 1


async def test_it_done_twice_at_once_is_done_once(database: Database, wangs_life: Life, clock: SettableClock) -> None:
    done = await asyncio.gather(*(_forgets(database, wangs_life.identity_id, clock) for _ in range(3)))
    assert sorted(len(one.conversation_ids) for one in done) == [0, 0, 2]


async def test_the_agent_is_free_again(
    database: Database, agent: Agent, wangs_life: Life, clock: SettableClock
) -> None:
    async with database.reading() as session:
        before = await handoff.agent_by_id(session, agent.id)
    await _forgets(database, wangs_life.identity_id, clock)
    async with database.reading() as session:
        after = await handoff.agent_by_id(session, agent.id)
    assert before is not None
    assert after is not None
    assert (before.active, after.active) == (1, 0)


async def test_who_only_waited_leaves_the_queue_and_costs_nobody_a_place(
    database: Database, small: Small, agent: Agent, clock: SettableClock
) -> None:
    async with database.transaction() as session:
        place = await handoff.request(session, small.li.conversation_id, "asked", clock)
    await _forgets(database, small.li.identity_id, clock)
    assert await _count(database, QueueItem) == 0
    with pytest.raises(QueueItemNotFound):
        async with database.transaction() as session:
            await handoff.claim(session, place.item_id, agent.id, clock)
    async with database.reading() as session:
        row = await handoff.agent_by_id(session, agent.id)
    assert row is not None
    assert row.active == 0


async def test_an_agent_who_takes_the_resident_meanwhile_is_not_left_with_a_ghost(
    database: Database, small: Small, agent: Agent, clock: SettableClock
) -> None:
    async with database.transaction() as session:
        place = await handoff.request(session, small.li.conversation_id, "asked", clock)

    async def take() -> None:
        async with database.transaction() as session:
            await handoff.claim(session, place.item_id, agent.id, clock)

    taken, forgotten = await asyncio.gather(
        take(), _forgets(database, small.li.identity_id, clock), return_exceptions=True
    )
    assert taken is None or isinstance(taken, QueueItemNotFound)
    assert isinstance(forgotten, Forgotten)
    async with database.reading() as session:
        row = await handoff.agent_by_id(session, agent.id)
    assert row is not None
    assert row.active == 0


async def test_an_open_repair_keeps_its_contact_until_it_is_done(
    database: Database, wangs_life: Life, clock: SettableClock
) -> None:
    await _forgets(database, wangs_life.identity_id, clock)
    contacts = []
    for state in (None, *WAY_TO_THE_END):
        async with database.transaction() as session:
            if state is not None:
                await tickets.advance(session, wangs_life.open_ticket, state, "agent:1", clock)
            ticket = await session.get_one(Ticket, wangs_life.open_ticket)
            contacts.append((ticket.contact_name, ticket.contact_phone))
    assert contacts == [(NAME, WANG)] * 3 + [("", "")]


@pytest.mark.parametrize("end", [TicketState.CANCELLED, TicketState.REJECTED])
async def test_a_repair_that_comes_to_nothing_loses_its_contact_too(
    database: Database, wangs_life: Life, clock: SettableClock, end: TicketState
) -> None:
    await _forgets(database, wangs_life.identity_id, clock)
    async with database.transaction() as session:
        ticket = await tickets.advance(session, wangs_life.open_ticket, end, "agent:1", clock)
    assert (ticket.contact_name, ticket.contact_phone) == ("", "")


async def test_the_contact_of_a_resident_who_stays_outlives_the_repair(
    database: Database, wangs_life: Life, clock: SettableClock
) -> None:
    async with database.transaction() as session:
        for state in WAY_TO_THE_END:
            ticket = await tickets.advance(session, wangs_life.open_ticket, state, "agent:1", clock)
    assert (ticket.contact_name, ticket.contact_phone) == (NAME, WANG)


async def test_a_finished_repair_stays_without_a_name_and_a_number(
    database: Database, small: Small, wangs_life: Life, clock: SettableClock
) -> None:
    await _forgets(database, wangs_life.identity_id, clock)
    async with database.reading() as session:
        ticket = await session.get_one(Ticket, wangs_life.finished_ticket)
        events = list(await session.scalars(select(TicketEvent).where(TicketEvent.ticket_id == ticket.id)))
    assert (ticket.contact_name, ticket.contact_phone) == ("", "")
    assert (ticket.identity_id, ticket.conversation_id, ticket.source_message_id) == (None, None, None)
    assert (ticket.home_id, ticket.facility) == (small.home.id, "水龙头")
    assert len(events) == 4


async def test_what_was_complained_about_suggested_and_rated_stays(
    database: Database, wangs_life: Life, clock: SettableClock
) -> None:
    await _forgets(database, wangs_life.identity_id, clock)
    async with database.reading() as session:
        assert await session.scalar(select(Complaint.text)) == "保安态度差"
        assert await session.scalar(select(Feedback.text)) == "建议多装几盏灯"
        assert sorted(await session.scalars(select(Rating.stars))) == [4, 5]
        assert await session.scalar(select(Alarm.text)) == "电梯困人了"


async def test_pictures_go_unless_a_repair_needs_them(
    database: Database, wangs_life: Life, clock: SettableClock
) -> None:
    await _forgets(database, wangs_life.identity_id, clock)
    async with database.reading() as session:
        assert await session.get(Upload, wangs_life.loose_picture) is None
        kept = await session.get_one(Upload, wangs_life.repair_picture)
    assert (kept.identity_id, kept.ticket_id) == (None, wangs_life.open_ticket)


async def test_who_lives_where_is_no_matter_of_the_channel(
    database: Database, small: Small, wangs_life: Life, clock: SettableClock
) -> None:
    await _forgets(database, wangs_life.identity_id, clock)
    assert await _count(database, Binding, Binding.person_id == small.wang.person_id) == 1


async def test_the_audit_keeps_ids_only(database: Database, wangs_life: Life, clock: SettableClock) -> None:
    await _forgets(database, wangs_life.identity_id, clock)
    async with database.reading() as session:
        entry = (await audit.about(session, f"identity:{wangs_life.identity_id}"))[-1]
    assert (entry.action, entry.detail) == ("identity.forgotten", {"conversations": wangs_life.conversation_ids})


async def test_whoever_follows_again_is_a_stranger(database: Database, wangs_life: Life, clock: SettableClock) -> None:
    await _forgets(database, wangs_life.identity_id, clock)
    async with database.transaction() as session:
        identity = await people.identity_for(session, "webchat", f"browser of {NAME}", clock)
        conversation = await conversations.open_for(session, "webchat", identity.id, clock)
        scope = await scope_of(session, identity.id, clock)
        seen = await tickets.progress(session, scope, clock=clock)
    assert (identity.person_id, scope.verified, scope.estate_id, seen) == (None, False, None, [])
    assert (conversation.state, conversation.last_seq) == (ConversationState.BOT, 0)
    assert conversation.public_id not in wangs_life.public_ids
    for table in (ChannelOrigin, OneTimeCode, ContactWindow):
        assert await _count(database, table) == 0


async def test_the_next_residents_messages_do_not_lead_to_a_forgotten_ones_repairs(
    database: Database, small: Small, wangs_life: Life, clock: SettableClock
) -> None:
    await _forgets(database, wangs_life.identity_id, clock)
    async with database.transaction() as session:
        messages = [await _says(session, small.li.conversation_id, "我家灯不亮", clock) for _ in range(6)]
        for message_id in messages:
            draft = RepairDraft(
                identity_id=small.li.identity_id, facility="灯", source_message_id=message_id, contact_phone="1"
            )
            assert (await tickets.report(session, draft, clock)).facility == "灯"


async def test_other_residents_keep_everything(
    database: Database, small: Small, wangs_life: Life, clock: SettableClock
) -> None:
    async with database.transaction() as session:
        await _says(session, small.li.conversation_id, "你好", clock)
        picture = await _picture(session, small.li.identity_id, "lis.jpg")
    await _forgets(database, wangs_life.identity_id, clock)
    assert await _count(database, Message) == 2
    async with database.reading() as session:
        assert (await uploads.of_identity(session, picture, small.li.identity_id)).file_name == "lis.jpg"
        assert (await scope_of(session, small.li.identity_id, clock)).verified


async def test_that_a_call_was_made_stays_without_its_number_its_words_and_its_sound(
    database: Database, wangs_life: Life, clock: SettableClock
) -> None:
    await _forgets(database, wangs_life.identity_id, clock)
    async with database.reading() as session:
        call = (await session.scalars(select(Call))).one()
        task = (await session.scalars(select(OutboundTask))).one()
    assert (call.number, call.identity_id, call.outcome) == (None, None, CallOutcome.SELF_SERVED)
    assert (task.number, task.text, task.state) == ("", "", OutboundState.CANCELLED)
    for table in (Utterance, Recording):
        assert await _count(database, table) == 0


async def test_a_message_that_somebody_still_has_to_act_on_stays_until_its_time_is_over(
    database: Database, small: Small, clock: SettableClock
) -> None:
    async with database.transaction() as session:
        identity = await people.identity_for(session, "voice", "call", clock)
        call = await calls.begin(session, CallDirection.IN, "sip", WANG, "8001", clock)
        await calls.attach(session, call.id, identity.id, None)
        sound = await recordings.add(session, call.id, RecordingKind.VOICEMAIL, SOUND, 1.0, 16_044, 90, clock)
        ticket = await voicemail.file(session, call, sound, "请回电", None, clock)
    assert (await _forgets(database, identity.id, clock)).recording_files == []
    async with database.transaction() as session:
        assert [one.id for one in await recordings.of_ticket(session, ticket.id)] == [sound.id]
        await tickets.advance(session, ticket.id, TicketState.CANCELLED, "agent:1", clock)
        assert (await session.get_one(Ticket, ticket.id)).contact_phone == ""
    clock.advance(days=90)
    async with database.transaction() as session:
        assert await recordings.forget_expired(session, clock, 5) == 1
