"""Rows that have done their service go, a few at a time; whatever somebody still needs stays."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from integrations.gateway import housekeeping
from integrations.gateway.housekeeping import Housekeeping
from property_db.channels import events, leftovers, single_use, windows
from property_db.channels.models import ChannelEvent, OutboundPart, PartState, SingleUse
from property_db.clock import SettableClock
from property_db.conversations import service as conversations
from property_db.database import Database
from property_db.people import service as people
from property_db.pushes.models import Push, PushKind, PushState

Rows = Callable[..., Awaitable[list[Any]]]
KEY = "k" * 64


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> Database:
    """An empty database of either kind."""
    database: Database = request.getfixturevalue(request.param)
    return database


@pytest.fixture
async def resident(database: Database, clock: SettableClock) -> tuple[int, int]:
    """A resident's identity and conversation."""
    async with database.transaction() as session:
        identity = await people.identity_for(session, "wechat", "wx:resident", clock)
        return identity.id, (await conversations.open_for(session, "wechat", identity.id, clock)).id


@pytest.fixture
def broom(database: Database, clock: SettableClock) -> Housekeeping:
    return Housekeeping(database, clock, batch=2)


async def keys(database: Database, column: Any) -> list[Any]:
    async with database.reading() as session:
        return list(await session.scalars(select(column).order_by(column)))


async def test_an_event_goes_after_three_days_when_nobody_delivers_it_again(
    database: Database, clock: SettableClock, broom: Housekeeping
) -> None:
    async with database.transaction() as session:
        assert await events.first_time(session, "wechat:wx1", "old", clock)
    clock.advance(days=2)
    async with database.transaction() as session:
        assert await events.first_time(session, "wechat:wx1", "young", clock)
    clock.advance(days=1, minutes=1)
    await broom.sweep()
    assert await keys(database, ChannelEvent.key) == ["young"]


async def test_what_is_still_to_be_forgotten_elsewhere_stays_however_long_it_takes(
    database: Database, clock: SettableClock, broom: Housekeeping
) -> None:
    async with database.transaction() as session:
        for place in leftovers.PLACES:
            await leftovers.note(session, place, [KEY], clock)
    clock.advance(days=400)
    await broom.sweep()
    assert await keys(database, ChannelEvent.account) == sorted(leftovers.PLACES)


async def test_parts_that_ended_go_after_a_week_and_the_others_stay(
    database: Database, clock: SettableClock, broom: Housekeeping, resident: tuple[int, int]
) -> None:
    identity_id, conversation_id = resident
    old = clock.now() - timedelta(days=7, minutes=1)
    sent = (PartState.SENT, PartState.ON_THE_WIRE)
    async with database.transaction() as session:
        for reason, age in (("old", old), ("young", clock.now() - timedelta(days=6))):
            session.add_all(
                OutboundPart(
                    conversation_id=conversation_id,
                    identity_id=identity_id,
                    state=state,
                    wired_at=age if state in sent else None,
                    created_at=old,
                    reason=f"{state.value} {reason}",
                )
                for state in PartState
            )
    await broom.sweep()
    # What failed, or waits, left at no time: it is as old as it is.
    assert await keys(database, OutboundPart.reason) == sorted(
        ["on_the_wire old", "on_the_wire young", "pending old", "pending young", "sent young", "waiting old",
         "waiting young"]
    )  # fmt: skip


async def test_a_part_that_a_window_counts_is_counted_after_the_sweep_as_well(
    database: Database, clock: SettableClock, broom: Housekeeping, resident: tuple[int, int]
) -> None:
    identity_id, conversation_id = resident
    async with database.transaction() as session:
        await windows.open_window(
            session, identity_id, "message", at=clock.now(), allowed=5, lasts=timedelta(hours=48), clock=clock
        )
        session.add(
            OutboundPart(
                conversation_id=conversation_id, identity_id=identity_id, state=PartState.SENT, wired_at=clock.now()
            )
        )
    clock.advance(hours=47)
    await broom.sweep()
    async with database.reading() as session:
        assert (await windows.reach(session, identity_id, clock)).left == 4


async def test_what_may_be_used_once_goes_an_hour_after_it_is_over(
    database: Database, clock: SettableClock, broom: Housekeeping
) -> None:
    async with database.transaction() as session:
        assert await single_use.take(session, "a", clock.now() + timedelta(minutes=10), clock)
    clock.advance(minutes=69)
    await broom.sweep()
    async with database.transaction() as session:
        assert not await single_use.take(session, "a", clock.now(), clock)
    clock.advance(minutes=2)
    await broom.sweep()
    assert await keys(database, SingleUse.id) == []


async def test_news_that_is_settled_goes_after_ninety_days(
    database: Database, clock: SettableClock, broom: Housekeeping, resident: tuple[int, int]
) -> None:
    async with database.transaction() as session:
        session.add_all(
            Push(
                identity_id=resident[0],
                kind=PushKind.BILL,
                reference=f"{state.value} {days}",
                state=state,
                created_at=clock.now() - timedelta(days=days),
            )
            for state in PushState
            for days in (89, 91)
        )
    await broom.sweep()
    assert await keys(database, Push.reference) == sorted(
        ["failed 89", "pending 89", "pending 91", "sent 89", "skipped 89"]
    )


async def test_it_takes_small_batches_until_nothing_old_is_left(
    database: Database, clock: SettableClock, broom: Housekeeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with database.transaction() as session:
        for number in range(5):
            await events.first_time(session, "wechat:wx1", str(number), clock)
    clock.advance(days=4)
    taken: list[int] = []
    step = housekeeping.STEPS["events"]

    async def watched(*given: Any) -> int:
        taken.append(await step(*given))
        return taken[-1]

    monkeypatch.setattr(housekeeping, "STEPS", {"events": watched})
    await broom.sweep()
    assert taken == [2, 2, 1]
    async with database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(ChannelEvent)) == 0


async def test_it_starts_and_stops(broom: Housekeeping) -> None:
    await broom.stop()
    await broom.start()
    await broom.stop()
