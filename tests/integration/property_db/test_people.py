"""Who somebody is and what they may see."""

import asyncio
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from property_db.audit import service as audit
from property_db.clock import SettableClock
from property_db.complaints import service as complaints
from property_db.complaints.models import ComplaintCategory
from property_db.complaints.schemas import ComplaintDraft
from property_db.complaints.service import ComplaintNotFound
from property_db.conversations import service as conversations
from property_db.conversations.models import Conversation, ConversationState
from property_db.database import Database
from property_db.handoff import service as handoff
from property_db.handoff.models import Agent, AgentStatus
from property_db.models import Binding, OneTimeCode, Person
from property_db.people import service as people
from property_db.people.errors import (
    CodeExpired,
    CodeRequestedTooOften,
    CodeUsedUp,
    CodeWrong,
    NotVerified,
    PhoneInvalid,
)
from property_db.people.models import BindingState, Role
from property_db.people.scope import scope_of
from property_db.people.service import IssuedCode
from property_db.tickets import service as tickets
from property_db.tickets.errors import NoOpenTicket, TicketNotFound
from property_db.tickets.schemas import RepairDraft
from tests.integration.property_db.conftest import Small

WANG, NOBODY = "13800138000", "13600000000"


async def _asks(database: Database, identity_id: int, phone: str, clock: SettableClock) -> IssuedCode | None:
    async with database.transaction() as session:
        return await people.request_code(session, identity_id, phone, clock)


async def _tries(database: Database, identity_id: int, phone: str, code: str, clock: SettableClock) -> Person:
    async with database.transaction() as session:
        return await people.verify_code(session, identity_id, phone, code, clock)


async def test_a_right_code_makes_the_identity_stand_for_the_person(
    database: Database, small: Small, clock: SettableClock
) -> None:
    issued = await _asks(database, small.stranger.identity_id, WANG, clock)
    assert issued is not None
    assert len(issued.code) == 6
    person = await _tries(database, small.stranger.identity_id, WANG, issued.code, clock)
    assert person.name == "王建国"
    async with database.reading() as session:
        scope = await scope_of(session, small.stranger.identity_id, clock)
        entries = await audit.about(session, f"person:{person.id}")
    assert scope.verified
    assert scope.home_ids == (small.home.id,)
    assert [entry.action for entry in entries] == ["identity.verified"]


async def test_a_code_is_never_kept_in_clear(database: Database, small: Small, clock: SettableClock) -> None:
    issued = await _asks(database, small.stranger.identity_id, WANG, clock)
    async with database.reading() as session:
        kept = await session.scalar(select(OneTimeCode.code_hash))
    assert issued is not None
    assert kept is not None
    assert issued.code not in kept


async def test_an_unknown_number_gets_no_code_and_behaves_alike(
    database: Database, small: Small, clock: SettableClock
) -> None:
    assert await _asks(database, small.stranger.identity_id, NOBODY, clock) is None
    with pytest.raises(CodeWrong) as refused:
        await _tries(database, small.stranger.identity_id, NOBODY, "000000", clock)
    assert refused.value.params == {"left": "4"}
    with pytest.raises(CodeRequestedTooOften):
        await _asks(database, small.stranger.identity_id, NOBODY, clock)


async def test_the_fifth_wrong_try_uses_a_code_up(database: Database, small: Small, clock: SettableClock) -> None:
    issued = await _asks(database, small.stranger.identity_id, WANG, clock)
    assert issued is not None
    wrong = "000000" if issued.code != "000000" else "111111"
    for left in (4, 3, 2, 1):
        with pytest.raises(CodeWrong) as refused:
            await _tries(database, small.stranger.identity_id, WANG, wrong, clock)
        assert refused.value.params["left"] == str(left)
    with pytest.raises(CodeUsedUp):
        await _tries(database, small.stranger.identity_id, WANG, wrong, clock)
    with pytest.raises(CodeUsedUp):
        await _tries(database, small.stranger.identity_id, WANG, issued.code, clock)


async def test_many_guesses_at_once_are_still_only_five(database: Database, small: Small, clock: SettableClock) -> None:
    issued = await _asks(database, small.stranger.identity_id, WANG, clock)
    assert issued is not None
    wrong = "000000" if issued.code != "000000" else "111111"
    results = await asyncio.gather(
        *(_tries(database, small.stranger.identity_id, WANG, wrong, clock) for _ in range(9)), return_exceptions=True
    )
    assert sum(isinstance(result, CodeWrong) for result in results) == 4
    assert sum(isinstance(result, CodeUsedUp) for result in results) == 5


