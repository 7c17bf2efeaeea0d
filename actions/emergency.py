"""Danger: the safety text before anything else, a ticket and an alarm."""

from actions import second_wish
from actions.base import DomainAction, own_intents
from actions.danger import answer_to_danger, ask_about_danger
from actions.task_ends import drop_tasks
from actions.turn import Event, Turn
from bot.language.emergency import detect
from property_db.emergencies import service as emergencies


class ReportEmergency(DomainAction):
    """Answers a danger. The gateway's detector answers most of them before the engine hears of it."""

    writes = True
    looks_beside = False  # nothing else before the danger is dealt with

    def name(self) -> str:
        """The action's name in the domain."""
        return "action_report_emergency"

    async def work(self, turn: Turn) -> list[Event]:
        """Say how to be safe, then that people know. No form goes on after that."""
        kind = detect(turn.typed)
        if kind is None and not turn.is_choice and not answer_to_danger(turn):
            # Only the intent model thinks so: the numbers to call at once and a question, but no alarm for 「！！！」.
            asked = ask_about_danger(turn)
            return [*asked, *second_wish.keep(turn, asked, second_wish.others(turn, own_intents(turn)))]
        answer = await emergencies.report(
            turn.session,
            turn.conversation.id,
            turn.scope.identity_id,
            kind or "unknown",
            turn.typed,
            turn.message_id,
            turn.clock,
        )
        turn.show(answer.block)
        turn.say("utter_emergency_reported", number=answer.ticket.number)
        return drop_tasks(turn)
