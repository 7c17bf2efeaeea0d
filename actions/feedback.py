"""Suggestions and praise, and stars for finished repairs."""

from typing import Any

from rasa_sdk.events import FollowupAction

from actions.base import DomainAction, answer_later, wish
from actions.catalogue import core, mentions, without
from actions.complaints import ENOUGH
from actions.interruption import SURE
from actions.questions import FreeText
from actions.task_ends import Completion
from actions.tasks import Task
from actions.turn import Event, Turn
from property_db.complaints import service as complaints
from property_db.feedback import service as ratings
from property_db.tickets import service as tickets

CONTENT_FROM = 3
"""From so many stars on a repair was good enough to be thanked for."""


class GiveFeedback(DomainAction):
    """Keeps a suggestion, or asks for it where the message holds none."""

    writes = True

    def name(self) -> str:
        """The action's name in the domain."""
        return "action_give_feedback"

    async def work(self, turn: Turn) -> list[Event]:
        """Keep the text if it says something."""
        if len(without("complaint_words", core(turn.typed))) < ENOUGH:
            return [FollowupAction("feedback_form")]
        if turn.confidence < SURE and not mentions("suggests", turn.typed):
            return await answer_later(turn, wish(turn, "action_fallback"))  # 王建国 is no suggestion
        await complaints.give_feedback(turn.session, turn.scope.identity_id, turn.typed, turn.clock, turn.message_id)
        turn.say("utter_feedback_recorded")
        return []


class FeedbackForm(Task):
    """The one question of a suggestion."""

    form = "feedback_form"
    own_intents = frozenset({"give_feedback"})
    questions = (
        FreeText(
            "feedback_text",
            "utter_feedback_text_too_short",
            too_short="utter_feedback_text_too_short",
            too_long="utter_feedback_text_too_long",
        ),
    )


class FileFeedback(Completion):
    """Keeps the suggestion."""

    task = FeedbackForm

    def name(self) -> str:
        """The action's name in the domain."""
        return "action_file_feedback"

    async def carry_out(self, turn: Turn, answers: dict[str, Any]) -> list[Event]:
        """Keep the text."""
        if answers["feedback_text"]:
            await complaints.give_feedback(
                turn.session, turn.scope.identity_id, answers["feedback_text"], turn.clock, turn.message_id
            )
            turn.say("utter_feedback_recorded")
        return []


class RateService(DomainAction):
    """Keeps the stars for a finished repair."""

    writes = True

    def name(self) -> str:
        """The action's name in the domain."""
        return "action_rate_service"

    async def work(self, turn: Turn) -> list[Event]:
        """Keep the stars, or show them to be tapped where none were said."""
        number = turn.entity("ticket_no") or await _finished(turn)
        if number is None:
            turn.say("utter_rating_nothing_to_rate")
            return []
        stars = turn.entity("rating")
        if stars is None:
            turn.say("utter_rating_block", number=number)
            return []
        _, ticket = await ratings.rate_ticket(turn.session, turn.scope, str(number), int(stars), turn.typed, turn.clock)
        content = int(stars) >= CONTENT_FROM
        turn.say("utter_rating_thanks" if content else "utter_rating_sorry", number=ticket.number)
        return []


async def _finished(turn: Turn) -> str | None:
    """Return the number of the newest repair that can be rated."""
    recent = await tickets.recent(turn.session, turn.scope)
    return next((view.number for view in recent if view.state in ratings.RATEABLE), None)
