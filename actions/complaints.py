"""Complaints: the form's questions, its summary, the row, and what came of it."""

from typing import Any

from actions.base import DomainAction
from actions.catalogue import core, names_fault, without
from actions.draft import Draft
from actions.interruption import SURE
from actions.questions import FreeText, YesOrNo, new_text
from actions.task_ends import Completion
from actions.tasks import Task
from actions.turn import Event, Turn
from actions.wording import short
from property_db.clock import SHANGHAI
from property_db.complaints import service as complaints
from property_db.complaints.models import ComplaintCategory

ENOUGH = 3
"""So many characters beside courtesies, and the first message already says what the complaint is."""

CATEGORIES = {"complain_neighbor": ComplaintCategory.NEIGHBOR}


class ComplaintText(FreeText):
    """What the complaint is about."""

    def volunteered(self, turn: Turn) -> Any:
        """Take the message that began the complaint, if it says what about."""
        told = without("complaint_words", core(turn.typed))
        return turn.typed if len(told) >= ENOUGH else None

    def replacement(self, turn: Turn, *, named: bool, correcting: bool) -> Any:
        """Take what stands after 内容改成."""
        return new_text(turn) if named else None


class ComplaintPlace(FreeText):
    """Where it happened, which may be left open."""

    entities = ("place", "building", "unit", "room")
    telling = False

    def answer(self, turn: Turn) -> Any:
        """Take the text unless it goes on telling what happened instead of where."""
        complains = turn.intent in ("complain_service", "complain_neighbor") and turn.confidence >= SURE
        placed = any(turn.entities(name) for name in self.entities)
        return None if not placed and (complains or names_fault(turn.typed)) else super().answer(turn)

    def replacement(self, turn: Turn, *, named: bool, correcting: bool) -> Any:
        """Take what stands after 地点改成, or a place where it was asked what to change."""
        placed = any(turn.entities(name) for name in self.entities)
        return (new_text(turn) if named else None) or (turn.typed if placed and correcting and not named else None)

    def volunteered(self, turn: Turn) -> Any:
        """A complaint that names a place needs no question for it; a place named later is noted."""
        if not turn.typed or not any(turn.entities(name) for name in self.entities):
            return None
        return "" if turn.slot("complaint_text") is None else turn.typed


class ComplaintForm(Task):
    """The questions of a complaint."""

    form = "complaint_form"
    own_intents = frozenset({"complain_service", "complain_neighbor", "change_repair"})
    correction = "complaint_correction"
    confirmation = "complaint_confirmed"
    other_slots = ("complaint_category",)
    questions = (
        ComplaintText(
            "complaint_text",
            "utter_complaint_text_too_short",
            too_short="utter_complaint_text_too_short",
            too_long="utter_complaint_text_too_long",
            field="text",
        ),
        ComplaintPlace("complaint_place", "utter_place_unclear", optional=True, longest=100, field="place"),
        YesOrNo("complaint_confirmed", "utter_yes_or_no"),
    )

    async def begin(self, turn: Turn, answers: Draft) -> None:
        """Note whom it is about."""
        category = CATEGORIES.get(turn.intent, ComplaintCategory.SERVICE)
        answers.set("complaint_category", category.value)

    def add(self, turn: Turn, answers: Draft, text: str) -> bool:
        """Write down what came with a yes."""
        known = answers.get("complaint_text")
        if not known or len(core(text)) < ENOUGH:
            return False
        answers.set("complaint_text", known + short("and_also") + text)
        turn.say("utter_repair_added")
        return True

    def absorb(self, turn: Turn, answers: Draft) -> bool:
        """Write down more of what happened where something else was asked."""
        more = names_fault(turn.typed) or turn.intent in ("complain_service", "complain_neighbor")
        return more and self.add(turn, answers, turn.typed)


class AskComplaintConfirmed(DomainAction):
    """Shows the complaint and asks whether it may be filed."""

    def name(self) -> str:
        """The name the engine finds for the slot."""
        return "action_ask_complaint_confirmed"

    async def work(self, turn: Turn) -> list[Event]:
        """Say what will be written down."""
        place = turn.slot("complaint_place")
        response = "utter_ask_complaint_confirmed" if place else "utter_ask_complaint_confirmed_no_place"
        turn.say(response, what=turn.slot("complaint_text"), place=place)
        return []


class FileComplaint(Completion):
    """Files the complaint."""

    task = ComplaintForm

    def name(self) -> str:
        """The action's name in the domain."""
        return "action_file_complaint"

    async def carry_out(self, turn: Turn, answers: dict[str, Any]) -> list[Event]:
        """Write it down and give its number."""
        if not answers["complaint_confirmed"]:
            return []
        what, place = answers["complaint_text"], answers["complaint_place"]
        draft = complaints.ComplaintDraft(
            identity_id=turn.scope.identity_id,
            category=ComplaintCategory(answers["complaint_category"] or ComplaintCategory.SERVICE.value),
            text=short("complaint_with_place", what=what, place=place) if place else what,
            home_id=turn.homes[0].id if len(turn.homes) == 1 else None,
            conversation_id=turn.conversation.id,
            source_message_id=turn.message_id,
        )
        complaint = await complaints.file(turn.session, draft, turn.clock)
        turn.say("utter_complaint_filed", number=complaint.number)
        return []


class QueryComplaintProgress(DomainAction):
    """Tells what came of complaints."""

    def name(self) -> str:
        """The action's name in the domain."""
        return "action_query_complaint_progress"

    async def work(self, turn: Turn) -> list[Event]:
        """Tell the state and the answer of the newest ones, or of the one asked about."""
        number = turn.entity("ticket_no")
        views = await complaints.progress(turn.session, turn.scope, str(number) if number else None)
        if not views:
            turn.say("utter_complaint_progress_none")
        for view in views[:3]:
            turn.say(
                "utter_complaint_progress",
                number=view.number,
                filed_on=view.created_at.astimezone(SHANGHAI).date().isoformat(),
                what=view.text[:40],
                state_text=view.state_text,
            )
            if view.answer:
                turn.say("utter_complaint_answer", answer=view.answer)
        return []
