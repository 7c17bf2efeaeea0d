"""News for residents: who is told what, once, and never what is not theirs to know."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from property_db import demo
from property_db.clock import SHANGHAI, SettableClock
from property_db.conversations import service as conversations
from property_db.conversations.models import ConversationState
from property_db.database import Database
from property_db.imports import service as imports
from property_db.models import Binding, ChannelIdentity, Conversation, Notice, Push, Subscription
from property_db.notices.models import NoticeKind, NoticeState
from property_db.people import service as people
from property_db.people.models import BindingState, Role
from property_db.people.scope import scope_of
from property_db.pushes import delivery, outcome, subscriptions
from property_db.pushes import service as pushes
from property_db.pushes.models import PushKind, PushState
from property_db.pushes.quiet import after_quiet
from property_db.pushes.repository import in_chunks
from property_db.pushes.subscriptions import Spent
from property_db.pushes.values import VALUES
from property_db.tickets import service as tickets
from property_db.tickets.models import Ticket, TicketState
from property_db.tickets.schemas import RepairDraft
from tests.integration.property_db.conftest import Small

BILLS = "小区,楼栋,单元,房号,费用,账期,应收金额,到期日,已缴金额,缴费日期,违约金\n"
NOTICES = "小区,楼栋,单元,类型,停供项目,标题,正文,开始时间,结束时间,状态\n"
NIGHT = datetime(2026, 11, 21, 23, 30, tzinfo=SHANGHAI)
MORNING = datetime(2026, 11, 22, 8, 0, tzinfo=SHANGHAI)

Load = Callable[[str, str], Awaitable[None]]
Advance = Callable[..., Awaitable[Ticket]]


@pytest.fixture
async def phones(database: Database, small: Small, clock: SettableClock) -> dict[str, int]:
    """王, 李 and a stranger on WeChat: the ids of their identities there."""
    ids: dict[str, int] = {}
    async with database.transaction() as session:
        for name, resident in (("wang", small.wang), ("li", small.li), ("stranger", small.stranger)):
            identity = await people.identity_for(session, "wechat", f"wx0123456789abcdef:{name}", clock)
            if resident.person_id:
                identity.person_id, identity.verified_at = resident.person_id, clock.now()
            ids[name] = identity.id
    return ids


@pytest.fixture
def load(database: Database, clock: SettableClock) -> Load:
    """Import a file of the company."""

    async def one(kind: str, text: str) -> None:
        async with database.transaction() as session:
            await imports.load(session, kind, text.encode(), clock)

    return one


@pytest.fixture
async def ticket(database: Database, small: Small, phones: dict[str, int], clock: SettableClock) -> Ticket:
    """王's dripping tap, reported on WeChat."""
    draft = RepairDraft(
        identity_id=phones["wang"],
        home_id=small.home.id,
        facility="水龙头",
        symptom="漏水，我的电话13800138000",
        contact_name="王建国",
        contact_phone="13800138000",
    )
    async with database.transaction() as session:
        return await tickets.report(session, draft, clock)


@pytest.fixture
def advance(database: Database, clock: SettableClock) -> Advance:
    """Let the company move a ticket."""

    async def to(ticket: Ticket, state: TicketState, **more: str) -> Ticket:
        async with database.transaction() as session:
            return await tickets.advance(session, ticket.id, state, "company", clock, **more)

    return to


async def _news(database: Database) -> list[Push]:
    async with database.reading() as session:
        return list(await session.scalars(select(Push).order_by(Push.id)))


async def _change(database: Database, model: type, **values: Any) -> None:
    async with database.transaction() as session:
        await session.execute(update(model).values(**values))


async def test_every_step_of_the_company_is_told_once_with_the_technicians_surname(
    database: Database, ticket: Ticket, phones: dict[str, int], advance: Advance
) -> None:
    await advance(ticket, TicketState.ASSIGNED, technician_name="赵建军", technician_phone="19900009001")
    await advance(ticket, TicketState.ACCEPTED)
    assigned, accepted = await _news(database)
    assert (assigned.identity_id, assigned.kind) == (phones["wang"], PushKind.TICKET_PROGRESS)
    assert assigned.values == {
        "number": "WX261121-0001",
        "title": "水龙头",
        "state": "已派单",
        "state_text": "已派单给赵师傅",
        "time": "2026年11月21日 10:00",
        "technician": "赵师傅",
        "home": "翠湖花园3栋2单元501",
    }
    assert accepted.values["state_text"] == "赵师傅已接单"


