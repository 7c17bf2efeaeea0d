"""The files that `guanjia evaluate` measures on: JSON lines with the message and what it should be understood as."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from integrations.cli.errors import CliError
from integrations.cli.metrics import Entities, contract_name
from integrations.cli.texts import say


@dataclass(frozen=True)
class Labelled:
    """A message and what should come out.

    Attributes:
        entities: None where the label says nothing about entities; empty where it says there are none.
    """

    text: str
    intent: str
    style: str | None = None
    entities: Entities | None = None
    second_intent: str | None = None


class _Unusable(Exception):
    """Says why, as a key of the texts."""


def read(file: Path) -> list[Labelled]:
    """The labelled messages of a file; keys it does not know are ignored.

    Raises:
        CliError: it is not there, holds nothing, or a line is not what it should be.
    """
    try:
        # Lines end at line feeds alone: a message may hold U+2028 and the like, at which splitlines() would cut too.
        lines = file.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise CliError("file_unreadable", path=file, reason=error) from error
    messages = list(_messages(file, lines))
    if not messages:
        raise CliError("evaluation_empty", path=file)
    return messages


def _messages(file: Path, lines: list[str]) -> Iterator[Labelled]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield _message(line)
        except _Unusable as reason:
            raise CliError("evaluation_line", path=file, line=number, reason=say(str(reason))) from reason


def _message(line: str) -> Labelled:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise _Unusable("label_no_json") from error
    if not isinstance(row, dict):
        raise _Unusable("label_no_object")
    text, intent, style, second = (row.get(key) for key in ("text", "intent", "style", "second_intent"))
    if not isinstance(text, str):
        raise _Unusable("label_no_text")
    if not isinstance(intent, str) or not intent:
        raise _Unusable("label_no_intent")
    if not all(value is None or isinstance(value, str) for value in (style, second)):
        raise _Unusable("label_no_word")
    return Labelled(
        text=text,
        intent=contract_name(intent),
        style=style or None,
        entities=_entities(row["entities"]) if row.get("entities") is not None else None,
        second_intent=contract_name(second) if second else None,
    )


def _entities(given: Any) -> Entities:
    """``{"room": "501"}``, or with a list where there are several of a type."""
    if not isinstance(given, dict):
        raise _Unusable("label_no_entities")
    found: list[tuple[str, str]] = []
    for kind, value in given.items():
        values = value if isinstance(value, list) else [value]
        if not all(isinstance(one, str | int | float) and not isinstance(one, bool) for one in values):
            raise _Unusable("label_no_entities")
        found += [(kind, str(one)) for one in values]
    return found
