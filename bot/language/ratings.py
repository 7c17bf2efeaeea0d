"""Scores of one to five: 五星, 给个差评, 4分, 满分.

Works on normalised text; the value is "1" to "5".
"""

from __future__ import annotations

import re

from bot.language.numerals import to_int
from bot.language.spans import Span

_STARS = re.compile(
    r"(?<![\d一二三四五六七八九十.扣])(?P<n>[0-9一二两三四五])\s?(?:颗|个)?(?:星星?(?!期|座)|⭐+|★+)(?:好评)?"
)
_POINTS = re.compile(
    r"(?<![\d一二三四五六七八九十百.点:])(?P<n>[0-5一二两三四五])\s?分(?!钱|货|钟|之|享|享|类|期|摊|担|开|为|别|明|配|店|公司|成|清|单|批|次|户|割|贝|支|布|析|局|区|机)"
)
_ONLY_NUMBER = re.compile(r"(?:我?(?:给|打|评|选|就)?(?:个|了)?)?(?P<n>[1-5一二两三四五])(?:吧|哈|了|啊|。|!)?")
_DRAWN = re.compile(r"(?P<stars>(?:⭐|★|🌟)+)")
_WORDS = (
    (re.compile(r"满分|100分|一百分|(?:全|都)?5星|超级好评|大大的好评"), "5"),
    (re.compile(r"(?:非常|特别|十分|超级?|很|相当)满意"), "5"),
    (re.compile(r"(?:非常|特别|十分|超级?|很|极度?|极其|太|相当)(?:不满意|不满|失望)"), "1"),
    (
        re.compile(
            r"零分|(?<![\d.])0分|负分|最低分|一颗星都不(?:想)?给|(?:给|打|来|留)(?:个|一个|了|你们?|他们?|条)*差评|差评"
        ),
        "1",
    ),
    (re.compile(r"中评"), "3"),
    (re.compile(r"(?<![差中求])好评(?!如潮|率)"), "5"),
    (re.compile(r"不(?:太|怎么|大)?满意"), "2"),
    (re.compile(r"(?:比较|还算|基本|挺|蛮)满意"), "4"),
)
_GIVEN_BEFORE = re.compile(r"(?:给|打|算|评|记|选|必须|就)(?:了|个|他|她|它|你们?|师傅)*$")
# 满意 and its kind are a score only as the answer itself; in a longer sentence they are talk.
_VERDICT_ONLY = re.compile(r"满意|失望|不满")
_SCORING = re.compile(r"评价|评分|打分|给|打|评|服务|师傅|维修|这次|星|整体")


def find(text: str, *, asked: bool = False) -> list[Span]:
    """Every score in `text` (normalised).

    `asked`: a score has just been asked for, so that a lone number from 1 to 5 is one.
    """
    found: list[Span] = []

    def keep(start: int, end: int, value: str) -> None:
        if not any(span.start < end and start < span.end for span in found):
            found.append(Span(start, end, "rating", text[start:end], value))

    for pattern in (_STARS, _POINTS):
        for match in pattern.finditer(text):
            number = to_int(match["n"])
            if number is not None and number <= 5:
                keep(match.start(), match.end(), str(max(number, 1)))
    for match in _DRAWN.finditer(text):
        keep(match.start(), match.end(), str(min(len(match["stars"]), 5)))
    for pattern, value in _WORDS:
        for match in pattern.finditer(text):
            if _VERDICT_ONLY.search(match.group()) and not (asked or _SCORING.search(text) or len(text) <= 6):
                continue
            keep(match.start(), match.end(), value)
    if asked and not found and (alone := _ONLY_NUMBER.fullmatch(text)):
        keep(alone.start("n"), alone.end("n"), str(to_int(alone["n"])))
    return _settled(text, found)


def _settled(text: str, found: list[Span]) -> list[Span]:
    """One score a message: what is given (只能给三分) beats what is argued about (扣一星), a number beats a word."""
    if len(found) < 2:
        return found
    given = [span for span in sorted(found) if _GIVEN_BEFORE.search(text[: span.start])]
    if given:
        return [given[-1]]
    return [next((span for span in found if not _VERDICT_ONLY.search(span.text)), found[0])]
