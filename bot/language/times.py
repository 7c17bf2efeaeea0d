"""Points and stretches of time as residents say them, resolved against the moment the message was sent.

Works on normalised text and an aware `now`; values are ISO 8601 in Asia/Shanghai, `start` or `start/end`. A part of the
day alone means 上午 09:00, 下午 14:00, 晚上 19:00 (intent contract); the others are set likewise in `PARTS`. A bare
hour is taken as people make appointments: one to six o'clock is the afternoon, and what has passed today is the next
one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.language import days
from bot.language.numerals import SMALL, to_int
from bot.language.spans import Span

SHANGHAI = ZoneInfo("Asia/Shanghai")
_SATURDAY = 5

_MORNING = {"凌晨": 0, "大清早": 7, "清早": 7, "清晨": 7, "一大早": 8, "早晨": 8, "早上": 9, "早": 9, "上午": 9}
_NOON = {"中午": 12, "正午": 12, "晌午": 12}
_AFTERNOON = {"下午": 14, "午后": 14}
_EVENING = {"傍晚": 18, "晚上": 19, "夜里": 19, "夜间": 19, "晚间": 19, "晚": 19, "夜": 19, "深夜": 23, "半夜": 23}
_AFTER_WORK = {"下班以后": 18, "下班之后": 18, "下班后": 18, "下了班": 18}
_EVENING |= _AFTER_WORK
PARTS = {**_MORNING, **_NOON, **_AFTERNOON, **_EVENING}
"""The hour at which a part of the day begins."""

_PART = (
    "(?P<part>"
    + "|".join(sorted((p for p in PARTS if len(p) > 1), key=len, reverse=True))
    + r"|[早晚夜](?!点|些|饭|一点|就|高峰|班|餐|市))"
)
_HOUR = r"(?:2[0-4]|1\d|0?\d|二十[一二三四]?|十[一二]?|[一二两三四五六七八九])"
_CLOCK = (
    rf"(?P<hour>{_HOUR})(?:(?P<colon>:)(?P<minute>[0-5]\d)(?!\d)(?::\d\d)?"
    r"|(?P<later>[二两三四五六七八九]|十[一二]?)?(?:点钟?|时(?![间候不常刻尚]))(?P<rest>半|(?P<quarter>[一三])刻|(?P<spoken>[0-5]?\d|零[一二三四五六七八九]|[二三四五]?十[一二三四五六七八九]?|[一二三四五六七八九](?=分))分?(?!钟))?整?)"
)
# 下午2到4点: the first hour goes without 点
_BARE_HOUR = rf"(?P<hour>{_HOUR})(?=(?:到|至|[-~—–])(?:{_HOUR})(?:点|时))"
_FILLER = r"(?:的|那天|这天|当天|大概|大约|差不多|估计|应该|,|\s)*"

_POINT = re.compile(rf"(?:{days.DAY}{_FILLER})?(?:{_PART}{_FILLER})?(?:{_CLOCK})?")
_POINT_BARE = re.compile(rf"(?:{days.DAY}{_FILLER})?(?:{_PART}{_FILLER})?{_BARE_HOUR}")
_TO = re.compile(r"(?:左右|多)?\s*(?:到|至|[-~—–])\s*")
_ROUNDING = re.compile(r"(?:左右|多钟?|来钟|前后|之间|这个时间|这段时间)")
_AFTER = re.compile(r"(?:多|左右)?(?:以后|之后|过后|往后|后(?![天面门勤卫]))")
_BEFORE = re.compile(r"(?:多|左右)?(?:以前|之前|前(?![天面台门往]))")
_TWO_DAYS = re.compile(r"(?:明后|今明)(?:两|2)?天?|后天(?:或者?|和|跟)大后天")
_IN_A_WHILE = re.compile(
    rf"(?:再?过|等)?(?P<n>{SMALL}|半|[一两三]个半)\s?(?P<unit>个?小时|个?钟头|个钟|分钟|刻钟)(?P<half>半)?(?:以后|之后|过后|后(?!面))"
)
# A habit is no appointment: 每天晚上十点, 每周三, 一到晚上.
_HABIT = re.compile(r"(?:每|每个|每到|每天|每晚|天天|一到|经常|总是|老是|整天|每次|平时|通常|常常)(?:都)?$")
_HAPPENED = re.compile(
    r"[^,。!?]{0,5}(?:报的|报了|报修的|报修了|报过|交的|交了|缴|来过|来了|来的|修的|修过|修了|停了|停的|坏的|就坏|坏了|就|刚|已经|已|申请的|投诉|说的|买的|办的|付|转|打的|打了|开始|发的|漏|登记的|约的|提的|反映|起来|起床|醒|发现|还在|回来|接[到了的]|收到)"
)
_OFFERED = re.compile(r"\s*(?:吧|行|可以|有空|在家|方便|有时间|有人|来|再来|都|上门|过来|以后|之后|前|就行|,|。|!|$)")
_LOOSE_HOUR_BEFORE = re.compile(r"(?:^|[,。!?:到在约成是定至改\-~ ])$")
_LOOSE_HOUR_AFTER = re.compile(r"(?:$|[,。!?到至\-~\s以之左多来前后开上吧行可就有再我师])")


@dataclass(frozen=True)
class _Point:
    """What one expression says; each part may be missing. `exact`: written as 15:00 or with an hour past twelve."""

    start: int
    end: int
    day: days.Day | None
    part: str | None
    clock: tuple[int, int] | None
    exact: bool = False
    until_hour: int | None = None
    """两三点: the second of the two hours."""


def _read(text: str, at: int, now: datetime) -> _Point | None:
    match = _POINT_BARE.match(text, at) or _POINT.match(text, at)
    if match is None or match.end() == match.start():
        return None
    groups = match.groupdict()
    day: days.Day | None = None
    named_day = any(groups.get(key) for key in days.KEYS)
    if named_day:
        day = days.resolve(groups, now, past=bool(_HAPPENED.match(text, match.end())))
        if day is None:
            return None
    clock: tuple[int, int] | None = None
    if groups["hour"]:
        clock = _clock(groups)
        if clock is None:
            return None
    elif len(groups.get("part") or "") == 1 and not named_day:
        return None  # 早 and 晚 alone are words of their own
    later = to_int(groups.get("later") or "") if groups.get("later") else None
    if later is not None and clock is not None and later != clock[0] + 1:
        clock, later = (to_int(f"{groups['hour']}{groups['later']}") or 0, clock[1]), None
        if clock[0] > 24:
            return None
    exact = bool(groups.get("colon")) or (clock is not None and clock[0] > 12)
    end = match.end()
    while text[end - 1] in " ,的":
        end -= 1
    return _Point(match.start(), end, day, groups["part"], clock, exact, later)


def _clock(groups: dict[str, str | None]) -> tuple[int, int] | None:
    hour = to_int(groups["hour"] or "")
    minute: int | None = 0
    if groups.get("minute"):
        minute = int(groups["minute"] or "")
    elif groups.get("quarter"):
        minute = 15 * (to_int(groups["quarter"] or "") or 0)
    elif groups.get("spoken"):
        minute = to_int(groups["spoken"] or "")
    elif groups.get("rest"):
        minute = 30
    if hour is None or hour > 24 or minute is None or minute > 59:
        return None
    return hour, minute


def _moment(point: _Point, now: datetime, *, happened: bool) -> datetime:
    """The instant that a point names."""
    day = point.day.date if point.day else now.date()
    if point.clock is None:
        moment = datetime.combine(day, time(PARTS[point.part] if point.part else 0), SHANGHAI)
    else:
        hour, minute = point.clock
        day, hour = _on_24_hours(day, hour, point)
        moment = datetime.combine(day, time(hour, minute), SHANGHAI)
    if happened or moment >= now:
        return moment
    if point.day is not None:
        passed = point.day.floating and (point.clock is not None or point.part is not None)
        if passed and point.day.weekend and day.weekday() == _SATURDAY:
            return moment + timedelta(days=1)
        return moment + timedelta(days=7) if passed else moment
    # 八点 said at ten may be this evening; nine to eleven o'clock is the next morning: nobody is visited at night.
    if point.clock is not None and point.part is None and not point.exact and point.clock[0] < 9:
        return moment + timedelta(hours=12) if moment + timedelta(hours=12) > now else moment + timedelta(days=1)
    return moment + timedelta(days=1)


def _on_24_hours(day: date, hour: int, point: _Point) -> tuple[date, int]:
    if point.part in _EVENING:
        if hour in {12, 24} or hour < 5:
            # 晚上12点 and 夜里两点 belong to the night that follows; 半夜两点 to the day that was named.
            return (day if point.part == "半夜" else day + timedelta(days=1)), hour % 12
        return day, hour + 12 if hour < 12 else hour
    if point.part in _AFTERNOON and hour < 12:
        return day, hour + 12
    if point.part in _NOON and hour < 4:
        return day, hour + 12
    if point.part is None and not point.exact and 1 <= hour <= 6:
        return day, hour + 12
    if point.part == "凌晨" and hour == 12:
        return day, 0
    if hour == 24:
        return day + timedelta(days=1), 0
    return day, hour


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def _span(text: str, start: int, end: int, first: datetime, last: datetime | None = None) -> Span:
    value = _iso(first) if last is None else f"{_iso(first)}/{_iso(last)}"
    return Span(start, end, "time", text[start:end], value)


def _end_of_day(moment: datetime) -> datetime:
    return moment.replace(hour=23, minute=59, second=59)


def _end_of_weekend(moment: datetime) -> datetime:
    return _end_of_day(moment + timedelta(days=6 - moment.weekday()))


def _in_a_while(text: str, now: datetime) -> list[Span]:
    found = []
    for match in _IN_A_WHILE.finditer(text):
        count = match["n"]
        amount = 0.5 if count == "半" else float(to_int(count.removesuffix("个半")) or 0) + 0.5 * count.endswith("个半")
        amount += 0.5 if match["half"] else 0
        minutes = amount * (1 if match["unit"] == "分钟" else 15 if match["unit"] == "刻钟" else 60)
        moment = (now + timedelta(minutes=minutes)).replace(second=0, microsecond=0)
        found.append(_span(text, match.start(), match.end(), moment))
    return found


def _two_days(text: str, now: datetime) -> list[Span]:
    found = []
    for match in _TWO_DAYS.finditer(text):
        ahead = 0 if match.group().startswith("今明") else 1 if match.group().startswith("明后") else 2
        first = datetime.combine(now.date() + timedelta(days=ahead), time(0), SHANGHAI)
        found.append(_span(text, match.start(), match.end(), first, _end_of_day(first + timedelta(days=1))))
    return found


def _is_meant(text: str, point: _Point) -> bool:
    """Whether the expression is a time here and not half of another word or a habit."""
    before = text[: point.start]
    if _HABIT.search(before):
        return False
    if point.day is not None:
        return True
    if point.clock is None:
        # 晚上 alone tells when only if it is offered or asked for: 晚上有空, 改到下午
        if point.part in _AFTER_WORK:
            before = re.sub("(?:我|我们)$", "", before)
        return bool(_LOOSE_HOUR_BEFORE.search(before) and _OFFERED.match(text, point.end))
    if (
        point.part is None
        and ":" not in text[point.start : point.end]
        and not text[point.start : point.end].endswith(("半", "分", "刻", "钟", "整"))
    ):
        return bool(_LOOSE_HOUR_BEFORE.search(before) and _LOOSE_HOUR_AFTER.match(text, point.end))
    return True


def _with_end(text: str, point: _Point, now: datetime) -> Span:
    happened = bool(_HAPPENED.match(text, point.end))
    first = _moment(point, now, happened=happened)
    if point.until_hour is not None and point.clock is not None:
        hours = point.until_hour - point.clock[0]
        return _span(text, point.start, point.end, first, first + timedelta(hours=hours))
    joint = _TO.match(text, point.end)
    second = _read(text, joint.end(), now) if joint else None
    if second is not None and (second.clock is None) == (point.clock is None):
        last = _end_of_range(point, second, first, now)
        if last > first:
            tail = _ROUNDING.match(text, second.end)
            return _span(text, point.start, tail.end() if tail else second.end, first, last)
    if point.clock or point.part:
        if after := _AFTER.match(text, point.end):
            return _span(text, point.start, after.end(), first)
        if before := _BEFORE.match(text, point.end):
            hour = PARTS[point.part] if point.part and point.clock else 0
            opening = datetime.combine(first.date(), time(hour), SHANGHAI)
            opening = now.replace(microsecond=0) if opening < now < first else min(opening, first)
            return _span(text, point.start, before.end(), opening, first)
    elif point.day is not None and point.day.weekend:
        return _span(text, point.start, point.end, first, _end_of_weekend(first))
    rounding = _ROUNDING.match(text, point.end)
    return _span(text, point.start, rounding.end() if rounding and point.clock else point.end, first)


def _end_of_range(first: _Point, second: _Point, start: datetime, now: datetime) -> datetime:
    if second.clock is None:
        base = second if second.day else replace(second, day=days.Day(start.date()))
        end = _moment(base, start if second.day is None else now, happened=True)
        if second.part is not None:
            return end
        return _end_of_weekend(end) if second.day is not None and second.day.weekend else _end_of_day(end)
    part = second.part or first.part
    inherited = replace(second, part=part, day=second.day or days.Day(start.date()))
    end = _moment(inherited, now, happened=True)
    # 上午九点到两点: the part of the start no longer holds at its end
    while end <= start and second.part is None and end.date() == start.date():
        end += timedelta(hours=12)
    # 晚上七点到早上七点
    return end + timedelta(days=1) if end <= start and second.part and second.day is None else end


def find(text: str, now: datetime) -> list[Span]:
    """Every time named in `text` (normalised), resolved against the aware datetime `now`."""
    now = now.astimezone(SHANGHAI)
    found = _in_a_while(text, now) + _two_days(text, now)
    at = 0
    while at < len(text):
        inside = next((span.end for span in found if span.start <= at < span.end), None)
        point = None if inside else _read(text, at, now)
        if point is None or (point.start < at) or not _is_meant(text, point):
            at = inside or at + (1 if point is None else max(1, point.end - at))
            continue
        span = _with_end(text, point, now)
        found.append(span)
        at = span.end
    return sorted(found)
