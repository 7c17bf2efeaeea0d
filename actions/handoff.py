"""The way to a person."""

from rasa_sdk.events import FollowupAction

from actions.base import DomainAction
from actions.task_ends import drop_tasks
from actions.turn import Event, Turn
from property_db.estates import service as estates
from property_db.handoff import service as handoff
from property_db.handoff.models import QueueKind


async def hand_over(turn: Turn, reason: str) -> list[Event]:
    """Ask for a person and tell the resident where they stand. Whatever form was open is forgotten."""
    place = await handoff.request(turn.session, turn.conversation.id, reason, turn.clock)
    if place.kind is QueueKind.CALLBACK:
        estate = await turn.estate()
        settings = await estates.settings_for(turn.session, estate.id if estate else None)
        if settings.office_phone:
            turn.say("utter_handoff_callback", office_phone=settings.office_phone)
        else:
            turn.say("utter_handoff_callback_no_phone")
    elif place.position > 1:
        turn.say("utter_handoff_waiting", ahead=place.position - 1, wait_minutes=place.wait_minutes)
    else:
        turn.say("utter_handoff_next")
    # Listening is what the rule for `request_human` does next; said outright because others hand over here as well.
    return [*drop_tasks(turn), FollowupAction("action_listen")]


class RequestHuman(DomainAction):
    """Puts the resident into the queue."""

    writes = True
    looks_beside = False  # whoever takes over reads the message

    def name(self) -> str:
        """The action's name in the domain."""
        return "action_request_human"

    async def work(self, turn: Turn) -> list[Event]:
        """Queue up, with what was said as the reason."""
        return await hand_over(turn, turn.typed)
