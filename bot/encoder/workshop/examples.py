"""What the encoder is tuned on: the project's messages and what a recogniser heard of them, less those held out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from bot.encoder.split import is_held_out
from bot.engine.spoken import hearings
from bot.language.normalise import normalise

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Example:
    """A normalised message, what it wants, and whether it only measures."""

    text: str
    intent: str
    held_out: bool
    spoken: bool


def examples(folder: Path) -> list[Example]:
    """All messages below `folder` (``nlu_data``), typed ones first."""
    return [*_typed(folder), *_heard(folder)]


def _typed(folder: Path) -> Iterator[Example]:
    for file in sorted(folder.glob("*.yml")):
        for item in yaml.load(file.read_text("utf-8"), LOADER)["nlu"]:  # noqa: S506 - it is a safe one
            for line in item.get("examples", "").splitlines() if "intent" in item else ():
                text = normalise(line.removeprefix("- ").strip())
                if text:
                    yield Example(text, item["intent"], is_held_out(text), spoken=False)


def _heard(folder: Path) -> Iterator[Example]:
    for said, heard, intent in hearings(folder):
        if heard:
            yield Example(heard, intent, is_held_out(said), spoken=True)