async def test_another_technician_is_news(
    database: Database, ticket: Ticket, phones: dict[str, int], advance: Advance
) -> None:
    await advance(ticket, TicketState.ASSIGNED, technician_name="赵建军")
    await advance(ticket, TicketState.ASSIGNED, technician_name="孙立")
    assert [push.values["technician"] for push in await _news(database)] == ["赵师傅", "孙师傅"]


async def test_what_residents_do_themselves_is_no_news_to_them(
    database: Database, ticket: Ticket, phones: dict[str, int], clock: SettableClock
) -> None:
    async with database.transaction() as session:
        scope = await scope_of(session, phones["wang"], clock)
        await tickets.urge(session, scope, clock)
        await tickets.cancel(session, scope, ticket.number, clock)
    assert await _news(database) == []


async def test_everybody_bound_to_the_home_is_told_and_nobody_else(
    database: Database, small: Small, ticket: Ticket, phones: dict[str, int], advance: Advance
) -> None:
    async with database.transaction() as session:
        session.add(Binding(person_id=small.li.person_id, home_id=small.home.id, role=Role.FAMILY))
    await advance(ticket, TicketState.ASSIGNED)
    assert {push.identity_id for push in await _news(database)} == {phones["wang"], phones["li"]}


@pytest.mark.parametrize(
    "end",
    [{"state": BindingState.ENDED}, {"state": BindingState.PENDING}, {"ends_on": datetime(2026, 11, 20).date()}],
    ids=["ended", "pending", "over"],
)
async def test_who_is_not_bound_today_is_told_nothing(
    database: Database, small: Small, ticket: Ticket, advance: Advance, load: Load, end: dict[str, Any]
) -> None:
    await _change(database, Binding, **end)
    await advance(ticket, TicketState.ASSIGNED)
    await load("bills", BILLS + "翠湖花园,3,2,501,物业费,2026-11,250.60,2026-11-30,,,\n")
    await load("notices", NOTICES + "翠湖花园,,,公告,,提示,请注意,,,发布\n")
    assert await _news(database) == []


async def test_an_identity_that_was_unbound_is_told_nothing(
    database: Database, ticket: Ticket, phones: dict[str, int], advance: Advance, clock: SettableClock
) -> None:
    async with database.transaction() as session:
        await people.unbind(session, phones["wang"], clock)
    await advance(ticket, TicketState.ASSIGNED)
    assert await _news(database) == []


async def test_a_ticket_of_a_common_area_is_told_to_who_reported_it(
    database: Database, small: Small, phones: dict[str, int], advance: Advance, clock: SettableClock
) -> None:
    draft = RepairDraft(identity_id=phones["stranger"], facility="楼道灯", area="公共区域", estate_id=small.estate.id)
    async with database.transaction() as session:
        lamp = await tickets.report(session, draft, clock)
        web = await tickets.report(session, draft.model_copy(update={"identity_id": small.stranger.identity_id}), clock)
    await advance(lamp, TicketState.ASSIGNED)
    await advance(web, TicketState.ASSIGNED)
    (push,) = await _news(database)
    assert push.identity_id == phones["stranger"]
    assert (push.values["home"], push.values["technician"]) == ("公共区域", "维修师傅")


