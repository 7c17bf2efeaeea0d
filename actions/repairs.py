"""Repairs that are filed: where they stand, hurrying them; and what residents can do themselves."""

from typing import Any

from actions.base import DomainAction, set_slots
from actions.cards import ticket_card
from actions.offers import make_offer
from actions.repair_changes import meant_ticket, open_tickets
from actions.turn import Event, Message, Turn
from actions.wording import short
from property_db.guides import service as guides
from property_db.tickets import service as tickets
from property_db.tickets.errors import UrgedTooOften
from property_db.tickets.views import state_text


class QueryRepairProgress(DomainAction):
    """Tells where repairs stand."""

    def name(self) -> str:
        """The action's name in the domain."""
        return "action_query_repair_progress"

    async def work(self, turn: Turn) -> list[Event]:
        """Show the ticket asked about, or all open ones, or the last finished one."""
        number = turn.entity("ticket_no")
        views = await tickets.progress(turn.session, turn.scope, str(number) if number else None, turn.clock)
        facility = turn.entity("facility")
        views = [view for view in views if view.facility == facility] or views
        if not views:
            turn.say("utter_repair_progress_none")
            return []
        turn.say("utter_repair_progress")
        for view in views:
            turn.show(ticket_card(turn, view))
        if any(view.is_open for view in views):
            turn.suggest("utter_repair_progress_next")
        return set_slots(ticket_number=views[0].number)


class UrgeRepair(DomainAction):
    """Hurries an open repair."""

    writes = True

    def name(self) -> str:
        """The action's name in the domain."""
        return "action_urge_repair"

    async def work(self, turn: Turn) -> list[Event]:
        """Urge the ticket that is meant; the newest where nothing tells."""
        views = await open_tickets(turn)
        ticket = await meant_ticket(turn, views) or next(iter(views), None)
        urged = await tickets.urge(turn.session, turn.scope, turn.clock, ticket.number if ticket else None)
        turn.say(
            "utter_repair_urged",
            number=urged.number,
            facility=urged.facility,
            state_text=state_text(urged.state),
        )
        return set_slots(ticket_number=urged.number)

    def refused(self, refusal: Any, message: Message, dispatcher: Any) -> list[Event]:
        """Say why not; too often means that a person is due."""
        events = super().refused(refusal, message, dispatcher)
        if isinstance(refusal, UrgedTooOften):
            return [*events, *set_slots(offer=make_offer(message, "request_human"))]
        return events


class RepairGuide(DomainAction):
    """Tells what residents can do themselves, or how to be safe until somebody comes."""

    def name(self) -> str:
        """The action's name in the domain."""
        return "action_repair_guide"

    async def work(self, turn: Turn) -> list[Event]:
        """Find the guide that fits what was said."""
        facility = turn.entity("facility")
        guide = await guides.find(turn.session, str(facility) if facility else None, turn.typed)
        if guide is None:
            turn.say("utter_guide_none")
            return set_slots(offer=make_offer(turn, "report_repair"))
        intro = "utter_guide_professional_intro" if guide.professional_only else "utter_guide_intro"
        turn.say(intro, title=short("guide_title", facility=guide.facility, fault=guide.fault))
        turn.say("utter_guide_steps", steps=guide.steps_text)
        if guide.warning:
            turn.say("utter_guide_warning", warning=guide.warning)
        turn.suggest("utter_guide_next", facility=guide.facility)
        return []
