"""Outages and notices: the utility, the place and the time asked about, and nothing else."""

from datetime import datetime

from property_db.clock import SHANGHAI, SettableClock
from tests.unit.actions.conftest import Answer, Resident


def titles(answer: Answer) -> list[str]:
    return [card["title"] for card in answer.cards("notice_card")]


async def asks(who: Resident, said: str, **entities: object) -> Answer:
    await who.says(said, "ask_outage", **entities)
    return await who.gets("action_ask_outage")


async def test_a_lift_named_as_a_facility_is_the_utility_and_the_building_is_the_one_named(wang: Resident) -> None:
    answer = await asks(wang, "5栋电梯哪天检修", building="5", facility="电梯")
    assert len(titles(answer)) == 1
    assert "5栋电梯年度检验" in titles(answer)[0]


async def test_no_power_is_not_answered_with_another_outage(wang: Resident) -> None:
    answer = await asks(wang, "我家没电了")
    assert answer.responses == ["utter_outages_none", "utter_outages_none_next"]
    assert answer.params("utter_outages_none")["outage"] == "停电"
    assert answer.params("utter_outages_none")["when"] == "现在"


async def test_no_water_now_is_no_outage_now_and_the_next_one_is_told(wang: Resident, clock: SettableClock) -> None:
    answer = await asks(wang, "没水了是不是停水", utility="水")
    assert answer.responses == [
        "utter_outages_none", "utter_outages_next", "#notice_card", "utter_outages_none_next",
    ]  # fmt: skip
    clock.set(datetime(2026, 11, 22, 10, tzinfo=SHANGHAI))
    answer = await asks(wang, "没水了是不是停水", utility="水")
    assert answer.responses == ["utter_outages", "#notice_card"]


async def test_a_weekend_is_what_is_left_of_saturday_and_sunday(wang: Resident, clock: SettableClock) -> None:
    answer = await asks(wang, "这周末会停水吗", utility="水", time=("2026-11-21T00:00:00+08:00", "这周末"))
    assert titles(answer) == ["3栋停水通知"]
    clock.set(datetime(2026, 11, 22, 18, tzinfo=SHANGHAI))
    assert titles(await asks(wang, "这周末会停水吗", utility="水")) == []


async def test_weeks_that_are_named_are_those_weeks(wang: Resident) -> None:
    assert titles(await asks(wang, "这周停水吗", utility="水")) == ["3栋停水通知"]
    answer = await asks(wang, "下周停水吗", utility="水")
    assert answer.params("utter_outages_none")["when"] == "下周"


async def test_events_are_told_alone(wang: Resident) -> None:
    await wang.says("最近有什么活动", "ask_notice")
    assert titles(await wang.gets("action_ask_notice")) == ["邻里便民日"]


async def test_a_notice_is_found_by_its_title(wang: Resident) -> None:
    await wang.says("公共收益公示", "ask_notice")
    assert titles(await wang.gets("action_ask_notice")) == ["第三季度公共收益公示"]


async def test_outages_come_last_unless_they_are_asked_for(wang: Resident) -> None:
    await wang.says("小区最近有什么通知", "ask_notice")
    found = titles(await wang.gets("action_ask_notice"))
    assert found[-1] == "3栋停水通知"
    assert len(found) > 1


async def test_where_nothing_happens_that_is_said(wang: Resident, clock: SettableClock) -> None:
    clock.set(datetime(2027, 6, 1, 9, tzinfo=SHANGHAI))
    await wang.says("最近有什么活动", "ask_notice")
    assert (await wang.gets("action_ask_notice")).responses == ["utter_notices_no_events"]