async def test_a_code_lives_five_minutes(database: Database, small: Small, clock: SettableClock) -> None:
    issued = await _asks(database, small.stranger.identity_id, WANG, clock)
    assert issued is not None
    clock.advance(minutes=5)
    with pytest.raises(CodeExpired):
        await _tries(database, small.stranger.identity_id, WANG, issued.code, clock)


async def test_a_code_works_once(database: Database, small: Small, clock: SettableClock) -> None:
    issued = await _asks(database, small.stranger.identity_id, WANG, clock)
    assert issued is not None
    await _tries(database, small.stranger.identity_id, WANG, issued.code, clock)
    with pytest.raises(CodeExpired):
        await _tries(database, small.stranger.identity_id, WANG, issued.code, clock)


async def test_only_the_last_code_counts(database: Database, small: Small, clock: SettableClock) -> None:
    first = await _asks(database, small.stranger.identity_id, WANG, clock)
    clock.advance(seconds=61)
    second = await _asks(database, small.stranger.identity_id, WANG, clock)
    assert first is not None
    assert second is not None
    if first.code != second.code:
        with pytest.raises(CodeWrong):
            await _tries(database, small.stranger.identity_id, WANG, first.code, clock)
    await _tries(database, small.stranger.identity_id, WANG, second.code, clock)


async def test_a_code_belongs_to_the_browser_that_asked(database: Database, small: Small, clock: SettableClock) -> None:
    issued = await _asks(database, small.stranger.identity_id, WANG, clock)
    assert issued is not None
    with pytest.raises(CodeExpired):
        await _tries(database, small.li.identity_id, WANG, issued.code, clock)


async def _browsers(database: Database, clock: SettableClock, count: int) -> list[int]:
    async with database.transaction() as session:
        return [(await people.identity_for(session, "webchat", f"another {n}", clock)).id for n in range(count)]


async def test_one_browser_gets_five_codes_an_hour(database: Database, small: Small, clock: SettableClock) -> None:
    for _ in range(5):
        await _asks(database, small.stranger.identity_id, WANG, clock)
        clock.advance(seconds=61)
    for phone in (WANG, NOBODY):
        with pytest.raises(CodeRequestedTooOften) as refused:
            await _asks(database, small.stranger.identity_id, phone, clock)
        assert int(refused.value.params["minutes"]) == 55
    clock.advance(minutes=56)
    assert await _asks(database, small.stranger.identity_id, WANG, clock) is not None


async def test_a_stranger_who_asks_for_ones_number_does_not_lock_one_out(
    database: Database, small: Small, clock: SettableClock
) -> None:
    for _ in range(5):
        await _asks(database, small.stranger.identity_id, WANG, clock)
        clock.advance(seconds=61)
    await _asks(database, small.li.identity_id, WANG, clock)
    assert await _asks(database, small.wang.identity_id, WANG, clock) is not None, "not even within the minute"


async def test_codes_are_limited_for_a_number_whoever_asks(
    database: Database, small: Small, clock: SettableClock
) -> None:
    *others, last = await _browsers(database, clock, 11)
    for identity in others:
        await _asks(database, identity, WANG, clock)
        clock.advance(minutes=1)
    with pytest.raises(CodeRequestedTooOften) as refused:
        await _asks(database, last, WANG, clock)
    assert int(refused.value.params["minutes"]) == 50
    assert await _asks(database, last, "13900139000", clock) is not None


async def test_codes_asked_for_at_once_by_one_browser_are_sent_once(
    database: Database, small: Small, clock: SettableClock
) -> None:
    results = await asyncio.gather(
        *(_asks(database, small.stranger.identity_id, WANG, clock) for _ in range(4)), return_exceptions=True
    )
    assert sum(isinstance(result, IssuedCode) for result in results) == 1


async def test_codes_asked_for_at_once_by_many_browsers_keep_to_the_numbers_limit(
    database: Database, small: Small, clock: SettableClock
) -> None:
    identities = await _browsers(database, clock, 13)
    results = await asyncio.gather(
        *(_asks(database, identity, WANG, clock) for identity in identities), return_exceptions=True
    )
    assert sum(isinstance(result, IssuedCode) for result in results) == 10


async def test_many_browsers_together_guess_no_more_than_thirty_times_an_hour(
    database: Database, small: Small, clock: SettableClock
) -> None:
    *others, honest = await _browsers(database, clock, 8)
    for identity in others:
        issued = await _asks(database, identity, WANG, clock)
        assert issued is not None
        wrong = "000000" if issued.code != "000000" else "111111"
        for _ in range(5):
            with pytest.raises((CodeWrong, CodeUsedUp)):
                await _tries(database, identity, WANG, wrong, clock)
    async with database.reading() as session:
        guesses = sum(await session.scalars(select(OneTimeCode.attempts)))
    assert guesses == 30
    issued = await _asks(database, honest, WANG, clock)
    assert issued is not None
    with pytest.raises(CodeUsedUp):
        await _tries(database, honest, WANG, issued.code, clock)
    clock.advance(minutes=61)
    issued = await _asks(database, honest, WANG, clock)
    assert issued is not None
    assert await _tries(database, honest, WANG, issued.code, clock)


