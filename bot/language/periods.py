"""Billing periods as residents say them: 上个月, 去年, 今年三月, 第一季度, 3到5月.

Works on normalised text; resolved against the month of the message. Values are `YYYY-MM`, `YYYY`, or
`YYYY-MM/YYYY-MM` (inclusive). A month without a year is the last one that has begun, since people ask about bills they
have got.
"""

from __future__ import annotations

import re
from datetime import datetime

from bot.language.days import month_shifted
from bot.language.numerals import SMALL, to_int
from bot.language.spans import Span
from bot.language.times import SHANGHAI

_YEARS = {
    "去年": -1,
    "今年": 0,
    "本年": 0,
    "本年度": 0,
    "今年度": 0,
    "明年": 1,
    "前年": -2,
    "大前年": -3,
    "上一年": -1,
    "上年": -1,
    "上年度": -1,
}
_MONTHS = {"上上": -2, "上": -1, "上一": -1, "这": 0, "这一": 0, "本": 0, "当": 0, "下": 1, "下一": 1, "下下": 2}
_PARTS = {
    "上半年": (1, 6),
    "下半年": (7, 12),
    "前半年": (1, 6),
    "后半年": (7, 12),
    "年初": (1, 1),
    "年底": (12, 12),
    "年末": (12, 12),
}

_N_MONTH = r"(?:1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])"
_YEAR = (
    r"(?:(?P<year_word>" + "|".join(sorted(_YEARS, key=len, reverse=True)) + r")(?!代)的?"
    r"|(?<![\dA-Za-z])(?P<year>20\d\d|二[零〇]二[零〇一二三四五六七八九])年?度?的?[-./]?"
    r"|(?P<year2>2\d)年(?!前|后|了|多|来)的?)"
)
_NO_DAY = r"(?![\d一二三四五六七八九十]*[号日](?!子))"
_MONTH = rf"(?P<month>{_N_MONTH})月(?:份|分(?!钟))?(?!\d){_NO_DAY}(?![一二三四五六七八九十]+[号日])"
_RELATIVE = r"(?P<relative>上上|下下|上一|下一|这一|上|下|这|本|当)个?月(?:份)?(?!\d|[一二三四五六七八九十]+[号日])"
_TO = r"(?:\s*(?:到|至|[-~—–])\s*)"

_PATTERNS = (
    # 去年十月到今年三月, 3月到5月, 3到5月, 2026年3-5月
    (
        "range",
        re.compile(
            rf"{_YEAR}?(?P<from>{_N_MONTH})(?:月(?:份)?)?{_TO}(?:(?P<to_year_word>今年|去年|明年)|(?P<to_year>20\d\d)[年\-./])?(?P<to>{_N_MONTH})月(?:份)?(?![\d]|[一二三四五六七八九十]+[号日])"
        ),
    ),
    (
        "month_pair",
        re.compile(
            rf"{_YEAR}?(?P<from>[一二三四五六七八九]|十)、?(?P<to>[二三四五六七八九十]|十[一二])(?:两个?|2个)?月(?:份)?(?![\d]|[一二三四五六七八九十]+[号日])"
        ),
    ),
    (
        "quarter",
        re.compile(
            rf"{_YEAR}?(?:(?:第(?P<quarter>[一二三四1-4])个?|(?<![\d十个])(?P<plain_quarter>[一二三四1-4]))季度?|[qQ](?P<q>[1-4]))"
        ),
    ),
    ("relative_quarter", re.compile(r"(?P<which>上上|上一|上|这|本|当|下)个?季度")),
    ("part", re.compile(rf"{_YEAR}?(?P<part>{'|'.join(_PARTS)})")),
    ("month", re.compile(rf"{_YEAR}?(?<![\d第]){_MONTH}")),
    ("relative_month", re.compile(_RELATIVE)),
    (
        "digits",
        re.compile(
            r"(?<![\d\-/.])(?P<year>20\d\d)[-./年]?(?P<month>0[1-9]|1[0-2]|(?<=[-./年])[1-9])(?![\d\-/.]|[元块])"
        ),
    ),
    (
        "last_months",
        re.compile(
            rf"(?:最近|近|这|过去|前|上|头|之前|此前)(?:的|这)?(?P<count>{SMALL}|半)个?(?P<unit>月|年|季度)(?!前|后)"
        ),
    ),
    ("last_half", re.compile(r"(?:最近|近|这|过去)(?:的)?半年")),
    ("year", re.compile(rf"{_YEAR}(?:(?<=[年度])|(?<=年的))(?:全年|一年|一整年|整年)?")),
)


