"""What a channel may still send, and messages on their way: counted, claimed by one, sent once."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from property_db.channels import events, parts, windows
from property_db.channels.models import OutboundPart, PartState
from property_db.channels.windows import NothingLeft, Reach
from property_db.clock import SettableClock
from property_db.conversations import service as conversations
from property_db.conversations.models import Author, ConversationState, Direction, Message, MessageState
from property_db.database import Database
from tests.integration.property_db.conftest import Small

TWO_DAYS = timedelta(hours=48)
ME, OTHER = "me|1|a", "other|2|b"


async def message_opens(database: Database, small: Small, clock: SettableClock, allowed: int = 5) -> None:
    async with database.transaction() as session:
        await windows.open_window(
            session, small.wang.identity_id, "message", at=clock.now(), allowed=allowed, lasts=TWO_DAYS, clock=clock
        )


async def answer(
    database: Database, small: Small, clock: SettableClock, pieces: int = 1, author: Author = Author.BOT
) -> Message:
    """An answer, rendered into pieces."""
    async with database.transaction() as session:
        message = await conversations.append(
            session, small.wang.conversation_id, direction=Direction.OUT, author=author, clock=clock
        )
        (pending,) = await parts.take_pending(session, small.wang.conversation_id, small.wang.identity_id, clock)
        assert pending.id == message.id
        for number in range(pieces):
            last = number == pieces - 1
            await parts.add(
                session,
                small.wang.conversation_id,
                small.wang.identity_id,
                {"text": f"{number}"},
                [message.id] if last else [],
                None,
                clock,
            )
    return message


async def claimed(database: Database, small: Small, clock: SettableClock, worker: str = ME) -> OutboundPart | None:
    async with database.transaction() as session:
        return await parts.claim(session, small.wang.conversation_id, worker, clock)


async def send(database: Database, small: Small, clock: SettableClock, counts: bool = True) -> OutboundPart:
    part = await claimed(database, small, clock)
    assert part is not None
    async with database.transaction() as session:
        await parts.wire(session, part, ME, clock, counts=counts)
    async with database.transaction() as session:
        await parts.sent(session, part, ME, clock)
    return part


async def reach(database: Database, small: Small, clock: SettableClock) -> Reach:
    async with database.reading() as session:
        return await windows.reach(session, small.wang.identity_id, clock)


async def state_of(database: Database, message: Message) -> MessageState:
    async with database.reading() as session:
        return (await session.execute(select(Message.state).where(Message.id == message.id))).scalar_one()


async def test_a_message_of_the_resident_permits_five_and_every_sent_part_counts(
    database: Database, small: Small, clock: SettableClock
) -> None:
    await message_opens(database, small, clock)
    await answer(database, small, clock, pieces=2)
    await send(database, small, clock)
    await send(database, small, clock)
    assert await reach(database, small, clock) == Reach(3, clock.now() + TWO_DAYS)


async def test_what_went_back_with_the_request_costs_nothing(
    database: Database, small: Small, clock: SettableClock
) -> None:
    await message_opens(database, small, clock)
    await answer(database, small, clock)
    await send(database, small, clock, counts=False)
    assert (await reach(database, small, clock)).left == 5


async def test_the_sixth_is_refused_before_it_leaves_and_waits_for_the_resident(
    database: Database, small: Small, clock: SettableClock
) -> None:
    await message_opens(database, small, clock, allowed=1)
    await answer(database, small, clock)
    await send(database, small, clock)
    second = await answer(database, small, clock)
    third = await answer(database, small, clock)
    part = await claimed(database, small, clock)
    assert part is not None
    with pytest.raises(NothingLeft) as refusal:
        async with database.transaction() as session:
            await parts.wire(session, part, ME, clock, counts=True)
    assert refusal.value.reason == "quota_used"
    async with database.transaction() as session:
        assert await parts.wait(session, part, ME, clock, "quota_used")
    assert [await state_of(database, m) for m in (second, third)] == [MessageState.WAITING] * 2
    assert await claimed(database, small, clock) is None
    fourth = await answer(database, small, clock)
    assert await claimed(database, small, clock) is None, "what comes later waits behind it"
    await message_opens(database, small, clock)
    async with database.transaction() as session:
        assert await parts.revive(session, small.wang.identity_id) == [small.wang.conversation_id]
    for message in (second, third, fourth):
        await send(database, small, clock)
        assert await state_of(database, message) is MessageState.DELIVERED


async def test_after_two_days_the_window_is_closed(database: Database, small: Small, clock: SettableClock) -> None:
    await message_opens(database, small, clock)
    clock.advance(hours=48)
    assert await reach(database, small, clock) == Reach(0, None)
    await answer(database, small, clock)
    part = await claimed(database, small, clock)
    assert part is not None
    with pytest.raises(NothingLeft) as refusal:
        async with database.transaction() as session:
            await parts.wire(session, part, ME, clock, counts=True)
    assert refusal.value.reason == "window_closed"


async def test_what_was_sent_since_the_residents_message_counts_even_if_we_took_it_in_late(
    database: Database, small: Small, clock: SettableClock
) -> None:
    await message_opens(database, small, clock)
    written_at = clock.now() + timedelta(seconds=1)
    clock.advance(seconds=2)
    await answer(database, small, clock)
    await send(database, small, clock)
    clock.advance(seconds=1)
    async with database.transaction() as session:
        await windows.open_window(
            session, small.wang.identity_id, "message", at=written_at, allowed=5, lasts=TWO_DAYS, clock=clock
        )
    assert (await reach(database, small, clock)).left == 4


async def test_of_a_second_in_which_much_was_sent_only_the_moment_before_the_news_counts(
    database: Database, small: Small, clock: SettableClock
) -> None:
    await message_opens(database, small, clock)
    the_second = clock.now() + timedelta(seconds=1)
    clock.set(the_second + timedelta(seconds=0.1))
    await answer(database, small, clock, pieces=4)
    for _ in range(3):
        await send(database, small, clock)
    clock.set(the_second + timedelta(seconds=0.8))
    await send(database, small, clock)
    clock.set(the_second + timedelta(seconds=0.9))
    async with database.transaction() as session:
        await windows.open_window(
            session, small.wang.identity_id, "message", at=the_second, allowed=5, lasts=TWO_DAYS, clock=clock
        )
    assert (await reach(database, small, clock)).left == 4


async def test_an_older_message_that_arrives_late_shortens_no_window(
    database: Database, small: Small, clock: SettableClock
) -> None:
    await message_opens(database, small, clock)
    before = await reach(database, small, clock)
    async with database.transaction() as session:
        await windows.open_window(
            session,
            small.wang.identity_id,
            "message",
            at=clock.now() - timedelta(hours=1),
            allowed=5,
            lasts=TWO_DAYS,
            clock=clock,
        )
    assert await reach(database, small, clock) == before


async def test_a_menu_click_permits_three_for_a_minute_beside_the_longer_window(
    database: Database, small: Small, clock: SettableClock
) -> None:
    await message_opens(database, small, clock, allowed=0)
    async with database.transaction() as session:
        await windows.open_window(
            session,
            small.wang.identity_id,
            "action",
            at=clock.now(),
            allowed=3,
            lasts=timedelta(minutes=1),
            clock=clock,
        )
    assert await reach(database, small, clock) == Reach(3, clock.now() + timedelta(minutes=1))
    clock.advance(minutes=1)
    assert (await reach(database, small, clock)).left == 0


async def test_the_platforms_no_counts_more_than_our_own_count(
    database: Database, small: Small, clock: SettableClock
) -> None:
    await message_opens(database, small, clock)
    async with database.transaction() as session:
        await windows.exhaust(session, small.wang.identity_id, clock.now(), clock)
    assert (await reach(database, small, clock)).left == 0
    await message_opens(database, small, clock)
    async with database.transaction() as session:
        await windows.close(session, small.wang.identity_id, clock.now(), clock)
    assert await reach(database, small, clock) == Reach(0, None)


async def test_two_workers_at_once_and_one_gets_the_part(
    database: Database, small: Small, clock: SettableClock
) -> None:
    await message_opens(database, small, clock)
    await answer(database, small, clock, pieces=2)
    got = await asyncio.gather(*(claimed(database, small, clock, worker) for worker in (ME, OTHER, "c", "d")))
    assert len([part for part in got if part is not None]) == 1
    assert await claimed(database, small, clock, "e") is None, "the second piece waits for the first"


async def test_a_dead_workers_part_is_taken_over_unless_it_was_on_the_wire(
    database: Database, small: Small, clock: SettableClock
) -> None:
    await message_opens(database, small, clock)
    message = await answer(database, small, clock, pieces=2)
    first = await claimed(database, small, clock, OTHER)
    async with database.transaction() as session:
        await parts.recover(session, clock, workers=[OTHER])
    again = await claimed(database, small, clock, OTHER)
    assert first is not None
    assert again is not None
    assert first.id == again.id
    async with database.transaction() as session:
        await parts.wire(session, again, OTHER, clock, counts=True)
    async with database.transaction() as session:
        await parts.recover(session, clock, workers=[OTHER])
    second = await claimed(database, small, clock)
    assert second is not None
    assert second.id != first.id, "what was on the wire counts as sent"
    async with database.transaction() as session:
        await parts.wire(session, second, ME, clock, counts=True)
        await parts.sent(session, second, ME, clock)
    assert await state_of(database, message) is MessageState.DELIVERED
    assert (await reach(database, small, clock)).left == 3


async def test_who_has_lost_a_part_cannot_go_on_with_it(database: Database, small: Small, clock: SettableClock) -> None:
    await message_opens(database, small, clock)
    await answer(database, small, clock)
    part = await claimed(database, small, clock, OTHER)
    assert part is not None
    async with database.transaction() as session:
        await parts.recover(session, clock, workers=[OTHER])
    with pytest.raises(parts.PartLost):
        async with database.transaction() as session:
            await parts.wire(session, part, OTHER, clock, counts=True)


async def test_an_answer_carried_back_by_a_process_that_died_goes_out_when_the_request_comes_again(
    database: Database, small: Small, clock: SettableClock
) -> None:
    async with database.transaction() as session:
        asked = await conversations.append(
            session, small.wang.conversation_id, direction=Direction.IN, author=Author.RESIDENT, clock=clock
        )
        told = await conversations.append(
            session,
            small.wang.conversation_id,
            direction=Direction.OUT,
            author=Author.BOT,
            reply_to_id=asked.id,
            clock=clock,
        )
        await parts.take_pending(session, small.wang.conversation_id, small.wang.identity_id, clock)
        await parts.add(
            session, small.wang.conversation_id, small.wang.identity_id, {"text": "答"}, [told.id], asked.id, clock
        )
    part = await claimed(database, small, clock, OTHER)
    assert part is not None
    async with database.transaction() as session:
        await parts.wire(session, part, OTHER, clock, counts=False)
    async with database.transaction() as session:
        await parts.recover(session, clock, workers=[OTHER])
        assert await parts.carry_back_again(session, asked.id, ["somebody else"]) is None
        assert await parts.carry_back_again(session, asked.id, [OTHER]) == small.wang.conversation_id
    again = await claimed(database, small, clock)
    assert again is not None
    assert again.payload == {"text": "答"}
    async with database.transaction() as session:
        await parts.wire(session, again, ME, clock, counts=False)
    clock.advance(seconds=21)
    async with database.transaction() as session:
        await parts.recover(session, clock, workers=[ME])
    assert await state_of(database, told) is MessageState.DELIVERED, "nobody asked again, so it had arrived"


async def test_a_long_message_that_fails_fails_as_a_whole_and_the_next_one_goes_on(
    database: Database, small: Small, clock: SettableClock
) -> None:
    await message_opens(database, small, clock)
    long = await answer(database, small, clock, pieces=3)
    following = await answer(database, small, clock)
    part = await claimed(database, small, clock)
    assert part is not None
    async with database.transaction() as session:
        await parts.fail(session, part, ME, "too_long")
    await send(database, small, clock)
    assert await state_of(database, long) is MessageState.FAILED
    assert await state_of(database, following) is MessageState.DELIVERED


async def test_what_the_system_said_about_a_conversation_that_is_over_is_dropped_but_an_agents_words_go_out(
    database: Database, small: Small, clock: SettableClock
) -> None:
    words = await answer(database, small, clock, author=Author.AGENT)
    told = await answer(database, small, clock, author=Author.SYSTEM)
    part = await claimed(database, small, clock)
    assert part is not None
    async with database.transaction() as session:
        assert await parts.wait(session, part, ME, clock, "window_closed")
        await conversations.set_state(session, small.wang.conversation_id, ConversationState.CLOSED, clock)
    await message_opens(database, small, clock)
    async with database.transaction() as session:
        await parts.revive(session, small.wang.identity_id)
    await send(database, small, clock)
    assert await state_of(database, words) is MessageState.DELIVERED
    assert await state_of(database, told) is MessageState.FAILED


async def test_a_sent_part_keeps_nothing_of_what_was_said(
    database: Database, small: Small, clock: SettableClock
) -> None:
    await message_opens(database, small, clock)
    await answer(database, small, clock)
    part = await send(database, small, clock)
    async with database.reading() as session:
        kept = await session.get(OutboundPart, part.id)
    assert kept is not None
    assert (kept.payload, kept.state) == ({}, PartState.SENT)


async def test_an_event_is_taken_in_once_for_each_account(database: Database, clock: SettableClock) -> None:
    async with database.transaction() as session:
        assert await events.first_time(session, "wechat:a", "k" * 64, clock)
        assert not await events.first_time(session, "wechat:a", "k" * 64, clock)
        assert await events.first_time(session, "wechat:b", "k" * 64, clock)
