"""News reaches the phone as template messages: once, at a fit hour, and with no more than a locked screen may show."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import select

from integrations.wechat.accounts import external_id
from property_db.clock import SHANGHAI
from property_db.imports import service as imports
from property_db.models import Push, Subscription
from property_db.notices.models import Notice, NoticeState
from property_db.people import service as people
from property_db.people.masking import mask_name
from property_db.people.scope import homes_of_identity
from property_db.pushes.models import PushKind, PushState
from property_db.tickets import service as tickets
from property_db.tickets.models import Ticket, TicketState
from property_db.tickets.schemas import RepairDraft
from tests.integration.wechat.town import ONCE, TEMPLATE, WANG, Town, until

BIZSEND = "/cgi-bin/message/subscribe/bizsend"
BILLS = (
    "小区,楼栋,单元,房号,费用,账期,应收金额,到期日,已缴金额,缴费日期,违约金\n"
    "翠湖花园,3,2,501,物业费,2026-11,250.60,2026-11-28,0,,0\n"
)
NOTICES = (
    "小区,楼栋,单元,类型,停供项目,标题,正文,开始时间,结束时间,状态\n"
    "翠湖花园,3,,停供,水,3栋停水,水管检修,2026-11-22 09:00,2026-11-22 12:00,已发布\n"
)
NIGHT = datetime(2026, 11, 21, 22, 30, tzinfo=SHANGHAI)
MORNING = datetime(2026, 11, 22, 8, 0, tzinfo=SHANGHAI)


@pytest.fixture
async def wang(town: Town) -> AsyncIterator[Town]:
    """王建国 follows the account and has bound 翠湖花园3栋2单元501."""
    await town.phone.follow()
    await town.binds()
    yield town


async def report(town: Town) -> Ticket:
    """王建国's dripping tap."""
    async with town.database.transaction() as session:
        identity = await people.find_identity(session, "wechat", external_id(town.account, town.phone.open_id))
        assert identity is not None
        (home,) = await homes_of_identity(session, identity.id, town.clock)
        draft = RepairDraft(
            identity_id=identity.id,
            home_id=home.id,
            facility="水龙头",
            symptom=f"漏水，我的电话{WANG}",
            contact_name="王建国",
            contact_phone=WANG,
        )
        return await tickets.report(session, draft, town.clock)


async def move(town: Town, ticket: Ticket, state: TicketState, **more: str) -> None:
    """The company moves the repair on."""
    async with town.database.transaction() as session:
        await tickets.advance(session, ticket.id, state, "company", town.clock, **more)


async def load(town: Town, kind: str, text: str) -> None:
    """The company imports a file."""
    async with town.database.transaction() as session:
        await imports.load(session, kind, text.encode(), town.clock)


async def news(town: Town, kind: PushKind) -> list[Push]:
    """The news of a kind as it stands in the database."""
    async with town.database.reading() as session:
        return list(await session.scalars(select(Push).where(Push.kind == kind).order_by(Push.id)))


async def settled(town: Town, kind: PushKind, state: PushState, reason: str | None = None) -> None:
    """Wait until the newest news of a kind stands like this."""
    await until(partial(_stands_so, town, kind, state, reason), f"no {kind} is {state} for {reason}")


async def _stands_so(town: Town, kind: PushKind, state: PushState, reason: str | None) -> bool | None:
    rows = await news(town, kind)
    return True if rows and rows[-1].state is state and reason in (None, rows[-1].reason) else None


async def shown(town: Town) -> list[dict[str, str]]:
    """What the templates on the phone say, by keyword."""
    return [entry["details"]["values"] for entry in await town.phone.received("template", "subscription")]


