"""Answering what was wished for earlier: before a home was bound, or as an offer that is now accepted."""

from typing import Any

from rasa_sdk import utils

from actions.base import DomainAction
from actions.turn import Event, Turn
from property_db.errors import DomainError


def action_named(name: str) -> DomainAction:
    """Return the action with that name.

    Raises:
        LookupError: there is none.
    """
    for kind in utils.all_subclasses(DomainAction):
        if not getattr(kind, "__abstractmethods__", None) and (action := kind()).name() == name:
            found: DomainAction = action
            return found
    raise LookupError(name)


async def answer_later(turn: Turn, wish: dict[str, Any]) -> list[Event]:
    """Answer the message that is kept in `wish` (see `base.wish`) now, within this turn.

    A refusal becomes its sentence here, so that what this turn has done already stays done.
    """
    action = action_named(str(wish["action"]))
    before = turn.tracker
    turn.tracker = before.copy()
    turn.tracker.latest_message = {**turn.parsed, **wish["message"]}
    try:
        return await action.work(turn)
    except DomainError as refusal:
        return action.refused(refusal, turn, turn.dispatcher)
    finally:
        turn.tracker = before