async def test_hundreds_of_bills_make_one_piece_of_news_for_each_home(
    database: Database, small: Small, phones: dict[str, int], load: Load
) -> None:
    months = [f"{year}-{month:02d}" for year in range(2010, 2027) for month in range(1, 13)]
    rows = "".join(f"翠湖花园,3,2,501,停车费,{month},150,{month}-28,,,\n" for month in months)
    rows += "翠湖花园,5,1,1203,物业费,2026-11,330.96,2026-12-10,,,\n"
    rows += "翠湖花园,5,1,1203,水费,2026-11,50,2026-11-30,20,2026-11-02,1\n"
    await load("bills", BILLS + rows)
    first, second = await _news(database)
    assert first.values == {
        "home": "翠湖花园3栋2单元501",
        "amount": f"{150 * len(months)}.00元",
        "due_on": "2010年1月28日",
        "count": str(len(months)),
        "fees": "停车费",
        "period": "2010-01至2026-12",
    }
    assert (first.identity_id, second.identity_id) == (phones["wang"], phones["li"])
    assert (second.values["amount"], second.values["due_on"]) == ("361.96元", "2026年11月30日")
    assert (second.values["fees"], second.values["period"]) == ("物业费、水费", "2026-11")


async def test_importing_the_same_bills_again_is_no_news(
    database: Database, phones: dict[str, int], load: Load
) -> None:
    rows = "翠湖花园,3,2,501,物业费,2026-11,250.60,2026-11-30,,,\n"
    await load("bills", BILLS + rows)
    await load("bills", BILLS + rows)
    await load("bills", BILLS + rows.replace("-30,,,", "-30,100,2026-11-20,"))
    assert len(await _news(database)) == 1
    await load("bills", BILLS + rows + rows.replace("2026-11,", "2026-12,").replace("250.60", "251.00"))
    assert [push.values["amount"] for push in await _news(database)] == ["250.60元", "251.00元"]


async def test_bills_that_are_paid_are_no_news(database: Database, phones: dict[str, int], load: Load) -> None:
    await load("bills", BILLS + "翠湖花园,3,2,501,物业费,2026-09,250.60,2026-09-30,250.60,2026-09-02,\n")
    assert await _news(database) == []


async def test_a_refused_file_tells_nobody(database: Database, phones: dict[str, int], load: Load) -> None:
    good = "翠湖花园,3,2,501,物业费,2026-11,250.60,2026-11-30,,,\n"
    with pytest.raises(imports.ImportRefused):
        await load("bills", BILLS + good + "翠湖花园,9,9,999,物业费,2026-11,1,2026-11-30,,,\n")
    with pytest.raises(imports.ImportRefused):
        await load("notices", NOTICES + "翠湖花园,,,公告,,提示,请注意,,,发布\n不存在,,,公告,,提示,请注意,,,发布\n")
    assert await _news(database) == []


async def test_a_notice_is_told_once_to_each_identity_in_its_place(
    database: Database, small: Small, phones: dict[str, int], load: Load
) -> None:
    estate = "翠湖花园,,,公告,,防火提示,请注意,,,发布\n"  # 李 has two homes in it
    building = "翠湖花园,5栋,,停供,水,5栋停水,检修,2026-11-22 09:00,2026-11-22 17:00,发布\n"
    unit = "翠湖花园,3,2,活动,,磨刀,欢迎,2026-11-27 09:00,2026-11-29 15:00,发布\n"
    other = "金桂苑,,,公告,,别处,请注意,,,发布\n"
    for _ in range(2):
        await load("notices", NOTICES + estate + building + unit + other)
    news = [(push.identity_id, push.values["title"]) for push in await _news(database)]
    assert sorted(news) == sorted(
        [(phones["wang"], "防火提示"), (phones["li"], "防火提示"), (phones["li"], "5栋停水"), (phones["wang"], "磨刀")]
    )
    by_title = {push.values["title"]: push.values for push in await _news(database)}
    assert by_title["5栋停水"] == {
        "title": "5栋停水",
        "notice_kind": "停供通知",
        "scope": "翠湖花园5栋",
        "starts_at": "2026年11月22日 09:00",
        "ends_at": "2026年11月22日 17:00",
        "time": "2026年11月22日 09:00~17:00",
        "published_at": "2026年11月21日 10:00",
    }
    assert by_title["磨刀"]["time"] == "2026年11月27日~2026年11月29日"
    assert by_title["磨刀"]["scope"] == "翠湖花园3栋2单元"
    assert by_title["防火提示"]["time"] == by_title["防火提示"]["ends_at"] == "2026年11月21日 10:00"


