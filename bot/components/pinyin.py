"""The toneless syllables of a message.

What voice input and pinyin typing confuse sounds the same (物业费, 无业费). Sounds that whole regions do not tell apart
(zh/z, ng/n, l/n, h/f, r/l) are written alike, since speech recognition and residents mix them up.
"""

from __future__ import annotations

import re
from functools import lru_cache

from pypinyin import Style, lazy_pinyin

from bot.language.normalise import normalise

_LATIN = re.compile(r"[a-z]+|\d+")
_ALIKE = (
    (re.compile(r"^([zcs])h"), r"\1"),
    (re.compile(r"^n(?=[aeiouv])"), "l"),
    (re.compile(r"^r(?=[aeiou])"), "l"),
    (re.compile(r"^f(?=u$)"), "h"),
    (re.compile(r"ng$"), "n"),
)


@lru_cache(maxsize=4096)
def _alike(syllable: str) -> str:
    for pattern, replacement in _ALIKE:
        syllable = pattern.sub(replacement, syllable)
    return syllable


def is_han(text: str) -> bool:
    """Whether there are only common Chinese characters in it."""
    return all("\u4e00" <= char <= "\u9fff" for char in text)


@lru_cache(maxsize=8192)
def sound(char: str) -> str:
    """The toneless syllable of a single character, as `syllables` writes it."""
    return "".join(syllables(char))


def syllables(text: str, *, fuzzy: bool = True) -> list[str]:
    """The toneless syllables of a message; numbers and Latin words as they are, marks left out."""
    found: list[str] = []
    for part in lazy_pinyin(normalise(text), style=Style.NORMAL, errors=lambda other: [other.lower()]):
        if part.isascii() and part.isalpha():
            found.append(_alike(part) if fuzzy else part)
        else:
            found += _LATIN.findall(part)
    return found
