"""The text front end: any Chinese text of the product to exactly what a person reads aloud."""

import re
from datetime import date

from integrations.voice.reading.cleaning import cleaned
from integrations.voice.reading.tables import tables

HAN = "\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
MARKS = "，。！？：；、"
_MARK_OF = str.maketrans(
    {",": "，", "!": "！", "?": "？", ":": "：", ";": "；", "~": "，", "(": "，", ")": "，", "|": "，", "…": "，"}
)
_LATIN = re.compile(r"(?<![A-Za-z])[A-Za-z]+(?:-[A-Za-z]+)?(?:机(?<=[Ss]机))?")
_SPACE = re.compile(rf"(?<=[{HAN}A-Z]) +(?=[{HAN}A-Z])")
_DOTS = re.compile(r"\.{2,}")
_STOP = re.compile(rf"(?<=[{HAN}A-Z])\.(?=\s|$|[{HAN}])")
_UNSAID = re.compile(rf"[^{HAN}A-Z{MARKS}]")
_MARKS_IN_A_ROW = re.compile(f"[{MARKS}]{{2,}}")
_STRONGEST_FIRST = "？！。：；，、"
_UNFINISHED = "，；、"
SAYABLE = re.compile(rf"[{HAN}A-Z{MARKS}]*")
"""What comes out of :func:`readable`, and nothing else."""


def readable(text: str, now: date | None = None) -> str:
    """What a person says who reads ``text`` aloud: Han characters, the marks ，。！？：；、 and capital letters.

    Args:
        text: any text of an answer, several lines and lists too.
        now: today in Shanghai; whole dates of this year are then said without the year.

    Returns:
        Empty where there is nothing to say (an emoji, a rule of dashes).
    """
    words = tables()
    said = cleaned(text, now)
    said = _LATIN.sub(lambda match: _latin(match[0], words.latin), said)
    for rule in words.rules:
        said = rule.apply(said)
    said = _STOP.sub("。", _DOTS.sub("，", said)).translate(_MARK_OF)
    said = _SPACE.sub("，", said.upper())
    said = _MARKS_IN_A_ROW.sub(_strongest, _UNSAID.sub("", said))
    return said.lstrip(MARKS).rstrip(_UNFINISHED)


def _latin(word: str, said: dict[str, str]) -> str:
    return said.get(word.lower(), word)


def _strongest(match: re.Match[str]) -> str:
    return next(mark for mark in _STRONGEST_FIRST if mark in match[0])
