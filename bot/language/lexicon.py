"""The dictionaries of nlu_data/lexicon: facilities, places, fees and supplies, and how to find them in a message.

Finding is leftmost-longest within a dictionary; entries without an entity only keep shorter ones from matching inside
them (上门 is no 门). The engine's extractor finds the same terms with spaCy's PhraseMatcher and hands them to the same
functions, so both environments agree by construction; a test holds them together.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parents[2] / "nlu_data" / "lexicon"


@dataclass(frozen=True)
class Facility:
    """One entry of the repair catalogue; `public` names the facility meant when it stands in a common area."""

    name: str
    area: str
    words: tuple[str, ...]
    faults: tuple[str, ...]
    public: str | None = None


@dataclass(frozen=True)
class Term:
    """A word of a dictionary: `kind` is facility, place, area, fee_type or fault; without a value it only blocks."""

    word: str
    kind: str
    value: str | None


@dataclass(frozen=True)
class TermMatch:
    """A term found in a text at `start`..`end`."""

    start: int
    end: int
    term: Term


@dataclass(frozen=True)
class Lexicon:
    """All dictionaries, read once."""

    facilities: dict[str, Facility]
    terms: tuple[Term, ...]
    area_of_place: dict[str, str]
    weak_facilities: frozenset[str]
    utility_words: dict[str, str]
    utility_supplies: dict[str, str]
    utility_acts: re.Pattern[str]
    not_utilities: re.Pattern[str]

    def words(self) -> list[str]:
        """Every word and name, for a word segmenter's dictionary."""
        return sorted({term.word for term in self.terms} | set(self.utility_words) | set(self.facilities))


def _load(name: str) -> dict[str, Any]:
    with (FOLDER / name).open(encoding="utf-8") as file:
        data: dict[str, Any] = yaml.safe_load(file)
    return data


def _any_of(words: Iterable[str]) -> str:
    return "(?:" + "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)) + ")"


def _facility_terms(data: dict[str, Any], facilities: dict[str, Facility]) -> Iterator[Term]:
    for facility in facilities.values():
        for word in (facility.name, *facility.words):
            yield Term(word.lower(), "facility", facility.name)
    for word in data["not_facilities"]:
        yield Term(word.lower(), "facility", None)


def _place_terms(data: dict[str, Any]) -> Iterator[Term]:
    for area, entry in data["places"].items():
        for word in entry["words"]:
            yield Term(word.lower(), "place", area)
        for word in entry["area_only"]:
            yield Term(word.lower(), "area", area)
    for word in data["not_places"]:
        yield Term(word.lower(), "place", None)


def _supply_pattern(data: dict[str, Any], supplies: Iterable[str]) -> re.Pattern[str]:
    """A supply directly behind an act (停水, 没有网) or before one, fillers allowed between (水什么时候来)."""
    supply, filler = _any_of(supplies), _any_of(data["fillers"])
    before, after = _any_of(data["acts_before"]), _any_of(data["acts_after"])
    # 漏水, 下水 and 热水 are other waters; 热 and 气 are supplies only as words of their own
    own = r"(?<![热下漏积污渗滴出进喝雨口薪开雪胶墨泪汗香药酒供加取])"
    joined = rf"(?<=[停断没来缺供通限了掉无关复修供有给得冇]){own}(?P<behind>{supply})"
    return re.compile(
        rf"(?:{before})(?:了|过|的|又)?{joined}|{own}(?P<ahead>{supply})(?:{filler}){{0,4}}(?:{after})(?!在)"
    )


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """The dictionaries of this installation.

    Raises:
        ValueError: a word means two facilities, or `public` names no facility.
    """
    facility_data, place_data = _load("facilities.yml"), _load("places.yml")
    facilities = {
        entry["name"]: Facility(
            entry["name"], entry["area"], tuple(entry["words"]), tuple(entry["faults"]), entry.get("public")
        )
        for entry in facility_data["facilities"]
    }
    terms = [*_facility_terms(facility_data, facilities), *_place_terms(place_data)]
    for fee, words in _load("fee_types.yml")["fee_types"].items():
        terms += (Term(word.lower(), "fee_type", fee) for word in (fee, *words))
    for fault, words in _load("faults.yml")["faults"].items():
        terms += (Term(word.lower(), "fault", fault) for word in dict.fromkeys((fault, *words)))
    _check(facilities, terms)
    utilities = _load("utilities.yml")
    names = utilities["utilities"]
    supplies = {supply: name for name, entry in names.items() for supply in entry["supplies"]}
    outright = {word.lower(): name for name, entry in names.items() for word in entry["words"]}
    return Lexicon(
        facilities=facilities,
        terms=tuple(terms),
        area_of_place={term.word: term.value for term in terms if term.kind == "place" and term.value},
        weak_facilities=_weak(terms),
        utility_words=outright,
        utility_supplies={**supplies, **outright},
        utility_acts=_supply_pattern(utilities, {**supplies, **outright}),
        not_utilities=re.compile(_any_of(utilities["not_utilities"])),
    )


