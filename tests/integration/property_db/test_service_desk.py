"""Complaints, praise, stars, guides, office information and places."""

import pytest
from sqlalchemy import func, select

from property_db import defaults
from property_db.clock import SettableClock
from property_db.company import service as company
from property_db.company.service import TopicUnknown
from property_db.complaints import service as complaints
from property_db.complaints.models import ComplaintCategory, ComplaintState
from property_db.complaints.schemas import ComplaintDraft
from property_db.complaints.service import ComplaintNotFound
from property_db.conversations import service as conversations
from property_db.conversations.models import ConversationState
from property_db.database import Database
from property_db.estates import service as estates
from property_db.feedback import service as feedback
from property_db.feedback.service import NothingToRate, RatingInvalid
from property_db.guides import service as guides
from property_db.models import CompanyInfo, Feedback, Guide, Rating, Ticket
from property_db.people.errors import HomeNotYours
from property_db.people.scope import AccessScope, scope_of
from property_db.tickets.models import TicketState
from tests.integration.property_db.conftest import Small


def _draft(small: Small, **changes: object) -> ComplaintDraft:
    values: dict[str, object] = {
        "identity_id": small.wang.identity_id,
        "category": ComplaintCategory.NEIGHBOR,
        "text": "楼上太吵",
        "home_id": small.home.id,
    }
    return ComplaintDraft(**(values | changes))


async def test_a_complaint_gets_a_number_and_is_filed_once_for_a_message(
    database: Database, small: Small, clock: SettableClock, wangs_scope: AccessScope
) -> None:
    async with database.transaction() as session:
        first = await complaints.file(session, _draft(small, source_message_id=3), clock)
        again = await complaints.file(session, _draft(small, source_message_id=3), clock)
    assert (first.number, again.id) == ("TS261121-0001", first.id)
    async with database.reading() as session:
        (seen,) = await complaints.progress(session, wangs_scope, "ts261121-0001")
    assert (seen.state_text, seen.text) == ("已受理", "楼上太吵")


async def test_a_complaint_is_seen_by_whoever_filed_it_only(
    database: Database, small: Small, clock: SettableClock, lis_scope: AccessScope
) -> None:
    async with database.transaction() as session:
        await complaints.file(session, _draft(small), clock)
    async with database.reading() as session:
        assert await complaints.progress(session, lis_scope) == []
        with pytest.raises(ComplaintNotFound):
            await complaints.progress(session, lis_scope, "TS261121-0001")


async def test_complaining_for_another_home_is_refused(database: Database, small: Small, clock: SettableClock) -> None:
    with pytest.raises(HomeNotYours):
        async with database.transaction() as session:
            await complaints.file(session, _draft(small, home_id=small.lis_homes[0].id), clock)


async def test_an_answered_complaint_tells_the_answer(
    database: Database, small: Small, clock: SettableClock, wangs_scope: AccessScope
) -> None:
    async with database.transaction() as session:
        filed = await complaints.file(session, _draft(small), clock)
        await complaints.answer(session, filed.number, "已上门劝导", clock)
        with pytest.raises(ComplaintNotFound):
            await complaints.answer(session, "TS000000-0000", "", clock)
    async with database.reading() as session:
        (seen,) = await complaints.progress(session, wangs_scope)
    assert (seen.state, seen.answer, seen.answered_at) == (ComplaintState.ANSWERED, "已上门劝导", clock.now())


async def test_praise_is_kept_once_for_a_message(database: Database, small: Small, clock: SettableClock) -> None:
    async with database.transaction() as session:
        for _ in range(2):
            await complaints.give_feedback(session, small.wang.identity_id, "保安很好", clock, source_message_id=4)
        await complaints.give_feedback(session, small.wang.identity_id, "多种点树", clock)
        assert await session.scalar(select(func.count(Feedback.id))) == 2