@pytest.mark.parametrize("phone", ["", "12345678901", "1380013800", "138001380000", "１３８００１３８０００", "110"])
async def test_what_is_no_mobile_number_is_refused(
    database: Database, small: Small, clock: SettableClock, phone: str
) -> None:
    with pytest.raises(PhoneInvalid):
        await _asks(database, small.stranger.identity_id, phone, clock)


async def test_unbinding_takes_every_home_away(database: Database, small: Small, clock: SettableClock) -> None:
    async with database.transaction() as session:
        await people.unbind(session, small.wang.identity_id, clock)
    async with database.transaction() as session:
        assert not (await scope_of(session, small.wang.identity_id, clock)).verified
        with pytest.raises(NotVerified):
            await people.require_homes(session, small.wang.identity_id, clock)
        with pytest.raises(NotVerified):
            await people.unbind(session, small.wang.identity_id, clock)
        assert await people.person_of(session, small.wang.identity_id) is None


async def test_an_unverified_identity_sees_no_home(database: Database, small: Small, clock: SettableClock) -> None:
    async with database.reading() as session:
        scope = await scope_of(session, small.stranger.identity_id, clock)
        nobody = await scope_of(session, 999, clock)
    assert (scope.home_ids, scope.verified) == ((), False)
    assert nobody.home_ids == ()


@pytest.mark.parametrize(
    ("changes", "sees"),
    [
        ({"state": BindingState.PENDING}, False),
        ({"state": BindingState.REJECTED}, False),
        ({"state": BindingState.ENDED}, False),
        ({"ends_on": date(2026, 11, 20)}, False),
        ({"ends_on": date(2026, 11, 21)}, True),
        ({"starts_on": date(2026, 11, 22)}, False),
        ({"starts_on": date(2026, 11, 21)}, True),
        ({"starts_on": None, "ends_on": None}, True),
    ],
)
async def test_a_home_is_seen_while_its_binding_is_active_today(
    database: Database, small: Small, clock: SettableClock, changes: dict[str, object], sees: bool
) -> None:
    async with database.transaction() as session:
        binding = (await session.scalars(select(Binding).where(Binding.home_id == small.home.id))).one()
        for name, value in changes.items():
            setattr(binding, name, value)
    async with database.reading() as session:
        homes = await people.homes_of_identity(session, small.wang.identity_id, clock)
    assert bool(homes) is sees


async def test_today_is_a_day_of_shanghai(database: Database, small: Small, clock: SettableClock) -> None:
    async with database.transaction() as session:
        binding = (await session.scalars(select(Binding).where(Binding.home_id == small.home.id))).one()
        binding.ends_on = clock.today()
    clock.set(clock.now().replace(hour=15, minute=59))
    async with database.reading() as session:
        assert await people.homes_of_identity(session, small.wang.identity_id, clock)
        clock.advance(minutes=2)
        assert not await people.homes_of_identity(session, small.wang.identity_id, clock)


async def test_homes_come_with_the_role_in_them(database: Database, small: Small, clock: SettableClock) -> None:
    async with database.reading() as session:
        bound = await people.bound_homes(session, small.li.identity_id, clock)
    assert [(item.home.room, item.role) for item in bound] == [("101", Role.OWNER), ("1203", Role.OWNER)]


async def test_the_same_browser_is_the_same_identity(database: Database, clock: SettableClock) -> None:
    async def come() -> int:
        async with database.transaction() as session:
            return (await people.identity_for(session, "webchat", "token", clock)).id

    ids = await asyncio.gather(*(come() for _ in range(5)))
    assert len(set(ids)) == 1
    async with database.reading() as session:
        assert await people.find_identity(session, "webchat", "other") is None


async def test_a_wish_to_join_a_home_shows_nothing_until_it_is_confirmed(
    database: Database, small: Small, clock: SettableClock
) -> None:
    async with database.transaction() as session:
        await people.ask_to_join(session, small.wang.identity_id, small.empty_home.id, Role.TENANT, clock)
        await people.ask_to_join(session, small.wang.identity_id, small.empty_home.id, Role.TENANT, clock)
        with pytest.raises(NotVerified):
            await people.ask_to_join(session, small.stranger.identity_id, small.empty_home.id, Role.TENANT, clock)
    async with database.reading() as session:
        homes = await people.homes_of_identity(session, small.wang.identity_id, clock)
    assert [home.id for home in homes] == [small.home.id]