async def test_a_step_of_a_repair_is_shown_once_without_names_and_numbers(wang: Town) -> None:
    ticket = await report(wang)
    await move(wang, ticket, TicketState.ASSIGNED, technician_name="赵建军", technician_phone="19900009001")
    (words,) = await wang.bubbles(1, "template")
    assert await shown(wang) == [
        {
            "character_string1": ticket.number,
            "thing2": "水龙头",
            "phrase3": "已派单",
            "time4": "2026年11月21日 10:00",
            "thing5": "赵师傅",
        }
    ]
    for hidden in ("赵建军", "19900009001", "王建国", mask_name("王建国"), WANG):
        assert hidden not in words
    await move(wang, ticket, TicketState.ACCEPTED)
    await wang.bubbles(2, "template")
    assert [values["phrase3"] for values in await shown(wang)] == ["已派单", "师傅已接单"]
    await settled(wang, PushKind.TICKET_PROGRESS, PushState.SENT)
    assert len(wang.calls(TEMPLATE)) == 2


async def test_new_bills_are_told_once_also_when_the_file_is_imported_again(wang: Town) -> None:
    await load(wang, "bills", BILLS)
    await wang.bubbles(1, "template")
    assert await shown(wang) == [{"thing1": "翠湖花园3栋2单元501", "amount2": "250.60元", "time3": "2026年11月28日"}]
    await load(wang, "bills", BILLS)
    await load(wang, "notices", NOTICES)  # what is told after it
    await wang.bubbles(2, "template")
    assert len(await news(wang, PushKind.BILL)) == 1


async def test_a_notice_is_told_when_it_is_published_and_once(wang: Town) -> None:
    await load(wang, "notices", NOTICES.replace("已发布", "草稿"))
    assert await news(wang, PushKind.NOTICE) == []
    for _ in range(2):
        await load(wang, "notices", NOTICES)
    await wang.bubbles(1, "template")
    (values,) = await shown(wang)
    assert values == {"thing1": "3栋停水", "thing2": "翠湖花园3栋", "time3": "2026年11月22日 09:00~12:00"}
    await settled(wang, PushKind.NOTICE, PushState.SENT)
    assert len(wang.calls(TEMPLATE)) == 1


async def test_who_has_bound_no_home_is_told_nothing(town: Town) -> None:
    await town.phone.follow()
    await load(town, "bills", BILLS)
    await load(town, "notices", NOTICES)
    assert await town.count(Push) == 0


async def test_at_night_a_bill_waits_for_the_morning_and_a_repair_and_an_outage_do_not(wang: Town) -> None:
    wang.clock.set(NIGHT)
    await load(wang, "bills", BILLS)
    await load(wang, "notices", NOTICES)
    ticket = await report(wang)
    await move(wang, ticket, TicketState.ASSIGNED)
    await wang.bubbles(2, "template")
    assert sorted(next(iter(values)) for values in await shown(wang)) == ["character_string1", "thing1"]
    (bill,) = await news(wang, PushKind.BILL)
    assert (bill.state, bill.next_attempt_at, bill.attempts) == (PushState.PENDING, MORNING, 0)
    wang.clock.set(MORNING - timedelta(minutes=30))
    await move(wang, ticket, TicketState.ACCEPTED)
    await wang.bubbles(3, "template")
    assert (await news(wang, PushKind.BILL))[0].state is PushState.PENDING
    wang.clock.set(MORNING)
    await settled(wang, PushKind.BILL, PushState.SENT)
    assert (await shown(wang))[-1]["amount2"] == "250.60元"


async def test_a_notice_that_is_withdrawn_in_the_night_is_not_told_in_the_morning(wang: Town) -> None:
    wang.clock.set(NIGHT)
    await load(wang, "notices", NOTICES.replace("停供,水", "公告,").replace("停水", "体检"))
    async with wang.database.transaction() as session:
        (notice,) = await session.scalars(select(Notice))
        notice.state = NoticeState.WITHDRAWN
    wang.clock.set(MORNING)
    await settled(wang, PushKind.NOTICE, PushState.SKIPPED, "outdated")
    assert wang.calls(TEMPLATE) == []


