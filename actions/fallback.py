"""What is said when a message was not understood: the likely wishes to tap, and from the second time on a person."""

from actions.base import DomainAction, set_slots, wish
from actions.catalogue import is_just, names_fault, section
from actions.later import answer_later
from actions.offers import make_offer
from actions.turn import Event, Turn

VALUES = (
    "fee_type",
    "period",
    "facility",
    "place",
    "building",
    "unit",
    "room",
    "phone",
    "ticket_no",
    "utility",
    "time",
)
"""Kinds of entities that may be all a message holds."""
LIKELY = 3
"""At most so many wishes are offered."""
REPORT = "/report_repair"
LEAST_CONFIDENCE = 0.1
"""Less likely ones are noise."""
LONG = 300
"""Longer messages are asked to be said in one or two sentences."""


class Fallback(DomainAction):
    """The one fallback of the dialogue."""

    writes = True

    def name(self) -> str:
        """The action's name in the domain; the engine's configuration names it as well."""
        return "action_fallback"

    async def work(self, turn: Turn) -> list[Event]:
        """Offer the likeliest wishes; after the second failure in a row a person first."""
        if turn.parsed.get("entities") and len(turn.rest(*VALUES)) <= 1 and turn.active_form is None:
            # 水费呢: too short for the intent model, but a value says what it is about.
            return await answer_later(turn, wish(turn, "action_inform"))
        if is_just("agree", turn.typed) and turn.active_form is None:
            return await answer_later(turn, wish(turn, "action_affirm"))
        titles = section("intents")
        likely = [
            (titles[intent], f"/{intent}")
            for intent, confidence in turn.likely_intents
            if intent in titles and confidence >= LEAST_CONFIDENCE
        ][:LIKELY]
        facility = turn.entity("facility")
        if facility is not None and (names_fault(turn.typed) or REPORT in [payload for _, payload in likely]):
            turn.say("utter_inform_facility", facility=facility)
            return []
        if turn.slot("not_understood") == turn.turn_number - 1:
            turn.offer("utter_fallback_again", [option for option in likely if option[1] != "/request_human"])
            return set_slots(not_understood=turn.turn_number, offer=make_offer(turn, "request_human"))
        if len(turn.typed) > LONG:
            turn.say("utter_fallback_too_long")
        else:
            turn.offer("utter_fallback" if likely else "utter_fallback_no_idea", likely)
        return set_slots(not_understood=turn.turn_number)
