"""The one way an action runs: session, refusals, failures, time limit and doing nothing twice, all in one place."""

import asyncio
import copy
import traceback
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

import structlog
from rasa_sdk import Action, Tracker, utils
from rasa_sdk.events import ActiveLoop, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy.ext.asyncio import AsyncSession

from actions import second_wish
from actions.catalogue import answering
from actions.turn import PASSES_ON, Event, Message, Turn
from property_db.clock import SYSTEM_CLOCK, Clock
from property_db.conversations import service as conversations
from property_db.database import Database
from property_db.errors import DatabaseBusy, DomainError
from property_db.people.errors import NotVerified

LIMIT_S = 8.0
"""Longest an action may take, in seconds: more than the embedded database's busy timeout of 5 s."""

CHANNELS_WITH_BINDING_PAGE = frozenset({"webchat"})
"""Where a `bind` block opens a form of its own; elsewhere the dialogue asks for phone and code."""
CHANNELS_WITH_BINDING_LINK = frozenset({"wechat"})
"""Where a `bind` block may become a link to a page, so it is shown before the dialogue asks."""

log = structlog.get_logger("actions")


CodeSender = Callable[[str, str], Awaitable[None]]
"""Sends a one-time code: telephone number, code. Raises what it likes when it cannot."""


async def _no_sender(phone: str, code: str) -> None:
    raise RuntimeError("no sender of one-time codes was bound")


class _Bound:
    """What the server hands over at start (`bind`)."""

    database: Database | None = None
    clock: Clock = SYSTEM_CLOCK
    sender: CodeSender = staticmethod(_no_sender)


def bind(database: Database, clock: Clock = SYSTEM_CLOCK, code_sender: CodeSender = _no_sender) -> None:
    """Give the actions their database, their clock and who sends one-time codes.

    The server calls it once, before the first action runs.
    """
    _Bound.database, _Bound.clock, _Bound.sender = database, clock, staticmethod(code_sender)


async def send_code(phone: str, code: str) -> None:
    """Send a one-time code that is committed already."""
    await _Bound.sender(phone, code)


def bound() -> tuple[Database, Clock]:
    """Return what `bind` was given.

    Raises:
        RuntimeError: nothing was bound yet.
    """
    if _Bound.database is None:
        raise RuntimeError("actions.base.bind() was not called")
    return _Bound.database, _Bound.clock


class _DoneElsewhere(Exception):
    """Another process has done the same for this message while this one was at it."""


