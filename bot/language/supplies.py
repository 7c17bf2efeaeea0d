"""The supplies of the contract (水, 电, 燃气, …) where a message means the supply itself.

Four ways to mean it: with an act of supplying (停水, 网又断了), by its own name (自来水, 煤气味), by its meter or card
(电表, 水卡), and by buying it (买电, 充气). A meter with a fault is a thing to repair and no question of supply.
"""

from __future__ import annotations

import re
from functools import lru_cache

from bot.language.lexicon import faults, lexicon
from bot.language.spans import Span

# 门锁没电了 is a battery, not the supply.
_BATTERY = re.compile(
    r"插座|表|锁|电池|遥控|报警器|门铃|探测|手机|电瓶|电动车|对讲|电车|充电宝|手电|电脑|血压计|轮椅|车(?![库位棚间])"
)
# 车胎没气了 is air, not the supply.
_AIR = re.compile(r"胎|球|打气|气筒|灭火器|可乐|汽水|车(?![库位棚间])")
_LIFT_IS_THERE = re.compile(r"(?:没有?|无|来|通|关|有)$")

_METERED = {
    "水": "水",
    "电": "电",
    "气": "燃气",
    "燃气": "燃气",
    "煤气": "燃气",
    "天然气": "燃气",
    "热": "暖气",
    "暖气": "暖气",
}
_NAMES = "|".join(sorted(_METERED, key=len, reverse=True))
# 水 in 水电表 has its meter behind the next word; 充电卡 is a card for cars.
_METER = re.compile(
    rf"(?<![热下空冷充])(?P<supply>{_NAMES})(?:量|力|费)?(?:表(?![示现演格扬箱盒间])|卡(?![住在了着壳扣死顿]))"
    r"|(?P<first>水)(?=电表)"
)
# 充电 is a car's or a telephone's business, 买水 that of a shop.
_BOUGHT = re.compile(
    r"(?:(?:买|购)(?:点|了|过|不了|不到|些|个)?(?P<supply>电|气|燃气|煤气|天然气)|(?:充|充值|购)(?:点|了|不了|些)?(?P<more>水|气|燃气|煤气|天然气))"
    r"(?![管灯线器池瓶梯视脑话筒罐罩动饭扇磁球垫枪灶阀泡果费])"
)


def find(text: str) -> tuple[list[Span], list[Span], list[Span]]:
    """Supplies of a normalised text: those with an act, those named or bought, those meant by their meter."""
    lowered = text.lower()
    return _acted(text, lowered), _named(text, lowered), _metered(text)


def _acted(text: str, lowered: str) -> list[Span]:
    words = lexicon()
    masked = words.not_utilities.sub(lambda m: "□" * len(m.group()), lowered)
    acted: list[Span] = []
    for match in words.utility_acts.finditer(masked):
        group = "behind" if match["behind"] else "ahead"
        start, end = match.span(group)
        if match[group] == "电" and "没" in match.group() and _BATTERY.search(text):
            continue
        if match[group] == "气" and _AIR.search(text):
            continue
        if words.utility_supplies[match[group]] == "电梯" and _LIFT_IS_THERE.search(masked[:start]):
            continue  # 没电梯的楼 has none, and nothing is off
        acted.append(Span(start, end, "utility", text[start:end], words.utility_supplies[match[group]]))
    return acted


def _named(text: str, lowered: str) -> list[Span]:
    words = lexicon()
    # What keeps its own meaning (煤气费) hides a name inside it, but not one that reaches out of it (气味 in 煤气味).
    own = [match.span() for match in words.not_utilities.finditer(lowered)]
    found = [
        _span(text, *match.span(), words.utility_words[match.group()])
        for match in _named_supplies().finditer(lowered)
        if not any(start <= match.start() and match.end() <= end for start, end in own)
    ]
    for match in _BOUGHT.finditer(text):
        group = "supply" if match["supply"] else "more"
        if match[group] == "气" and _AIR.search(text):
            continue
        found.append(_span(text, *match.span(group), _METERED[match[group]]))
    return found


def _metered(text: str) -> list[Span]:
    return [
        _span(text, *match.span(), _METERED[match["supply"] or match["first"]])
        for match in _METER.finditer(text)
        if not _is_broken(text, match)
    ]


def _is_broken(text: str, match: re.Match[str]) -> bool:
    return match.group().endswith("表") and bool(faults(_clause(text, match)))


def _clause(text: str, match: re.Match[str]) -> str:
    return re.split("[,。!?;]", text[: match.start()])[-1] + re.split("[,。!?;]", text[match.start() :])[0]


def _span(text: str, start: int, end: int, value: str) -> Span:
    return Span(start, end, "utility", text[start:end], value)


@lru_cache(maxsize=1)
def _named_supplies() -> re.Pattern[str]:
    return re.compile("|".join(re.escape(word) for word in sorted(lexicon().utility_words, key=len, reverse=True)))
