"""What is said when a message was not understood: the likely wishes to tap, and from the second time on a person."""

from actions.base import DomainAction, set_slots
from actions.catalogue import section
from actions.offers import make_offer
from actions.turn import Event, Turn

LIKELY = 3
"""At most so many wishes are offered."""
LEAST_CONFIDENCE = 0.05
"""Less likely ones are noise."""
LONG = 300
"""Longer messages are asked to be said in one or two sentences."""


class Fallback(DomainAction):
    """The one fallback of the dialogue."""

    def name(self) -> str:
        """The action's name in the domain; the engine's configuration names it as well."""
        return "action_fallback"

    async def work(self, turn: Turn) -> list[Event]:
        """Offer the likeliest wishes; after the second failure in a row a person first."""
        titles = section("intents")
        likely = [
            (titles[intent], f"/{intent}")
            for intent, confidence in turn.likely_intents
            if intent in titles and confidence >= LEAST_CONFIDENCE
        ][:LIKELY]
        if self.name() in turn.previous_actions():
            turn.offer("utter_fallback_again", [option for option in likely if option[1] != "/request_human"])
            return set_slots(offer=make_offer(turn, "request_human"))
        if len(turn.typed) > LONG:
            turn.say("utter_fallback_too_long")
            return []
        turn.offer("utter_fallback" if likely else "utter_fallback_no_idea", likely)
        return []
