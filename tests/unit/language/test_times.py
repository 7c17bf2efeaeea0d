"""Times as residents say them, counted from Saturday 2026-11-21 10:00 in Shanghai."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.language.normalise import normalise
from bot.language.times import SHANGHAI, find

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=SHANGHAI)


def times(text: str, now: datetime = NOW) -> list[str]:
    """The values found, without year and offset."""
    return [span.value.replace("+08:00", "").replace("2026-", "") for span in find(normalise(text), now)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("明天下午三点", "11-22T15:00:00"),
        ("今晚七点以后", "11-21T19:00:00"),
        ("周六上午", "11-28T09:00:00"),
        ("周六下午", "11-21T14:00:00"),
        ("周日", "11-22T00:00:00"),
        ("星期天晚上", "11-22T19:00:00"),
        ("禮拜三晚上8點", "11-25T20:00:00"),
        ("下周一上午十点", "11-23T10:00:00"),
        ("下周三下午", "11-25T14:00:00"),
        ("后天上午九点半", "11-23T09:30:00"),
        ("后天中午", "11-23T12:00:00"),
        ("大后天", "11-24T00:00:00"),
        ("明早八点", "11-22T08:00:00"),
        ("明晚", "11-22T19:00:00"),
        ("昨晚十一点", "11-20T23:00:00"),
        ("3点", "11-21T15:00:00"),
        ("七点半", "11-21T19:30:00"),
        ("上午九点", "11-22T09:00:00"),
        ("9点05", "11-22T09:05:00"),
        ("八点二十", "11-21T20:20:00"),
        ("下午3：30", "11-21T15:30:00"),
        ("下午三点一刻", "11-21T15:15:00"),
        ("中午12点半", "11-21T12:30:00"),
        ("凌晨十二点零五分", "11-22T00:05:00"),
        ("晚上12点", "11-22T00:00:00"),
        ("明天晚上1点", "11-23T01:00:00"),
        ("十一点左右", "11-21T11:00:00"),
        ("晚上有空", "11-21T19:00:00"),
        ("11月25号上午", "11-25T09:00:00"),
        ("十一月二十五号上午十点", "11-25T10:00:00"),
        ("11/25上午", "11-25T09:00:00"),
        ("2026-11-25 15:30", "11-25T15:30:00"),
        ("25号下午三点", "11-25T15:00:00"),
        ("3号", "12-03T00:00:00"),
        ("下个月3号", "12-03T00:00:00"),
        ("1月5日", "2027-01-05T00:00:00"),
        ("三天后", "11-24T00:00:00"),
        ("半小时后", "11-21T10:30:00"),
        ("两个半小时以后", "11-21T12:30:00"),
        ("明儿个晌午", "11-22T12:00:00"),
        ("听日", "11-22T00:00:00"),
        ("中午十二点", "11-21T12:00:00"),
        ("下班以后", "11-21T18:00:00"),
        ("我下班后来", "11-21T18:00:00"),
        ("明天下班以后", "11-22T18:00:00"),
        ("周末上午", "11-22T09:00:00"),
    ],
)
def test_a_moment_is_resolved(text: str, value: str) -> None:
    assert times(text) == [value]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("下午两点到四点", "11-21T14:00:00/11-21T16:00:00"),
        ("下午2到4点", "11-21T14:00:00/11-21T16:00:00"),
        ("14点到16点", "11-21T14:00:00/11-21T16:00:00"),
        ("9:00-11:00", "11-22T09:00:00/11-22T11:00:00"),
        ("明天上午十点到下午两点", "11-22T10:00:00/11-22T14:00:00"),
        ("今天晚上七点到九点之间", "11-21T19:00:00/11-21T21:00:00"),
        ("晚上七点到早上七点", "11-21T19:00:00/11-22T07:00:00"),
        ("下午两三点", "11-21T14:00:00/11-21T15:00:00"),
        ("周一到周五", "11-23T00:00:00/11-27T23:59:59"),
        ("明后天", "11-22T00:00:00/11-23T23:59:59"),
        ("明天下午五点之前", "11-22T14:00:00/11-22T17:00:00"),
        ("周末", "11-21T00:00:00/11-22T23:59:59"),
        ("这周末", "11-21T00:00:00/11-22T23:59:59"),
        ("下周末", "11-28T00:00:00/11-29T23:59:59"),
        ("上周末报的", "11-14T00:00:00/11-15T23:59:59"),
        ("今天下午三点半到五点", "11-21T15:30:00/11-21T17:00:00"),
    ],
)
def test_a_stretch_has_a_start_and_an_end(text: str, value: str) -> None:
    assert times(text) == [value]


def test_the_weekend_named_on_a_working_day_is_the_coming_one() -> None:
    thursday = datetime(2026, 11, 19, 20, 0, tzinfo=SHANGHAI)
    assert times("周末", thursday) == ["11-21T00:00:00/11-22T23:59:59"]
    assert times("周五到周末", thursday) == ["11-20T00:00:00/11-22T23:59:59"]
    assert times("周末上午", thursday) == ["11-21T09:00:00"]


def test_after_work_is_tomorrow_once_today_is_over() -> None:
    assert times("下班以后", datetime(2026, 11, 19, 20, 0, tzinfo=SHANGHAI)) == ["11-20T18:00:00"]


def test_after_work_as_a_habit_is_no_time() -> None:
    assert times("他下班以后经常吵") == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("15号交的", "11-15T00:00:00"),
        ("周三报的修", "11-18T00:00:00"),
        ("早上八点就停水了", "11-21T08:00:00"),
        ("三天前报的", "11-18T00:00:00"),
        ("上周六", "11-14T00:00:00"),
        ("上个月二十号付过了", "10-20T00:00:00"),
    ],
)
def test_what_has_happened_lies_behind(text: str, value: str) -> None:
    assert times(text) == [value]


@pytest.mark.parametrize(
    "text",
    [
        "快一点",
        "有一点漏水",
        "三点建议",
        "早点来",
        "每天晚上十点放音乐",
        "每周三上午收垃圾",
        "晚上吵得睡不着",
        "12号楼",
        "5号电梯",
        "底商8号",
        "2月30号",
        "七日内缴清",
        "24小时",
        "一个月多少钱",
        "",
    ],
)
def test_other_words_are_no_time(text: str) -> None:
    assert times(text) == []


def test_the_zone_is_that_of_the_estate_whatever_the_clock_of_the_server() -> None:
    late = datetime(2026, 11, 20, 23, 0, tzinfo=UTC)  # 07:00 on the 21st in Shanghai
    (span,) = find("明天", late)
    assert span.value == "2026-11-22T00:00:00+08:00"


def test_the_span_covers_the_whole_expression() -> None:
    text = "那就明天下午两点到四点之间吧"
    (span,) = find(text, NOW)
    assert text[span.start : span.end] == "明天下午两点到四点之间" == span.text
