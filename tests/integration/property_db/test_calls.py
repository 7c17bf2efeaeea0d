"""Calls from the first ring to the end, who calls, what is recorded and left for the company, and the figures."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from property_db.audit import service as audit
from property_db.calls import agent_phones, caller, figures, recordings, voicemail
from property_db.calls import service as calls
from property_db.calls.errors import CallNotFound, NumberInvalid, RecordingNotFound
from property_db.calls.models import Call, CallDirection, CallOutcome, CallState, Recording, RecordingKind
from property_db.channels import leftovers
from property_db.clock import SettableClock
from property_db.conversations import service as conversations
from property_db.conversations.models import Author, ConversationState, Direction, Message, MessageState
from property_db.database import Database
from property_db.feedback.service import RatingInvalid
from property_db.handoff import service as handoff
from property_db.handoff.models import Agent, AgentStatus, QueueItem, QueueKind, QueueState
from property_db.people import service as people
from property_db.people.models import Binding, BindingState
from property_db.people.scope import scope_of
from property_db.tickets import service as tickets
from property_db.tickets.models import Ticket, TicketKind, TicketState
from tests.integration.property_db.conftest import Small

WANG = "13800138000"


async def _rings(database: Database, clock: SettableClock, number: str | None = WANG) -> Call:
    async with database.transaction() as session:
        return await calls.begin(session, CallDirection.IN, "sip", number, "8001", clock)


async def _talks(database: Database, clock: SettableClock, number: str | None = WANG) -> Call:
    """A call that was answered and has its identity and conversation."""
    call = await _rings(database, clock, number)
    async with database.transaction() as session:
        await calls.answered(session, call.id, clock)
        identity = await people.identity_for(session, "voice", call.public_id, clock)
        conversation = await conversations.open_for(session, "voice", identity.id, clock)
        return await calls.attach(session, call.id, identity.id, conversation.id)


async def _records(database: Database, call: Call, clock: SettableClock, kind: RecordingKind) -> Recording:
    async with database.transaction() as session:
        file = recordings.file_of(f"{await session.scalar(select(func.count(Recording.id))) or 0:032x}", clock.today())
        return await recordings.add(session, call.id, kind, file, 2.5, 40_044, 90, clock)


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


async def test_a_call_is_kept_from_the_first_ring_on(database: Database, clock: SettableClock) -> None:
    call = await _rings(database, clock)
    async with database.reading() as session:
        found = await calls.by_public_id(session, call.public_id)
        assert [one.id for one in await calls.live(session)] == [call.id]
    assert (found.state, found.number, found.called, found.answered_at) == (CallState.RINGING, WANG, "8001", None)
    assert (len(found.public_id), found.started_at, found.speech_ok) == (32, clock.now(), True)


async def test_a_withheld_number_is_none_and_a_long_one_is_cut(database: Database, clock: SettableClock) -> None:
    assert (await _rings(database, clock, " ")).number is None
    assert (await _rings(database, clock, "1" * 100)).number == "1" * 40


async def test_the_first_moments_of_a_call_are_remembered(
    database: Database, clock: SettableClock, agent: Agent
) -> None:
    call = await _rings(database, clock)
    begun = clock.now()
    async with database.transaction() as session:
        clock.advance(seconds=3)
        await calls.answered(session, call.id, clock)
        clock.advance(seconds=10)
        await calls.answered(session, call.id, clock)
        await calls.set_state(session, call.id, CallState.WAITING, clock)
        clock.advance(seconds=20)
        await calls.set_state(session, call.id, CallState.WAITING, clock)
        await calls.set_state(session, call.id, CallState.WITH_AGENT, clock, agent.id)
        clock.advance(seconds=60)
        ended = await calls.end(session, call.id, CallOutcome.AGENT, clock)
    moments = (ended.answered_at, ended.waiting_at, ended.agent_at, ended.ended_at)
    assert [(moment - begun).total_seconds() for moment in moments if moment] == [3, 13, 33, 93]
    assert (ended.agent_id, ended.state, ended.outcome) == (agent.id, CallState.ENDED, CallOutcome.AGENT)


async def test_the_first_to_end_a_call_says_how_it_ended_and_nothing_moves_it_afterwards(
    database: Database, clock: SettableClock
) -> None:
    call = await _talks(database, clock)

    async def ends(outcome: CallOutcome) -> None:
        async with database.transaction() as session:
            await calls.end(session, call.id, outcome, clock)

    await ends(CallOutcome.SELF_SERVED)
    clock.advance(seconds=5)
    await asyncio.gather(ends(CallOutcome.FAILED), ends(CallOutcome.ABANDONED))
    async with database.transaction() as session:
        late = await calls.set_state(session, call.id, CallState.TALKING, clock)
        assert await calls.live(session) == []
    assert (late.state, late.outcome) == (CallState.ENDED, CallOutcome.SELF_SERVED)
    assert late.ended_at == clock.now() - timedelta(seconds=5)


async def test_ending_is_no_state_to_be_set(database: Database, clock: SettableClock) -> None:
    call = await _rings(database, clock)
    with pytest.raises(ValueError, match="outcome"):
        async with database.transaction() as session:
            await calls.set_state(session, call.id, CallState.ENDED, clock)


async def test_a_call_that_is_none_is_refused(database: Database, clock: SettableClock) -> None:
    async with database.transaction() as session:
        for refused in (
            calls.by_public_id(session, "x"),
            calls.answered(session, 77, clock),
            calls.end(session, 77, CallOutcome.FAILED, clock),
            calls.rate(session, 77, 3),
        ):
            with pytest.raises(CallNotFound):
                await refused


async def test_what_was_heard_is_kept_in_order_with_its_message(database: Database, clock: SettableClock) -> None:
    call = await _talks(database, clock)
    async with database.transaction() as session:
        noise = await calls.heard(session, call.id, "", -0.2, 0.4, clock, refused="noise")
        clock.advance(seconds=2)
        said = await calls.heard(session, call.id, "水龙头漏水", 0.8, 1.6, clock)
        assert call.conversation_id is not None
        message = await conversations.append(
            session,
            call.conversation_id,
            direction=Direction.IN,
            author=Author.RESIDENT,
            text="水龙头漏水",
            clock=clock,
        )
        await calls.link_message(session, said.id, message.id)
    sound = await _records(database, call, clock, RecordingKind.UTTERANCE)
    async with database.transaction() as session:
        await calls.link_recording(session, said.id, sound.id)
    async with database.reading() as session:
        kept = await calls.utterances(session, call.id)
        assert await calls.last_heard(session, [call.id, 99]) == {call.id: "水龙头漏水"}
        assert [one.id for one in await calls.of_conversation(session, call.conversation_id)] == [call.id]
    assert [one.id for one in kept] == [noise.id, said.id]
    assert (kept[0].confidence, kept[0].refused) == (0.0, "noise")
    assert (kept[1].message_id, kept[1].recording_id, kept[1].seconds) == (message.id, sound.id, 1.6)


async def test_stars_may_come_after_the_end_and_are_one_to_five(database: Database, clock: SettableClock) -> None:
    call = await _talks(database, clock)
    async with database.transaction() as session:
        await calls.end(session, call.id, CallOutcome.AGENT, clock)
        assert (await calls.rate(session, call.id, 4)).rating == 4
        for stars in (0, 6):
            with pytest.raises(RatingInvalid):
                await calls.rate(session, call.id, stars)


async def test_calls_are_paged_from_the_newest(database: Database, clock: SettableClock) -> None:
    ids = [(await _rings(database, clock)).id for _ in range(5)]
    async with database.reading() as session:
        first = await calls.recent(session, 2)
        second = await calls.recent(session, 2, first[-1].id)
    assert [call.id for call in (*first, *second)] == ids[:0:-1]


async def test_calls_of_a_dead_process_are_ended(database: Database, clock: SettableClock) -> None:
    talked, rang = await _talks(database, clock), await _rings(database, clock)
    clock.advance(minutes=1)
    alive = await _talks(database, clock)
    clock.advance(seconds=30)
    async with database.transaction() as session:
        await calls.seen(session, [alive.id], clock)
    clock.advance(seconds=30)
    async with database.transaction() as session:
        assert await calls.close_orphans(session, clock, silent_for=timedelta(minutes=1)) == [talked.id, rang.id]
        outcomes = [(await calls.get(session, call.id)).outcome for call in (talked, rang, alive)]
        assert await calls.close_orphans(session, clock) == [alive.id]
        assert await calls.close_orphans(session, clock) == []
    assert outcomes == [CallOutcome.FAILED, CallOutcome.ABANDONED, None]


async def test_a_known_number_and_its_room_bind_the_call_to_the_resident(
    database: Database, small: Small, clock: SettableClock
) -> None:
    call = await _talks(database, clock, "+8613800138000")
    assert call.identity_id is not None
    async with database.transaction() as session:
        known = await caller.person_by_number(session, call.number, clock)
        assert known is not None
        assert (known.person.id, [home.id for home in known.homes]) == (small.wang.person_id, [small.home.id])
        assert not (await scope_of(session, call.identity_id, clock)).verified
        assert await caller.identify(session, call.identity_id, call.number, "501#", clock) is not None
    async with database.reading() as session:
        scope = await scope_of(session, call.identity_id, clock)
        entry = (await audit.about(session, f"person:{small.wang.person_id}"))[-1]
    assert scope.home_ids == (small.home.id,)
    assert (entry.action, entry.actor) == ("identity.verified", f"identity:{call.identity_id}")
    assert entry.detail == {"by": "caller_number_and_room"}


async def test_three_wrong_rooms_close_a_number_for_an_hour_on_all_calls(
    database: Database, small: Small, clock: SettableClock
) -> None:
    async def keys(digits: str) -> bool:
        call = await _talks(database, clock)
        async with database.transaction() as session:
            assert call.identity_id is not None
            return await caller.identify(session, call.identity_id, WANG, digits, clock) is not None

    assert await asyncio.gather(*(keys(f"{wrong}01") for wrong in (1, 2, 3, 4, 6))) == [False] * 5
    async with database.reading() as session:
        entries = await audit.about(session, f"person:{small.wang.person_id}")
        assert await caller.person_by_number(session, WANG, clock) is None
    assert [entry.action for entry in entries] == ["caller.room_wrong"] * 3
    assert not await keys("501")
    clock.advance(hours=1, seconds=1)
    assert await keys("501")


async def test_nobody_learns_which_numbers_are_known(database: Database, small: Small, clock: SettableClock) -> None:
    call = await _talks(database, clock)
    assert call.identity_id is not None
    async with database.transaction() as session:
        for number in ("13700137000", None, "anonymous", "8001"):
            assert await caller.person_by_number(session, number, clock) is None
            assert await caller.identify(session, call.identity_id, number, "501", clock) is None
        assert await caller.identify(session, call.identity_id, WANG, "101", clock) is None


async def test_who_has_moved_out_is_not_known_by_the_number(
    database: Database, small: Small, clock: SettableClock
) -> None:
    async with database.transaction() as session:
        binding = (await session.scalars(select(Binding).where(Binding.person_id == small.wang.person_id))).one()
        binding.state = BindingState.ENDED
    async with database.reading() as session:
        assert await caller.person_by_number(session, WANG, clock) is None


async def test_a_call_that_stands_for_somebody_is_not_given_to_another(
    database: Database, small: Small, clock: SettableClock
) -> None:
    async with database.transaction() as session:
        assert not await caller.confirm(session, small.wang.identity_id, small.li.person_id, clock)
        assert await caller.confirm(session, small.wang.identity_id, small.wang.person_id, clock)
        assert not await caller.confirm(session, 999, small.wang.person_id, clock)


async def test_a_message_becomes_a_ticket_and_a_call_back_although_somebody_is_on_duty(
    database: Database, small: Small, clock: SettableClock, agent: Agent
) -> None:
    call = await _talks(database, clock)
    assert call.identity_id is not None
    assert call.conversation_id is not None
    async with database.transaction() as session:
        await caller.identify(session, call.identity_id, WANG, "501", clock)
        await handoff.request(session, call.conversation_id, "asked", clock)
    sound = await _records(database, call, clock, RecordingKind.VOICEMAIL)
    async with database.transaction() as session:
        filed = await voicemail.file(session, call, sound, "厨房漏水，请回电", "+8613800138000", clock)
    async with database.reading() as session:
        ticket = await session.get_one(Ticket, filed.id)
        item = (await session.scalars(select(QueueItem))).one()
        message = (await session.scalars(select(Message))).one()
        conversation = await conversations.get(session, call.conversation_id)
        heard = await recordings.of_ticket(session, ticket.id)
        seen = await tickets.progress(session, await scope_of(session, call.identity_id, clock), clock=clock)
    assert (ticket.kind, ticket.state, ticket.facility) == (TicketKind.VOICEMAIL, TicketState.NEW, "电话留言")
    assert (ticket.symptom, ticket.contact_phone, ticket.contact_name) == ("厨房漏水，请回电", WANG, "王建国")
    assert (ticket.home_id, ticket.estate_id) == (small.home.id, small.estate.id)
    assert (item.kind, item.state, item.reason) == (QueueKind.CALLBACK, QueueState.WAITING, "voicemail")
    assert (message.text, message.author, message.state) == (
        "厨房漏水，请回电",
        Author.RESIDENT,
        MessageState.ANSWERED,
    )
    assert conversation.state is ConversationState.BOT
    assert [(one.id, one.transcript) for one in heard] == [(sound.id, "厨房漏水，请回电")]
    assert [one.number for one in seen] == [ticket.number]


async def test_a_message_is_filed_once_also_by_two_at_once(
    database: Database, small: Small, clock: SettableClock
) -> None:
    call = await _talks(database, clock, None)
    sound = await _records(database, call, clock, RecordingKind.VOICEMAIL)

    async def files() -> int:
        async with database.transaction() as session:
            return (await voicemail.file(session, call, sound, "", "0571-88001800", clock)).id

    assert len(set(await asyncio.gather(*(files() for _ in range(3))))) == 1
    async with database.reading() as session:
        assert await session.scalar(select(func.count(QueueItem.id))) == 1
        assert await session.scalar(select(func.count(Message.id))) == 1
        ticket = (await session.scalars(select(Ticket))).one()
    assert (ticket.home_id, ticket.contact_phone, ticket.contact_name) == (None, "057188001800", "")
    assert "听录音" in ticket.symptom


async def test_a_stranger_who_leaves_a_message_before_a_word_was_spoken_gets_a_conversation_for_it(
    database: Database, small: Small, clock: SettableClock
) -> None:
    call = await _rings(database, clock)
    sound = await _records(database, call, clock, RecordingKind.VOICEMAIL)
    async with database.transaction() as session:
        ticket = await voicemail.file(session, call, sound, "请回电", None, clock)
        kept = await calls.get(session, call.id)
    assert (ticket.identity_id, ticket.conversation_id) == (kept.identity_id, kept.conversation_id)
    assert ticket.home_id is None
    assert ticket.contact_phone == WANG


async def test_an_agent_who_has_the_conversation_keeps_it_when_a_message_is_left(
    database: Database, clock: SettableClock, agent: Agent
) -> None:
    call = await _talks(database, clock)
    assert call.conversation_id is not None
    sound = await _records(database, call, clock, RecordingKind.VOICEMAIL)
    async with database.transaction() as session:
        place = await handoff.request(session, call.conversation_id, "asked", clock)
        await handoff.claim(session, place.item_id, agent.id, clock)
        await voicemail.file(session, call, sound, "请回电", None, clock)
        conversation = await conversations.get(session, call.conversation_id)
        item = (await session.scalars(select(QueueItem))).one()
    assert (conversation.state, conversation.agent_id) == (ConversationState.HUMAN, agent.id)
    assert (item.state, item.kind) == (QueueState.TAKEN, QueueKind.CHAT)


async def test_recordings_expire_unless_they_are_kept_or_somebody_still_has_to_act(
    database: Database, small: Small, clock: SettableClock, agent: Agent
) -> None:
    call = await _talks(database, clock)
    loose = await _records(database, call, clock, RecordingKind.UTTERANCE)
    kept = await _records(database, call, clock, RecordingKind.UTTERANCE)
    left = await _records(database, call, clock, RecordingKind.VOICEMAIL)
    async with database.transaction() as session:
        ticket = await voicemail.file(session, call, left, "请回电", None, clock)
        await recordings.keep(session, kept.public_id, True, agent.id, clock)
    async with database.transaction() as session:
        assert await recordings.expired(session, clock) == []
        assert await recordings.forget_expired(session, clock, 10) == 0
    clock.advance(days=90)
    async with database.transaction() as session:
        assert [one.id for one in await recordings.expired(session, clock)] == [loose.id]
        assert await recordings.forget_expired(session, clock, 10) == 1
        assert await leftovers.noted(session, "recordings:forget") == [loose.file]
        await tickets.advance(session, ticket.id, TicketState.CANCELLED, "agent:1", clock)
        assert await recordings.forget_expired(session, clock, 10) == 1
        await recordings.keep(session, kept.public_id, False, agent.id, clock)
        assert await recordings.remove(session, await recordings.of_call(session, call.id), clock) == [kept.file]
    async with database.reading() as session:
        assert await recordings.of_conversation(session, call.conversation_id or 0) == []
        assert await leftovers.noted(session, "recordings:forget") == [loose.file, left.file, kept.file]
        with pytest.raises(RecordingNotFound):
            await recordings.get(session, loose.public_id)
        acts = [entry.action for entry in await audit.about(session, f"recording:{kept.id}")]
    assert acts == ["recording.kept", "recording.released"]


async def test_ids_of_recordings_do_not_come_again(database: Database, clock: SettableClock) -> None:
    call = await _talks(database, clock)
    first = await _records(database, call, clock, RecordingKind.UTTERANCE)
    async with database.transaction() as session:
        await recordings.remove(session, [first], clock)
    second = await _records(database, call, clock, RecordingKind.UTTERANCE)
    assert second.id > first.id


@pytest.mark.parametrize("file", ["/etc/passwd", "../guanjia.db", "2026-11/../../x.wav", "x" * 65])
async def test_a_recording_lies_nowhere_else(database: Database, clock: SettableClock, file: str) -> None:
    call = await _talks(database, clock)
    with pytest.raises(ValueError, match="below the folder"):
        async with database.transaction() as session:
            await recordings.add(session, call.id, RecordingKind.UTTERANCE, file, 1.0, 1, 90, clock)


async def test_an_agent_has_one_telephone(database: Database, clock: SettableClock, agent: Agent) -> None:
    async with database.transaction() as session:
        assert await agent_phones.of(session, agent.id) is None
        await agent_phones.set(session, agent.id, "8001", clock)
        kept = await agent_phones.set(session, agent.id, "+86 13800138000", clock)
        assert kept is not None
        assert (kept.number, await agent_phones.of(session, agent.id)) == (WANG, WANG)
        assert await agent_phones.all_of(session) == {agent.id: WANG}
        acts = [entry for entry in await audit.about(session, f"agent:{agent.id}") if entry.action == "agent_phone.set"]
        assert [entry.detail for entry in acts] == [{"number": "**01"}, {"number": "138****8000"}]
        with pytest.raises(NumberInvalid):
            await agent_phones.set(session, agent.id, "sip:8001@elsewhere", clock)
        assert await agent_phones.set(session, agent.id, None, clock) is None
        assert await agent_phones.all_of(session) == {}


async def test_the_figures_of_two_days(database: Database, clock: SettableClock, agent: Agent) -> None:
    since = clock.now()

    async def one(outcome: CallOutcome, answered: int | None, waits: int | None, comes: bool, lasts: int) -> None:
        async with database.transaction() as session:
            call = await calls.begin(session, CallDirection.IN, "sip", None, None, clock)
            if answered is not None:
                clock.advance(seconds=answered)
                await calls.answered(session, call.id, clock)
            if waits is not None:
                await calls.set_state(session, call.id, CallState.WAITING, clock)
                clock.advance(seconds=waits)
            if comes:
                await calls.set_state(session, call.id, CallState.WITH_AGENT, clock, agent.id)
            clock.advance(seconds=lasts)
            await calls.end(session, call.id, outcome, clock)
            if comes:
                await calls.rate(session, call.id, 4)

    await one(CallOutcome.SELF_SERVED, 1, None, comes=False, lasts=60)
    await one(CallOutcome.AGENT, 15, 10, comes=True, lasts=110)
    await one(CallOutcome.VOICEMAIL, 16, 30, comes=False, lasts=0)
    await one(CallOutcome.BUSY, None, None, comes=False, lasts=0)
    clock.advance(days=1)
    await one(CallOutcome.ABANDONED, None, None, comes=False, lasts=9)
    async with database.transaction() as session:
        out = await calls.begin(session, CallDirection.OUT, "sip", WANG, None, clock)
        await calls.answered(session, out.id, clock)
        clock.advance(seconds=1)
        sums = await figures.of(session, since, clock.now())
        nothing = await figures.of(session, since - timedelta(days=9), since)
    assert (sums.calls, sums.answered, sums.connection_rate) == (5, 3, 0.6)
    assert (sums.answered_in_time, sums.voicemail, sums.abandoned) == (0.4, 1, 1)
    assert (sums.self_served, sums.to_agent, sums.agents_in_time) == (1 / 3, 1 / 3, 0.5)
    assert sums.handling_seconds == pytest.approx((60 + 120 + 30) / 3, abs=0.01)
    assert sums.wait_seconds == pytest.approx(20, abs=0.01)
    assert (sums.rating, sums.placed, sums.reached) == (4, 1, 1)
    assert [(day.isoformat(), some.calls, some.answered) for day, some in sums.days] == [
        ("2026-11-21", 4, 3),
        ("2026-11-22", 1, 0),
    ]
    assert (nothing.calls, nothing.connection_rate, nothing.handling_seconds, nothing.days) == (0, None, None, ())
