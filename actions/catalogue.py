"""The residents' words the dialogue knows, kept in catalogue.yml so that no logic holds Chinese."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from bot.language.normalise import normalise

_FILE = Path(__file__).with_name("catalogue.yml")
_RULES = Path(__file__).parents[1] / "bot" / "rules"
_LEXICON = Path(__file__).parents[1] / "nlu_data" / "lexicon"


@cache
def _all() -> dict[str, Any]:
    with _FILE.open(encoding="utf-8") as file:
        catalogue: dict[str, Any] = yaml.safe_load(file)
    return catalogue


def section(name: str) -> dict[str, Any]:
    """Return one part of the catalogue. The value is shared: do not change it."""
    part: dict[str, Any] = _all()[name]
    return part


@cache
def facility_areas() -> dict[str, str]:
    """Return where each facility of the repair catalogue usually is: 户内 or 公共区域."""
    with (_LEXICON / "facilities.yml").open(encoding="utf-8") as file:
        return {entry["name"]: entry["area"] for entry in yaml.safe_load(file)["facilities"]}


@cache
def _rules() -> dict[str, str]:
    rules = [rule for file in sorted(_RULES.glob("*.yml")) for rule in yaml.safe_load(file.read_text("utf-8"))["rules"]]
    return {steps[0]["intent"]: steps[1]["action"] for rule in rules if "intent" in (steps := rule["steps"])[0]}


def answering(intent: str) -> str:
    """Return the action or form that the dialogue's rules give an intent."""
    return _rules()[intent]


def names_fault(text: str) -> bool:
    """Whether `text` holds one of the words residents use for a fault."""
    return _fault_words().search(normalise(text)) is not None


@cache
def _fault_words() -> re.Pattern[str]:
    with (_LEXICON / "faults.yml").open(encoding="utf-8") as file:
        said = {word for name, spellings in yaml.safe_load(file)["faults"].items() for word in (name, *spellings)}
    return re.compile("|".join(re.escape(word) for word in sorted(said, key=len, reverse=True)))


def words(name: str) -> list[str]:
    """Return one list of words."""
    found: list[str] = _all()["words"][name]
    return found


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(word) for word in sorted(words(name), key=len, reverse=True)))


def mentions(name: str, text: str) -> bool:
    """Whether `text` contains one of the words of that list."""
    return _pattern(name).search(normalise(text)) is not None


def after(name: str, text: str, *, but: str) -> int | None:
    """Return where the text goes on after the last word of that list that is not within a word of the list `but`.

    The place counts in `text` as it stands, so that it can be compared with those of entities.
    """
    barred = [found.span() for found in _pattern(but).finditer(text)]
    ends = [
        found.end()
        for found in _pattern(name).finditer(text)
        if not any(start <= found.start() and found.end() <= end for start, end in barred)
    ]
    return ends[-1] if ends else None


def without(name: str, text: str) -> str:
    """Return `text` with all words of that list taken out."""
    return _pattern(name).sub("", text)


def is_just(name: str, text: str) -> bool:
    """Whether `text`, apart from marks, courtesies and fillers, is one of the words of that list."""
    return bare(text) in words(name) or core(text) in words(name)


_MARKS = re.compile(r"[\s，。！？、；：,.!?;:~～…()（）「」“”\"'·]+")


def bare(text: str) -> str:
    """Return `text` simplified, without blanks and marks."""
    return _MARKS.sub("", normalise(text))


def clauses(text: str) -> list[str]:
    """Split a text at its marks and blanks."""
    return [clause for clause in _MARKS.split(text) if clause]


def core(text: str) -> str:
    """Return what is left of `text` without marks, courtesies and fillers."""
    return without("fillers", bare(text))
