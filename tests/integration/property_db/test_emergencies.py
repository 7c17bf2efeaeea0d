"""Dangers: said at once, filed and alarmed once."""

import asyncio

import pytest
from sqlalchemy import func, select

from property_db.clock import SettableClock
from property_db.conversations import service as conversations
from property_db.conversations.models import Author, Direction
from property_db.database import Database
from property_db.emergencies import service as emergencies
from property_db.emergencies.service import EmergencyAnswer
from property_db.handoff import service as handoff
from property_db.models import Alarm, Estate, Ticket, TicketEvent
from property_db.tickets.models import TicketKind, TicketState, Urgency
from tests.integration.property_db.conftest import Resident, Small


async def _reports(
    database: Database, who: Resident, clock: SettableClock, text: str = "闻到煤气味", kind: str = "gas"
) -> EmergencyAnswer:
    async with database.transaction() as session:
        message = await conversations.append(
            session, who.conversation_id, direction=Direction.IN, author=Author.RESIDENT, text=text, clock=clock
        )
        return await emergencies.report(session, who.conversation_id, who.identity_id, kind, text, message.id, clock)


async def test_a_danger_becomes_a_p0_ticket_and_an_alarm(
    database: Database, small: Small, clock: SettableClock
) -> None:
    answer = await _reports(database, small.wang, clock)
    assert "离开" in answer.safety_text
    assert "0571-96177" in answer.safety_text
    assert answer.phones[0].number == "0571-96177"
    assert answer.ticket.number in answer.handled_text
    assert answer.new_alarm
    assert answer.block.kind == "emergency"
    ticket = answer.ticket
    assert (ticket.kind, ticket.urgency, ticket.state) == (TicketKind.EMERGENCY, Urgency.EMERGENCY, TicketState.NEW)
    assert (ticket.home_id, ticket.estate_id, ticket.facility) == (small.home.id, small.estate.id, "燃气管道")
    async with database.reading() as session:
        (alarm,) = await handoff.alarms(session)
    assert (alarm.kind, alarm.text, alarm.ticket_id) == ("gas", "闻到煤气味", ticket.id)


async def test_the_same_message_twice_at_once_alarms_once(
    database: Database, small: Small, clock: SettableClock
) -> None:
    async with database.transaction() as session:
        message = await conversations.append(
            session, small.wang.conversation_id, direction=Direction.IN, author=Author.RESIDENT, text="着火了"
        )

    async def report() -> EmergencyAnswer:
        async with database.transaction() as session:
            return await emergencies.report(
                session, small.wang.conversation_id, small.wang.identity_id, "fire", "着火了", message.id, clock
            )

    answers = await asyncio.gather(*(report() for _ in range(4)))
    assert len({answer.ticket.id for answer in answers}) == 1
    assert sum(answer.new_alarm for answer in answers) == 1
    async with database.reading() as session:
        assert await session.scalar(select(func.count(Alarm.id))) == 1


async def test_news_of_the_same_danger_joins_the_ticket_and_alarms_again(
    database: Database, small: Small, clock: SettableClock
) -> None:
    first = await _reports(database, small.wang, clock)
    clock.advance(minutes=5)
    second = await _reports(database, small.wang, clock, "味道越来越大了")
    assert second.ticket.id == first.ticket.id
    assert second.new_alarm
    async with database.reading() as session:
        assert await session.scalar(select(func.count(Alarm.id))) == 2
        notes = list(await session.scalars(select(TicketEvent.note).where(TicketEvent.kind == "repeated")))
    assert notes == ["味道越来越大了"]


async def test_another_danger_or_a_later_one_is_a_ticket_of_its_own(
    database: Database, small: Small, clock: SettableClock
) -> None:
    first = await _reports(database, small.wang, clock)
    fire = await _reports(database, small.wang, clock, "着火了", "fire")
    clock.advance(minutes=31)
    later = await _reports(database, small.wang, clock)
    assert len({first.ticket.id, fire.ticket.id, later.ticket.id}) == 3


async def test_somebody_unknown_is_told_every_estates_numbers_and_none_is_invented(
    database: Database, small: Small, clock: SettableClock
) -> None:
    answer = await _reports(database, small.stranger, clock)
    assert (answer.ticket.estate_id, answer.ticket.home_id) == (None, None)
    assert "拨打 翠湖花园 0571-96177（其他小区：当地燃气公司抢修电话）" in answer.safety_text
    assert [(phone.label, phone.number) for phone in answer.phones] == [
        ("燃气抢修（翠湖花园）", "0571-96177"),
        ("物业紧急值班（翠湖花园）", "0571-88001800"),
        ("火警", "119"),
    ]


async def test_a_number_that_all_estates_share_is_told_once_and_others_by_name(
    database: Database, small: Small, clock: SettableClock
) -> None:
    async with database.transaction() as session:
        other = await session.get_one(Estate, small.other_estate.id)
        other.settings = {"gas_phone": "0571-96177", "emergency_phone": "0571-88002600"}
    answer = await _reports(database, small.stranger, clock)
    assert "再拨打 0571-96177；" in answer.safety_text
    assert "翠湖花园 0571-88001800、金桂苑 0571-88002600" in answer.safety_text
    assert [phone.number for phone in answer.phones] == ["0571-96177", "0571-88001800", "0571-88002600", "119"]
    assert answer.phones[0].label == "燃气抢修"


async def test_with_several_homes_it_is_not_guessed_which_burns(
    database: Database, small: Small, clock: SettableClock
) -> None:
    answer = await _reports(database, small.li, clock, "着火了", "fire")
    assert (answer.ticket.home_id, answer.ticket.estate_id) == (None, small.estate.id)


async def test_an_unknown_kind_is_answered_all_the_same(database: Database, small: Small, clock: SettableClock) -> None:
    answer = await _reports(database, small.wang, clock, "救命", "meteor")
    assert answer.kind == "unknown"
    assert "119" in answer.safety_text


async def test_a_danger_without_a_message_is_filed_too(database: Database, small: Small, clock: SettableClock) -> None:
    async with database.transaction() as session:
        answer = await emergencies.report(
            session, small.wang.conversation_id, small.wang.identity_id, "lift", "电梯困人", None, clock
        )
        assert answer.new_alarm
        assert await session.scalar(select(func.count(Ticket.id))) == 1


@pytest.mark.parametrize(
    "kind", ["gas", "fire", "lift", "electric", "water", "falling", "people", "medical", "unknown"]
)
async def test_every_kind_can_be_filed(database: Database, small: Small, clock: SettableClock, kind: str) -> None:
    answer = await _reports(database, small.wang, clock, "出事了", kind)
    assert answer.kind == kind
    assert answer.phones
