"""First step of the pipeline: one spelling for every message, in training as in use.

The text as typed stays in `raw_text`; how the two correspond stays in `alignment`, so that entities are reported where
they stand in the typed text (see `entities`).
"""

from __future__ import annotations

from typing import Any

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.shared.nlu.constants import ENTITIES, ENTITY_ATTRIBUTE_END, ENTITY_ATTRIBUTE_START, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.components.step import Step
from bot.language.normalise import Normalised, normalise_aligned

RAW_TEXT = "raw_text"
ALIGNMENT = "alignment"
COMMAND = "/"


def is_command(text: str | None) -> bool:
    """Whether the text is one of Rasa's slash payloads, which only the gateway sends and nothing here may touch."""
    return bool(text) and str(text).startswith(COMMAND)


@DefaultV1Recipe.register([DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER], is_trainable=False)
class Normaliser(Step):
    """Replaces the text by its normalised form."""

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Normalise every training message and move its annotated entities along."""
        for example in training_data.training_examples:
            text = example.get(TEXT)
            if not text or is_command(text):
                continue
            aligned = normalise_aligned(text)
            example.set(TEXT, aligned.text)
            if example.get(ENTITIES):
                example.set(ENTITIES, [_moved(entity, aligned) for entity in example.get(ENTITIES)])
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Normalise the text of each message; the typed one stays in `raw_text`."""
        for message in messages:
            text = message.get(TEXT)
            if not text or is_command(text):
                continue
            aligned = normalise_aligned(text)
            message.set(RAW_TEXT, text)
            message.set(ALIGNMENT, aligned)
            # Normalising ／restart must not make a command of what a resident typed.
            message.set(TEXT, "|" + aligned.text[1:] if is_command(aligned.text) else aligned.text)
        return messages


def _moved(entity: dict[str, Any], aligned: Normalised) -> dict[str, Any]:
    span = aligned.span_of_raw(entity[ENTITY_ATTRIBUTE_START], entity[ENTITY_ATTRIBUTE_END])
    if span is None:
        return entity
    return {**entity, ENTITY_ATTRIBUTE_START: span[0], ENTITY_ATTRIBUTE_END: span[1]}
