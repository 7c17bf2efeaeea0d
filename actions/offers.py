"""What the assistant proposed last, so that a bare 好 accepts it."""

from typing import Any

from actions.turn import Message


def make_offer(message: Message, intent: str) -> dict[str, Any]:
    """Return the `offer` slot's value: an intent the next message may accept."""
    return {"intent": intent, "turn": message.turn_number}


def open_offer(message: Message) -> str | None:
    """Return the intent that was proposed in the very last answer."""
    offer = message.slot("offer")
    if not isinstance(offer, dict) or offer.get("turn") != message.turn_number - 1:
        return None
    return str(offer["intent"])