def _month_value(year: int, month: int) -> str:
    return f"{year:04d}-{month:02d}"


def _range(first: tuple[int, int], last: tuple[int, int]) -> str:
    return _month_value(*first) if first == last else f"{_month_value(*first)}/{_month_value(*last)}"


def _year_of(groups: dict[str, str | None], now: datetime, prefix: str = "") -> int | None:
    if word := groups.get(f"{prefix}year_word"):
        return now.year + _YEARS[word]
    if digits := groups.get(f"{prefix}year"):
        return to_int(digits)
    if short := groups.get(f"{prefix}year2"):
        return 2000 + int(short)
    return None


def _last_begun(month: int, now: datetime) -> int:
    return now.year if month <= now.month else now.year - 1


def _value(kind: str, groups: dict[str, str | None], now: datetime) -> str | None:
    year = _year_of(groups, now)
    this_month = (now.year, now.month)
    if kind in {"range", "month_pair"}:
        first, last = to_int(groups["from"] or "") or 0, to_int(groups["to"] or "") or 0
        if kind == "month_pair" and last != first + 1:
            return None
        end_year = _year_of(groups, now, "to_")
        if year is None:
            year = end_year if end_year and first <= last else (end_year - 1 if end_year else _last_begun(first, now))
        end = end_year or (year if last >= first else year + 1)
        return _range((year, first), (end, last))
    if kind in {"quarter", "relative_quarter"}:
        if kind == "quarter":
            number = to_int(groups["quarter"] or groups["plain_quarter"] or groups["q"] or "") or 0
            year = year if year is not None else _last_begun(number * 3 - 2, now)
        else:
            index = now.year * 4 + (now.month - 1) // 3 + _MONTHS[groups["which"] or "这"]
            year, number = index // 4, index % 4 + 1
        return _range((year, number * 3 - 2), (year, number * 3))
    if kind == "part":
        first, last = _PARTS[groups["part"] or ""]
        year = now.year if year is None else year
        return _range((year, first), (year, last))
    if kind in {"month", "digits"}:
        month = to_int(groups["month"] or "") or 0
        return _month_value(year if year is not None else _last_begun(month, now), month)
    if kind == "relative_month":
        return _month_value(*month_shifted(*this_month, _MONTHS[groups["relative"] or "这"]))
    if kind == "last_half":
        return _range(month_shifted(*this_month, -5), this_month)
    return str(year) if kind == "year" and year else None


def _last_months(match: re.Match[str], now: datetime) -> str | None:
    """最近三个月 ends with this month, 前三个月 and 上半年's like end before it."""
    count = 0 if match["count"] == "半" else to_int(match["count"]) or 0
    months = {"月": 1, "季度": 3, "年": 12}[match["unit"]] * count if match["count"] != "半" else 6
    if not 0 < months <= 36:
        return None
    end_shift = -1 if match.group().startswith(("前", "上", "头", "之前", "此前")) else 0
    end = month_shifted(now.year, now.month, end_shift)
    return _range(month_shifted(*end, 1 - months), end)


def find(text: str, now: datetime) -> list[Span]:
    """Every billing period named in `text` (normalised), resolved against the aware datetime `now`."""
    now = now.astimezone(SHANGHAI)
    found: list[Span] = []
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            end = match.end()
            while text[end - 1] in "的-./ ":
                end -= 1
            if any(span.start < end and match.start() < span.end for span in found):
                continue
            value = _last_months(match, now) if kind == "last_months" else _value(kind, match.groupdict(), now)
            if value is not None:
                found.append(Span(match.start(), end, "period", text[match.start() : end], value))
    return sorted(found)
