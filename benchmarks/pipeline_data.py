"""The messages that `benchmarks.pipelines` trains on: typed, as voice input might misspell them, and as heard.

Knows nothing of any encoder, so that the stock engine's environment can import it too.
"""

from __future__ import annotations

import math
import random
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.loading import load_data
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.components.mishearing import misheard
from bot.components.normaliser import Normaliser
from bot.encoder.split import SAID, is_held_out, said_of
from bot.engine import spoken

PROJECT = Path(__file__).resolve().parents[1]
FOLDER = PROJECT / "nlu_data"
SEED = 20261121


def only_measures(message: Message) -> bool:
    """Whether the message, or what it was heard of, is one of those held out."""
    return is_held_out(said_of(message) or message.get(TEXT))


def typed(share: float = 1.0) -> list[Message]:
    """The normalised messages of nlu_data or a share of each intent's; a smaller share is part of a greater one."""
    found = _loaded(sorted(FOLDER.glob("*.yml")))
    if share >= 1:
        return found
    by_intent: dict[str, list[int]] = defaultdict(list)
    for number, message in enumerate(found):
        by_intent[message.get(INTENT)].append(number)
    kept: set[int] = set()
    for intent in sorted(by_intent):
        numbers = by_intent[intent]
        random.Random(f"{SEED} {intent}").shuffle(numbers)
        kept.update(numbers[: max(2, math.ceil(share * len(numbers)))])
    return [found[number] for number in sorted(kept)]


def heard(said: Iterable[str] | None = None) -> list[Message]:
    """What the recogniser heard: everything, or only of these messages."""
    with tempfile.TemporaryDirectory() as scratch:
        found = _loaded(spoken.training_files(FOLDER, Path(scratch)))
    known = None if said is None else set(said)
    return [message for message in found if known is None or said_of(message) in known]


def copies(messages: Iterable[Message]) -> list[Message]:
    """The misheard copy of each, as the intent classifier makes them."""
    return [
        Message(
            {
                TEXT: misheard(message.get(TEXT)),
                INTENT: message.get(INTENT),
                "metadata": {"example": {SAID: message.get(TEXT)}},
            }
        )
        for message in messages
    ]


def training_data(share: float, *, with_heard: bool, with_copies: bool) -> TrainingData:
    """Normalised messages, not yet cut into tokens."""
    written = typed(share)
    found = list(written)
    if with_copies:
        found += copies(written)
    if with_heard:
        found += heard(None if share >= 1 else (message.get(TEXT) for message in written))
    return TrainingData(training_examples=found)


def _loaded(files: list[Path]) -> list[Message]:
    if not files:
        return []
    first, *others = [load_data(str(file)) for file in files]
    data = Normaliser().process_training_data(first.merge(*others))
    return [message for message in data.intent_examples if message.get(TEXT)]