@pytest.mark.parametrize("how", [{"errcode": -1}, {"http": 502}, {"lost": "before"}, {"lost": "after"}], ids=repr)
async def test_what_the_platform_did_not_confirm_is_repeated_and_shown_once(wang: Town, how: dict[str, object]) -> None:
    wang.fails(TEMPLATE, times=2, **how)
    await move(wang, await report(wang), TicketState.ASSIGNED)
    for tries in (1, 2):
        await until(partial(_tried, wang, tries), f"not tried {tries} times")
        wang.clock.advance(minutes=1)
    await settled(wang, PushKind.TICKET_PROGRESS, PushState.SENT)
    await wang.peer.pushes.settled()
    assert len(wang.calls(TEMPLATE)) == 3
    await wang.bubbles(1, "template")


async def _tried(town: Town, times: int) -> bool | None:
    rows = await news(town, PushKind.TICKET_PROGRESS)
    done = rows[-1].claimed_by is None and rows[-1].attempts == times
    return True if done else None


async def test_where_the_template_is_refused_a_one_time_message_goes_out_if_the_resident_agreed_and_only_then(
    wang: Town,
) -> None:
    wang.peer.templates.missing = {"T-progress"}
    ticket = await report(wang)
    await move(wang, ticket, TicketState.ASSIGNED)
    await settled(wang, PushKind.TICKET_PROGRESS, PushState.SKIPPED, "no_subscription")
    assert wang.calls(BIZSEND) == []

    await wang.phone.agrees(ONCE)
    await until(partial(_agreed, wang, 1), "the agreement was not noted")
    await move(wang, ticket, TicketState.ACCEPTED)
    await settled(wang, PushKind.TICKET_PROGRESS, PushState.SENT, "one_time")
    await wang.bubbles(1, "subscription")
    assert [values["phrase3"] for values in await shown(wang)] == ["师傅已接单"]

    await move(wang, ticket, TicketState.ON_THE_WAY)
    await settled(wang, PushKind.TICKET_PROGRESS, PushState.SKIPPED, "no_subscription")
    assert [call.errcode for call in wang.calls(BIZSEND)] == [0]


async def test_who_refuses_or_takes_an_agreement_back_gets_no_one_time_message(wang: Town) -> None:
    wang.peer.templates.missing = {"T-progress"}
    await wang.phone.agrees(ONCE, accept=False)
    await wang.phone.agrees(ONCE)
    await until(partial(_agreed, wang, 1), "the agreement was not noted")
    await wang.phone.withdraws(ONCE)
    await until(partial(_agreed, wang, 0), "that it was taken back was not noted")
    await move(wang, await report(wang), TicketState.ASSIGNED)
    await settled(wang, PushKind.TICKET_PROGRESS, PushState.SKIPPED, "no_subscription")
    assert wang.calls(BIZSEND) == []


async def _agreed(town: Town, remaining: int) -> bool | None:
    async with town.database.reading() as session:
        rows = list(await session.scalars(select(Subscription.remaining)))
    return True if rows == [remaining] else None


async def test_who_blocks_templates_is_shown_as_not_reached_and_not_bothered_again(wang: Town) -> None:
    wang.resident.blocks_templates = True
    ticket = await report(wang)
    await move(wang, ticket, TicketState.ASSIGNED)
    await settled(wang, PushKind.TICKET_PROGRESS, PushState.SKIPPED, "refused_by_user")
    wang.clock.advance(hours=1)
    await load(wang, "bills", BILLS)  # what is sent after it
    await settled(wang, PushKind.BILL, PushState.SKIPPED, "refused_by_user")
    assert len(wang.calls(TEMPLATE)) == 2
    assert await wang.phone.received("template") == []


async def test_who_unfollowed_is_told_nothing(wang: Town) -> None:
    wang.resident.following = False  # and the platform's event is lost
    await move(wang, await report(wang), TicketState.ASSIGNED)
    await settled(wang, PushKind.TICKET_PROGRESS, PushState.SKIPPED, "unknown_user")
    assert [call.errcode for call in wang.calls(TEMPLATE)] == [43004]
