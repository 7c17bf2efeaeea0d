"""Calls we place: drafts, their release, quiet hours, opting out, one dialler at a time, further attempts."""

import asyncio
from datetime import timedelta

import pytest

from property_db.audit import service as audit
from property_db.calls import outbound
from property_db.calls import service as calls
from property_db.calls.errors import (
    DebtNeedsConfirmation,
    NumberInvalid,
    OutboundDuplicate,
    OutboundMoveRefused,
    OutboundNotFound,
    OutboundOptedOut,
)
from property_db.calls.models import CallDirection, CallOutcome, OutboundKind, OutboundState, OutboundTask
from property_db.clock import SettableClock
from property_db.database import Database
from property_db.handoff.models import Agent
from tests.integration.property_db.conftest import Small

WANG = "13800138000"
NIGHT = timedelta(hours=11)
"""From ten in the morning to nine in the evening."""


@pytest.fixture
async def agent(database: Database) -> Agent:
    async with database.transaction() as session:
        row = Agent(username="xiaoli", display_name="小李", password_hash="")
        session.add(row)
    return row


async def _planned(
    database: Database, clock: SettableClock, kind: OutboundKind = OutboundKind.OUTAGE, text: str = "明天停水"
) -> OutboundTask:
    async with database.transaction() as session:
        return await outbound.create(session, kind, "+86" + WANG, text, clock)


async def _released(
    database: Database, clock: SettableClock, agent: Agent, kind: OutboundKind = OutboundKind.OUTAGE
) -> OutboundTask:
    task = await _planned(database, clock, kind)
    async with database.transaction() as session:
        return await outbound.release(session, task.id, agent.id, clock, explicit=True)


async def _dials(database: Database, clock: SettableClock, task: OutboundTask, outcome: CallOutcome) -> OutboundTask:
    async with database.transaction() as session:
        assert await outbound.claim(session, task.id, clock) is not None
        return await outbound.finish(session, task.id, outcome, clock)


async def _due(database: Database, clock: SettableClock) -> list[int]:
    async with database.reading() as session:
        return [task.id for task in await outbound.due(session, clock)]


async def test_a_draft_is_not_dialled_until_somebody_releases_it(
    database: Database, small: Small, clock: SettableClock, agent: Agent
) -> None:
    async with database.transaction() as session:
        task = await outbound.create(
            session,
            OutboundKind.APPOINTMENT,
            WANG,
            "师傅明天上午九点上门",
            clock,
            person_id=small.wang.person_id,
            home_id=small.home.id,
            conversation_id=small.wang.conversation_id,
            created_by=agent.id,
        )
        assert await outbound.claim(session, task.id, clock) is None
    assert await _due(database, clock) == []
    async with database.transaction() as session:
        released = await outbound.release(session, task.id, agent.id, clock)
        entry = (await audit.about(session, f"outbound_task:{task.id}"))[-1]
    assert (released.state, released.released_by, released.released_at) == (
        OutboundState.RELEASED,
        agent.id,
        clock.now(),
    )
    assert (entry.actor, entry.action) == (f"agent:{agent.id}", "outbound.released")
    assert entry.detail == {"kind": "appointment", "explicit": False, "number": "138****8000"}
    assert await _due(database, clock) == [task.id]


async def test_a_call_about_a_debt_wants_a_second_word(database: Database, clock: SettableClock, agent: Agent) -> None:
    task = await _planned(database, clock, OutboundKind.DEBT)
    with pytest.raises(DebtNeedsConfirmation):
        async with database.transaction() as session:
            await outbound.release(session, task.id, agent.id, clock)
    async with database.transaction() as session:
        assert (await outbound.get(session, task.id)).state is OutboundState.DRAFT
        assert (await outbound.release(session, task.id, agent.id, clock, explicit=True)).released_by == agent.id


