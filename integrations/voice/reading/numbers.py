"""Numbers as they are read aloud: 1005 is 一千零五, 2000 is 两千, 250.60 of money is 二百五十元六角."""

import re
from collections.abc import Callable
from decimal import Decimal

DIGITS = "零一二三四五六七八九"
_ONE_BY_ONE = str.maketrans("0123456789", DIGITS)
_SPELLED = str.maketrans("0123456789", "零幺二三四五六七八九")
_UNITS = ((1000, "千"), (100, "百"), (10, "十"), (1, ""))
_GROUPS = ("", "万", "亿", "万亿")
_TWO, _COUPLE, _TEN, _ONE_TEN, _ZERO, _POINT, _MINUS = "二", "两", "十", "一十", "零", "点", "负"
_YUAN, _JIAO, _FEN = "元", "角", "分"
_FRACTION_OF_MONEY = 2
_MOST_AS_A_NUMBER = 16
_MOST_IN_ONE_BREATH = 5
_PAUSE = "，"


def whole(digits: str) -> str:
    """A whole number as it is read: ``12`` is 十二, ``20000`` is 两万; more than sixteen digits are read one by one."""
    digits = digits.lstrip("0") or "0"
    if len(digits) > _MOST_AS_A_NUMBER:
        return one_by_one(digits)
    if digits == "0":
        return _ZERO
    value, groups = int(digits), []
    while value:
        value, low = divmod(value, 10_000)
        groups.append(low)
    text, gap = "", False
    for index in reversed(range(len(groups))):
        group = groups[index]
        if not group:
            gap = True
            continue
        said = _below_ten_thousand(group, couple=not text)
        # 两万, but 一百零二万 and 二 by itself
        said = _COUPLE if group == DIGITS.index(_TWO) and index and not text else said
        text += (_ZERO if text and (gap or group < 1000) else "") + said + _GROUPS[index]
        gap = False
    return text.removeprefix("一") if text.startswith(_ONE_TEN) else text


def _below_ten_thousand(value: int, *, couple: bool) -> str:
    """``couple``: it begins the number, so that 2000 is 两千; in 12000 it is 一万二千."""
    text, zero = "", False
    for power, unit in _UNITS:
        digit, value = divmod(value, power)
        if digit:
            said = _COUPLE if digit == DIGITS.index(_TWO) and power == 1000 and couple else DIGITS[digit]
            text += (_ZERO if zero else "") + said + unit
            zero = False
        elif text and value:
            zero = True
    return text


def counted(digits: str) -> str:
    """A number before what it counts: ``2``, ``02`` and ``2.00`` are 两, ``12`` 十二, ``2.5`` 二点五."""
    said = decimal(digits)
    return _COUPLE if said == _TWO else said


def decimal(text: str) -> str:
    """A number with or without a decimal part, perhaps negative: ``-0.5`` is 负零点五, ``89.50`` 八十九点五."""
    if text.startswith(("-", "−")):
        return _MINUS + decimal(text[1:])
    before, _, after = text.replace(",", "").partition(".")
    after = after.rstrip("0") if len(after) > 1 else after
    return whole(before or "0") + (_POINT + one_by_one(after) if after else "")


def one_by_one(digits: str) -> str:
    """Digits as in years and behind a point: ``2026`` is 二零二六."""
    return digits.translate(_ONE_BY_ONE)


def spelled(text: str) -> str:
    """Digits as in rooms, telephones and tickets, 1 read as 幺; anything else stays as it is."""
    return text.translate(_SPELLED)


def in_groups(digits: str) -> str:
    """A long number spelled with pauses: 3-4-4 for eleven digits, else pieces of three or four."""
    if not digits.isdigit() or len(digits) <= _MOST_IN_ONE_BREATH:
        return spelled(digits)
    return _PAUSE.join(spelled(piece) for piece in _pieces(digits))


def _pieces(digits: str) -> list[str]:
    size = 3 if len(digits) in {6, 9} else 4
    head = len(digits) % size
    return [piece for piece in (digits[:head], *re.findall(rf"\d{{{size}}}", digits[head:])) if piece]


def money(text: str) -> str:
    """Yuan as they are said: ``1234.50`` is 一千二百三十四元五角, ``0.05`` 五分, ``0.5380`` 零点五三八元."""
    if text.startswith(("-", "−")):
        return _MINUS + money(text[1:])
    amount = text.replace(",", "")
    before, _, after = amount.partition(".")
    if len(after.rstrip("0")) > _FRACTION_OF_MONEY:
        return decimal(f"{before}.{after.rstrip('0')}") + _YUAN
    cents = int(Decimal(amount or "0") * 100)
    yuan, jiao, fen = cents // 100, cents // 10 % 10, cents % 10
    said = counted(str(yuan)) + _YUAN if yuan or not cents else ""
    said += counted(str(jiao)) + _JIAO if jiao else (_ZERO if fen and yuan else "")
    return said + (counted(str(fen)) + _FEN if fen else "")


def numerals(digits: str) -> str:
    """A number that stands alone: spelled where it looks like a room or a code, else as a number."""
    room = len(digits) in {3, 4} and digits[-2] == "0" and digits[-1] != "0"
    leading_zero = digits.startswith("0") and len(digits) > 1
    if room or leading_zero or len(digits) > _MOST_AS_A_NUMBER:
        return in_groups(digits)
    round_sum = digits.endswith("00")
    return in_groups(digits) if len(digits) > _MOST_IN_ONE_BREATH and not round_sum else whole(digits)


SAYS: dict[str, Callable[[str], str]] = {
    "number": decimal,
    "count": counted,
    "digits": one_by_one,
    "spelled": spelled,
    "groups": in_groups,
    "money": money,
    "alone": numerals,
    "letters": lambda text: re.sub(r"[^A-Z]", "", text.upper()),
}
"""What the table of rules may call for: ``{amount:money}``."""
