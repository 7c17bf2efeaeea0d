"""Building, unit and room in every spelling residents use: 三栋二单元501, 3-2-501, B座1203, 12号楼, a bare 501.

Works on normalised text. Values are digits as strings without leading zeros (the room keeps its digits), letters
upper-case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.language.numerals import DIGITS, SMALL, door_number, to_int
from bot.language.spans import Span

_N = rf"(?:[A-Za-z]?{SMALL}|[A-Za-z]\d?)"
_ONE = "[一二三四五六七八九]"
_DOOR_DIGITS = (
    rf"(?:\d{{3,4}}[A-Za-z]?|[{DIGITS}]{{3,4}}"
    rf"|(?:[一二两]千零?)?[一二两三四五六七八九]百零?{_ONE}?十?{_ONE}?|[一二两]千零{_ONE}|[二三]?十{_ONE}?[零〇洞][一二三四五六七八九幺])"
)
# 室 closes a room; 户 and 号 do too unless they begin another word. What is counted is no room.
_DOOR_END = r"(?:号房|房间|室|房(?![东租子价贷客产])|户(?![型主口])|号(?![楼院线码]))"
_NO_COUNT = rf"(?!开头|打头|结尾|[{DIGITS}]|[.:]\d|[元块度方米平吨年月日天斤毛个次分笔万千]|多|\s*[-/.]\s*\d)"
_JOIN = r"[\s,、\-.—/的]{0,2}(?:[^\d,。]单元)?"

# 东, 动, 冻, 懂 are what speech recognition makes of 栋; only in front of a unit or a room.
_BUILDING = re.compile(
    rf"(?<![哪每这那整同几])(?P<n>{_N})\s?(?:号楼|(?<!两)[栋幢](?:楼(?![下道上顶梯层里前后]))?|座(?![机位谈])|号(?=\s?{SMALL}\s?单元)|#楼?|楼(?=\s?{SMALL}\s?单元)|(?:东|动|冻|懂|洞)(?=\s?{SMALL}\s?(?:单|单元)|\d{{3,4}}))"
    rf"|(?P<n2>{SMALL})号(?={_JOIN}\d{{3,4}}(?:室|房|$|[,。的]))"
)
_UNIT = re.compile(
    rf"(?<![哪每这那整同几])(?P<n>{SMALL}|[A-Za-z])\s?(?:单元|单员|但元|担元|门(?={_JOIN}{_DOOR_DIGITS}))"
)
_ROOM_AFTER = re.compile(rf"{_JOIN}(?:{SMALL}[楼层]{_JOIN})?(?P<n>{_DOOR_DIGITS}){_NO_COUNT}\s?(?:{_DOOR_END})?")
_FLOOR_AND_DOOR = re.compile(rf"{_JOIN}(?P<n>(?P<floor>{SMALL})[楼层](?P<door>\d\d))(?!\d)(?:室|房|号)?")
_ROOM_MARKED = re.compile(rf"(?<![{DIGITS}A-Za-z\-.])(?P<n>{_DOOR_DIGITS})\s?{_DOOR_END}")
_ROOM_CUED = re.compile(
    rf"(?:(?:房号|房间号|门牌号?|室号|户号)[^\d]{{0,12}}?|(?:住(?:在)?|我家(?:是|在)?|家(?:是|在)|房子(?:是|在)|我是|楼上|楼下|隔壁|对门|对面|底商|商铺|门面|铺面)[是为:,在的]?)\s?(?P<n>\d{{3,4}}[A-Za-z]?){_NO_COUNT}"
)
_ROOM_ALONE = re.compile(
    rf"[,。!]*(?:我?(?:是|在|住|家)?(?:是|在)?)?(?P<n>{_DOOR_DIGITS})(?:{_DOOR_END})?(?:的|啊|呀|吧|哈|呢|哦|业主|,|。|!)*"
)
_DASH = r"\s?(?:[-/—–~_.杠]|之)\s?"
_NOT_IN_NUMBER = r"(?<![\dA-Za-z\-./:])"
_DASHED = (
    re.compile(
        rf"{_NOT_IN_NUMBER}(?P<building>[A-Za-z]?\d{{1,2}}|[A-Za-z]|[{DIGITS}])(?:栋|号楼|座|幢)?{_DASH}"
        rf"(?P<unit>\d{{1,2}}|[{DIGITS}])(?:单元)?{_DASH}(?P<room>\d{{3,4}}[A-Za-z]?|[{DIGITS}]{{3,4}})(?![\d\-]|[./]\d)"
    ),
    re.compile(
        rf"{_NOT_IN_NUMBER}(?P<building>[A-Za-z]?\d{{1,2}}|[A-Za-z]|[{DIGITS}]){_DASH}(?P<room>\d{{3,4}}[A-Za-z]?|[{DIGITS}]{{3,4}})(?![\d\-./]|[元块度年月日])"
    ),
    re.compile(rf"{_NOT_IN_NUMBER}(?P<building>\d{{1,2}}) (?P<unit>\d{{1,2}}) (?P<room>\d{{3,4}})(?![\d ])"),
    re.compile(rf"{_NOT_IN_NUMBER}(?P<building>[A-Z])(?P<room>\d{{3,4}})(?=$|[,。的室!?])"),
)
_NO_HOME_BEFORE = re.compile(
    r"(?:车位|车库|地库|泊位|充电桩|电话|卡号|表号|编号|单号|工单|订单|快递|尾号)(?:号)?(?:是|在|为|:|的)?\s?$"
)
# 不是1203 is what it is not.
_DENIED = re.compile(r"(?<!是)不是(?:住|在)?$")
# 两百三 is how sums are said, not doors.
_SUM = re.compile("[一二两三四五六七八九][百千][一二三四五六七八九]")
_SAYINGS = {"666", "886", "233", "520", "110", "119", "120", "114"}


def _label(text: str) -> str | None:
    """A building's or unit's name as digits, letters upper-case (B, A3, 12)."""
    letter = text[0].upper() if text[0].isascii() and text[0].isalpha() else ""
    rest = text[len(letter) :]
    if not rest:
        return letter or None
    number = to_int(rest)
    return None if number is None else f"{letter}{number}"


def _span(
    entity: str, match: re.Match[str], group: str | int, value: str | None, end: int | None = None
) -> Iterator[Span]:
    if value:
        start = match.start(group)
        stop = match.end(group) if end is None else end
        yield Span(start, stop, entity, match.string[start:stop], value)


def _door(text: str) -> str | None:
    number = door_number(text.rstrip("ABCDEFGHabcdefgh"))
    return None if number is None else number + text[len(text.rstrip("ABCDEFGHabcdefgh")) :].upper()


def _free(found: list[Span], start: int, end: int) -> bool:
    return not any(span.start < end and start < span.end for span in found)


def _dashed(text: str) -> list[Span]:
    """3-2-501, B-1203, 3 2 501; the number of a parking space (车位B1-056) looks the same and is none."""
    found: list[Span] = []
    for pattern in _DASHED:
        for match in pattern.finditer(text):
            if not _free(found, match.start(), match.end()) or _NO_HOME_BEFORE.search(text[: match.start()]):
                continue
            found += _span("building", match, "building", _label(match["building"]))
            if "unit" in match.groupdict():
                found += _span("unit", match, "unit", _label(match["unit"]))
            found += _span("room", match, "room", _door(match["room"]))
    return found


def _named(text: str, found: list[Span]) -> list[Span]:
    """Buildings and units with their words, and the rooms right behind them."""
    named: list[Span] = []
    for entity, pattern in (("building", _BUILDING), ("unit", _UNIT)):
        for match in pattern.finditer(text):
            group = "n" if match["n"] else "n2"
            lone_letter = entity == "unit" and match[group].isascii() and match[group].isalpha() and not named
            if lone_letter or _DENIED.search(text[: match.start()]) or not _free(found, match.start(), match.end()):
                continue
            named += _span(entity, match, group, _label(match[group]), match.end())
    for span in list(named):
        for pattern in (_ROOM_AFTER, _FLOOR_AND_DOOR):
            follower = pattern.match(text, span.end)
            if follower and _free(named + found, follower.start("n"), follower.end("n")):
                door = follower["n"] if pattern is _ROOM_AFTER else f"{to_int(follower['floor'])}{follower['door']}"
                named += _span("room", follower, "n", _door(door))
                break
    return named


def find(text: str, *, asked: bool = False) -> list[Span]:
    """The building, unit and room named in `text` (normalised).

    `asked`: a room has just been asked for, so that a lone number is one even where it could be something else.
    """
    found = _dashed(text)
    found += _named(text, found)
    for pattern in (_ROOM_MARKED, _ROOM_CUED):
        if any(span.entity == "room" for span in found):
            break
        for match in pattern.finditer(text):
            if not _DENIED.search(text[: match.start("n")]) and _free(found, match.start("n"), match.end("n")):
                found += _span("room", match, "n", _door(match["n"]))
    if not found:
        alone = _ROOM_ALONE.fullmatch(text)
        said = alone["n"] if alone else ""
        if alone and (asked or not (said in _SAYINGS or said.endswith("00") or _SUM.fullmatch(said))):
            found += _span("room", alone, "n", _door(alone["n"]))
    return sorted(found)
