"""The way to a person: nobody lost, nobody taken twice, nobody over the limit."""

import asyncio
from datetime import datetime

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from property_db.audit import service as audit
from property_db.clock import SettableClock
from property_db.conversations import service as conversations
from property_db.conversations.errors import ConversationNotFound
from property_db.conversations.models import Author, Conversation, ConversationState, Direction, MessageState
from property_db.database import Database
from property_db.handoff import service as handoff
from property_db.handoff.errors import (
    AlarmNotFound,
    AlreadyTaken,
    AtCapacity,
    NotYourConversation,
    PasswordTooShort,
    QueueItemNotFound,
    SessionExpired,
    SignInRefused,
    UsernameTaken,
)
from property_db.handoff.models import Agent, AgentRole, AgentStatus, QueueItem, QueueKind, QueueState
from property_db.people import service as people
from tests.integration.property_db.conftest import Small


@pytest.fixture
async def agents(database: Database, clock: SettableClock) -> list[Agent]:
    """小李 and 小张, online, each for at most two conversations."""
    async with database.transaction() as session:
        rows = [
            Agent(
                username=name,
                display_name=display,
                password_hash="",
                max_active=2,
                status=AgentStatus.ONLINE,
                last_seen_at=clock.now(),
            )
            for name, display in (("xiaoli", "小李"), ("xiaozhang", "小张"))
        ]
        session.add_all(rows)
    return rows


async def _waiting(database: Database, clock: SettableClock, count: int) -> list[handoff.QueuePlace]:
    places = []
    for number in range(count):
        clock.advance(seconds=1)
        async with database.transaction() as session:
            identity = await people.identity_for(session, "webchat", f"resident {number}", clock)
            conversation = await conversations.open_for(session, "webchat", identity.id, clock)
            places.append(await handoff.request(session, conversation.id, "asked", clock))
    return places


async def _take(database: Database, item_id: int, agent: Agent, clock: SettableClock) -> QueueItem:
    async with database.transaction() as session:
        return await handoff.claim(session, item_id, agent.id, clock)


async def test_asking_again_keeps_the_place(
    database: Database, small: Small, clock: SettableClock, agents: list[Agent]
) -> None:
    async with database.transaction() as session:
        first = await handoff.request(session, small.wang.conversation_id, "asked", clock)
    clock.advance(minutes=1)
    async with database.transaction() as session:
        await handoff.request(session, small.li.conversation_id, "asked", clock)
        again = await handoff.request(session, small.wang.conversation_id, "asked", clock)
        conversation = await conversations.get(session, small.wang.conversation_id)
    assert again == first
    assert (again.position, again.kind) == (1, QueueKind.CHAT)
    assert conversation.state is ConversationState.WAITING


async def test_copies_of_a_request_at_once_give_one_place(
    database: Database, small: Small, clock: SettableClock, agents: list[Agent]
) -> None:
    async def ask() -> int:
        async with database.transaction() as session:
            return (await handoff.request(session, small.wang.conversation_id, "asked", clock)).item_id

    assert len(set(await asyncio.gather(*(ask() for _ in range(5))))) == 1


async def test_the_queue_is_told_in_the_order_of_waiting(
    database: Database, clock: SettableClock, agents: list[Agent]
) -> None:
    places = await _waiting(database, clock, 6)
    assert [place.position for place in places] == [1, 2, 3, 4, 5, 6]
    assert [place.wait_minutes for place in places] == [1, 1, 1, 1, 2, 4]
    async with database.reading() as session:
        assert [item.id for item, _ in await handoff.waiting(session)] == [place.item_id for place in places]


async def test_who_is_urgent_is_taken_first(
    database: Database, small: Small, clock: SettableClock, agents: list[Agent]
) -> None:
    await _waiting(database, clock, 2)
    async with database.transaction() as session:
        place = await handoff.request(session, small.wang.conversation_id, "emergency", clock, priority=10)
        assert place.position == 1
        assert (await handoff.waiting(session))[0][0].id == place.item_id


async def test_who_told_of_a_danger_is_taken_before_those_who_waited_longer(
    database: Database, small: Small, clock: SettableClock, agents: list[Agent]
) -> None:
    await _waiting(database, clock, 2)
    async with database.transaction() as session:
        await handoff.request(session, small.wang.conversation_id, "asked", clock)
        await handoff.raise_alarm(
            session,
            kind="gas",
            text="厨房有煤气味",
            conversation_id=small.wang.conversation_id,
            ticket_id=None,
            message_id=None,
            clock=clock,
        )
        place = await handoff.request(session, small.wang.conversation_id, "asked", clock)
    assert place.position == 1


