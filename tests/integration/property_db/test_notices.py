"""Which notices concern whom, and when."""

from datetime import datetime, timedelta

import pytest

from property_db.clock import SHANGHAI, SettableClock
from property_db.database import Database
from property_db.models import Notice, Unit
from property_db.notices import service as notices
from property_db.notices.models import NoticeKind, NoticeState
from property_db.notices.schemas import TimeWindow
from tests.integration.property_db.conftest import Small


def _at(day: int, hour: int) -> datetime:
    return datetime(2026, 11, day, hour, tzinfo=SHANGHAI)


@pytest.fixture
async def posted(database: Database, small: Small, clock: SettableClock) -> None:
    """Outages of 3栋 (water, tomorrow), of its unit 2 (lift, on Tuesday), of the estate (power, past), and more."""
    outage = {"kind": NoticeKind.OUTAGE, "body": "详情", "state": NoticeState.PUBLISHED}
    outage["published_at"] = clock.now() - timedelta(days=1)
    building, unit = small.home.building_id, small.home.unit_id
    async with database.transaction() as session:
        estate, other = small.estate.id, small.other_estate.id
        session.add_all(
            [
                Notice(
                    estate_id=estate,
                    building_id=building,
                    utility="水",
                    title="3栋停水",
                    starts_at=_at(22, 9),
                    ends_at=_at(22, 17),
                    **outage,
                ),
                Notice(
                    estate_id=estate,
                    building_id=building,
                    unit_id=unit,
                    utility="电梯",
                    title="2单元电梯检修",
                    starts_at=_at(24, 9),
                    ends_at=_at(24, 12),
                    **outage,
                ),
                Notice(
                    estate_id=estate,
                    utility="电",
                    title="已过停电",
                    starts_at=_at(12, 8),
                    ends_at=_at(12, 12),
                    **outage,
                ),
                Notice(estate_id=other, utility="燃气", title="停气", starts_at=_at(21, 8), **outage),
                Notice(
                    estate_id=estate,
                    utility="水",
                    title="草稿",
                    starts_at=_at(22, 9),
                    **outage | {"state": NoticeState.DRAFT},
                ),
                Notice(
                    estate_id=estate,
                    utility="水",
                    title="已撤回",
                    starts_at=_at(22, 9),
                    **outage | {"state": NoticeState.WITHDRAWN},
                ),
                Notice(
                    estate_id=estate,
                    title="防火提示",
                    **outage | {"kind": NoticeKind.ANNOUNCEMENT, "published_at": _at(16, 9)},
                ),
                Notice(
                    estate_id=estate,
                    title="旧公告",
                    **outage | {"kind": NoticeKind.ANNOUNCEMENT, "published_at": _at(1, 9) - timedelta(days=20)},
                ),
            ]
        )


async def _outages(database: Database, clock: SettableClock, **query: object) -> list[str]:
    async with database.reading() as session:
        return [view.title for view in await notices.outages(session, clock=clock, **query)]


async def test_a_home_hears_of_its_building_and_unit(
    database: Database, small: Small, clock: SettableClock, posted: None
) -> None:
    assert await _outages(database, clock, homes=[small.home]) == ["3栋停水", "2单元电梯检修"]


async def test_a_neighbour_in_another_unit_or_building_hears_only_what_concerns_them(
    database: Database, small: Small, clock: SettableClock, posted: None
) -> None:
    other_unit, other_building = small.lis_homes
    assert await _outages(database, clock, homes=[other_unit]) == ["3栋停水"]
    assert await _outages(database, clock, homes=[other_building]) == []
    assert await _outages(database, clock, homes=[small.empty_home]) == ["停气"]


async def test_somebody_unknown_may_ask_for_an_estate_or_for_all(
    database: Database, small: Small, clock: SettableClock, posted: None
) -> None:
    assert await _outages(database, clock, estate_id=small.estate.id) == ["3栋停水", "2单元电梯检修"]
    assert await _outages(database, clock) == ["停气", "3栋停水", "2单元电梯检修"]


async def test_outages_can_be_asked_by_utility_and_time(
    database: Database, small: Small, clock: SettableClock, posted: None
) -> None:
    tomorrow = TimeWindow(_at(22, 0), _at(22, 23))
    assert await _outages(database, clock, homes=[small.home], utility="水", window=tomorrow) == ["3栋停水"]
    assert await _outages(database, clock, homes=[small.home], utility="电", window=tomorrow) == []
    past = TimeWindow(_at(12, 0), _at(12, 23))
    assert await _outages(database, clock, homes=[small.home], window=past) == ["已过停电"]


async def test_an_outage_counts_until_its_last_minute(
    database: Database, small: Small, clock: SettableClock, posted: None
) -> None:
    clock.set(_at(22, 16))
    async with database.reading() as session:
        (running, later) = await notices.outages(session, homes=[small.home], clock=clock)
    assert (running.running, later.running) == (True, False)
    clock.set(_at(22, 18))
    assert await _outages(database, clock, homes=[small.home]) == ["2单元电梯检修"]


async def test_what_is_published_later_is_not_shown_before(
    database: Database, small: Small, clock: SettableClock, posted: None
) -> None:
    clock.set(_at(20, 8))
    assert await _outages(database, clock, homes=[small.home]) == []


async def test_current_notices_are_those_not_over_newest_first(
    database: Database, small: Small, clock: SettableClock, posted: None
) -> None:
    async with database.reading() as session:
        views = await notices.current(session, homes=[small.home], clock=clock)
        announcements = await notices.current(session, homes=[small.home], kind=NoticeKind.ANNOUNCEMENT, clock=clock)
    assert [view.title for view in views] == ["2单元电梯检修", "3栋停水", "防火提示"]
    assert [view.title for view in announcements] == ["防火提示"]


async def test_a_notice_names_the_place_it_is_for(
    database: Database, small: Small, clock: SettableClock, posted: None
) -> None:
    async with database.reading() as session:
        views = await notices.outages(session, homes=[small.home], clock=clock)
        unit = await session.get_one(Unit, small.home.unit_id)
    assert [view.scope_text for view in views] == ["翠湖花园3栋", f"翠湖花园3栋{unit.name}单元"]


async def test_midnight_belongs_to_one_day_only(
    database: Database, small: Small, clock: SettableClock, posted: None
) -> None:
    async with database.transaction() as session:
        session.add(
            Notice(
                estate_id=small.estate.id,
                kind=NoticeKind.OUTAGE,
                body="详情",
                title="割接",
                utility="网络",
                state=NoticeState.PUBLISHED,
                starts_at=_at(26, 0),
                ends_at=_at(27, 0),
            )
        )
    days = [TimeWindow(_at(day, 0), _at(day + 1, 0)) for day in (25, 26, 27)]
    found = [await _outages(database, clock, homes=[small.home], window=day) for day in days]
    assert found == [[], ["割接"], []]


async def test_a_notice_is_found_by_what_its_title_says_even_when_it_is_no_news_any_more(
    database: Database, small: Small, clock: SettableClock, posted: None
) -> None:
    async with database.reading() as session:
        views = await notices.search(session, "旧公告写了什么", homes=[small.home], clock=clock)
        nothing = await notices.search(session, "停车", homes=[small.home], clock=clock)
    assert [view.title for view in views] == ["旧公告"]
    assert nothing == []
