"""Conversations, inbox and outbox."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from property_db.clock import SettableClock
from property_db.conversations import service as conversations
from property_db.conversations.errors import ClaimLost, ConversationNotFound
from property_db.conversations.models import Author, ConversationState, Direction, Message, MessageState
from property_db.database import Database
from tests.integration.property_db.conftest import Small


async def _says(database: Database, conversation_id: int, text: str, client_id: str | None = None) -> Message:
    async with database.transaction() as session:
        return await conversations.append(
            session,
            conversation_id,
            direction=Direction.IN,
            author=Author.RESIDENT,
            text=text,
            client_message_id=client_id,
        )


async def _claim(database: Database, conversation_id: int, worker: str, clock: SettableClock) -> Message | None:
    async with database.transaction() as session:
        return await conversations.claim_next(session, conversation_id, worker, clock)


async def test_messages_written_at_once_are_numbered_without_gaps(database: Database, small: Small) -> None:
    messages = await asyncio.gather(
        *(_says(database, small.wang.conversation_id, str(n), f"client-{n}") for n in range(15))
    )
    assert sorted(message.seq for message in messages) == list(range(1, 16))


async def test_a_repeated_client_message_id_gives_the_first_message(database: Database, small: Small) -> None:
    first = await _says(database, small.wang.conversation_id, "我家漏水了", "a1")
    again = await _says(database, small.wang.conversation_id, "我家漏水了", "a1")
    assert again.id == first.id
    async with database.reading() as session:
        assert len(await conversations.after(session, small.wang.conversation_id, for_resident=True)) == 1


async def test_copies_of_a_message_that_arrive_at_once_are_written_once(database: Database, small: Small) -> None:
    copies = await asyncio.gather(*(_says(database, small.wang.conversation_id, "你好", "same") for _ in range(6)))
    assert {copy.id for copy in copies} == {copies[0].id}


async def test_a_client_message_id_counts_within_its_conversation_only(database: Database, small: Small) -> None:
    wangs = await _says(database, small.wang.conversation_id, "你好", "a1")
    lis = await _says(database, small.li.conversation_id, "你好", "a1")
    assert wangs.id != lis.id


async def test_a_message_into_nowhere_is_refused(database: Database) -> None:
    with pytest.raises(ConversationNotFound):
        await _says(database, 999, "你好")
    with pytest.raises(ConversationNotFound):
        await _says(database, 999, "你好", "a1")


async def test_a_resident_never_sees_internal_notes(database: Database, small: Small) -> None:
    await _says(database, small.wang.conversation_id, "你好")
    async with database.transaction() as session:
        note = await conversations.append(
            session,
            small.wang.conversation_id,
            direction=Direction.OUT,
            author=Author.AGENT,
            text="这户上周投诉过",
            visible_to_resident=False,
        )
    assert note.state is MessageState.DELIVERED
    async with database.reading() as session:
        seen = await conversations.after(session, small.wang.conversation_id, for_resident=True)
        all_of_it = await conversations.after(session, small.wang.conversation_id, for_resident=False)
    assert [message.text for message in seen] == ["你好"]
    assert len(all_of_it) == 2


async def test_one_of_many_workers_gets_a_message(database: Database, small: Small, clock: SettableClock) -> None:
    await _says(database, small.wang.conversation_id, "你好")
    claims = await asyncio.gather(*(_claim(database, small.wang.conversation_id, f"w{n}", clock) for n in range(6)))
    assert sum(claim is not None for claim in claims) == 1


async def test_the_second_message_waits_until_the_first_is_answered(
    database: Database, small: Small, clock: SettableClock
) -> None:
    await _says(database, small.wang.conversation_id, "一")
    await _says(database, small.wang.conversation_id, "二")
    first = await _claim(database, small.wang.conversation_id, "w1", clock)
    assert first is not None
    assert first.text == "一"
    assert await _claim(database, small.wang.conversation_id, "w2", clock) is None
    async with database.transaction() as session:
        await conversations.finish(session, first.id, "w1", clock)
    second = await _claim(database, small.wang.conversation_id, "w2", clock)
    assert second is not None
    assert second.text == "二"


async def test_a_message_that_waits_for_its_next_try_holds_back_those_behind_it(
    database: Database, small: Small, clock: SettableClock
) -> None:
    await _says(database, small.wang.conversation_id, "一")
    await _says(database, small.wang.conversation_id, "二")
    first = await _claim(database, small.wang.conversation_id, "w1", clock)
    assert first is not None
    async with database.transaction() as session:
        await conversations.retry_later(session, first.id, "w1", clock.now() + timedelta(seconds=5))
    assert await _claim(database, small.wang.conversation_id, "w1", clock) is None
    clock.advance(seconds=6)
    again = await _claim(database, small.wang.conversation_id, "w1", clock)
    assert again is not None
    assert (again.text, again.attempts) == ("一", 2)


async def test_a_worker_that_lost_its_message_cannot_answer_it(
    database: Database, small: Small, clock: SettableClock
) -> None:
    await _says(database, small.wang.conversation_id, "你好")
    message = await _claim(database, small.wang.conversation_id, "slow", clock)
    assert message is not None
    clock.advance(minutes=1)
    async with database.transaction() as session:
        assert await conversations.recover(session, "fresh", clock.now()) == [small.wang.conversation_id]
    assert await _claim(database, small.wang.conversation_id, "fresh", clock) is not None
    with pytest.raises(ClaimLost):
        async with database.transaction() as session:
            await conversations.append(
                session,
                small.wang.conversation_id,
                direction=Direction.OUT,
                author=Author.BOT,
                text="晚到的回答",
            )
            await conversations.finish(session, message.id, "slow", clock)
    async with database.reading() as session:
        assert await conversations.undelivered(session, clock) == []


async def test_recovering_leaves_alone_what_is_being_worked_on(
    database: Database, small: Small, clock: SettableClock
) -> None:
    await _says(database, small.wang.conversation_id, "你好")
    await _claim(database, small.wang.conversation_id, "me", clock)
    async with database.transaction() as session:
        assert await conversations.recover(session, "me", clock.now()) == []
        assert await conversations.recover(session, "other", clock.now() - timedelta(seconds=1)) == []


async def test_work_is_found_after_a_restart(database: Database, small: Small, clock: SettableClock) -> None:
    await _says(database, small.li.conversation_id, "你好")
    async with database.reading() as session:
        assert await conversations.with_work(session, clock) == [small.li.conversation_id]


async def test_an_apology_is_made_once(database: Database, small: Small, clock: SettableClock) -> None:
    message = await _says(database, small.wang.conversation_id, "你好")
    async with database.transaction() as session:
        assert await conversations.apologised(session, message.id, clock)
        assert not await conversations.apologised(session, message.id, clock)


async def test_an_answer_is_delivered_once(database: Database, small: Small, clock: SettableClock) -> None:
    async with database.transaction() as session:
        answer = await conversations.append(
            session, small.wang.conversation_id, direction=Direction.OUT, author=Author.BOT, text="您好"
        )
    async with database.transaction() as session:
        assert [m.id for m in await conversations.undelivered(session, clock)] == [answer.id]
        await conversations.delivery_failed(session, answer.id, clock.now() + timedelta(seconds=3))
        assert await conversations.undelivered(session, clock) == []
    clock.advance(seconds=3)
    async with database.transaction() as session:
        assert len(await conversations.undelivered(session, clock, small.wang.conversation_id)) == 1
        await conversations.delivered(session, answer.id, clock)
        await conversations.delivered(session, answer.id, clock)
        assert await conversations.undelivered(session, clock) == []


async def test_a_delivery_given_up_is_failed(database: Database, small: Small, clock: SettableClock) -> None:
    async with database.transaction() as session:
        answer = await conversations.append(
            session, small.wang.conversation_id, direction=Direction.OUT, author=Author.BOT, text="您好"
        )
        await conversations.delivery_failed(session, answer.id, None)
        state = await session.scalar(select(Message.state).where(Message.id == answer.id))
    assert state is MessageState.FAILED


async def test_the_same_conversation_goes_on_while_it_is_open(
    database: Database, small: Small, clock: SettableClock
) -> None:
    async with database.transaction() as session:
        clock.advance(hours=11)
        again = await conversations.open_for(session, "webchat", small.wang.identity_id, clock)
    assert again.id == small.wang.conversation_id


async def test_twelve_hours_of_silence_begin_a_new_conversation(
    database: Database, small: Small, clock: SettableClock
) -> None:
    clock.advance(hours=12, minutes=1)
    async with database.transaction() as session:
        new = await conversations.open_for(session, "webchat", small.wang.identity_id, clock)
        old = await conversations.get(session, small.wang.conversation_id)
    assert new.id != old.id
    assert old.state is ConversationState.CLOSED
    assert old.closed_at == clock.now()


async def test_silence_does_not_end_a_conversation_with_a_person(
    database: Database, small: Small, clock: SettableClock
) -> None:
    async with database.transaction() as session:
        await conversations.set_state(session, small.wang.conversation_id, ConversationState.HUMAN, clock)
    clock.advance(days=2)
    async with database.transaction() as session:
        again = await conversations.open_for(session, "webchat", small.wang.identity_id, clock)
    assert again.id == small.wang.conversation_id


async def test_a_message_instead_of_stars_begins_a_new_conversation(
    database: Database, small: Small, clock: SettableClock
) -> None:
    async with database.transaction() as session:
        await conversations.set_state(session, small.wang.conversation_id, ConversationState.RATING, clock)
        new = await conversations.open_for(session, "webchat", small.wang.identity_id, clock)
        latest = await conversations.latest(session, small.wang.identity_id)
    assert new.state is ConversationState.BOT
    assert [conversation.id for conversation in latest] == [small.wang.conversation_id, new.id]


async def test_two_first_messages_at_once_open_one_conversation(
    database: Database, small: Small, clock: SettableClock
) -> None:
    clock.advance(hours=13)

    async def come() -> int:
        async with database.transaction() as session:
            return (await conversations.open_for(session, "webchat", small.wang.identity_id, clock)).id

    assert len(set(await asyncio.gather(*(come() for _ in range(5))))) == 1


async def test_a_conversation_of_somebody_else_is_not_found(database: Database, small: Small) -> None:
    async with database.reading() as session:
        public_id = (await conversations.get(session, small.wang.conversation_id)).public_id
        assert (await conversations.by_public_id(session, public_id, small.wang.identity_id)).public_id == public_id
        with pytest.raises(ConversationNotFound):
            await conversations.by_public_id(session, public_id, small.li.identity_id)


async def test_what_was_not_understood_is_counted_until_something_is(database: Database, small: Small) -> None:
    async with database.transaction() as session:
        assert await conversations.count_failure(session, small.wang.conversation_id) == 1
        assert await conversations.count_failure(session, small.wang.conversation_id) == 2
        await conversations.forget_failures(session, small.wang.conversation_id)
        assert await conversations.count_failure(session, small.wang.conversation_id) == 1


async def test_an_action_runs_once_for_a_message(database: Database, small: Small) -> None:
    message = await _says(database, small.wang.conversation_id, "报修")
    async with database.transaction() as session:
        assert await conversations.run_of(session, message.id, "action_report") is None
        assert await conversations.remember_run(session, message.id, "action_report", {"number": "WX261121-0001"})
    async with database.transaction() as session:
        assert not await conversations.remember_run(session, message.id, "action_report", {"number": "other"})
        assert await conversations.run_of(session, message.id, "action_report") == {"number": "WX261121-0001"}


async def test_what_a_person_takes_over_is_held(database: Database, small: Small, clock: SettableClock) -> None:
    await _says(database, small.wang.conversation_id, "一")
    await _says(database, small.wang.conversation_id, "二")
    async with database.transaction() as session:
        assert await conversations.hold_waiting(session, small.wang.conversation_id) == 2
    assert await _claim(database, small.wang.conversation_id, "w1", clock) is None


async def test_blocks_choices_and_pictures_come_back_as_they_were(database: Database, small: Small) -> None:
    async with database.transaction() as session:
        written = await conversations.append(
            session,
            small.wang.conversation_id,
            direction=Direction.OUT,
            author=Author.BOT,
            text="您好",
            blocks=[{"kind": "text", "text": "您好", "spoken": None}],
            upload_ids=["u1"],
            choice={"seq": 3, "id": "1", "payload": "/affirm"},
        )
    async with database.reading() as session:
        read = await conversations.message_by_seq(session, small.wang.conversation_id, written.seq)
    assert read is not None
    assert read.blocks == [{"kind": "text", "text": "您好", "spoken": None}]
    assert read.upload_ids == ["u1"]
    assert read.choice == {"seq": 3, "id": "1", "payload": "/affirm"}