async def test_with_nobody_on_duty_it_becomes_a_call_back_and_the_bot_stays(
    database: Database, small: Small, clock: SettableClock
) -> None:
    async with database.transaction() as session:
        place = await handoff.request(session, small.wang.conversation_id, "asked", clock)
        conversation = await conversations.get(session, small.wang.conversation_id)
    assert place.kind is QueueKind.CALLBACK
    assert conversation.state is ConversationState.BOT


async def test_a_call_back_becomes_a_chat_when_somebody_is_there_and_it_is_asked_again(
    database: Database, small: Small, clock: SettableClock
) -> None:
    async with database.transaction() as session:
        await handoff.request(session, small.wang.conversation_id, "asked", clock)
        session.add(Agent(username="x", display_name="小李", password_hash="", status=AgentStatus.ONLINE))
    async with database.transaction() as session:
        place = await handoff.request(session, small.wang.conversation_id, "asked", clock)
    assert place.kind is QueueKind.CHAT


async def test_a_call_back_follows_the_resident_into_the_next_days_conversation(
    database: Database, small: Small, clock: SettableClock
) -> None:
    async with database.transaction() as session:
        place = await handoff.request(session, small.wang.conversation_id, "asked", clock)
    clock.advance(hours=14)
    async with database.transaction() as session:
        today = await conversations.open_for(session, "webchat", small.wang.identity_id, clock)
        agent = Agent(username="x", display_name="小李", password_hash="", status=AgentStatus.ONLINE)
        session.add(agent)
    item = await _take(database, place.item_id, agent, clock)
    assert item.conversation_id == today.id != small.wang.conversation_id
    async with database.reading() as session:
        assert (await conversations.get(session, today.id)).state is ConversationState.HUMAN


async def test_asking_in_a_conversation_that_is_none_is_refused(database: Database, clock: SettableClock) -> None:
    with pytest.raises(ConversationNotFound):
        async with database.transaction() as session:
            await handoff.request(session, 999, "asked", clock)


async def test_of_many_agents_one_takes_a_conversation(
    database: Database, clock: SettableClock, agents: list[Agent]
) -> None:
    (place,) = await _waiting(database, clock, 1)
    results = await asyncio.gather(
        *(_take(database, place.item_id, agent, clock) for agent in agents), return_exceptions=True
    )
    taken = [result for result in results if isinstance(result, QueueItem)]
    assert len(taken) == 1
    assert sum(isinstance(result, AlreadyTaken) for result in results) == 1
    async with database.reading() as session:
        assert await session.scalar(select(func.sum(Agent.active))) == 1


async def test_an_agent_never_holds_more_than_the_limit_however_fast_the_clicks(
    database: Database, clock: SettableClock, agents: list[Agent]
) -> None:
    places = await _waiting(database, clock, 6)
    results = await asyncio.gather(
        *(_take(database, place.item_id, agents[0], clock) for place in places), return_exceptions=True
    )
    assert sum(isinstance(result, QueueItem) for result in results) == 2
    assert sum(isinstance(result, AtCapacity) for result in results) == 4
    async with database.reading() as session:
        assert await session.scalar(select(Agent.active).where(Agent.id == agents[0].id)) == 2
        assert len(await handoff.waiting(session)) == 4
        assert len(await handoff.held_by(session, agents[0].id)) == 2


async def test_many_agents_and_many_conversations_end_up_evenly_consistent(
    database: Database, clock: SettableClock, agents: list[Agent]
) -> None:
    places = await _waiting(database, clock, 3)
    attempts = [_take(database, place.item_id, agent, clock) for place in places for agent in agents]
    await asyncio.gather(*attempts, return_exceptions=True)
    async with database.reading() as session:
        for agent in agents:
            active = await session.scalar(select(Agent.active).where(Agent.id == agent.id))
            assert active == len(await handoff.held_by(session, agent.id))
        assert await handoff.waiting(session) == []


async def test_a_refused_take_leaves_nothing_behind_even_if_the_caller_goes_on(
    database: Database, clock: SettableClock, agents: list[Agent]
) -> None:
    places = await _waiting(database, clock, 3)
    for place in places[:2]:
        await _take(database, place.item_id, agents[0], clock)
    async with database.transaction() as session:
        with pytest.raises(AtCapacity) as refused:
            await handoff.claim(session, places[2].item_id, agents[0].id, clock)
    assert refused.value.params == {"max_active": "2"}
    async with database.reading() as session:
        item = await session.get_one(QueueItem, places[2].item_id)
        assert (item.state, item.agent_id, item.version) == (QueueState.WAITING, None, 1)
    assert (await _take(database, places[2].item_id, agents[1], clock)).agent_id == agents[1].id


