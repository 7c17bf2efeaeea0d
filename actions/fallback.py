"""What is said when a message was not understood: the likely wishes to tap, and from the second time on a person."""

from actions.base import DomainAction, answer_later, set_slots, wish
from actions.catalogue import is_just, names_fault, section
from actions.danger import ask_about_danger, suspects_danger
from actions.offers import make_offer
from actions.second_wish import others
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
AMONG = 5
"""So many of the ranking are looked at; talk among them is left out."""
REPORT = "/report_repair"
LEAST_CONFIDENCE = 0.1
"""Less likely ones are noise."""
LONG = 300
"""Longer messages are asked to be said in one or two sentences."""


class Fallback(DomainAction):
    """The one fallback of the dialogue."""

    writes = True
    looks_beside = False  # its choices hold the other wishes

    def name(self) -> str:
        """The action's name in the domain; the engine's configuration names it as well."""
        return "action_fallback"

    async def work(self, turn: Turn) -> list[Event]:
        """Offer the likeliest wishes; after the second failure in a row a person first."""
        if suspects_danger(turn):
            return ask_about_danger(turn)
        if turn.parsed.get("entities") and len(turn.rest(*VALUES)) <= 1 and turn.active_form is None:
            # 水费呢: too short for the intent model, but a value says what it is about.
            return await answer_later(turn, wish(turn, "action_inform"))
        if is_just("agree", turn.typed) and turn.active_form is None:
            return await answer_later(turn, wish(turn, "action_affirm"))
        likely = _likely(turn)
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


def _likely(turn: Turn) -> list[tuple[str, str]]:
    """Return title and payload of the likeliest wishes: first those of a message's parts, then of it as a whole."""
    titles = section("intents")
    parts = [wish["intent"] for wish in others(turn)]
    whole = [intent for intent, confidence in turn.likely_intents[:AMONG] if confidence >= LEAST_CONFIDENCE]
    likely = [intent for intent in dict.fromkeys([*parts, *whole]) if intent in titles]
    return [(titles[intent], f"/{intent}") for intent in likely[:LIKELY]]