class DomainAction(Action, ABC):  # type: ignore[misc]  # rasa_sdk is not followed by mypy
    """An action of the property domain. Subclasses read the turn, call a service and answer; `run` does the rest."""

    writes: ClassVar[bool] = False
    """Whether the action changes the property database: then it runs in a transaction."""

    remembered: ClassVar[bool] = True
    """Whether an action that writes is done once per message; a form's validation may be called twice."""

    looks_beside: ClassVar[bool] = True
    """Whether the other wishes of the message are seen to after this answer."""

    @abstractmethod
    def name(self) -> str:
        """The action's name in the domain."""

    @abstractmethod
    async def work(self, turn: Turn) -> list[Event]:
        """Answer. May raise any DomainError: it becomes its sentence, and nothing is changed."""

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Answer the message; never raises, because an action that raises puts the whole tracker into a log."""
        message = Message(tracker)
        said = len(dispatcher.messages)
        try:
            async with asyncio.timeout(LIMIT_S):
                return await self._in_session(dispatcher, tracker)
        except DatabaseBusy as busy:
            return self._apologise(dispatcher, said, message, f"utter_{busy.code}")
        except DomainError as refusal:
            del dispatcher.messages[said:]
            events = self.refused(refusal, message, dispatcher)
            return [*events, *self._offer_beside(message, dispatcher, events)]
        except TimeoutError:
            log.error("action.too_slow", action=self.name(), conversation_id=message.metadata.get("conversation_id"))
            return self._apologise(dispatcher, said, message, "utter_too_slow")
        except Exception as error:
            # Only where and what kind: the text of a database error holds the values it was given.
            frame = traceback.extract_tb(error.__traceback__)[-1]
            log.error(
                "action.failed",
                action=self.name(),
                error=type(error).__name__,
                where=f"{frame.filename.rpartition('/')[2]}:{frame.lineno}",
                conversation_id=message.metadata.get("conversation_id"),
            )
            return self._apologise(dispatcher, said, message, "utter_internal_error")

    def refused(self, refusal: DomainError, message: Message, dispatcher: CollectingDispatcher) -> list[Event]:
        """Say the sentence of a refusal."""
        if isinstance(refusal, NotVerified):
            return ask_to_bind(dispatcher, message, self.name())
        dispatcher.utter_message(response=f"utter_{refusal.code}", **refusal.params)
        return []

    def failed(self, message: Message) -> list[Event]:
        """Return the events after a failure, when nothing was changed."""
        return []

    def _apologise(self, dispatcher: CollectingDispatcher, said: int, message: Message, response: str) -> list[Event]:
        del dispatcher.messages[said:]
        dispatcher.utter_message(response=response)
        return self.failed(message)

    async def _in_session(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> list[Event]:
        said = len(dispatcher.messages)
        try:
            turn, events = await self._try(dispatcher, tracker)
        except _DoneElsewhere:
            del dispatcher.messages[said:]
            turn, events = await self._try(dispatcher, tracker)
        for step in turn.afterwards:
            await step()
        return events

    async def _try(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> tuple[Turn, list[Event]]:
        database, clock = bound()
        async with database.transaction() if self.writes else database.reading() as session:
            turn = await Turn.load(session, tracker, dispatcher, clock)
            return turn, await self._once(turn)

    async def _once(self, turn: Turn) -> list[Event]:
        if turn.message_id is None:
            return await self._answer(turn)
        if turn.repeated and await _replay(turn, self):
            return []
        if not (self.writes and self.remembered):
            return await self._answer(turn)
        kept = await conversations.run_of(turn.session, turn.message_id, self.name())
        if kept is not None:
            turn.dispatcher.messages.extend(copy.deepcopy(kept["responses"]))
            return list(kept["events"])
        said = len(turn.dispatcher.messages)
        events = await self._answer(turn)
        result = {"events": events, "responses": copy.deepcopy(turn.dispatcher.messages[said:])}
        if not await conversations.remember_run(turn.session, turn.message_id, self.name(), result):
            raise _DoneElsewhere
        return events

    async def _answer(self, turn: Turn) -> list[Event]:
        if not self.looks_beside or turn.answered_before(""):
            return await self.work(turn)
        taken = second_wish.take_up(turn) or second_wish.without(turn, turn.intent)
        beside = second_wish.others(turn, own_intents(turn))
        second_wish.focus(turn, beside)
        events = [*taken, *await self.work(turn)]
        if self.name() in PASSES_ON and any(map(second_wish.begins_form, events)):
            return events  # the form reads the message once more
        return [*events, *await see_to(turn, turn.dispatcher, beside, events)]

    def _offer_beside(self, message: Message, dispatcher: CollectingDispatcher, events: list[Event]) -> list[Event]:
        """Offer the other wishes after a refusal; without the database nothing else can be done about them."""
        if not self.looks_beside or message.answered_before(""):
            return []
        beside = second_wish.others(message, own_intents(message))
        if second_wish.form_goes_on(message, events):
            return second_wish.keep(message, events, beside)
        return second_wish.offer(message, dispatcher, events, beside)


async def see_to(
    turn: Turn, dispatcher: CollectingDispatcher, beside: list[second_wish.Wish], events: list[Event]
) -> list[Event]:
    """Answer the plain questions beside the answered wish, and offer or keep what else was wished for."""
    goes_on = second_wish.form_goes_on(turn, events)
    done: list[Event] = []
    for wished in [wished for wished in beside if second_wish.is_plain(wished, turn)]:
        turn.say("utter_second_answer", what=second_wish.name_of(wished))
        told = await answer_later(turn, {"action": answering(wished["intent"]), "message": wished["message"]})
        # Where a form is open already, none may begin.
        done += [event for event in told if event["event"] == "slot" or not goes_on]
    left = [wished for wished in beside if not second_wish.is_plain(wished, turn)]
    if goes_on or any(map(second_wish.begins_form, done)):
        return [*done, *second_wish.keep(turn, events, left)]
    return [*done, *second_wish.offer(turn, dispatcher, events, left)]


def own_intents(message: Message) -> frozenset[str]:
    """Return the intents that belong to the tasks that are open."""
    forms = {*(message.slot("suspended_task") or []), message.active_form} - {None}
    return frozenset[str]().union(*(getattr(action_named(f"validate_{form}"), "own_intents", ()) for form in forms))


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
    """Answer the message that is kept in `wish` (see the function `wish`) now, within this turn.

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


async def _replay(turn: Turn, action: DomainAction) -> bool:
    """Say again what was done for this message, if the engine sees it a second time and something was done for it."""
    if turn.message_id is None or action.name().startswith("validate_"):
        return False
    runs = await conversations.runs_of(turn.session, turn.message_id)
    for run in runs:
        turn.dispatcher.messages.extend(copy.deepcopy(run["responses"]))
    return bool(runs)


def ask_to_bind(dispatcher: CollectingDispatcher, message: Message, action: str) -> list[Event]:
    """Say that a home must be bound first, and offer the way that this channel has."""
    if message.channel in CHANNELS_WITH_BINDING_PAGE:
        dispatcher.utter_message(response="utter_bind_first")
        show_binding(dispatcher)
        return []
    if message.active_form is not None:
        dispatcher.utter_message(response="utter_bind_first_later")
        return []
    dispatcher.utter_message(response="utter_bind_first")
    if message.channel in CHANNELS_WITH_BINDING_LINK:
        show_binding(dispatcher)
    return [SlotSet("after_binding", wish(message, action)), FollowupAction("bind_form")]


def wish(message: Message, action: str) -> dict[str, Any]:
    """Return what is needed to answer this message later: the action, and what the engine read in the message."""
    parsed = {name: message.parsed.get(name) for name in ("text", "intent", "entities")}
    return {"action": action, "message": parsed}


def show_binding(dispatcher: CollectingDispatcher) -> None:
    """Show the block that opens the channel's own binding form."""
    dispatcher.utter_message(response="utter_bind_block")


def set_slots(**values: Any) -> list[Event]:
    """Return the events that set these slots."""
    return [SlotSet(name, value) for name, value in values.items()]


def end_form() -> list[Event]:
    """Return the events that end whatever form is active."""
    return [ActiveLoop(None), SlotSet("requested_slot", None)]


__all__ = [
    "AsyncSession", "DomainAction", "Event", "Message", "Turn", "action_named", "answer_later", "ask_to_bind", "bind",
    "bound", "end_form", "see_to", "set_slots", "show_binding",
]  # fmt: skip
