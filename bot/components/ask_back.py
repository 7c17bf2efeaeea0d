"""Ask back rather than guess: below a confidence the dialogue offers the likeliest wishes instead of acting on one.

Two thresholds. Below `threshold` a message is `nlu_fallback` everywhere, because nothing fits it. Below
`in_conversation` a *wish* is one while a resident waits for the answer: acting on a wrong wish costs more than a tap.
Small talk and values are taken as they are, since a form knows better than a menu what to do with them; and
`/model/parse`, which measures the classifier, gets its opinion. How both were chosen: ``docs/nlu.md``.
"""

from __future__ import annotations

from typing import Any

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.constants import DEFAULT_NLU_FALLBACK_INTENT_NAME
from rasa.shared.nlu.constants import INTENT_NAME_KEY, INTENT_RANKING_KEY, PREDICTED_CONFIDENCE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.components.entities import METADATA
from bot.components.normaliser import is_command
from bot.components.ranking import put_first
from bot.components.step import Step

MESSAGE_ID = "message_id"
"""The key of a conversation's messages in what the gateway sends along."""
TALK = frozenset(
    {
        *("inform", "greet", "goodbye", "thank", "affirm", "deny", "stop"),
        *("ask_bot", "chitchat", "out_of_scope", "request_human", "report_emergency"),
    }
)
"""What is answered in words alone or needs no second look: asking back would be slower or odd."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class AskBack(Step, IntentClassifier):
    """Puts `nlu_fallback` first where the classifier is not sure enough; the ranking behind it stays."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """`threshold`: everywhere; `in_conversation`: for wishes of a resident who waits (not below the other)."""
        return {"threshold": 0.25, "in_conversation": 0.25}

    def __init__(self, threshold: float, in_conversation: float) -> None:
        """A component with these thresholds; see the module."""
        self._threshold = threshold
        self._in_conversation = max(threshold, in_conversation)

    def process(self, messages: list[Message]) -> list[Message]:
        """Mark the messages to ask back about."""
        for message in messages:
            if is_command(message.get(TEXT)):
                continue
            ranking = message.get(INTENT_RANKING_KEY) or []
            if not ranking or ranking[0][PREDICTED_CONFIDENCE_KEY] >= self._limit(message, ranking[0][INTENT_NAME_KEY]):
                continue
            put_first(message, DEFAULT_NLU_FALLBACK_INTENT_NAME, self._threshold)
        return messages

    def _limit(self, message: Message, intent: str) -> float:
        in_conversation = MESSAGE_ID in (message.get(METADATA) or {})
        return self._in_conversation if in_conversation and intent not in TALK else self._threshold