async def test_stars_close_a_conversation_that_awaited_them_and_can_be_changed(
    database: Database, small: Small, clock: SettableClock
) -> None:
    wang = small.wang
    async with database.transaction() as session:
        await conversations.set_state(session, wang.conversation_id, ConversationState.RATING, clock)
        await feedback.rate_conversation(session, wang.identity_id, wang.conversation_id, 2, "慢", clock)
        await feedback.rate_conversation(session, wang.identity_id, wang.conversation_id, 5, "又快了", clock)
    async with database.reading() as session:
        (rating,) = (await session.scalars(select(Rating))).all()
        conversation = await conversations.get(session, wang.conversation_id)
    assert (rating.stars, rating.comment) == (5, "又快了")
    assert conversation.state is ConversationState.CLOSED


@pytest.mark.parametrize("stars", [0, 6, -1])
async def test_stars_are_one_to_five(database: Database, small: Small, clock: SettableClock, stars: int) -> None:
    async with database.transaction() as session:
        with pytest.raises(RatingInvalid):
            await feedback.rate_conversation(
                session, small.wang.identity_id, small.wang.conversation_id, stars, "", clock
            )


async def test_nobody_rates_a_conversation_of_somebody_else(
    database: Database, small: Small, clock: SettableClock
) -> None:
    async with database.transaction() as session:
        with pytest.raises(NothingToRate):
            await feedback.rate_conversation(session, small.li.identity_id, small.wang.conversation_id, 1, "", clock)


async def test_a_finished_repair_can_be_rated(
    database: Database, small: Small, clock: SettableClock, wangs_scope: AccessScope, lis_scope: AccessScope
) -> None:
    async with database.transaction() as session:
        done = Ticket(number="WX1", facility="插座", home_id=small.home.id, state=TicketState.DONE)
        session.add_all([done, Ticket(number="WX2", facility="插座", home_id=small.home.id)])
    async with database.transaction() as session:
        rating, ticket = await feedback.rate_ticket(session, wangs_scope, None, 4, "不错", clock)
        assert (rating.stars, ticket.number) == (4, "WX1")
        again, _ = await feedback.rate_ticket(session, wangs_scope, "wx1", 5, "", clock)
        assert again.id == rating.id
        for scope, number in ((wangs_scope, "WX2"), (lis_scope, "WX1"), (lis_scope, None)):
            with pytest.raises(NothingToRate):
                await feedback.rate_ticket(session, scope, number, 1, "", clock)


@pytest.mark.parametrize(
    ("facility", "text", "fault"),
    [
        ("马桶", "马桶堵了怎么办", "堵塞"),
        ("马桶", "马桶一直流水", "水箱一直流水"),
        ("马桶", "马桶怎么了", "堵塞"),
        ("水龙头", "水龙头出水小", "出水小"),
        (None, "空气开关跳闸了合不上", "跳闸"),
        ("空气开关", "家里跳闸了", "跳闸"),
        ("暖气片", "暖气片不热", "不热"),
    ],
)
async def test_the_guide_that_fits_is_found(database: Database, facility: str | None, text: str, fault: str) -> None:
    await defaults.load(database)
    async with database.reading() as session:
        guide = await guides.find(session, facility, text)
    assert guide is not None
    assert guide.fault == fault
    assert guide.steps_text.startswith("1. ")


async def test_no_guide_is_better_than_a_wrong_one(database: Database) -> None:
    await defaults.load(database)
    async with database.reading() as session:
        assert await guides.find(session, None, "今天天气怎么样") is None
        assert await guides.find(session, "游泳池", "今天天气怎么样") is None
        assert "马桶" in await guides.facilities(session)


