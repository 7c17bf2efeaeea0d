"""Emergencies outvote the classifier: where the rules recognise one, the intent is `report_emergency` with certainty.

Stands behind the classifier and its fallback. The gateway runs the same rules before it calls the engine; this
component makes `/model/parse` and a conversation without the gateway agree with it. The kind is in `emergency`.
"""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import INTENT, INTENT_NAME_KEY, INTENT_RANKING_KEY, PREDICTED_CONFIDENCE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.components.normaliser import is_command
from bot.language.emergency import detect

EMERGENCY = "emergency"
REPORT_EMERGENCY = "report_emergency"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class EmergencyDetector(GraphComponent, IntentClassifier):
    """Sets the intent where the rules fire and leaves every other message alone."""

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> EmergencyDetector:
        """Rasa's constructor."""
        return cls()

    def process(self, messages: list[Message]) -> list[Message]:
        """Put `report_emergency` first where the rules recognise one."""
        for message in messages:
            text = message.get(TEXT)
            if not text or is_command(text):
                continue
            kind = detect(text)
            if kind is None:
                continue
            certain = {INTENT_NAME_KEY: REPORT_EMERGENCY, PREDICTED_CONFIDENCE_KEY: 1.0}
            others = [
                ranked
                for ranked in message.get(INTENT_RANKING_KEY) or []
                if ranked.get(INTENT_NAME_KEY) != REPORT_EMERGENCY
            ]
            message.set(INTENT, certain, add_to_output=True)
            message.set(INTENT_RANKING_KEY, [dict(certain), *others], add_to_output=True)
            message.set(EMERGENCY, kind, add_to_output=True)
        return messages
