"""The likeliest intents of a message, as Rasa keeps them."""

from __future__ import annotations

from rasa.shared.nlu.constants import INTENT, INTENT_NAME_KEY, INTENT_RANKING_KEY, PREDICTED_CONFIDENCE_KEY
from rasa.shared.nlu.training_data.message import Message


def put_first(message: Message, intent: str, confidence: float) -> None:
    """Make `intent` the message's; in the ranking it stands first and only there."""
    first = {INTENT_NAME_KEY: intent, PREDICTED_CONFIDENCE_KEY: confidence}
    others = [one for one in message.get(INTENT_RANKING_KEY) or [] if one.get(INTENT_NAME_KEY) != intent]
    message.set(INTENT, first, add_to_output=True)
    message.set(INTENT_RANKING_KEY, [dict(first), *others], add_to_output=True)