async def test_taking_ones_own_conversation_again_is_harmless(
    database: Database, clock: SettableClock, agents: list[Agent]
) -> None:
    (place,) = await _waiting(database, clock, 1)
    first = await _take(database, place.item_id, agents[0], clock)
    again = await _take(database, place.item_id, agents[0], clock)
    assert first.version == again.version
    async with database.reading() as session:
        assert await session.scalar(select(Agent.active).where(Agent.id == agents[0].id)) == 1


async def test_taking_gives_the_conversation_to_the_agent_and_holds_its_messages(
    database: Database, small: Small, clock: SettableClock, agents: list[Agent]
) -> None:
    async with database.transaction() as session:
        place = await handoff.request(session, small.wang.conversation_id, "asked", clock)
        message = await conversations.append(
            session, small.wang.conversation_id, direction=Direction.IN, author=Author.RESIDENT, text="在吗"
        )
    item = await _take(database, place.item_id, agents[0], clock)
    assert (item.state, item.agent_id, item.taken_at) == (QueueState.TAKEN, agents[0].id, clock.now())
    async with database.reading() as session:
        conversation = await conversations.get(session, small.wang.conversation_id)
        kept = await conversations.message_by_seq(session, small.wang.conversation_id, message.seq)
        entries = await audit.about(session, f"conversation:{small.wang.conversation_id}")
        place_now = await handoff.place_of(session, small.wang.conversation_id)
        mine = await handoff.held_by(session, agents[0].id)
        others = await handoff.held_by_others(session, agents[1].id)
    assert (conversation.state, conversation.agent_id) == (ConversationState.HUMAN, agents[0].id)
    assert kept is not None
    assert kept.state is MessageState.HELD
    assert [entry.action for entry in entries] == ["queue.taken"]
    assert place_now is not None
    assert place_now.taken
    assert [held.id for held in mine] == [held.id for held in others] == [small.wang.conversation_id]


async def test_taking_asking_again_and_leaving_at_once_never_wait_for_each_other_in_a_ring(
    database: Database, clock: SettableClock, agents: list[Agent]
) -> None:
    for place in await _waiting(database, clock, 8):
        async with database.reading() as session:
            conversation_id = (await session.get_one(QueueItem, place.item_id)).conversation_id

        async def ask(conversation_id: int = conversation_id) -> None:
            async with database.transaction() as session:
                await handoff.request(session, conversation_id, "asked", clock)

        async def leave(conversation_id: int = conversation_id) -> None:
            async with database.transaction() as session:
                await handoff.abandon(session, conversation_id, clock)

        async def release(conversation_id: int = conversation_id) -> None:
            async with database.transaction() as session:
                await handoff.requeue(session, conversation_id, agents[0].id, clock)

        takes = [_take(database, place.item_id, agent, clock) for agent in agents]
        results = await asyncio.gather(*takes, ask(), leave(), release(), ask(), return_exceptions=True)
        refusals = [result for result in results if isinstance(result, BaseException)]
        assert all(isinstance(refusal, AlreadyTaken | AtCapacity) for refusal in refusals), refusals


async def test_taking_locks_the_conversation_before_the_item(
    database: Database, clock: SettableClock, agents: list[Agent], monkeypatch: pytest.MonkeyPatch
) -> None:
    (place,) = await _waiting(database, clock, 1)
    order: list[str] = []
    fresh, take_item = handoff.conversations.fresh, handoff.repository.take_item

    async def locked(session: AsyncSession, conversation_id: int, *, lock: bool = False) -> Conversation | None:
        order.append("conversation" if lock else "look")
        return await fresh(session, conversation_id, lock=lock)

    async def taken(session: AsyncSession, item: QueueItem, agent_id: int, now: datetime) -> bool:
        order.append("item")
        return await take_item(session, item, agent_id, now)

    monkeypatch.setattr(handoff.conversations, "fresh", locked)
    monkeypatch.setattr(handoff.repository, "take_item", taken)
    await _take(database, place.item_id, agents[0], clock)
    assert order[:2] == ["conversation", "item"]