async def test_a_draft_is_told_when_it_is_published_and_what_is_over_never(
    database: Database, phones: dict[str, int], load: Load
) -> None:
    draft = "翠湖花园,3,2,公告,,提示,请注意,,,草稿\n"
    over = "翠湖花园,3,2,停供,电,停电,检修,2026-11-12 08:00,2026-11-12 12:00,发布\n"
    await load("notices", NOTICES + draft + over)
    assert await _news(database) == []
    await load("notices", NOTICES + draft.replace("草稿", "发布"))
    assert [push.values["title"] for push in await _news(database)] == ["提示"]


async def test_news_holds_all_values_that_templates_may_use_none_empty_and_no_name_or_number_in_full(
    database: Database, small: Small, ticket: Ticket, phones: dict[str, int], advance: Advance, load: Load,
    clock: SettableClock,
) -> None:  # fmt: skip
    await advance(ticket, TicketState.ASSIGNED, technician_name="赵建军", technician_phone="19900009001")
    await load("bills", BILLS + "翠湖花园,3,2,501,物业费,2026-11,250.60,2026-11-30,,,\n")
    await load("notices", NOTICES + "翠湖花园,,,公告,,提示,请注意,,,发布\n")
    async with database.transaction() as session:
        conversation = await conversations.open_for(session, "wechat", phones["wang"], clock)
        assert await pushes.agent_waits(session, conversation, clock)
    news = await _news(database)
    assert {push.kind for push in news} == set(PushKind)
    for push in news:
        assert set(push.values) == VALUES[push.kind]
        assert all(push.values.values())
        text = json.dumps(push.values, ensure_ascii=False)
        assert not any(secret in text for secret in ("王", "建国", "建军", "13800138000", "19900009001", "漏水"))


async def test_creating_the_demo_estate_tells_nobody(database: Database, clock: SettableClock) -> None:
    await demo.create(database, clock)
    assert await _news(database) == []


async def test_at_night_only_outages_and_steps_of_repairs_are_due(
    database: Database, ticket: Ticket, phones: dict[str, int], advance: Advance, load: Load, clock: SettableClock
) -> None:
    clock.set(NIGHT)
    await load("bills", BILLS + "翠湖花园,3,2,501,物业费,2026-11,250.60,2026-11-30,,,\n")
    await load("notices", NOTICES + "翠湖花园,3,2,公告,,提示,请注意,,,发布\n")
    await load("notices", NOTICES + "翠湖花园,3,2,停供,水,停水,抢修,2026-11-22 00:30,2026-11-23 06:00,发布\n")
    await advance(ticket, TicketState.ASSIGNED)
    async with database.reading() as session:
        at_night = await delivery.due(session, clock)
    assert [one.push.values["title"] for one in at_night] == ["水龙头", "停水"]  # who waits is told first
    clock.set(MORNING - timedelta(seconds=1))
    async with database.reading() as session:
        assert len(await delivery.due(session, clock)) == 2
    clock.set(MORNING)
    async with database.reading() as session:
        assert len(await delivery.due(session, clock)) == 4


async def test_what_was_due_in_the_evening_waits_until_the_morning_if_nobody_sent_it(
    database: Database, phones: dict[str, int], load: Load, clock: SettableClock
) -> None:
    await load("bills", BILLS + "翠湖花园,3,2,501,物业费,2026-11,250.60,2026-11-30,,,\n")
    clock.set(NIGHT)
    async with database.reading() as session:
        assert await delivery.due(session, clock) == []


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (datetime(2026, 11, 21, 21, 59, tzinfo=SHANGHAI), datetime(2026, 11, 21, 21, 59, tzinfo=SHANGHAI)),
        (datetime(2026, 11, 21, 22, 0, tzinfo=SHANGHAI), MORNING),
        (datetime(2026, 11, 22, 0, 0, tzinfo=SHANGHAI), MORNING),
        (datetime(2026, 11, 22, 7, 59, tzinfo=SHANGHAI), MORNING),
        (MORNING, MORNING),
    ],
)
def test_the_night_ends_at_eight_in_shanghai(now: datetime, due: datetime) -> None:
    assert after_quiet(now) == due


