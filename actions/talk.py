"""Answers that belong to no task: a bare value, yes, no and stop."""

from typing import Any

from rasa_sdk.events import FollowupAction

from actions.base import DomainAction, answer_later, end_form, set_slots, wish
from actions.catalogue import answering, is_just, mentions, names_fault
from actions.danger import answer_to_danger, ask_about_danger, suspects_danger
from actions.handoff import hand_over
from actions.offers import open_offer
from actions.second_wish import Wish, accept, offered, without
from actions.task_ends import forget
from actions.turn import Event, Turn
from actions.wording import short, title
from property_db.tickets import service as tickets

FOLLOW_UPS = {"fee_type": "action_query_arrears", "period": "action_query_arrears", "utility": "action_ask_outage"}
"""A bare value → the action it most likely is about: 水费呢？ after the arrears."""

OFFER_REPAIR = frozenset({"ask_repair_responsibility", "ask_repair_price", "ask_repair_guide"})
"""Questions whose answer proposes to send somebody."""

TALK = {"chitchat": "utter_chitchat", "out_of_scope": "utter_out_of_scope"}

UNSURE = 0.4
"""Below this confidence a yes or no outside any question is taken for something not understood."""


class Inform(DomainAction):
    """Answers a message that only supplies a value nobody asked for."""

    writes = True

    def name(self) -> str:
        """The action's name in the domain."""
        return "action_inform"

    async def work(self, turn: Turn) -> list[Event]:
        """Guess from the kind of value what it is for, and ask where that is not certain."""
        if turn.upload_ids:
            return await self._picture(turn)
        if turn.entity("ticket_no") is not None:
            return await self._as(turn, "action_query_repair_progress")
        if turn.entity("rating") is not None and "action_rate_service" in turn.previous_actions():
            return await self._as(turn, "action_rate_service")
        for entity, action in FOLLOW_UPS.items():
            if any(found["entity"] == entity and not _names_a_thing(turn, found) for found in turn.found):
                return await self._as(turn, action)
        if turn.entity("phone") is not None and not turn.homes:
            return await self._as(turn, "action_bind_household")
        if turn.entity("room") is not None and turn.homes:
            home = (await turn.own_homes())[0]
            turn.say("utter_inform_home", home=home.label)
            return []
        facility = turn.entity("facility")
        if facility is not None and names_fault(turn.typed) and turn.active_form is None:
            return [FollowupAction("report_repair_form")]
        if facility is not None:
            turn.say("utter_inform_facility", facility=facility)
            return []
        turn.say("utter_inform_unclear")
        return []

    async def _as(self, turn: Turn, action: str) -> list[Event]:
        return await answer_later(turn, wish(turn, action))

    async def _picture(self, turn: Turn) -> list[Event]:
        """Add a picture to the repair that was filed in this conversation, or ask what it is for."""
        number = turn.slot("ticket_number")
        if number is None:
            turn.say("utter_inform_photo")
            return set_slots(repair_photos=turn.upload_ids)
        changes = tickets.TicketChanges(details=turn.typed or None, upload_ids=turn.upload_ids)
        ticket = await tickets.change(turn.session, turn.scope, str(number), changes, turn.clock)
        turn.say("utter_photo_added", number=ticket.number)
        return []


def _names_a_thing(turn: Turn, found: dict[str, Any]) -> bool:
    """Whether the same words are a facility: who shows a meter (电表, also 电) asks for no outage."""
    return any(
        other["entity"] == "facility" and all(other.get(end) == found.get(end) for end in ("start", "end"))
        for other in turn.found
    )


def unsure(turn: Turn, *lists: str) -> bool:
    """Whether the engine is so unsure of a yes or no that it may as well be nonsense."""
    return bool(turn.typed) and turn.confidence < UNSURE and not any(is_just(name, turn.typed) for name in lists)


def _last_question(turn: Turn) -> dict[str, Any]:
    """Return the engine's reading of the message before this one."""
    users = [event for event in turn.tracker.events if event.get("event") == "user"]
    return (users[-2].get("parse_data") or {}) if len(users) > 1 else {}


