"""Which day a resident means: 明天, 周六, 下周一, 11月25号, 三天后; resolved against the moment of the message."""

from __future__ import annotations

import calendar
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.language.numerals import SMALL, to_int

_RELATIVE = {
    "大前天": -3,
    "前天": -2,
    "前日": -2,
    "昨天": -1,
    "昨日": -1,
    "昨儿": -1,
    "琴日": -1,
    "昨": -1,
    "今天": 0,
    "今日": 0,
    "今儿": 0,
    "今儿个": 0,
    "今朝": 0,
    "今": 0,
    "当天": 0,
    "明天": 1,
    "明日": 1,
    "明儿": 1,
    "明儿个": 1,
    "明朝": 1,
    "听日": 1,
    "明": 1,
    "后天": 2,
    "后日": 2,
    "后儿": 2,
    "后儿个": 2,
    "大后天": 3,
}
_WEEKDAYS = {
    **{name: i for i, name in enumerate("一二三四五六日")},
    "天": 6,
    "末": 5,
    **{str(i): i - 1 for i in range(1, 8)},
}
_WEEK_SHIFT = {"上上": -2, "上": -1, "这": 0, "本": 0, "下": 1, "下下": 2}

# A number before 号 is a day only when no house, gate, line or machine follows.
_NUMBERED_THING = r"[楼栋幢院门线桩电梯库车位机口房室厅底商铺表岗单元码卡柜泵井]"
_MONTH = r"(?:1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])"
_MONTH_DAY = (
    r"(?:[12]\d|3[01]|0?[1-9]|三十一?|廿[一二三四五六七八九]?|二?十[一二三四五六七八九]?|二十|[一二三四五六七八九])"
)

DAY = (
    r"(?:(?P<relative>" + "|".join(sorted((w for w in _RELATIVE if len(w) > 1), key=len, reverse=True)) + r")"
    r"|(?P<short>[今明昨])(?=早|晚|晨|夜|上午|下午|中午|后[两2]?天)"
    r"|(?P<week>上上|下下|上|下|这|本)?个?(?:周|星期|礼拜)(?P<weekday>[一二三四五六日天末]|[1-7](?!\d|[天年岁栋单次项号楼个]))(?![栋年岁])"
    rf"|(?:(?P<year>20\d\d)[年\-/.]\s?)?(?P<month>{_MONTH})(?:月|[/\-.](?=\d{{1,2}}(?:[号日]|\s?(?:上午|下午|晚上|早上|中午|\d{{1,2}}[:点]))))(?P<month_day>{_MONTH_DAY})(?![\d个月十百千])(?:[号日](?!{_NUMBERED_THING}))?"
    rf"|(?P<full>20\d\d[\-/.]\d{{1,2}}[\-/.]\d{{1,2}})(?!\d)"
    rf"|(?P<which>下下个?|下个?|这个?|本|上个?)月(?P<which_day>{_MONTH_DAY})[号日]"
    rf"|(?<![\d第编电桩梯月铺商排院楼园弄巷路街层])(?P<day>{_MONTH_DAY})(?:号(?!{_NUMBERED_THING})|(?<=[\d十])日(?![内之天游常]))"
    rf"|(?P<count>{SMALL}|半)个?(?P<unit>天|日|周|星期|礼拜)(?P<way>以后|之后|后(?!面)|以前|之前|前(?!面))"
    rf"|过(?P<after>{SMALL})天)"
)
"""A day, as a regular expression with named groups for `resolve`."""

KEYS = ("relative", "short", "weekday", "month", "full", "which", "day", "count", "after")
"""The groups of `DAY` one of which is set when a day was named."""


@dataclass(frozen=True)
class Day:
    """The day meant; `floating`: only a weekday was said, so that one already over means the next.
    `weekend`: it is the first day of a weekend as a whole."""

    date: date
    floating: bool = False
    weekend: bool = False


def month_shifted(year: int, month: int, shift: int) -> tuple[int, int]:
    """The year and month `shift` months later."""
    index = year * 12 + month - 1 + shift
    return index // 12, index % 12 + 1


def _date(year: int, month: int, day: int) -> Day | None:
    if not 1 <= month <= 12 or not 1 <= day <= calendar.monthrange(year, month)[1]:
        return None
    return Day(date(year, month, day))


def _weekday(today: date, week: str | None, name: str) -> Day:
    target = _WEEKDAYS[name]
    if week is not None:
        monday = today - timedelta(days=today.weekday())
        return Day(monday + timedelta(weeks=_WEEK_SHIFT[week], days=target), weekend=name == "末")
    if name == "末" and today.weekday() >= 5:
        return Day(today, floating=True, weekend=True)
    return Day(today + timedelta(days=(target - today.weekday()) % 7), floating=True, weekend=name == "末")


def _month_day(today: date, year: str | None, month: int, day: int) -> Day | None:
    if year:
        return _date(int(year), month, day)
    here = _date(today.year, month, day)
    if here is None:
        return None
    # 1月5日 said in November is the coming one, 12月30日 said in January the last one.
    if here.date < today - timedelta(days=200):
        return _date(today.year + 1, month, day)
    if here.date > today + timedelta(days=200):
        return _date(today.year - 1, month, day)
    return here


def resolve(groups: Mapping[str, str | None], now: datetime, *, past: bool = False) -> Day | None:
    """The day that the groups of a match of `DAY` name, or None when there is no such day (2月30号).

    `past`: the message speaks of something that has happened, so that 15号 and 周三 are the last ones.
    """
    today = now.date()
    if word := groups["relative"] or groups["short"]:
        return Day(today + timedelta(days=_RELATIVE[word]))
    if name := groups["weekday"]:
        found = _weekday(today, groups["week"], name)
        over = past and found.floating and found.date > today
        return Day(found.date - timedelta(days=7), weekend=found.weekend) if over else found
    if full := groups["full"]:
        year, month, day = (int(part) for part in re.split(r"[\-/.]", full))
        return _date(year, month, day)
    if groups["month"]:
        month, day = to_int(groups["month"]) or 0, to_int(groups["month_day"] or "") or 0
        return _month_day(today, groups["year"], month, day)
    if which := groups["which"]:
        shift = _WEEK_SHIFT[which.rstrip("个")]
        return _date(*month_shifted(today.year, today.month, shift), to_int(groups["which_day"] or "") or 0)
    if groups["day"]:
        day = to_int(groups["day"]) or 0
        if day < today.day and not past:
            return _date(*month_shifted(today.year, today.month, 1), day)
        if day > today.day and past:
            return _date(*month_shifted(today.year, today.month, -1), day)
        return _date(today.year, today.month, day)
    count = to_int(groups["count"] or groups["after"] or "")
    if count is None:
        return None
    step = count * (1 if (groups["unit"] or "天") in "天日" else 7)
    return Day(today + timedelta(days=-step if "前" in (groups["way"] or "") else step))
