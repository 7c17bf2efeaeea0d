"""Changing and withdrawing a repair that is filed."""

from dataclasses import dataclass
from typing import Any, ClassVar

from rasa_sdk.events import FollowupAction, SlotSet

from actions.base import DomainAction, set_slots
from actions.catalogue import mentions
from actions.draft import Draft
from actions.questions import (
    Answers,
    FreeText,
    OneOf,
    PhoneNumber,
    Question,
    VisitTime,
    YesOrNo,
    meant,
    ordinal,
    parse_span,
)
from actions.task_ends import Completion
from actions.tasks import Task
from actions.turn import Event, Turn
from actions.wording import short, span_text
from property_db.people.masking import mask_phone
from property_db.tickets import service as tickets
from property_db.tickets.models import TicketKind
from property_db.tickets.schemas import TicketView


async def open_tickets(turn: Turn) -> list[TicketView]:
    """Return this resident's open repairs, newest first; what is done about a danger, people decide."""
    views = await tickets.progress(turn.session, turn.scope, clock=turn.clock)
    return [view for view in views if view.is_open and view.kind is TicketKind.REPAIR]


async def meant_ticket(turn: Turn, views: list[TicketView]) -> TicketView | None:
    """Return the one ticket the message means: by number, by facility, the one spoken of last, or the only one."""
    number = turn.entity("ticket_no")
    if number is not None:
        return (await tickets.progress(turn.session, turn.scope, str(number), turn.clock))[0]
    facility = turn.entity("facility")
    if facility is not None:
        fitting = [view for view in views if view.facility == facility]
        if len(fitting) == 1:
            return fitting[0]
    if len(views) == 1:
        return views[0]
    return next((view for view in views if view.number == turn.slot("ticket_number")), None)


def ticket_options(views: list[TicketView]) -> list[tuple[str, str]]:
    """Return tickets as choices."""
    return [
        (short("ticket_option", facility=view.facility, number=view.number), f'/inform{{"ticket_no":"{view.number}"}}')
        for view in views
    ]


@dataclass
class WhichTicket(Question):
    """Which of several open tickets: its number. The listed numbers are in the slot `ticket_choices`."""

    entities: ClassVar[tuple[str, ...]] = ("ticket_no", "facility")

    def answer(self, turn: Turn) -> Any:
        """Take the number, the facility, or 第一张."""
        listed: list[list[str]] = turn.slot("ticket_choices") or []
        number, facility = turn.entity("ticket_no"), turn.entity("facility")
        if number is not None:
            return str(number).upper()
        fitting = [listed_number for listed_number, listed_facility in listed if listed_facility == facility]
        if len(fitting) == 1:
            return fitting[0]
        index = ordinal(turn.typed, len(listed))
        return None if index is None else listed[index][0]

    async def check(self, turn: Turn, value: Any) -> str:
        """Accept tickets this resident sees.

        Raises:
            TicketNotFound: it is not one of theirs.
        """
        return (await tickets.progress(turn.session, turn.scope, str(value), turn.clock))[0].number


class StartChange(DomainAction):
    """Finds the ticket to change, and begins the questions for what is missing."""

    form: ClassVar[str] = "change_repair_form"
    slot: ClassVar[str] = "change_ticket"
    nothing: ClassVar[str] = "utter_change_nothing_open"

    def name(self) -> str:
        """The action's name in the domain."""
        return "action_change_repair"

    async def work(self, turn: Turn) -> list[Event]:
        """Begin, unless nothing is open."""
        views = await open_tickets(turn)
        ticket = await meant_ticket(turn, views)
        if ticket is None and not views:
            turn.say(self.nothing)
            return []
        return [
            SlotSet(self.slot, ticket.number if ticket is not None else None),
            SlotSet("ticket_choices", [[view.number, view.facility] for view in views]),
            *self.known(turn),
            FollowupAction(self.form),
        ]

    def known(self, turn: Turn) -> list[Event]:
        """Return what the first message says about the change."""
        phone, choice = meant(turn, "phone"), turn.entity("choice")
        what = choice if choice in {value for value, _ in WHAT} else None
        if turn.entity("time") is not None:
            what = "change_time"
        elif phone is not None:
            what = "change_phone"
        elif what is None:
            what = next((value for value, name in WHAT if mentions(name, turn.typed)), None)
        return set_slots(change_what=what, change_note=None, change_phone=phone, change_time_said=meant(turn, "time"))


class StartCancel(StartChange):
    """Finds the ticket to withdraw, and begins the question whether that is really meant."""

    form = "cancel_repair_form"
    slot = "cancel_ticket"
    nothing = "utter_cancel_nothing_open"

    def name(self) -> str:
        """The action's name in the domain."""
        return "action_cancel_repair"

    def known(self, turn: Turn) -> list[Event]:
        """Nothing but the ticket: withdrawing is always confirmed."""
        return []


WHAT = (("change_time", "field_time"), ("change_phone", "field_phone"), ("change_note", "field_note"))


def _what(slot: str, answers: Answers) -> bool:
    return answers.get("change_what") == slot


