"""Dictionary words that voice input spelled with other characters: 物页肥 is 物业费, 水笼头 is 水龙头.

Only words of three characters and more: of two, too many other words sound the same (保修 and 报修). Only fees and
facilities, which decide what is looked up or repaired. What stands in the dictionary as it is written always wins.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from bot.components.pinyin import is_han, sound, syllables
from bot.language.lexicon import Term, TermMatch, lexicon

SHORTEST = 3
KINDS = frozenset({"fee_type", "facility"})


@lru_cache(maxsize=1)
def _terms() -> dict[int, dict[tuple[str, ...], Term]]:
    """Length -> sounds -> the word; sounds that two values share are left out."""
    found: dict[int, dict[tuple[str, ...], Term]] = {}
    shared: set[tuple[str, ...]] = set()
    for term in lexicon().terms:
        if term.kind not in KINDS or term.value is None or len(term.word) < SHORTEST or not is_han(term.word):
            continue
        sounds = tuple(syllables(term.word))
        other = found.setdefault(len(sounds), {}).setdefault(sounds, term)
        if (other.kind, other.value) != (term.kind, term.value):
            shared.add(sounds)
    return {length: {s: t for s, t in terms.items() if s not in shared} for length, terms in sorted(found.items())}


def by_sound(text: str, written: Sequence[TermMatch]) -> list[TermMatch]:
    """The terms of a normalised text that sound like a fee or a facility and are written otherwise.

    Args:
        text: The message.
        written: The terms found as they are written; nothing is found across or inside one of them.
    """
    taken = {at for match in written for at in range(match.start, match.end)}
    found: list[TermMatch] = []
    for start, end in _runs(text, taken):
        sounds = [sound(char) for char in text[start:end]]
        at = 0
        while at < len(sounds):
            match = _longest(sounds, at, text[start:end])
            if match is None:
                at += 1
                continue
            length, term = match
            found.append(TermMatch(start + at, start + at + length, term))
            at += length
    return found


def _longest(sounds: list[str], at: int, text: str) -> tuple[int, Term] | None:
    for length, terms in reversed(_terms().items()):
        term = terms.get(tuple(sounds[at : at + length]))
        if term and _written_alike(term, text[at : at + length]):
            return length, term
    return None


@lru_cache(maxsize=1)
def _others() -> frozenset[str]:
    """Words that the dictionaries name only to keep others out."""
    return frozenset(term.word for term in lexicon().terms if term.value is None)


def _written_alike(term: Term, text: str) -> bool:
    """Sound alone is chance (那几张 is no 垃圾站), and facilities sound like ordinary words (只能说 is no 智能锁)."""
    if any(word.startswith(text) for word in _others()):
        return False
    other = sum(one != typed for one, typed in zip(term.word, text, strict=True))
    return other < len(text) if term.kind == "fee_type" else other == 1


def _runs(text: str, taken: set[int]) -> Iterable[tuple[int, int]]:
    """Stretches of Han characters that belong to no term yet."""
    start = None
    for at in range(len(text) + 1):
        free = at < len(text) and at not in taken and is_han(text[at])
        if free and start is None:
            start = at
        elif not free and start is not None:
            if at - start >= SHORTEST:
                yield start, at
            start = None