def _offered_after(turn: Turn) -> str | None:
    """Return what the sentence after the last answer proposed: 要安排师傅上门看看吗？."""
    intent = (_last_question(turn).get("intent") or {}).get("name")
    answered = {"action_company_info", "action_repair_guide"} & set(turn.previous_actions())
    return "report_repair" if answered and intent in OFFER_REPAIR else None


def _facility_asked_about(turn: Turn) -> list[Event]:
    """Return the events that take the facility over into the report."""
    entities = _last_question(turn).get("entities") or []
    found = next((entity["value"] for entity in entities if entity.get("entity") == "facility"), None)
    return set_slots(repair_facility=found) if found is not None else []


class Affirm(DomainAction):
    """Answers a yes outside any question: it accepts what the last answer offered."""

    writes = True

    def name(self) -> str:
        """The action's name in the domain."""
        return "action_affirm"

    async def work(self, turn: Turn) -> list[Event]:
        """Do what was offered, or ask what is wanted."""
        if unsure(turn, "agree"):
            return await answer_later(turn, wish(turn, "action_fallback"))
        intent = open_offer(turn)
        wished = offered(turn, intent) if intent is not None else None
        if wished is not None:
            return await self._second(turn, wished)
        match intent or _offered_after(turn):
            case "report_emergency":
                return await answer_later(turn, wish(turn, "action_report_emergency"))
            case "request_human":
                return await hand_over(turn, short("offer_accepted"))
            case "report_repair":
                return [*_facility_asked_about(turn), FollowupAction("report_repair_form")]
            case _:
                turn.say("utter_affirm_nothing_open")
                return []

    async def _second(self, turn: Turn, wished: Wish) -> list[Event]:
        """Do the other wish of an earlier message, as it was said there."""
        action = answering(wished["intent"])
        if action.endswith("_form"):
            return [*accept(turn, wished), FollowupAction(action)]
        told = await answer_later(turn, {"action": action, "message": wished["message"]})
        return [*without(turn, wished["intent"]), *told]


class Deny(DomainAction):
    """Answers a no outside any question."""

    writes = True

    def name(self) -> str:
        """The action's name in the domain."""
        return "action_deny"

    async def work(self, turn: Turn) -> list[Event]:
        """Leave it at that."""
        if answer_to_danger(turn) is False:
            turn.say("utter_no_danger")
            return []
        if unsure(turn, "refuse", "skip"):
            return await answer_later(turn, wish(turn, "action_fallback"))
        turn.say("utter_deny_nothing_open")
        return []


class SmallTalk(DomainAction):
    """Answers talk and what no property company does, unless something graver may be behind it."""

    def name(self) -> str:
        """The action's name in the domain."""
        return "action_small_talk"

    async def work(self, turn: Turn) -> list[Event]:
        """Ask about a danger that may be meant; help with binding, which sounds like anybody's business."""
        if suspects_danger(turn):
            return ask_about_danger(turn)
        if mentions("code_help", turn.typed):
            return await answer_later(turn, wish(turn, "action_bind_household"))
        turn.say(TALK[turn.intent])
        return []


class Stop(DomainAction):
    """Gives up the task at hand; one that was put aside for it goes on."""

    def name(self) -> str:
        """The action's name in the domain."""
        return "action_stop"

    async def work(self, turn: Turn) -> list[Event]:
        """Forget the task's answers."""
        form = turn.active_form
        if form is None:
            turn.say("utter_stop_nothing_open")
            return []
        turn.say("utter_stopped", task=title(form))
        left = [other for other in turn.slot("suspended_task") or [] if other != form]
        # Listening is what the rule for `stop` does next; said outright because a form may send other intents here.
        following = [FollowupAction(left[-1])] if left else [FollowupAction("action_listen")]
        return [*forget([form]), *set_slots(suspended_task=left), *end_form(), *following]