async def test_what_is_released_or_over_is_not_released_again(
    database: Database, clock: SettableClock, agent: Agent
) -> None:
    task = await _released(database, clock, agent)
    async with database.transaction() as session:
        with pytest.raises(OutboundMoveRefused):
            await outbound.release(session, task.id, agent.id, clock)
        assert (await outbound.cancel(session, task.id, agent.id, clock)).state is OutboundState.CANCELLED
        for step in (outbound.cancel, outbound.release):
            with pytest.raises(OutboundMoveRefused):
                await step(session, task.id, agent.id, clock)
        with pytest.raises(OutboundNotFound):
            await outbound.by_public_id(session, "x")
        assert (await outbound.by_public_id(session, task.public_id)).id == task.id
        assert [one.id for one in await outbound.recent(session)] == [task.id]
        assert await outbound.recent(session, states=[OutboundState.DRAFT]) == []


async def test_nobody_is_called_in_quiet_hours_but_who_an_agent_calls_back_now(
    database: Database, clock: SettableClock, agent: Agent
) -> None:
    reminder = await _released(database, clock, agent)
    back = await _planned(database, clock, OutboundKind.CALLBACK)
    later = await _planned(database, clock, OutboundKind.CALLBACK, "另一件事")
    async with database.transaction() as session:
        await outbound.release(session, back.id, agent.id, clock, at_night=True)
        await outbound.release(session, later.id, agent.id, clock)
    clock.advance(seconds=NIGHT.total_seconds())
    assert await _due(database, clock) == [back.id]
    async with database.transaction() as session:
        assert await outbound.claim(session, reminder.id, clock) is None
        assert await outbound.claim(session, back.id, clock) is not None
    clock.advance(hours=12)
    assert await _due(database, clock) == [reminder.id, later.id]


async def test_a_reminder_never_rings_at_night_whatever_was_asked(
    database: Database, clock: SettableClock, agent: Agent
) -> None:
    task = await _planned(database, clock)
    async with database.transaction() as session:
        await outbound.release(session, task.id, agent.id, clock, at_night=True)
    clock.advance(seconds=NIGHT.total_seconds())
    assert await _due(database, clock) == []


async def test_a_call_waits_for_its_time(database: Database, clock: SettableClock, agent: Agent) -> None:
    async with database.transaction() as session:
        task = await outbound.create(
            session, OutboundKind.OUTAGE, WANG, "停水", clock, not_before=clock.now() + timedelta(hours=2)
        )
        await outbound.release(session, task.id, agent.id, clock)
        assert await outbound.claim(session, task.id, clock) is None
    assert await _due(database, clock) == []
    clock.advance(hours=2)
    assert await _due(database, clock) == [task.id]


async def test_one_of_several_processes_dials(database: Database, clock: SettableClock, agent: Agent) -> None:
    task = await _released(database, clock, agent)

    async def takes() -> bool:
        async with database.transaction() as session:
            return await outbound.claim(session, task.id, clock) is not None

    assert sorted(await asyncio.gather(*(takes() for _ in range(4)))) == [False, False, False, True]
    async with database.reading() as session:
        assert (await outbound.get(session, task.id)).attempts == 1


@pytest.mark.parametrize("outcome", [CallOutcome.BUSY, CallOutcome.NO_ANSWER, CallOutcome.FAILED])
async def test_who_is_not_reached_is_called_once_more_and_then_left_alone(
    database: Database, clock: SettableClock, agent: Agent, outcome: CallOutcome
) -> None:
    task = await _released(database, clock, agent)
    first = await _dials(database, clock, task, outcome)
    assert (first.state, first.next_at) == (OutboundState.RELEASED, clock.now() + timedelta(minutes=30))
    assert await _due(database, clock) == []
    clock.advance(minutes=30)
    second = await _dials(database, clock, task, outcome)
    assert (second.state, second.attempts, second.outcome) == (OutboundState.FAILED, 2, outcome)
    await _planned(database, clock)


async def test_a_call_that_was_taken_is_done_once(database: Database, clock: SettableClock, agent: Agent) -> None:
    task = await _released(database, clock, agent)
    async with database.transaction() as session:
        call = await calls.begin(session, CallDirection.OUT, "sip", WANG, None, clock)
        await outbound.claim(session, task.id, clock)
        done = await outbound.finish(session, task.id, CallOutcome.SELF_SERVED, clock, call_id=call.id)
        late = await outbound.finish(session, task.id, CallOutcome.FAILED, clock)
    assert (done.state, done.call_id, done.finished_at) == (OutboundState.DONE, call.id, clock.now())
    assert late.outcome is CallOutcome.SELF_SERVED


