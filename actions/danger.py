"""The question whether anybody is in danger, and its answer."""

from rasa_sdk.events import SlotSet

from actions.catalogue import is_just
from actions.offers import make_offer, open_offer
from actions.turn import Event, Turn

DANGER = "report_emergency"
SUSPECTED = 0.15
"""From this confidence on a danger among the likeliest wishes is asked about before anything else."""
AMONG = 3
"""So many of the likeliest wishes count."""


def suspects_danger(turn: Turn) -> bool:
    """Whether a message that was not understood may well report a danger."""
    return any(name == DANGER and sure >= SUSPECTED for name, sure in turn.likely_intents[:AMONG])


def ask_about_danger(turn: Turn) -> list[Event]:
    """Give the numbers to call and ask; no alarm for 「！！！」."""
    turn.say("utter_emergency_unsure")
    return [SlotSet("offer", make_offer(turn, DANGER))]


def answer_to_danger(turn: Turn) -> bool | None:
    """Return whether there is danger, if the message answers that question."""
    if turn.is_choice:
        return False if turn.intent == "deny" and turn.entity("choice") == "safe" else None
    if open_offer(turn) != DANGER:
        return None
    if is_just("danger", turn.typed) or is_just("agree", turn.typed):
        return True
    return False if is_just("no_danger", turn.typed) or is_just("refuse", turn.typed) else None
