"""Emergencies outvote the classifier.

Where the rules recognise one, the intent is `report_emergency` with certainty. Where they do not, but the classifier
thinks it likelier than `unsure`, it comes first with the classifier's own confidence although something else is
likelier: the dialogue then asks whether anyone is in danger, which costs a resident with a dripping tap one tap of a
finger and may save another.

Stands behind the classifier and its fallback. The gateway runs the same rules before it calls the engine; this
component makes `/model/parse` and a conversation without the gateway agree with it. The kind is in `emergency`.
"""

from __future__ import annotations

from typing import Any

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import INTENT_NAME_KEY, INTENT_RANKING_KEY, PREDICTED_CONFIDENCE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.components.normaliser import is_command
from bot.components.ranking import put_first
from bot.components.step import Step
from bot.language.emergency import detect

EMERGENCY = "emergency"
REPORT_EMERGENCY = "report_emergency"


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class EmergencyDetector(Step, IntentClassifier):
    """Puts `report_emergency` first where the rules fire or the classifier smells danger."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """`unsure`: the confidence from which an emergency that only the classifier sees comes first (1: never)."""
        return {"unsure": 1.0}

    def __init__(self, unsure: float = 1.0) -> None:
        """A detector; see `get_default_config`."""
        self._unsure = unsure

    def process(self, messages: list[Message]) -> list[Message]:
        """Put `report_emergency` first where the rules recognise one."""
        for message in messages:
            text = message.get(TEXT)
            if not text or is_command(text):
                continue
            kind = detect(text)
            if kind is not None:
                put_first(message, REPORT_EMERGENCY, 1.0)
                message.set(EMERGENCY, kind, add_to_output=True)
            elif (likely := _confidence(message)) >= self._unsure:
                put_first(message, REPORT_EMERGENCY, likely)
        return messages


def _confidence(message: Message) -> float:
    ranking = message.get(INTENT_RANKING_KEY) or []
    return next((one[PREDICTED_CONFIDENCE_KEY] for one in ranking if one[INTENT_NAME_KEY] == REPORT_EMERGENCY), 0.0)