async def test_an_issued_code_tells_when_it_ends(database: Database, small: Small, clock: SettableClock) -> None:
    issued = await _asks(database, small.stranger.identity_id, WANG, clock)
    assert issued is not None
    assert issued.expires_at == clock.now() + timedelta(minutes=5)


async def _becomes(database: Database, identity_id: int, phone: str, clock: SettableClock) -> None:
    clock.advance(seconds=61)
    issued = await _asks(database, identity_id, phone, clock)
    assert issued is not None
    await _tries(database, identity_id, phone, issued.code, clock)


async def _current(database: Database, identity_id: int) -> Conversation | None:
    async with database.reading() as session:
        return await conversations.current_of(session, identity_id)


async def test_what_one_filed_for_a_home_goes_with_the_home(
    database: Database, small: Small, clock: SettableClock
) -> None:
    identity = small.wang.identity_id
    async with database.transaction() as session:
        draft = RepairDraft(identity_id=identity, home_id=small.home.id, facility="水龙头")
        number = (await tickets.report(session, draft, clock)).number
        public = (await tickets.report(session, RepairDraft(identity_id=identity, facility="路灯"), clock)).number
        complaint = ComplaintDraft(
            identity_id=identity, home_id=small.home.id, category=ComplaintCategory.NEIGHBOR, text="太吵"
        )
        grievance = (await complaints.file(session, complaint, clock)).number

    async def seen() -> list[str]:
        async with database.transaction() as session:
            scope = await scope_of(session, identity, clock)
            with pytest.raises((TicketNotFound, NoOpenTicket)):
                await tickets.cancel(session, scope, number, clock)
            with pytest.raises(TicketNotFound):
                await tickets.progress(session, scope, number, clock)
            with pytest.raises(ComplaintNotFound):
                await complaints.progress(session, scope, grievance)
            assert await complaints.progress(session, scope) == []
            return [view.number for view in await tickets.recent(session, scope)]

    async with database.transaction() as session:
        scope = await scope_of(session, identity, clock)
        assert {view.number for view in await tickets.recent(session, scope)} == {number, public}
        await people.unbind(session, identity, clock)
    assert await seen() == [public]
    await _becomes(database, identity, "13900139000", clock)
    assert await seen() == [public]


async def test_unbinding_ends_the_conversation_whose_memory_is_the_former_persons(
    database: Database, small: Small, clock: SettableClock
) -> None:
    async with database.transaction() as session:
        await people.unbind(session, small.wang.identity_id, clock)
    assert await _current(database, small.wang.identity_id) is None
    async with database.reading() as session:
        closed = await conversations.get(session, small.wang.conversation_id)
    assert (closed.state, closed.closed_at) == (ConversationState.CLOSED, clock.now())


async def test_becoming_somebody_else_ends_the_conversation_and_proving_oneself_does_not(
    database: Database, small: Small, clock: SettableClock
) -> None:
    await _becomes(database, small.stranger.identity_id, WANG, clock)
    await _becomes(database, small.stranger.identity_id, WANG, clock)
    current = await _current(database, small.stranger.identity_id)
    assert current is not None
    assert current.id == small.stranger.conversation_id
    await _becomes(database, small.stranger.identity_id, "13900139000", clock)
    assert await _current(database, small.stranger.identity_id) is None


async def test_unbinding_leaves_a_conversation_with_a_person_alone(
    database: Database, small: Small, clock: SettableClock
) -> None:
    async with database.transaction() as session:
        await conversations.set_state(session, small.wang.conversation_id, ConversationState.WAITING, clock)
        await people.unbind(session, small.wang.identity_id, clock)
    current = await _current(database, small.wang.identity_id)
    assert current is not None
    assert current.id == small.wang.conversation_id


async def test_a_call_back_outlives_unbinding(database: Database, small: Small, clock: SettableClock) -> None:
    async with database.transaction() as session:
        place = await handoff.request(session, small.wang.conversation_id, "asked", clock)
        await people.unbind(session, small.wang.identity_id, clock)
        agent = Agent(username="x", display_name="小李", password_hash="", status=AgentStatus.ONLINE)
        session.add(agent)
    async with database.transaction() as session:
        item = await handoff.claim(session, place.item_id, agent.id, clock)
    current = await _current(database, small.wang.identity_id)
    assert current is not None
    assert (item.conversation_id, current.state) == (current.id, ConversationState.HUMAN)
    assert current.id != small.wang.conversation_id
