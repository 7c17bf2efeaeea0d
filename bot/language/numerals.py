"""Numbers as Chinese writes and says them: 十二, 两百三, 一千零五, 五零一, 12, １２, 1千2."""

from __future__ import annotations

import re

DIGIT_VALUES = {
    **{str(i): i for i in range(10)},
    **dict(zip("〇零一二三四五六七八九", (0, *range(10)), strict=True)),
    **dict(zip("壹贰叁肆伍陆柒捌玖", range(1, 10), strict=True)),
    "○": 0,
    "两": 2,
    "俩": 2,
    "幺": 1,
}
_UNITS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}

DIGITS = "0-9〇○零一二三四五六七八九幺两壹贰叁肆伍陆柒捌玖"
"""Characters that stand for one digit, for use inside a regular expression's brackets."""
SMALL = r"(?:\d{1,3}|廿?[一二三四五六七八九]?十[一二三四五六七八九]?|百?[零〇一二三四五六七八九两]{1,3})"
"""A whole number below a thousand as houses, floors, days and hours are numbered."""

_DIGITS_ONLY = re.compile(rf"[{DIGITS}]+")
_SPOKEN_ROOM = re.compile(r"(?P<floor>[二三]?十[一二三四五六七八九]?)(?P<door>[零〇○洞][一二三四五六七八九幺])")


def digits(text: str) -> str | None:
    """`text` read digit by digit (一三八0 is 1380), or None when anything else stands in it."""
    if not text or not _DIGITS_ONLY.fullmatch(text):
        return None
    return "".join(str(DIGIT_VALUES[char]) for char in text)


def to_int(text: str) -> int | None:
    """The whole number `text` says, or None.

    Without a unit character the numerals are read digit by digit (五零一 is 501), and a last digit right behind a
    unit is of the next smaller one (两百三 is 230, 一千二 is 1200, 一万二 is 12000), as people say it.
    """
    if not text:
        return None
    text = text.replace("廿", "二十")
    plain = digits(text)
    if plain is not None:
        return int(plain)
    total = 0  # what 万 has closed
    section = 0  # below 万
    number: int | None = None  # digits waiting for their unit
    last_unit = 0
    after_zero = False
    for char in text:
        if char in DIGIT_VALUES:
            value = DIGIT_VALUES[char]
            after_zero = after_zero or value == 0
            if char.isdigit() and char.isascii() and number is not None:
                number = number * 10 + value
            elif value or number is None:
                number = value
        elif char in _UNITS:
            last_unit = _UNITS[char]
            if number is None:
                # 十二 has no digit before its unit; neither has 百 alone
                number = 1 if not (section or total) or last_unit == 10 else 0
            section += number * last_unit
            number = None
            after_zero = False
        elif char == "万":
            total = (section + (number or 0)) * 10_000
            section, number, last_unit, after_zero = 0, None, 10_000, False
        else:
            return None
    if number is not None:
        section += number * (last_unit // 10 if last_unit >= 100 and not after_zero and number < 10 else 1)
    return total + section


def door_number(text: str) -> str | None:
    """The number of a room as digits: 501, 五零一, 五百零一, 十二零三 (twelfth floor, third door), or None."""
    spoken = _SPOKEN_ROOM.fullmatch(text)
    if spoken:
        return f"{to_int(spoken['floor'])}0{DIGIT_VALUES[spoken['door'][1]]}"
    plain = digits(text)
    if plain is not None:
        return plain
    value = to_int(text)
    return None if value is None else str(value)