async def test_an_agent_who_waits_is_told_once_an_hour(
    database: Database, small: Small, phones: dict[str, int], clock: SettableClock
) -> None:
    async def wait() -> bool:
        async with database.transaction() as session:
            conversation = await conversations.open_for(session, "wechat", phones["wang"], clock)
            return await pushes.agent_waits(session, conversation, clock)

    assert await wait()
    clock.advance(minutes=59)
    assert await wait()
    assert len(await _news(database)) == 1
    clock.advance(minutes=2)
    assert await wait()
    assert len(await _news(database)) == 2
    await _change(database, Push, state=PushState.SKIPPED)
    assert not await wait()


async def test_an_agent_cannot_call_back_who_has_no_channel_for_it(
    database: Database, small: Small, clock: SettableClock
) -> None:
    async with database.transaction() as session:
        conversation = await session.get_one(Conversation, small.wang.conversation_id)
        assert not await pushes.agent_waits(session, conversation, clock)
    assert await _news(database) == []


async def test_two_requests_at_once_call_a_resident_back_once(
    database: Database, phones: dict[str, int], clock: SettableClock
) -> None:
    async with database.transaction() as session:
        await conversations.open_for(session, "wechat", phones["wang"], clock)

    async def wait() -> None:
        async with database.transaction() as session:
            conversation = await conversations.open_for(session, "wechat", phones["wang"], clock)
            await pushes.agent_waits(session, conversation, clock)

    await asyncio.gather(*(wait() for _ in range(4)))
    assert len(await _news(database)) == 1


async def _claimed(database: Database, clock: SettableClock) -> bool:
    async with database.reading() as session:
        (one,) = await delivery.due(session, clock)
    async with database.transaction() as session:
        return await delivery.claim(session, one.push, "a", clock)


async def test_one_of_several_workers_takes_a_piece_of_news(
    database: Database, ticket: Ticket, advance: Advance, clock: SettableClock
) -> None:
    await advance(ticket, TicketState.ASSIGNED)
    async with database.reading() as session:
        (one,) = await delivery.due(session, clock)

    async def claim(worker: str) -> bool:
        async with database.transaction() as session:
            return await delivery.claim(session, one.push, worker, clock)

    assert sorted(await asyncio.gather(*(claim(f"worker {n}") for n in range(5)))) == [False] * 4 + [True]


async def test_a_worker_that_read_it_before_anothers_try_does_not_take_it(
    database: Database, ticket: Ticket, advance: Advance, clock: SettableClock
) -> None:
    await advance(ticket, TicketState.ASSIGNED)
    async with database.reading() as session:
        (stale,) = await delivery.due(session, clock)
    assert await _claimed(database, clock)
    async with database.transaction() as session:
        await delivery.retry_later(session, stale.push, "a", clock, timedelta(seconds=5), delivery.UNCONFIRMED)
        assert not await delivery.claim(session, stale.push, "b", clock)
    (push,) = await _news(database)
    assert push.sent_at == clock.now()  # it may have left


def test_what_concerns_thousands_is_asked_in_pieces() -> None:
    assert [len(chunk) for chunk in in_chunks(range(1201))] == [500, 500, 201]


async def test_news_that_is_not_true_any_more_is_not_sent(
    database: Database, small: Small, phones: dict[str, int], load: Load, clock: SettableClock
) -> None:
    async def reason() -> str | None:
        assert not await _claimed(database, clock)
        (push,) = await _news(database)
        assert (push.state, push.values) == (PushState.SKIPPED, {})
        async with database.transaction() as session:
            await session.execute(delete(Push))
        return push.reason

    bill = "翠湖花园,3,2,501,物业费,2026-11,250.60,2026-11-30,,,\n"
    await load("bills", BILLS + bill)
    await load("bills", BILLS + bill.replace("-30,,,", "-30,250.60,2026-11-20,"))
    assert await reason() == "outdated"
    notice = "翠湖花园,3,2,公告,,提示,请注意,,,发布\n"
    await load("notices", NOTICES + notice)
    await _change(database, Notice, state=NoticeState.WITHDRAWN)
    assert await reason() == "outdated"
    await load("notices", NOTICES + notice.replace("提示", "另一则"))
    async with database.transaction() as session:
        await people.unbind(session, phones["wang"], clock)
    assert await reason() == "outdated"


