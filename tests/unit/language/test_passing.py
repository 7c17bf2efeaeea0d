"""Days and months of a story are no time to send somebody at."""

from __future__ import annotations

from datetime import datetime

import pytest

from bot.language.extract import extract
from bot.language.times import SHANGHAI

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=SHANGHAI)


def named(text: str, entity: str) -> list[str]:
    return [span.value.replace("+08:00", "") for span in extract(text, NOW) if span.entity == entity]


@pytest.mark.parametrize(
    "text",
    [
        "昨天买菜回来发现信箱被撬",
        "前天刚交过的",
        "我今天才知道要收这个钱",
        "今天又坏了，烦死人",
        "今天都第三天了还没人理",
        "截止到今天一共多少",
        "今天给老伴祝寿，家里很热闹",
        "星期六允许施工吗",
        "礼拜天你们上班不",
    ],
)
def test_a_day_of_a_story_or_of_a_rule_is_no_time(text: str) -> None:
    assert named(text, "time") == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("今天来修一下吧", "2026-11-21T00:00:00"),
        ("师傅今天能过来吗", "2026-11-21T00:00:00"),
        ("改到今天", "2026-11-21T00:00:00"),
        ("就今天吧", "2026-11-21T00:00:00"),
        ("今天有两个朋友来玩", "2026-11-21T00:00:00"),
        ("务必今天落实", "2026-11-21T00:00:00"),
        ("今天水压怎么这么低", "2026-11-21T00:00:00"),
        ("昨天为啥停电", "2026-11-20T00:00:00"),
        ("昨天晚上八点报的", "2026-11-20T20:00:00"),
        ("明天我在家", "2026-11-22T00:00:00"),
        ("十五号之后交算逾期吗", "2026-12-15T00:00:00"),
        ("周六我去拿", "2026-11-21T00:00:00"),
    ],
)
def test_a_day_on_which_something_is_to_happen_or_was_off_is_a_time(text: str, value: str) -> None:
    assert named(text, "time")[0] == value


@pytest.mark.parametrize("text", ["上个月刚换的灯管又不亮", "这个月才装的锁", "上月修过"])
def test_the_month_in_which_something_was_done_is_no_billing_period(text: str) -> None:
    assert named(text, "period") == []


@pytest.mark.parametrize("text", ["上个月的水费", "上个月交了多少", "上个月装修押金"])
def test_the_month_of_a_bill_is_one(text: str) -> None:
    assert named(text, "period") == ["2026-10"]


def test_two_months_in_a_row_are_no_day() -> None:
    assert named("七月八月的账单", "time") == []
    assert named("七月八月的账单", "period") == ["2026-07", "2026-08"]


def test_somebody_who_meets_somebody_is_not_yet_there() -> None:
    assert named("礼拜三上午十点吧我得接老人出院", "time") == ["2026-11-25T10:00:00"]
