"""What stands in a text but is not read: emoji, quotation marks, addresses, list marks; and one form for the rest."""

import re
import unicodedata
from datetime import date, datetime

from integrations.voice.reading.tables import filled, tables
from property_db.clock import SHANGHAI

_AS_THEY_ARE = "，。！？；、"
"""Marks that NFKC would make into those of a number: 3，100号楼 is no 3100."""
_URL = re.compile(
    r"(?:https?://|www\.)[\w\-./?=&#%+:~@!,;]+"
    r"|(?<![\w@.])(?:[a-z0-9-]+\.)+(?:com|cn|net|org|gov|io|app|top|vip)(?:/[\w\-./?=&#%+]*)?(?![\w@])",
    re.IGNORECASE | re.ASCII,
)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.ASCII)
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(?::\d\d(?:\.\d+)?)?(Z|[+-]\d\d:?\d\d)?(?!\d)")
_STARS = re.compile("[★⭐🌟]+")
_KEYCAP = re.compile("([0-9])\ufe0f?\u20e3")
_BOLD = re.compile(r"^\s*\*\*([^*\n]+)\*\*|^#{1,6}\s+|`+", re.MULTILINE)
_BULLET = re.compile(r"^[ \t]*(?:[·•●○▪◦‣■◆▶>]|[-*–—](?=\s))[ \t]*", re.MULTILINE)
_ONE_MORE = r"\d{1,4}[A-Za-z]?\s?"
_NOT_LISTED = (
    rf"、(?!{_ONE_MORE}(?:[、,，和及与至到~～#—–-]\s?{_ONE_MORE})*(?:[、#]|[号栋幢楼层室期区座户位都两]|单元|$)"
    r"|\d{1,2}[月日天个年])"
)
"""A 、 that does not go on as 1、2、3号楼 or 1、2和3栋 do: only then does it mark an item of a list."""
_NUMBERED = re.compile(rf"^[ \t]*(?:\((\d{{1,2}})\)|(\d{{1,2}})(?:[.)](?!\d)|{_NOT_LISTED}))[ \t]*", re.MULTILINE)
_WITHIN = re.compile(r"(?<=[\s;；。,，])\((\d{1,2})\)|(?<=[;；。])\s*(\d{1,2})[.、](?!\d)")
_RUNNING = re.compile(r"(?:(?<=[^\d\s][:：])|(?<=[^\d\s] ))(?P<number>\d{1,2})[.、](?!\d)")
"""An item in the middle of a line: a mark only beside its neighbour, 一共 3. is none."""
_QUOTES = re.compile("[\"'“”‘’「」『』《》〈〉{}\\[\\]<>]")
_QUOTED_HEAD = re.compile("【([^】]*)】")
_LINE_ENDS = re.compile(r"\s*\n\s*")
_ENDED = "，。！？：；、,.!?:;"
_KEPT_SIGNS = "°★⭐🌟→≤≥"
_DROPPED = frozenset({"So", "Sk", "Cf", "Cc", "Mn", "Co", "Cn", "Cs", "Me"})
_LONG_NUMBER = re.compile(r"\d{24}(?=\d)")
_SAME_SIGN = re.compile(r"([^\w\s])\1{4,}")
"""Longer runs say nothing more and would cost the table seconds."""
_NOT_TITLES = re.compile(r"[<>](?==?\s*\d)")


def cleaned(text: str, now: date | None) -> str:
    """The text in one form, on one line: narrow letters and digits, list marks as words, line ends as marks."""
    words = tables()
    text = _KEYCAP.sub(r"\n\1. ", text)
    text = _STARS.sub(lambda m: filled(words.stars, lambda _: str(len(m[0]))), text)
    text = "".join(_narrow(char) for char in text).replace("\r", "\n")
    text = _EMAIL.sub(words.email, text)
    text = _URL.sub(words.url, text)
    text = _BOLD.sub(r"\1", text).translate(words.same)
    text = "".join(char for char in text if char == "\n" or char in _KEPT_SIGNS or not _is_drawn(char))
    text = _BULLET.sub("", text)
    for pattern in (_NUMBERED, _WITHIN):
        text = pattern.sub(lambda m: filled(words.item, lambda _: m[1] or m[2]), text)
    text = _RUNNING.sub(lambda m: _running(m, words.item), text)
    text = _QUOTED_HEAD.sub(r"，\1，", text)
    text = _QUOTES.sub("", _NOT_TITLES.sub(_compared, text))
    text = _SAME_SIGN.sub(r"\1\1\1\1", _LONG_NUMBER.sub(r"\g<0>，", text))
    text = _MOMENT.sub(_moment, text)
    return _one_line(_this_year(text, now))


def _narrow(char: str) -> str:
    if char in _AS_THEY_ARE:
        return char
    kind = unicodedata.name(char, "")
    if kind.startswith(("CIRCLED DIGIT", "CIRCLED NUMBER")):
        return f"\n{int(unicodedata.numeric(char))}. "
    if char.isspace() and char != "\n":
        return " "
    if char.isdecimal():
        return str(unicodedata.decimal(char))
    return unicodedata.normalize("NFKC", char)


def _is_drawn(char: str) -> bool:
    return unicodedata.category(char) in _DROPPED or "\ufe00" <= char <= "\ufe0f"


def _compared(match: re.Match[str]) -> str:
    return "≤" if match[0] == "<" else "≥"


def _running(match: re.Match[str], item: str) -> str:
    number = int(match["number"])
    before, after = match.string[: match.start()], match.string[match.end() :]
    if number == 1:
        listed = re.search(r"(?<!\d)2[.、](?!\d)", after) is not None or _item(item, 2) in after
    else:
        listed = re.search(rf"(?<!\d){number - 1}[.、](?!\d)", before) is not None or _item(item, number - 1) in before
    return _item(item, number) if listed else match[0]


def _item(item: str, number: int) -> str:
    return filled(item, lambda _: str(number))


def _moment(match: re.Match[str]) -> str:
    """An ISO moment as day and time of Shanghai."""
    if match[3] is None:
        return f"{match[1]} {match[2]}"
    at = datetime.fromisoformat(f"{match[1]}T{match[2]}{match[3].replace('Z', '+00:00')}").astimezone(SHANGHAI)
    return f"{at:%Y-%m-%d %H:%M}"


def _this_year(text: str, now: date | None) -> str:
    """Whole dates of this year without the year, as people say them; 2026年10月 keeps its year, it names a bill."""
    if now is None:
        return text
    text = re.sub(rf"(?<!\d){now.year}[-/.](\d{{1,2}})[-/.](\d{{1,2}})(?!\d)", r"\1/\2日", text)
    return re.sub(rf"(?<!\d){now.year}年(?=\d{{1,2}}月\d{{1,2}}[日号])", "", text)


def _one_line(text: str) -> str:
    lines = [line.strip() for line in _LINE_ENDS.split(text.strip()) if line.strip()]
    return "".join(line if line[-1] in _ENDED else line + "。" for line in lines[:-1]) + (lines[-1] if lines else "")