def _weak(terms: Iterable[Term]) -> frozenset[str]:
    """Words of facilities that are also a place or a fault: 草坪, 渗水."""
    elsewhere = {term.word for term in terms if term.kind in {"place", "fault"} and term.value}
    return frozenset(term.word for term in terms if term.kind == "facility" and term.word in elsewhere)


def _check(facilities: dict[str, Facility], terms: Iterable[Term]) -> None:
    meanings: dict[tuple[str, str], set[str | None]] = defaultdict(set)
    for term in terms:
        meanings[term.kind, term.word].add(term.value)
    ambiguous = {word: values for (kind, word), values in meanings.items() if len(values) > 1 and kind != "fault"}
    if ambiguous:
        raise ValueError(f"a word of the lexicon has two meanings: {ambiguous}")
    homeless = {f.public for f in facilities.values() if f.public} - set(facilities)
    if homeless:
        raise ValueError(f"facilities.yml: `public` names no facility: {sorted(homeless)}")


@lru_cache(maxsize=1)
def _by_first_character() -> dict[str, list[Term]]:
    index: dict[str, list[Term]] = defaultdict(list)
    for term in lexicon().terms:
        index[term.word[0]].append(term)
    return index


def all_matches(text: str) -> Iterator[TermMatch]:
    """Every term wherever it stands in `text` (normalised), overlapping ones too."""
    lowered = text.lower()
    index = _by_first_character()
    for start, char in enumerate(lowered):
        for term in index.get(char, ()):
            if lowered.startswith(term.word, start):
                yield TermMatch(start, start + len(term.word), term)


def longest(matches: Iterable[TermMatch]) -> list[TermMatch]:
    """Leftmost-longest within each dictionary; those that only were in the way are gone."""
    kept: list[TermMatch] = []
    free_from: dict[str, int] = defaultdict(int)
    for match in sorted(matches, key=lambda m: (m.start, -m.end, m.term.kind)):
        dictionary = "place" if match.term.kind == "area" else match.term.kind
        if match.start >= free_from[dictionary]:
            free_from[dictionary] = match.end
            kept.append(match)
    return [match for match in kept if match.term.value is not None]


def find_terms(text: str) -> list[TermMatch]:
    """The terms of `text` (normalised)."""
    return longest(all_matches(text))


def faults(text: str) -> list[str]:
    """The canonical faults named in `text` (normalised), in the order of the text."""
    return list(dict.fromkeys(m.term.value for m in find_terms(text) if m.term.kind == "fault" and m.term.value))


def area_of_facility(name: str) -> str | None:
    """户内 or 公共区域: where a facility of that canonical name usually is; None for an unknown name."""
    facility = lexicon().facilities.get(name)
    return facility.area if facility else None