async def test_who_was_with_an_agent_who_is_gone_waits_first_once(
    database: Database, clock: SettableClock, agents: list[Agent]
) -> None:
    held, waits = await _waiting(database, clock, 2)
    item = await _take(database, held.item_id, agents[0], clock)
    clock.advance(minutes=5, seconds=1)
    async with database.transaction() as session:
        await handoff.seen(session, agents[1].id, clock)
        assert await handoff.forsaken(session, clock) == [(item.conversation_id, agents[0].id)]
        assert await handoff.requeue(session, item.conversation_id, agents[1].id, clock) is None, "not theirs"

    async def release() -> handoff.QueuePlace | None:
        async with database.transaction() as session:
            return await handoff.requeue(session, item.conversation_id, agents[0].id, clock)

    places = await asyncio.gather(release(), release())
    (place,) = [place for place in places if place is not None]
    assert (place.item_id, place.position, place.kind) == (held.item_id, 1, QueueKind.CHAT)
    async with database.reading() as session:
        assert await session.scalar(select(func.sum(Agent.active))) == 0
        assert [row.id for row, _ in await handoff.waiting(session)] == [held.item_id, waits.item_id]
        assert await handoff.forsaken(session, clock) == []
        assert await handoff.stranded(session) == []


async def test_nobody_waits_for_a_chat_with_nobody_on_duty(
    database: Database, clock: SettableClock, agents: list[Agent]
) -> None:
    (waits,) = await _waiting(database, clock, 1)
    clock.advance(minutes=3)
    async with database.transaction() as session:
        await handoff.sweep_silent(session, clock)
        (conversation_id,) = await handoff.stranded(session)
        assert await handoff.call_back_later(session, conversation_id)
        assert not await handoff.call_back_later(session, conversation_id)
        item = await session.get_one(QueueItem, waits.item_id)
        assert (item.state, item.kind) == (QueueState.WAITING, QueueKind.CALLBACK)
        assert (await conversations.get(session, conversation_id)).state is ConversationState.BOT
        await handoff.set_status(session, agents[0].id, AgentStatus.ONLINE, clock)
        assert await handoff.stranded(session) == []


async def test_what_does_not_wait_cannot_be_taken(
    database: Database, small: Small, clock: SettableClock, agents: list[Agent]
) -> None:
    (place,) = await _waiting(database, clock, 1)
    with pytest.raises(QueueItemNotFound):
        await _take(database, 999, agents[0], clock)
    async with database.transaction() as session:
        item = await session.get_one(QueueItem, place.item_id)
        assert await handoff.abandon(session, item.conversation_id, clock)
        assert not await handoff.abandon(session, item.conversation_id, clock)
        assert (await conversations.get(session, item.conversation_id)).state is ConversationState.BOT
    with pytest.raises(AlreadyTaken):
        await _take(database, place.item_id, agents[0], clock)
    async with database.transaction() as session:
        assert not await handoff.abandon(session, small.wang.conversation_id, clock)


async def test_handing_back_wakes_the_bot_and_frees_the_agent(
    database: Database, clock: SettableClock, agents: list[Agent]
) -> None:
    (place,) = await _waiting(database, clock, 1)
    item = await _take(database, place.item_id, agents[0], clock)
    async with database.transaction() as session:
        conversation = await handoff.hand_back(session, item.conversation_id, agents[0].id, clock)
    assert (conversation.state, conversation.agent_id) == (ConversationState.BOT, None)
    async with database.reading() as session:
        assert await session.scalar(select(Agent.active).where(Agent.id == agents[0].id)) == 0
        assert (await session.get_one(QueueItem, place.item_id)).state is QueueState.DONE
        assert await handoff.place_of(session, item.conversation_id) is None


async def test_closing_awaits_stars_and_frees_the_agent_once(
    database: Database, clock: SettableClock, agents: list[Agent]
) -> None:
    (place,) = await _waiting(database, clock, 1)
    item = await _take(database, place.item_id, agents[0], clock)

    async def close() -> ConversationState:
        async with database.transaction() as session:
            return (await handoff.close(session, item.conversation_id, agents[0].id, clock)).state

    results = await asyncio.gather(close(), close(), return_exceptions=True)
    assert ConversationState.RATING in results
    assert sum(isinstance(result, NotYourConversation) for result in results) == 1
    async with database.reading() as session:
        assert await session.scalar(select(Agent.active).where(Agent.id == agents[0].id)) == 0


async def test_only_the_holder_may_answer_close_or_hand_back(
    database: Database, small: Small, clock: SettableClock, agents: list[Agent]
) -> None:
    (place,) = await _waiting(database, clock, 1)
    item = await _take(database, place.item_id, agents[0], clock)
    async with database.transaction() as session:
        assert await handoff.require_holder(session, item.conversation_id, agents[0].id)
        for refused in (
            handoff.require_holder(session, item.conversation_id, agents[1].id),
            handoff.close(session, item.conversation_id, agents[1].id, clock),
            handoff.hand_back(session, item.conversation_id, agents[1].id, clock),
            handoff.hand_back(session, small.wang.conversation_id, agents[0].id, clock),
            handoff.require_holder(session, 999, agents[0].id),
        ):
            with pytest.raises(NotYourConversation):
                await refused


