"""A message as voice input might have misspelled it: characters replaced by others that sound alike.

The intent classifier learns from each message and from one such copy of it. Measured on what a recogniser really made
of spoken messages, that alone brings 3 points (``docs/nlu.md``): the model learns to trust the sounds where the
characters make no sense.
"""

from __future__ import annotations

import random
import re
import zlib
from collections import defaultdict
from functools import lru_cache
from pathlib import Path

import jieba

from bot.components.pinyin import is_han, sound

REPLACED = 0.25
"""The share of characters that get another one; about what a small recogniser does over a telephone."""
LOST = 0.04
COMMON = 3500
"""Replacements are common characters, as a recogniser's are."""
_MARKS = re.compile(r"[，。！？、；,.!?~;]")


@lru_cache(maxsize=1)
def _alike() -> dict[str, tuple[list[str], list[float]]]:
    """Sound -> the common characters with it and how often each is taken."""
    frequency: dict[str, int] = defaultdict(int)
    for line in (Path(jieba.__file__).parent / "dict.txt").read_text("utf-8").splitlines():
        word, count, *_ = line.split()
        for char in word:
            if is_han(char):
                frequency[char] += int(count)
    found: dict[str, tuple[list[str], list[float]]] = defaultdict(lambda: ([], []))
    for char, occurrences in sorted(frequency.items(), key=lambda item: (-item[1], item[0]))[:COMMON]:
        chars, weights = found[sound(char)]
        chars.append(char)
        weights.append(occurrences**0.5)
    return dict(found)


def misheard(text: str, chance: random.Random | None = None, replaced: float = REPLACED) -> str:
    """A copy of a normalised text with homophones, without marks.

    Args:
        text: What was said.
        chance: Where the copy comes from; without it the same text always gives the same copy.
        replaced: The share of characters that get another one.
    """
    chance = chance or random.Random(zlib.crc32(text.encode()))  # noqa: S311 - no secret
    heard = []
    for char in _MARKS.sub("", text):
        drawn = chance.random()
        if drawn < replaced and is_han(char):
            others = _alike().get(sound(char))
            heard.append(chance.choices(*others)[0] if others else char)
        elif drawn < 1 - LOST:
            heard.append(char)
    return "".join(heard) or text
