"""Written Chinese to the words a reader says: numbers, rooms, plates, phones, dates and single letters.

What comes out holds Han characters, the marks ，。！？：；、 and capital letters to be spelled, nothing else.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

DIGITS = "零一二三四五六七八九"
_SPELLED = str.maketrans("0123456789", "零幺二三四五六七八九")
_YEAR = str.maketrans("0123456789", DIGITS)
_MARKS = "，。！？：；、"
_MARK_OF = str.maketrans(",!?:;~…", "，！？：；，。")
# Words residents mix in, as they are said in Chinese or spelled.
_WORDS = {
    "app": "APP", "ok": "OK", "wifi": "WIFI", "ppt": "PPT", "pdf": "PDF", "vip": "VIP", "chatgpt": "CHATGPT",
    "hi": "嗨", "hello": "哈喽", "hey": "嘿", "bye": "拜", "byebye": "拜拜", "yes": "也斯", "no": "诺",
    "excel": "EXCEL", "word": "WORD", "java": "JAVA", "python": "PYTHON",
}  # fmt: skip
_MEASURE = "个次天块年位遍趟套家户份张盏把台辆条间只件分星周两毛万千百"
_SERVICES = {"110", "119", "12345", "12315", "10086"}
_PLACE = r"(?:号楼|号院|栋|幢|座|单元|楼|层|排|号|期)"


class Unspeakable(ValueError):
    """A message that nobody reads aloud: typed pinyin, other languages, nothing but marks."""


def number(value: int) -> str:
    """A whole number from 0 to 99,999,999 as it is read: 1005 is 一千零五, 12 is 十二. Raises ValueError outside."""
    if not 0 <= value < 10**8:
        raise ValueError(f"{value} has no reading here")
    if value >= 10_000:
        high, low = divmod(value, 10_000)
        rest = "" if not low else ("零" if low < 1000 else "") + _below_ten_thousand(low)
        return f"{_measured(high)}万{rest}"
    text = _below_ten_thousand(value)
    return text.removeprefix("一") if 10 <= value < 20 else text


def _below_ten_thousand(value: int) -> str:
    if value == 0:
        return "零"
    text, zero = "", False
    for power, unit in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, value = divmod(value, power)
        if digit:
            text += ("零" if zero else "") + ("两" if digit == 2 and power == 1000 else DIGITS[digit]) + unit
            zero = False
        elif text and value:
            zero = True
    return text


def _measured(value: int) -> str:
    return "两" if value == 2 else number(value)


def spelled(digits: str) -> str:
    """Digits one by one as in phone and room numbers, 1 read as 幺; what is no digit is left out."""
    return re.sub(r"\D", "", digits).translate(_SPELLED)


def _decimal(text: str) -> str:
    whole, _, fraction = text.partition(".")
    return number(int(whole)) + "点" + fraction.translate(_YEAR)


def _phone(match: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", match[0])
    return f"{spelled(digits[:3])}，{spelled(digits[3:7])}，{spelled(digits[7:])}"


def _date(match: re.Match[str]) -> str:
    year, month, day = match.groups()
    return f"{year.translate(_YEAR)}年{number(int(month))}月{number(int(day))}号"


def _clock(match: re.Match[str]) -> str:
    hour, minute = int(match[1]), int(match[2])
    head = ("两" if hour == 2 else number(hour)) + "点"
    if minute == 0:
        return head
    if minute == 30:
        return head + "半"
    return head + ("零" if minute < 10 else "") + number(minute) + "分"


def _home(match: re.Match[str]) -> str:
    building, *between, room = re.split(r"[-－]", match[0])
    named = f"{_building(building)}栋"
    return named + "".join(f"{number(int(part))}单元" for part in between) + spelled(room)


def _building(text: str) -> str:
    return number(int(text)) if text.isdigit() else text


def _quantity(text: str) -> str:
    # A zero in front, or more digits than a sum has, is a number somebody spells.
    return spelled(text) if (text.startswith("0") and text != "0") or len(text) > 5 else number(int(text))


def _alone(match: re.Match[str]) -> str:
    """A number with nothing around it that says what it is: rooms and short service numbers are spelled."""
    text = match[0]
    looks_like_room = len(text) in {3, 4} and text[-2] == "0" and text[-1] != "0"
    if looks_like_room or len(set(text)) == 1 < len(text) or text in _SERVICES:
        return spelled(text)
    return _quantity(text)


_Rule = tuple[str, Callable[[re.Match[str]], str]]
_RULES: tuple[_Rule, ...] = (
    (r"(?<!\d)1[3-9]\d[ -]?\d{4}[ -]?\d{4}(?!\d)", _phone),
    (r"(20\d\d)[-/.](1[0-2]|0?[1-9])[-/.](3[01]|[12]\d|0?[1-9])(?!\d)", _date),
    (r"(?<!\d)([01]?\d|2[0-4])[:：]([0-5]\d)(?!\d)", _clock),
    (r"(?<![\dA-Z])(?:\d{1,2}|[A-Z])-(?:\d{1,2}-)?\d{3,4}(?![\d-])", _home),
    (r"(\d{1,4})-(\d{1,4})(?=[\u4e00-\u9fff])", lambda m: f"{_quantity(m[1])}到{_quantity(m[2])}"),
    (r"(?<=[\u4e00-\u9fff])[A-Z][· ]?[A-Z0-9]{5,6}(?![A-Z0-9])", lambda m: m[0].translate(_SPELLED)),
    (r"(?<![A-Z])[A-Z]{1,2}[A-Z0-9]*\d[A-Z0-9]{3,}", lambda m: m[0].translate(_SPELLED)),
    (r"(?<=[A-Z]\d-)\d+|\d+(?=开头|结尾|尾号)|(?<=尾号)\d+|(?<=[打拨叫])1\d\d(?!\d)", lambda m: spelled(m[0])),
    (r"(?<=\d),(?=\d{3}(?!\d))", lambda _: ""),
    (r"(\d{4})年", lambda m: m[1].translate(_YEAR) + "年"),
    (r"(\d{2})年(?=\d|上|下|底|初)", lambda m: m[1].translate(_YEAR) + "年"),
    (r"(?<!\d)(\d{1,8}(?:\.\d+)?)%", lambda m: "百分之" + (_decimal(m[1]) if "." in m[1] else number(int(m[1])))),
    (r"(?<!\d)\d{1,5}\.\d+", lambda m: _decimal(m[0])),
    (rf"(?<!\d)(\d{{1,2}})(?={_PLACE}|月|日)", lambda m: number(int(m[1]))),
    (r"(?<=单元)\d{3,4}|(?<=[栋幢座楼])\d{3,4}|(?<!\d)\d{3,4}(?=室|户|房|号房|住|家)", lambda m: spelled(m[0])),
    (rf"(?<![\d.])2(?=[{_MEASURE}])", lambda _: "两"),
    (r"(?<!\d)\d{1,8}(?=[元块平度吨％])", lambda m: number(int(m[0]))),
    (r"\d+", _alone),
)  # fmt: skip
_RULES_COMPILED = tuple((re.compile(pattern), read) for pattern, read in _RULES)
_SPACED = re.compile(r"(?<=[\u4e00-\u9fffA-Z]) +(?=[\u4e00-\u9fffA-Z])")
_NOT_SPOKEN = re.compile(rf"[^\u4e00-\u9fffA-Z{_MARKS}]")


def cleaned(message: str) -> str:
    """The message without what nobody says: emoji, brackets, quotation marks; wide letters and digits made narrow."""
    text = unicodedata.normalize("NFKC", message)
    kept = (char for char in text if unicodedata.category(char) not in {"So", "Sk", "Cf", "Cc", "Mn", "Co", "Cn"})
    return re.sub(r"[\"'“”‘’()\[\]{}<>《》【】「」]", "", "".join(kept)).strip()


def _latin(match: re.Match[str]) -> str:
    word = match[0]
    if word.lower() in _WORDS:
        return _WORDS[word.lower()]
    if len(word) <= 3 and (word.isupper() or len(word) == 1):
        return word.upper()
    raise Unspeakable(word)


def reading(message: str) -> str:
    """What a resident says who reads `message` aloud. Raises Unspeakable where that is nothing we can speak."""
    text = cleaned(message)
    # Letters that stand with digits belong to a number (a plate, a ticket); the others are words.
    text = re.sub(r"[A-Za-z]+\d[A-Za-z0-9]*|[A-Za-z](?=-\d)", lambda m: m[0].upper(), text)
    text = re.sub(r"(?<![A-Za-z0-9])[A-Za-z]+(?![A-Za-z0-9])", _latin, text)
    text = text.replace("〇", "零")
    for pattern, read in _RULES_COMPILED:
        text = pattern.sub(read, text)
    text = _SPACED.sub("，", text.translate(_MARK_OF))
    text = re.sub(r"\.+$", "。", text)
    text = _NOT_SPOKEN.sub("", text).lstrip(_MARKS)
    if not re.search(r"[\u4e00-\u9fffA-Z]", text):
        raise Unspeakable(message)
    return text