async def test_a_resident_who_has_come_back_is_not_called(
    database: Database, phones: dict[str, int], clock: SettableClock
) -> None:
    async with database.transaction() as session:
        conversation = await conversations.open_for(session, "wechat", phones["wang"], clock)
        await pushes.agent_waits(session, conversation, clock)
        conversation.state = ConversationState.CLOSED
        conversation.closed_at = clock.now()
    assert not await _claimed(database, clock)


async def test_news_goes_with_the_identity_it_is_for(
    database: Database, ticket: Ticket, phones: dict[str, int], advance: Advance
) -> None:
    await advance(ticket, TicketState.ASSIGNED)
    async with database.transaction() as session:
        await session.execute(delete(ChannelIdentity).where(ChannelIdentity.id == phones["wang"]))
    assert await _news(database) == []


async def _remaining(database: Database) -> int | None:
    async with database.reading() as session:
        return await session.scalar(select(Subscription.remaining))


async def test_an_agreement_is_spent_once_for_each_piece_of_news(
    database: Database, ticket: Ticket, phones: dict[str, int], advance: Advance, clock: SettableClock
) -> None:
    for state in (TicketState.ASSIGNED, TicketState.ACCEPTED, TicketState.ON_THE_WAY):
        await advance(ticket, state)
    first, second, third = await _news(database)

    async def spend(push: Push) -> Spent:
        async with database.transaction() as session:
            return await subscriptions.spend(session, push.id, "T1")

    assert await spend(first) is Spent.NONE
    async with database.transaction() as session:
        await subscriptions.agreed(session, phones["wang"], "T1", clock)
        await subscriptions.agreed(session, phones["wang"], "T1", clock)
    assert sorted([(await spend(first)).value, (await spend(first)).value]) == ["before", "now"]
    results = await asyncio.gather(spend(second), spend(third))
    assert sorted(result.value for result in results) == ["none", "now"]
    assert await _remaining(database) == 0
    async with database.transaction() as session:
        await subscriptions.give_back(session, first.id, "T1", clock)
        await subscriptions.give_back(session, first.id, "T1", clock)
    assert await _remaining(database) == 1
    async with database.transaction() as session:
        await subscriptions.refused(session, phones["wang"], "T1")
    assert await _remaining(database) == 0


async def test_what_did_not_arrive_is_no_longer_sent_even_when_that_is_told_before_it_was_noted(
    database: Database, ticket: Ticket, phones: dict[str, int], advance: Advance, clock: SettableClock
) -> None:
    await advance(ticket, TicketState.ASSIGNED)
    assert await _claimed(database, clock)
    async with database.transaction() as session:
        push_id = await outcome.did_not_arrive(session, phones["wang"], "msgid:7", PushState.SKIPPED, "refused_by_user")
    assert push_id is not None
    async with database.transaction() as session:
        assert not await delivery.sent(session, push_id, "a", clock, "msgid:7")
    (push,) = await _news(database)
    assert (push.state, push.reason, push.sent_at) == (PushState.SKIPPED, "refused_by_user", None)


async def test_an_outage_is_told_by_the_hook_too(
    database: Database, small: Small, phones: dict[str, int], clock: SettableClock
) -> None:
    async with database.transaction() as session:
        notice = Notice(
            estate_id=small.estate.id, kind=NoticeKind.OUTAGE, title="停电", body="", state=NoticeState.DRAFT
        )
        session.add(notice)
        await session.flush()
        assert await pushes.notice_published(session, notice, clock) == 0
        notice.state = NoticeState.PUBLISHED
        assert await pushes.notice_published(session, notice, clock) == 2
        assert await pushes.notice_published(session, notice, clock) == 0