class ChangeRepairForm(Task):
    """The questions of a change."""

    form = "change_repair_form"
    own_intents = frozenset({"change_repair"})
    photos = "change_photos"
    other_slots = ("ticket_choices", "change_time_said")
    questions = (
        WhichTicket("change_ticket", "utter_ticket_unclear"),
        OneOf("change_what", "utter_change_what_unclear", entity="choice", values=WHAT),
        VisitTime("change_time", "utter_time_unclear", wanted=lambda answers: _what("change_time", answers)),
        PhoneNumber("change_phone", "utter_phone_unclear", wanted=lambda answers: _what("change_phone", answers)),
        FreeText("change_note", "utter_text_too_short", wanted=lambda answers: _what("change_note", answers)),
    )

    async def begin(self, turn: Turn, answers: Draft) -> None:
        """Take over the time of the first message, if it can be used."""
        said = turn.slot("change_time_said")
        if said is not None and answers.get("change_time") is None:
            await self.accept(turn, answers, "change_time", said)
        phone = answers.get("change_phone")
        if phone is not None:
            answers.set("change_phone", None)
            await self.accept(turn, answers, "change_phone", phone)

    async def settle(self, turn: Turn, answers: Draft) -> None:
        """A time or a number given says what is to be changed."""
        for slot in ("change_time", "change_phone"):
            if answers.changed(slot):
                answers.set("change_what", slot)


class CancelRepairForm(Task):
    """The questions before a withdrawal."""

    form = "cancel_repair_form"
    own_intents = frozenset({"cancel_repair"})
    other_slots = ("ticket_choices",)
    questions = (
        WhichTicket("cancel_ticket", "utter_ticket_unclear"),
        YesOrNo("cancel_confirmed", "utter_cancel_yes_or_no", yes=("agree", "cancel_yes"), no=("refuse", "cancel_no")),
    )


class AskChangeTicket(DomainAction):
    """Asks which ticket is to be changed."""

    response: ClassVar[str] = "utter_ask_change_ticket"

    def name(self) -> str:
        """The name the engine finds for the slot."""
        return "action_ask_change_ticket"

    async def work(self, turn: Turn) -> list[Event]:
        """Offer the open tickets."""
        turn.offer(self.response, ticket_options(await open_tickets(turn)))
        return []


class AskCancelTicket(AskChangeTicket):
    """Asks which ticket is to be withdrawn."""

    response = "utter_ask_cancel_ticket"

    def name(self) -> str:
        """The name the engine finds for the slot."""
        return "action_ask_cancel_ticket"


class AskCancelConfirmed(DomainAction):
    """Asks whether the ticket is really to be withdrawn."""

    def name(self) -> str:
        """The name the engine finds for the slot."""
        return "action_ask_cancel_confirmed"

    async def work(self, turn: Turn) -> list[Event]:
        """Name the ticket."""
        number = str(turn.slot("cancel_ticket"))
        view = (await tickets.progress(turn.session, turn.scope, number, turn.clock))[0]
        turn.say("utter_ask_cancel_confirmed", number=view.number, title=view.title)
        return []


class ApplyRepairChange(Completion):
    """Changes the ticket."""

    task = ChangeRepairForm

    def name(self) -> str:
        """The action's name in the domain."""
        return "action_apply_repair_change"

    async def carry_out(self, turn: Turn, answers: dict[str, Any]) -> list[Event]:
        """Change what was asked for and say what it is now."""
        what = answers["change_what"]
        if what is None:
            return []
        start, end = parse_span((answers["change_time"] or {}) if what == "change_time" else {})
        changes = tickets.TicketChanges(
            appointment_start=start,
            appointment_end=end,
            contact_phone=answers["change_phone"] if what == "change_phone" else None,
            details=answers["change_note"] if what == "change_note" else self._soonest(answers, what),
            upload_ids=answers["change_photos"] or [],
        )
        ticket = await tickets.change(turn.session, turn.scope, answers["change_ticket"], changes, turn.clock)
        turn.say(
            f"utter_{what}_done",
            number=ticket.number,
            when=span_text(start, end, turn.today),
            phone=mask_phone(ticket.contact_phone),
        )
        return set_slots(ticket_number=ticket.number)

    def _soonest(self, answers: dict[str, Any], what: str) -> str | None:
        """As soon as possible is no moment the ticket could hold, so it is noted as a wish."""
        return span_text(None, None, None) if what == "change_time" and answers["change_time"] == {} else None


class ApplyRepairCancel(Completion):
    """Withdraws the ticket."""

    task = CancelRepairForm

    def name(self) -> str:
        """The action's name in the domain."""
        return "action_apply_repair_cancel"

    async def carry_out(self, turn: Turn, answers: dict[str, Any]) -> list[Event]:
        """Withdraw it, or leave it as it is."""
        if answers["cancel_confirmed"] is None:
            return []
        if not answers["cancel_confirmed"]:
            turn.say("utter_cancel_kept", number=answers["cancel_ticket"])
            return []
        ticket = await tickets.cancel(turn.session, turn.scope, answers["cancel_ticket"], turn.clock)
        turn.say("utter_cancel_done", number=ticket.number)
        return []
