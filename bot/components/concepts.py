"""A message with its particulars replaced by kinds: 厨房水龙头漏水3天了 -> <place> <facility> <fault> <time> 了.

Two messages that differ only in the facility, the sum or the day want the same; the intent classifier sees that here.
"""

from __future__ import annotations

import re
from functools import lru_cache

import yaml

from bot.language.lexicon import FOLDER, find_terms

_NUMBER = re.compile(r"\d+")


@lru_cache(maxsize=1)
def _pattern() -> re.Pattern[str]:
    concepts = yaml.safe_load((FOLDER / "concepts.yml").read_text("utf-8"))["concepts"]
    return re.compile("|".join(f"(?P<{name}>{expression})" for name, expression in concepts.items()))


def concepts(text: str) -> list[str]:
    """The characters of a normalised, lower-case text, with known things as ``<kind>`` and numbers as ``0``.

    The dictionaries go first, longest match first; ``nlu_data/lexicon/concepts.yml`` reads what is left.
    """
    result: list[str] = []
    at = 0
    for match in sorted(find_terms(text), key=lambda term: (term.start, -term.end)):
        if match.start >= at:
            result += _between(text[at : match.start])
            result.append(f"<{match.term.kind}>")
            at = match.end
    return result + _between(text[at:])


def _between(text: str) -> list[str]:
    result: list[str] = []
    at = 0
    for match in _pattern().finditer(text):
        result += _NUMBER.sub("0", text[at : match.start()])
        result.append(f"<{match.lastgroup}>")
        at = match.end()
    return result + list(_NUMBER.sub("0", text[at:]))
