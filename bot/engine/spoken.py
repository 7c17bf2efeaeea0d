"""What a recogniser heard of spoken messages, as a training file for Rasa.

``nlu_data/spoken/heard.jsonl`` is written by ``bot.spoken``. What was said goes along as the example's metadata, so
that what was heard of one message stays together where some are held out. One hearing may stand for two wishes; it is
left out then.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path

from bot.components.pinyin import syllables
from bot.encoder.split import SAID
from bot.engine.events import EngineError
from bot.language.normalise import normalise

FILE = "spoken/heard.jsonl"
SHORTEST = 2
"""Characters; of one alone nothing is left of what was said."""
LEAST_ALIKE = 0.5
"""The share of sounds that what was heard has in common with what was said; below it the label belongs to neither."""


def _alike(said: str, heard: str) -> bool:
    return SequenceMatcher(None, syllables(said), syllables(heard), autojunk=False).ratio() >= LEAST_ALIKE


def hearings(folder: Path) -> Iterator[tuple[str, str, str]]:
    """What was said, what was heard, both normalised, and the intent: of all hearings of `folder` (``nlu_data``).

    Raises:
        EngineError: a line is not what the recogniser's step writes.
    """
    source = folder / FILE
    if source.exists():
        for number, line in enumerate(source.read_text("utf-8").splitlines(), start=1):
            yield _hearing(line, number, source)


def _hearing(line: str, number: int, source: Path) -> tuple[str, str, str]:
    try:
        row = json.loads(line)
        return normalise(row["said"]), normalise(row["heard"]), row["intent"]
    except (ValueError, KeyError, TypeError) as error:
        raise EngineError(
            "training_refused", f"Line {number} is no hearing: {error}", str(source), "Make the file again."
        ) from error


def training_files(folder: Path, scratch: Path) -> list[Path]:
    """The file made of `folder`'s hearings, in `scratch`; none when there are none.

    Raises:
        EngineError: a line is not what the recogniser's step writes.
    """
    if not (folder / FILE).exists():
        return []
    said: dict[str, dict[str, str]] = defaultdict(dict)
    for original, heard, intent in hearings(folder):
        if len(heard) >= SHORTEST and _alike(original, heard):
            said[heard].setdefault(intent, original)
    examples: dict[str, list[dict[str, object]]] = defaultdict(list)
    for heard, wishes in said.items():
        if len(wishes) == 1:
            ((intent, original),) = wishes.items()
            examples[intent].append({"text": f"{heard}\n", "metadata": {SAID: original}})
    # JSON is YAML, and much faster to write; Rasa knows its files by a line that begins with "nlu:".
    target = scratch / "heard.yml"
    nlu = [{"intent": intent, "examples": found} for intent, found in examples.items()]
    target.write_text(f'version: "3.1"\nnlu: {json.dumps(nlu, ensure_ascii=False)}\n', "utf-8")
    return [target]