async def test_the_same_reminder_is_refused_for_a_day(database: Database, clock: SettableClock, agent: Agent) -> None:
    task = await _released(database, clock, agent)
    await _dials(database, clock, task, CallOutcome.SELF_SERVED)
    with pytest.raises(OutboundDuplicate):
        await _planned(database, clock)
    await _planned(database, clock, text="明天停电")
    clock.advance(days=1)
    await _planned(database, clock)


async def test_copies_at_once_give_one_reminder(database: Database, clock: SettableClock) -> None:
    made = await asyncio.gather(*(_planned(database, clock) for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(one, OutboundTask) for one in made) == 1
    assert sum(isinstance(one, OutboundDuplicate) for one in made) == 3


async def test_a_reminder_that_waits_longer_than_a_day_is_still_the_same(
    database: Database, clock: SettableClock
) -> None:
    await _planned(database, clock)
    clock.advance(days=2)
    with pytest.raises(OutboundDuplicate):
        await _planned(database, clock)


async def test_what_was_withdrawn_may_be_planned_again(database: Database, clock: SettableClock, agent: Agent) -> None:
    task = await _planned(database, clock)
    async with database.transaction() as session:
        await outbound.cancel(session, task.id, agent.id, clock)
    await _planned(database, clock)


async def test_a_resident_may_be_called_back_twice_but_not_by_two_at_once(
    database: Database, clock: SettableClock, agent: Agent
) -> None:
    task = await _released(database, clock, agent, OutboundKind.CALLBACK)
    with pytest.raises(OutboundDuplicate):
        await _planned(database, clock, OutboundKind.CALLBACK)
    await _dials(database, clock, task, CallOutcome.AGENT)
    await _planned(database, clock, OutboundKind.CALLBACK)


async def test_who_wants_no_reminders_gets_none_and_is_still_called_back(
    database: Database, clock: SettableClock, agent: Agent
) -> None:
    draft, released = await _planned(database, clock), await _released(database, clock, agent, OutboundKind.APPOINTMENT)
    async with database.transaction() as session:
        entry = await outbound.opt_out(session, "+86 138 0013 8000", "call", clock)
        assert (await outbound.opt_out(session, WANG, "agent:1", clock)).id == entry.id
        states = [(await outbound.get(session, task.id)).state for task in (draft, released)]
        assert await outbound.opted_out(session, "0" + WANG)
        assert [(one.number, one.source) for one in await outbound.opt_outs(session)] == [(WANG, "call")]
    assert states == [OutboundState.OPTED_OUT] * 2
    with pytest.raises(OutboundOptedOut):
        await _planned(database, clock)
    await _planned(database, clock, OutboundKind.CALLBACK)
    async with database.transaction() as session:
        assert await outbound.opt_in(session, entry.id, agent.id, clock)
        assert not await outbound.opt_in(session, entry.id, agent.id, clock)
    await _planned(database, clock)


async def test_saying_so_on_the_call_keeps_the_number_from_further_reminders(
    database: Database, clock: SettableClock, agent: Agent
) -> None:
    task = await _released(database, clock, agent)
    ended = await _dials(database, clock, task, CallOutcome.OPTED_OUT)
    assert ended.state is OutboundState.OPTED_OUT
    async with database.reading() as session:
        assert await outbound.opted_out(session, WANG)


async def test_what_a_dead_process_was_dialling_is_tried_again(
    database: Database, clock: SettableClock, agent: Agent
) -> None:
    task = await _released(database, clock, agent)
    async with database.transaction() as session:
        await outbound.claim(session, task.id, clock)
    async with database.transaction() as session:
        assert await outbound.recover(session, clock, silent_for=timedelta(minutes=1)) == []
        assert await outbound.recover(session, clock) == [task.id]
        again = await outbound.get(session, task.id)
    assert (again.state, again.next_at) == (OutboundState.RELEASED, clock.now() + timedelta(minutes=30))


async def test_a_number_that_is_none_is_refused(database: Database, clock: SettableClock) -> None:
    async with database.transaction() as session:
        for act in (
            outbound.create(session, OutboundKind.OUTAGE, "sip:1@2", "停水", clock),
            outbound.opt_out(session, "", "call", clock),
        ):
            with pytest.raises(NumberInvalid):
                await act