async def test_after_closing_a_person_can_be_asked_for_again(
    database: Database, small: Small, clock: SettableClock, agents: list[Agent]
) -> None:
    async with database.transaction() as session:
        first = await handoff.request(session, small.wang.conversation_id, "asked", clock)
    await _take(database, first.item_id, agents[0], clock)
    async with database.transaction() as session:
        await handoff.hand_back(session, small.wang.conversation_id, agents[0].id, clock)
        second = await handoff.request(session, small.wang.conversation_id, "asked", clock)
    assert second.item_id != first.item_id


async def test_signing_in_with_the_right_password_only(database: Database, clock: SettableClock) -> None:
    async with database.transaction() as session:
        agent = await handoff.create_agent(session, "xiaoli", "小李", "guanjia-demo", AgentRole.SUPERVISOR)
        assert "guanjia-demo" not in agent.password_hash
        with pytest.raises(UsernameTaken):
            await handoff.create_agent(session, "xiaoli", "另一个", "guanjia-demo")
        with pytest.raises(PasswordTooShort):
            await handoff.create_agent(session, "x", "x", "short")
    async with database.transaction() as session:
        for username, password in (("xiaoli", "wrong"), ("nobody", "guanjia-demo"), ("", "")):
            with pytest.raises(SignInRefused):
                await handoff.sign_in(session, username, password, clock)
        signed_in = await handoff.sign_in(session, "xiaoli", "guanjia-demo", clock)
    async with database.reading() as session:
        found, browser = await handoff.agent_of_token(session, signed_in.token, clock)
        assert (found.username, found.status, browser.csrf) == ("xiaoli", AgentStatus.ONLINE, signed_in.csrf)
        assert browser.token_hash != signed_in.token
        with pytest.raises(SessionExpired):
            await handoff.agent_of_token(session, "guessed", clock)
        clock.advance(hours=12)
        with pytest.raises(SessionExpired):
            await handoff.agent_of_token(session, signed_in.token, clock)


async def test_signing_out_ends_the_session(database: Database, clock: SettableClock) -> None:
    async with database.transaction() as session:
        await handoff.create_agent(session, "xiaoli", "小李", "guanjia-demo")
        signed_in = await handoff.sign_in(session, "xiaoli", "guanjia-demo", clock)
    async with database.transaction() as session:
        await handoff.sign_out(session, signed_in.token)
        await handoff.sign_out(session, signed_in.token)
        with pytest.raises(SessionExpired):
            await handoff.agent_of_token(session, signed_in.token, clock)
        agent = await handoff.agent_by_id(session, signed_in.agent.id)
    assert agent is not None
    assert agent.status is AgentStatus.OFFLINE


async def test_an_agent_whose_desk_is_silent_goes_offline(
    database: Database, clock: SettableClock, agents: list[Agent]
) -> None:
    clock.advance(seconds=100)
    async with database.transaction() as session:
        await handoff.seen(session, agents[0].id, clock)
    clock.advance(seconds=30)
    async with database.transaction() as session:
        assert await handoff.sweep_silent(session, clock) == [agents[1].id]
        assert await handoff.sweep_silent(session, clock) == []
        agent = await handoff.set_status(session, agents[1].id, AgentStatus.AWAY, clock)
        assert agent.status is AgentStatus.AWAY
        with pytest.raises(SessionExpired):
            await handoff.set_status(session, 999, AgentStatus.AWAY, clock)


async def test_an_alarm_stays_until_somebody_has_seen_it(
    database: Database, small: Small, clock: SettableClock, agents: list[Agent]
) -> None:
    async with database.transaction() as session:
        values = {"kind": "gas", "text": "煤气味", "conversation_id": small.wang.conversation_id, "ticket_id": None}
        assert await handoff.raise_alarm(session, **values, message_id=5, clock=clock)
        assert not await handoff.raise_alarm(session, **values, message_id=5, clock=clock)
        (alarm,) = await handoff.alarms(session)
    async with database.transaction() as session:
        await handoff.acknowledge(session, alarm.id, agents[0].id, clock)
        again = await handoff.acknowledge(session, alarm.id, agents[1].id, clock)
        assert again.acknowledged_by == agents[0].id
        assert await handoff.alarms(session) == []
        with pytest.raises(AlarmNotFound):
            await handoff.acknowledge(session, 999, agents[0].id, clock)
