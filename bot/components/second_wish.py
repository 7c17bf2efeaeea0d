"""Understand the wishes of a message one by one: 水龙头漏水了，另外发票怎么开 holds a repair and an invoice.

Two steps, because a component of the pipeline cannot ask another one. The first stands before everything else and
sends each wish along as a message of its own, so that it passes through the same normaliser, classifier and extractor;
the last collects what came of them in `wishes` of the whole message, in the order in which they were said. What is
done with them is the dialogue's business (`actions/second_wish.py`). A message with a single wish has no `wishes`.
"""

from __future__ import annotations

from typing import Any

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import ENTITIES, INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.components.entities import METADATA
from bot.components.normaliser import is_command
from bot.components.step import Step
from bot.language.normalise import normalise_aligned
from bot.language.second_wish import wishes_of

WISHES = "wishes"
PART_OF = "part_of"
MOST_WISHES = 3
"""Each one costs as much as a message; with more than these a message is a story, whose sentences belong together."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class WishSplitter(Step, IntentClassifier):
    """The first step of the pipeline: adds a message for each wish of those that hold several."""

    def process(self, messages: list[Message]) -> list[Message]:
        """Put the wishes behind the messages, whose places stay the same."""
        return [*messages, *(part for message in messages for part in _parts(message))]


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class WishCollector(Step, IntentClassifier):
    """The last step of the pipeline: takes the added messages out and tells in `wishes` what they mean."""

    def process(self, messages: list[Message]) -> list[Message]:
        """Return the messages as they came, with their wishes."""
        parts = [message for message in messages if message.get(PART_OF) is not None]
        whole = [message for message in messages if message.get(PART_OF) is None]
        for message in whole:
            wishes = [_understood(part) for part in parts if part.get(PART_OF) is message]
            if wishes:
                message.set(WISHES, wishes, add_to_output=True)
        return whole


def _parts(message: Message) -> list[Message]:
    text = message.get(TEXT)
    if not text or is_command(text):
        return []
    wishes = wishes_of(text)
    if not 2 <= len(wishes) <= MOST_WISHES:
        return []
    return [
        Message({TEXT: typed, METADATA: message.get(METADATA), PART_OF: message}) for typed in _as_typed(text, wishes)
    ]


def _as_typed(text: str, wishes: list[str]) -> list[str]:
    """Find normalised wishes in the text as typed, because a part may become a ticket's own words."""
    aligned = normalise_aligned(text)
    typed, end = [], 0
    for wish in wishes:
        start = aligned.text.find(wish, end)
        if start < 0:
            typed.append(wish)
            continue
        end = start + len(wish)
        first, last = aligned.raw_span(start, end)
        typed.append(text[first:last])
    return typed


def _understood(part: Message) -> dict[str, Any]:
    return {TEXT: part.get(TEXT), INTENT: part.get(INTENT), ENTITIES: part.get(ENTITIES) or []}
