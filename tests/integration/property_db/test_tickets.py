"""Repairs from the report to the end."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from property_db.clock import SettableClock
from property_db.database import Database
from property_db.models import Estate, Ticket, TicketEvent
from property_db.people.errors import HomeNotYours
from property_db.people.scope import AccessScope
from property_db.tickets import service as tickets
from property_db.tickets.errors import (
    AppointmentInvalid,
    NoOpenTicket,
    NothingToChange,
    TicketMoveRefused,
    TicketNotFound,
    TicketTooLate,
    UrgedTooOften,
)
from property_db.tickets.models import TicketState
from property_db.tickets.schemas import RepairDraft, TicketChanges
from property_db.uploads import service as uploads
from property_db.uploads.service import UploadNotFound
from tests.integration.property_db.conftest import Small

Report = Callable[..., Awaitable[Ticket]]


@pytest.fixture
def report(database: Database, small: Small, clock: SettableClock) -> Report:
    """Let 王 report a dripping tap."""

    async def one(**changes: object) -> Ticket:
        values: dict[str, object] = {
            "identity_id": small.wang.identity_id,
            "home_id": small.home.id,
            "facility": "水龙头",
            "symptom": "漏水",
            "contact_phone": "13800138000",
        }
        async with database.transaction() as session:
            return await tickets.report(session, RepairDraft(**(values | changes)), clock)

    return one


@pytest.fixture
def advance(database: Database, clock: SettableClock) -> Callable[..., Awaitable[Ticket]]:
    """Let the company move a ticket."""

    async def through(ticket: Ticket, *states: TicketState, **more: str) -> Ticket:
        for state in states:
            clock.advance(minutes=1)
            async with database.transaction() as session:
                ticket = await tickets.advance(session, ticket.id, state, "company", clock, **more)
        return ticket

    return through


WORK = (TicketState.ASSIGNED, TicketState.ACCEPTED, TicketState.ON_THE_WAY, TicketState.IN_PROGRESS)


async def test_a_report_becomes_a_numbered_ticket_with_a_history(
    database: Database, small: Small, report: Report, wangs_scope: AccessScope
) -> None:
    ticket = await report(place="厨房")
    assert ticket.number == "WX261121-0001"
    async with database.reading() as session:
        (seen,) = await tickets.progress(session, wangs_scope)
    assert seen.title == "水龙头 漏水"
    assert (seen.state_text, seen.home_label, seen.place) == ("已受理", "翠湖花园3栋2单元501", "厨房")
    assert seen.contact_phone_masked == "138****8000"
    assert [event.text for event in seen.events] == ["已提交报修"]
    assert ticket.estate_id == small.estate.id


async def test_the_same_message_reports_once(database: Database, report: Report) -> None:
    first, again = await report(source_message_id=7), await report(source_message_id=7)
    assert first.id == again.id
    async with database.reading() as session:
        assert await session.scalar(select(func.count(TicketEvent.id))) == 1


async def test_reporting_for_another_home_is_refused(small: Small, report: Report) -> None:
    with pytest.raises(HomeNotYours):
        await report(home_id=small.lis_homes[0].id)
    with pytest.raises(HomeNotYours):
        await report(home_id=999)
    with pytest.raises(HomeNotYours):
        await report(identity_id=small.stranger.identity_id)


async def test_somebody_unknown_may_report_a_common_area(
    database: Database, small: Small, report: Report, clock: SettableClock
) -> None:
    ticket = await report(identity_id=small.stranger.identity_id, home_id=None, facility="楼道灯", area="公共区域")
    assert (ticket.estate_id, ticket.home_id) == (None, None)
    named = await report(identity_id=small.stranger.identity_id, home_id=None, estate_id=small.other_estate.id)
    assert named.estate_id == small.other_estate.id
    async with database.reading() as session:
        seen = await tickets.progress(session, AccessScope(small.stranger.identity_id), clock=clock)
    assert [view.number for view in seen] == [named.number, ticket.number]


async def test_an_appointment_must_lie_ahead_and_end_after_it_starts(report: Report, clock: SettableClock) -> None:
    now = clock.now()
    for start, end in (
        (now - timedelta(hours=2), now - timedelta(hours=1)),
        (now + timedelta(hours=2), now + timedelta(hours=1)),
        (None, now + timedelta(hours=1)),
        (now - timedelta(hours=1), None),
    ):
        with pytest.raises(AppointmentInvalid):
            await report(appointment_start=start, appointment_end=end)
    ticket = await report(appointment_start=now - timedelta(hours=1), appointment_end=now + timedelta(hours=1))
    assert ticket.appointment_end == now + timedelta(hours=1)


async def test_a_ticket_of_another_household_does_not_exist(
    database: Database, report: Report, lis_scope: AccessScope, clock: SettableClock
) -> None:
    ticket = await report()
    async with database.transaction() as session:
        assert await tickets.progress(session, lis_scope, clock=clock) == []
        for refused in (
            tickets.progress(session, lis_scope, ticket.number),
            tickets.urge(session, lis_scope, clock, ticket.number),
            tickets.cancel(session, lis_scope, ticket.number, clock),
            tickets.change(session, lis_scope, ticket.number, TicketChanges(details="x"), clock),
            tickets.confirm(session, lis_scope, ticket.number, clock),
        ):
            with pytest.raises(TicketNotFound):
                await refused
        with pytest.raises(NoOpenTicket):
            await tickets.urge(session, lis_scope, clock)


async def test_progress_shows_open_tickets_or_else_the_last_one(
    database: Database, report: Report, advance: Report, wangs_scope: AccessScope, clock: SettableClock
) -> None:
    old = await report()
    await advance(old, TicketState.CANCELLED)
    async with database.reading() as session:
        assert [view.number for view in await tickets.progress(session, wangs_scope, clock=clock)] == [old.number]
        clock.advance(days=31)
        assert await tickets.progress(session, wangs_scope, clock=clock) == []
        assert len(await tickets.recent(session, wangs_scope)) == 1
    fresh = await report(facility="插座")
    async with database.reading() as session:
        assert [view.number for view in await tickets.progress(session, wangs_scope, clock=clock)] == [fresh.number]
        found = await tickets.progress(session, wangs_scope, old.number.lower())
    assert found[0].state is TicketState.CANCELLED


async def test_the_fourth_urging_goes_to_a_person(
    database: Database, report: Report, wangs_scope: AccessScope, clock: SettableClock
) -> None:
    ticket = await report()
    for count in (1, 2, 3):
        async with database.transaction() as session:
            assert (await tickets.urge(session, wangs_scope, clock)).urged_count == count
    with pytest.raises(UrgedTooOften) as refused:
        async with database.transaction() as session:
            await tickets.urge(session, wangs_scope, clock, ticket.number)
    assert refused.value.params == {"number": ticket.number, "count": "3"}


async def test_the_limit_of_urging_is_the_estates(
    database: Database, small: Small, report: Report, wangs_scope: AccessScope, clock: SettableClock
) -> None:
    await report()
    async with database.transaction() as session:
        estate = await session.get_one(Estate, small.estate.id)
        estate.settings = estate.settings | {"max_urges": 0}
    with pytest.raises(UrgedTooOften):
        async with database.transaction() as session:
            await tickets.urge(session, wangs_scope, clock)


async def test_urging_at_once_is_counted_each_time(
    database: Database, report: Report, wangs_scope: AccessScope, clock: SettableClock
) -> None:
    await report()

    async def urge() -> None:
        async with database.transaction() as session:
            await tickets.urge(session, wangs_scope, clock)

    results = await asyncio.gather(*(urge() for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(result, UrgedTooOften) for result in results) == 2
    async with database.reading() as session:
        assert await session.scalar(select(Ticket.urged_count)) == 3


async def test_a_ticket_is_changed_and_the_change_is_in_its_history(
    database: Database, report: Report, wangs_scope: AccessScope, clock: SettableClock
) -> None:
    await report()
    start = clock.now() + timedelta(days=1)
    changes = TicketChanges(
        appointment_start=start,
        appointment_end=start + timedelta(hours=3),
        contact_phone="13700137000",
        details="热水那一侧",
    )
    async with database.transaction() as session:
        ticket = await tickets.change(session, wangs_scope, None, changes, clock)
        assert (ticket.appointment_start, ticket.contact_phone) == (start, "13700137000")
        (seen,) = await tickets.progress(session, wangs_scope)
    assert seen.symptom == "漏水\n热水那一侧"
    assert (seen.events[-1].text, seen.events[-1].note) == ("已修改报修信息", "上门时间、联系电话、补充说明")


async def test_an_empty_change_is_refused(
    database: Database, report: Report, wangs_scope: AccessScope, clock: SettableClock
) -> None:
    await report()
    with pytest.raises(NothingToChange):
        async with database.transaction() as session:
            await tickets.change(session, wangs_scope, None, TicketChanges(), clock)


async def test_what_is_under_way_can_be_neither_changed_nor_cancelled(
    database: Database, report: Report, advance: Report, wangs_scope: AccessScope, clock: SettableClock
) -> None:
    ticket = await report()
    await advance(ticket, *WORK[:3])
    async with database.transaction() as session:
        with pytest.raises(TicketTooLate) as refused:
            await tickets.cancel(session, wangs_scope, ticket.number, clock)
        with pytest.raises(TicketTooLate):
            await tickets.change(session, wangs_scope, None, TicketChanges(details="x"), clock)
    assert refused.value.params == {"number": ticket.number, "state_text": "师傅在路上"}


async def test_a_cancelled_ticket_is_not_open_any_more(
    database: Database, report: Report, wangs_scope: AccessScope, clock: SettableClock
) -> None:
    ticket = await report()
    async with database.transaction() as session:
        assert (await tickets.cancel(session, wangs_scope, None, clock)).state is TicketState.CANCELLED
    async with database.transaction() as session:
        with pytest.raises(NoOpenTicket):
            await tickets.cancel(session, wangs_scope, ticket.number, clock)


async def test_a_repair_runs_to_its_end_and_every_step_is_told(
    database: Database, report: Report, advance: Report, wangs_scope: AccessScope, clock: SettableClock
) -> None:
    ticket = await report()
    await advance(ticket, TicketState.ASSIGNED, technician_name="赵师傅", technician_phone="19900009001")
    await advance(ticket, *WORK[1:], TicketState.PAUSED, TicketState.IN_PROGRESS, TicketState.DONE)
    async with database.transaction() as session:
        await tickets.confirm(session, wangs_scope, ticket.number, clock)
    await advance(ticket, TicketState.CLOSED)
    async with database.reading() as session:
        (seen,) = await tickets.progress(session, wangs_scope, ticket.number)
    assert [event.text for event in seen.events] == [
        "已提交报修", "已派单给赵师傅", "赵师傅已接单", "赵师傅已出发", "开始维修", "暂停维修", "开始维修", "维修完成",
        "住户确认完成", "工单已结单",
    ]  # fmt: skip
    assert [event.at for event in seen.events] == sorted(event.at for event in seen.events)
    assert not seen.is_open


async def test_a_fault_that_is_back_reopens_the_ticket(
    database: Database, report: Report, advance: Report, wangs_scope: AccessScope, clock: SettableClock
) -> None:
    ticket = await report()
    await advance(ticket, *WORK, TicketState.DONE)
    async with database.transaction() as session:
        await tickets.reopen(session, wangs_scope, ticket.number, "又漏了", clock)
        (seen,) = await tickets.progress(session, wangs_scope)
    assert (seen.state, seen.events[-1].note) == (TicketState.REOPENED, "又漏了")


async def test_a_ticket_does_not_jump(report: Report, advance: Report) -> None:
    ticket = await report()
    with pytest.raises(TicketMoveRefused) as refused:
        await advance(ticket, TicketState.DONE)
    assert refused.value.params == {"number": ticket.number, "from_state": "new", "to_state": "done"}


async def test_an_unknown_ticket_cannot_be_moved(database: Database, clock: SettableClock) -> None:
    with pytest.raises(TicketNotFound):
        async with database.transaction() as session:
            await tickets.advance(session, 999, TicketState.ASSIGNED, "company", clock)


async def test_the_same_fault_is_recognised_for_a_week(
    database: Database, small: Small, report: Report, wangs_scope: AccessScope, clock: SettableClock
) -> None:
    ticket = await report()
    async with database.reading() as session:
        same = await tickets.duplicate_of(session, wangs_scope, small.home.id, "水龙头", clock)
        other = await tickets.duplicate_of(session, wangs_scope, small.home.id, "马桶", clock)
        clock.advance(days=8)
        late = await tickets.duplicate_of(session, wangs_scope, small.home.id, "水龙头", clock)
    assert same is not None
    assert same.id == ticket.id
    assert (other, late) == (None, None)


async def test_pictures_belong_to_whoever_sent_them(
    database: Database, small: Small, report: Report, clock: SettableClock
) -> None:
    values = {"media_type": "image/jpeg", "size": 10, "width": 4, "height": 3, "file_name": "x.jpg", "clock": clock}
    async with database.transaction() as session:
        mine = await uploads.add(session, small.wang.identity_id, **values)
        lis = await uploads.add(session, small.li.identity_id, upload_id="abc", **values)
    ticket = await report(upload_ids=[mine.id, lis.id])
    async with database.reading() as session:
        assert [upload.id for upload in await uploads.of_ticket(session, ticket.id)] == [mine.id]
        assert (await uploads.of_identity(session, mine.id, small.wang.identity_id)).size == 10
        assert (await uploads.get(session, "abc")).id == "abc"
        assert [u.id for u in await uploads.all_of(session, [mine.id], small.wang.identity_id)] == [mine.id]
        for refused in (
            uploads.of_identity(session, lis.id, small.wang.identity_id),
            uploads.all_of(session, [mine.id, lis.id], small.wang.identity_id),
            uploads.get(session, "none"),
        ):
            with pytest.raises(UploadNotFound):
                await refused
