"""Sums of money as residents say them: 230块5, 两百三, ￥1,200.50, 三毛; values are yuan as decimal strings.

Works on normalised text. A number without a unit is a sum only behind a word of paying (多收了我120) or in the
spoken form that only money and counts have (两百三) when nothing countable follows.
"""

from __future__ import annotations

import re
from decimal import Decimal

from bot.language.numerals import to_int
from bot.language.spans import Span

_NUMERALS = r"[〇零一二三四五六七八九十百千万两]+"
_DECIMAL = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?万?|\d+[千百]\d?"
_NUMBER = rf"(?:{_DECIMAL}|{_NUMERALS}(?:点[〇零一二三四五六七八九]+)?)"
_ONE = r"[\d一二三四五六七八九两]"

_WITH_UNIT = re.compile(
    rf"(?<![\d.几第])(?<!\d,)(?:[¥$]\s?)?(?P<yuan>{_NUMBER})(?<!十几)[多来]?(?:元|块|圆|蚊|rmb|RMB|人民币)(?!钟|头儿)(?:钱)?"
    rf"(?:零?(?P<mao>{_ONE})(?:(?:毛|角)(?:(?P<fen>{_ONE})分?)?)?(?![\d年月日号个单栋幢楼层度吨平方米十百千]))?(?:钱|整)?"
)
_MAO = re.compile(rf"(?<![\d元块])(?P<mao>{_ONE})(?:毛|角)(?:(?P<fen>{_ONE})分?)?(?:钱)?(?![色落阀钢铁])")
_SIGN = re.compile(rf"[¥]\s?(?P<yuan>{_DECIMAL})")
_SPOKEN = re.compile(
    r"(?<![\d〇零一二三四五六七八九十百千万两第])(?P<yuan>[一二两三四五六七八九][百千万][一二三四五六七八九](?:百[一二三四五六七八九]?十?)?)(?!(?!一(?:个|月|年|次|平|趟|小时))[〇零一二三四五六七八九十百千万\d])"
)
_CUE = re.compile(
    rf"(?:交|收|欠|扣|花|付|缴|充|罚|退|赔|转了|转账|应付|应交|应缴|多(?=了|出|收|交)|少(?=了|收|交)|涨|金额|余额|一共|总共|合计|共计|要价|报价)(?:了|过|的|掉|出来?|收了?|交了?|到了?)?(?:我|你|你们|我们)?(?:是|为|共|一共|:)?(?P<yuan>{_DECIMAL}|{_NUMERALS})(?![\d.〇零一二三四五六七八九十百千万几])"
)
_COUNTED = re.compile(
    r"\s?(?:半|样|成|下|笔|部分|整|类|折|手|圈|辈|直|起|分之|[平㎡方吨度米个次户人天年月日号室楼栋幢层点分秒小时岁张把只台件条本份遍趟回家位套箱瓶斤公升cmkKMm%％-]|多[个平次户人天]|几[个平次]|单元|星|期|季)"
)
# 两块瓷砖, 掉了三块: pieces, not money
_PIECES_BEFORE = re.compile(
    r"(?:掉|碎|裂|换|坏|少|缺|塌|翘|修|补|贴|破|拆|丢)(?:了|过|下|起|开|出)*[来去]?(?:了)?(?:有)?(?:好)?$"
)
_PIECES_AFTER = re.compile(
    r"\s?(?:大|小|旧|新|的)?(?:瓷砖|砖|玻璃|板|墙|地|木|石|皮|水泥|天花|牌|毯|表|布|草|泥|电池|屏|区域|地方|钢|铁)"
)
# 一块 is "together" or "a piece" unless it is asked for, paid or divided
_ONE_BEFORE = re.compile(r"(?:收|交|付|要|才|只|就|卖|涨|价|给|扣|差|欠|花|多|少|是|按)(?:了)?$")
_ONE_AFTER = re.compile(r"(?:一|每|/|[,。!?]|$|吨|度|方|平|/)")


def _yuan(text: str) -> Decimal | None:
    """A number of yuan, with a decimal part in either script."""
    text = text.replace(",", "")
    if re.fullmatch(r"\d+(?:\.\d+)?", text):
        return Decimal(text)
    if re.fullmatch(r"\d+(?:\.\d+)?万", text):
        return Decimal(text[:-1]) * 10_000
    whole, dot, rest = text.partition("点")
    number = to_int(whole)
    if number is None:
        return None
    if not dot:
        return Decimal(number)
    return Decimal(f"{number}.{''.join(str(to_int(digit)) for digit in rest)}")


def _plain(amount: Decimal) -> str:
    """230.50 is 230.5 and 230.00 is 230."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _value(match: re.Match[str]) -> str | None:
    groups = match.groupdict()
    total = Decimal(0)
    if groups.get("yuan"):
        yuan = _yuan(groups["yuan"])
        if yuan is None:
            return None
        total += yuan
    for name, worth in (("mao", Decimal("0.1")), ("fen", Decimal("0.01"))):
        if groups.get(name):
            total += (to_int(groups[name]) or 0) * worth
    return _plain(total)


def _is_pieces(match: re.Match[str]) -> bool:
    if "块" not in match.group() or "钱" in match.group() or match.groupdict().get("mao"):
        return False
    text = match.string
    small = (to_int(match["yuan"]) or 99) <= 10
    if _PIECES_AFTER.match(text, match.end()) or (small and _PIECES_BEFORE.search(text[: match.start()])):
        return True
    if match["yuan"] == "一":
        return not (_ONE_BEFORE.search(text[: match.start()]) or _ONE_AFTER.match(text, match.end()))
    return False


def find(text: str) -> list[Span]:
    """Every sum of money in `text` (normalised)."""
    found: list[Span] = []

    def keep(match: re.Match[str], start: int) -> None:
        value = _value(match)
        if value is not None and not any(span.start < match.end() and start < span.end for span in found):
            found.append(Span(start, match.end(), "amount", text[start : match.end()], value))

    for pattern in (_WITH_UNIT, _SIGN, _MAO):
        for match in pattern.finditer(text):
            if not _is_pieces(match):
                keep(match, match.start())
    for pattern in (_SPOKEN, _CUE):
        for match in pattern.finditer(text):
            # 交一半, 扣两笔: small numerals count something
            small = not match["yuan"][0].isdigit() and (to_int(match["yuan"]) or 0) < 10
            if not small and not _COUNTED.match(text, match.end()):
                keep(match, match.start("yuan"))
    return sorted(found)
