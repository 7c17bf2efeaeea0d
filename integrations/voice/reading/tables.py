"""The table of readings, compiled: what is found, and what is said for it. The words are data (``rules.yml``)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from integrations.voice.reading import numbers

RULES = Path(__file__).with_name("rules.yml")
_FIELD = re.compile(r"\{(?P<name>\w+)(?::(?P<kind>\w+))?\}")
_MINUS, _EXTENSION, _POINT, _DASH, _MONTH, _BUILDING, _PAUSE = "负", "，转", "点", "杠", "月", "号楼", "，"
_KEYS = {"#": "井号", "*": "星号"}

KINDS: dict[str, Callable[[str], str]] = {
    **numbers.SAYS,
    "number": lambda text: numbers.decimal(text) if text[:1].isdigit() else numbers.spelled(text.upper()),
    "plate": lambda text: numbers.spelled(text.upper()),
    "padded": lambda text: (numbers.DIGITS[0] if text[0] == "0" and text != "00" else "") + numbers.whole(text),
    "minus": lambda text: _MINUS if text else "",
    "month": lambda text: _MONTH if text else "",
    "key": lambda text: _KEYS.get(text, ""),
    "building": lambda text: _BUILDING if text.startswith("#") else text,
    "extension": lambda text: _EXTENSION + numbers.spelled(text) if text else "",
    "dotted": lambda text: _POINT.join(numbers.numerals(part) for part in text.split(".")),
    "pieces": lambda text: _PAUSE.join(numbers.in_groups(part) for part in re.split("[- ]", text)),
    "dashed": lambda text: _DASH.join(numbers.spelled(part) for part in text.split("-")),
}
"""How a found piece can be said; the names are explained at the head of ``rules.yml``."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table."""

    found: re.Pattern[str]
    say: str

    def apply(self, text: str) -> str:
        """The text with every find said."""
        return self.found.sub(self._said, text)

    def _said(self, match: re.Match[str]) -> str:
        return filled(self.say, lambda name: match[int(name)] if name.isdigit() else match[name])


@dataclass(frozen=True, slots=True)
class Tables:
    """All of ``rules.yml``.

    Attributes:
        url, email: what is said instead of an address.
        item: how a numbered line begins.
        stars: how drawn stars are said.
        same: characters that are written for others.
        latin: words in Latin letters, lower case, and how they are said.
    """

    rules: tuple[Rule, ...]
    url: str
    email: str
    item: str
    stars: str
    same: dict[int, str]
    latin: dict[str, str]


def filled(say: str, value_of: Callable[[str], str | None]) -> str:
    """``{name:kind}`` in ``say`` replaced by the value as it is read; nothing where there is no value."""

    def field(match: re.Match[str]) -> str:
        value = value_of(match["name"])
        return "" if value is None else KINDS[match["kind"]](value) if match["kind"] else value

    return _FIELD.sub(field, say)


@cache
def tables() -> Tables:
    """The table of this installation, read once."""
    data: dict[str, Any] = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    return Tables(
        rules=tuple(Rule(_compiled(rule["match"], data["lists"]), rule["say"]) for rule in data["rules"]),
        url=data["url"],
        email=data["email"],
        item=data["item"],
        stars=data["stars"],
        same=str.maketrans(data["same"]),
        latin={str(word).lower(): said for word, said in data["latin"].items()},
    )


def _compiled(pattern: str, lists: dict[str, str]) -> re.Pattern[str]:
    for name, words in reversed(lists.items()):  # a list may name those above it
        pattern = pattern.replace(f"<{name}>", words)
    return re.compile(pattern)