async def test_defaults_never_overwrite_what_the_company_wrote(database: Database) -> None:
    await defaults.load(database)
    async with database.transaction() as session:
        guide = (await session.scalars(select(Guide).where(Guide.facility == "马桶", Guide.fault == "堵塞"))).one()
        guide.steps = ["请致电管家"]
        info = (await session.scalars(select(CompanyInfo).where(CompanyInfo.topic == "invoice"))).one()
        info.body = "自编"
        count = await session.scalar(select(func.count(Guide.id)))
    await defaults.load(database)
    async with database.reading() as session:
        assert await session.scalar(select(func.count(Guide.id))) == count
        found = await guides.find(session, "马桶", "堵")
        assert found is not None
        assert found.steps == ["请致电管家"]
        assert (await company.topic(session, None, "invoice")).body == "自编"


async def test_office_information_carries_the_estates_own_numbers(database: Database, small: Small) -> None:
    await defaults.load(database)
    async with database.reading() as session:
        info = await company.topic(session, small.estate.id, "office_info")
        elsewhere = await company.topic(session, small.other_estate.id, "office_info")
    assert "0571-88001801" in info.body
    assert "滨河路" in info.body
    assert info.phone == "0571-88001801"
    assert "{" not in elsewhere.body
    assert elsewhere.body == "办公地址：小区物业服务中心前台。来访请带好房号，方便为您查询。"
    assert elsewhere.phone is None


async def test_what_names_a_setting_that_is_not_entered_is_left_out(database: Database, small: Small) -> None:
    await defaults.load(database)
    body = "来电请拨 {office_phone}；急事拨 {emergency_phone}。\n随时欢迎；电话 {gas_phone}。"
    async with database.transaction() as session:
        session.add(CompanyInfo(estate_id=small.other_estate.id, topic="invoice", title="发票", body=body))
        session.add(CompanyInfo(estate_id=small.other_estate.id, topic="utility", title="电", body="{hours}"))
    async with database.reading() as session:
        assert (await company.topic(session, small.other_estate.id, "invoice")).body == "随时欢迎。"
        with pytest.raises(TopicUnknown):
            await company.topic(session, small.other_estate.id, "utility")


async def test_an_estates_own_text_comes_before_the_general_one(database: Database, small: Small) -> None:
    await defaults.load(database)
    async with database.transaction() as session:
        session.add(
            CompanyInfo(estate_id=small.estate.id, topic="invoice", title="发票", body="本小区 {不认识} 的 { 括号")
        )
    async with database.reading() as session:
        assert (await company.topic(session, small.estate.id, "invoice")).body.startswith("本小区")
        assert not (await company.topic(session, small.other_estate.id, "invoice")).body.startswith("本小区")
        assert "office_info" in await company.topics(session)
        with pytest.raises(TopicUnknown):
            await company.topic(session, small.estate.id, "weather")


async def test_the_estate_of_a_question_is_the_bound_homes_or_the_only_one(
    database: Database, small: Small, clock: SettableClock, wangs_scope: AccessScope
) -> None:
    async with database.transaction() as session:
        stranger = await scope_of(session, small.stranger.identity_id, clock)
        assert (await estates.estate_for(session, wangs_scope)).name == "翠湖花园"
        assert await estates.estate_for(session, stranger) is None
        await session.delete(await session.get_one(type(small.other_estate), small.other_estate.id))
        await session.flush()
        assert (await estates.estate_for(session, stranger)).name == "翠湖花园"
        assert [estate.name for estate in await estates.all_estates(session)] == ["翠湖花园"]


async def test_homes_are_found_by_address(database: Database, small: Small) -> None:
    async with database.reading() as session:
        assert [h.id for h in await estates.homes_at(session, None, "3", "2", "501")] == [small.home.id]
        assert [h.id for h in await estates.homes_at(session, small.estate.id, "3", None, "501")] == [small.home.id]
        assert await estates.homes_at(session, small.other_estate.id, "3", "2", "501") == []
        assert [b.name for b in await estates.buildings_of(session, small.estate.id)] == ["3", "5"]
        assert (await estates.settings_for(session, None)).max_urges == 3
