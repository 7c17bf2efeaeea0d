"""Binding a home: by the channel's own page where it has one, otherwise by telephone number and code in plain text."""

import re
from dataclasses import dataclass
from functools import partial
from typing import Any

from rasa_sdk.events import FollowupAction

from actions.base import (
    CHANNELS_WITH_BINDING_LINK,
    CHANNELS_WITH_BINDING_PAGE,
    DomainAction,
    answer_later,
    log,
    send_code,
    set_slots,
    show_binding,
)
from actions.catalogue import mentions
from actions.company import read_out
from actions.draft import Draft
from actions.questions import PhoneNumber, Question, Unusable
from actions.task_ends import Completion
from actions.tasks import Task
from actions.turn import Event, Message, Turn
from actions.wording import short
from property_db.people import service as people
from property_db.people.errors import CodeWrong
from property_db.people.scope import scope_of


class BindHousehold(DomainAction):
    """Begins binding, tells what is bound, or sends to the desk what only people may change."""

    def name(self) -> str:
        """The action's name in the domain."""
        return "action_bind_household"

    async def work(self, turn: Turn) -> list[Event]:
        """Choose the way."""
        desk_only = mentions("desk_only", turn.typed)
        if turn.homes and desk_only:
            turn.say("utter_bind_desk_only")
            return []
        if desk_only or mentions("binding_help", turn.typed):
            await read_out(turn, "household")
        another = turn.entity("choice") == "another" or mentions("another_home", turn.typed)
        if turn.homes and not another:
            turn.say("utter_bind_homes", homes=home_list(turn))
            return []
        turn.say("utter_bind_why")
        if turn.channel in CHANNELS_WITH_BINDING_PAGE:
            show_binding(turn.dispatcher)
            return []
        if turn.channel in CHANNELS_WITH_BINDING_LINK:
            show_binding(turn.dispatcher)
        return [*set_slots(after_binding=None), FollowupAction("bind_form")]


def home_list(turn: Turn) -> str:
    """Return the resident's homes as one text."""
    return short("list_separator").join(home.label for home in turn.homes)


@dataclass
class Code(Question):
    """The one-time code: six digits."""

    def settles(self, turn: Turn) -> bool:
        """怎么收不到验证码 is about this question, whatever the intent looks like."""
        return mentions("code_help", turn.typed)

    def answer(self, turn: Turn) -> Any:
        """Take the digits of the message."""
        digits = re.sub(r"\D", "", turn.typed)
        return digits or None

    async def check(self, turn: Turn, value: Any) -> str:
        """Accept six digits; whether they are the right ones is decided when the form is complete."""
        if not re.fullmatch(r"\d{6}", str(value)):
            raise Unusable("utter_bind_code_invalid")
        return str(value)


class BindForm(Task):
    """Telephone number, then code. Asking for a code writes, so this validation runs in a transaction."""

    writes = True
    remembered = False
    form = "bind_form"
    own_intents = frozenset({"bind_household"})
    questions = (PhoneNumber("bind_phone", "utter_bind_phone_invalid"), Code("bind_code", "utter_bind_code_invalid"))

    def absorb(self, turn: Turn, answers: Draft) -> bool:
        """Tell what to do where no code arrives; the question stays open."""
        if not mentions("code_help", turn.typed):
            return False
        turn.say("utter_bind_code_help")
        return True

    async def settle(self, turn: Turn, answers: Draft) -> None:
        """Send a code to a new number. Whether the company knows the number is not told."""
        if answers.changed("bind_phone"):
            phone = str(answers.get("bind_phone"))
            issued = await people.request_code(turn.session, turn.scope.identity_id, phone, turn.clock)
            if issued is not None:
                turn.afterwards.append(partial(_send, turn, issued))
            answers.set("bind_code", None)
            turn.say("utter_bind_code_sent")


async def _send(turn: Turn, issued: people.IssuedCode) -> None:
    """Send a code that is committed; where that fails the resident must not wait for it."""
    try:
        await send_code(issued.phone, issued.code)
    except Exception as error:
        log.error("code.not_sent", error=type(error).__name__)
        turn.say("utter_code_not_sent")


class FinishBinding(Completion):
    """Checks the code and answers what the resident wanted before they were asked to bind."""

    task = BindForm

    def name(self) -> str:
        """The action's name in the domain."""
        return "action_finish_binding"

    async def carry_out(self, turn: Turn, answers: dict[str, Any]) -> list[Event]:
        """Bind, tell the homes, go on with what was asked for."""
        phone, code = answers["bind_phone"], answers["bind_code"]
        if not phone or not code:
            return []
        await people.verify_code(turn.session, turn.scope.identity_id, phone, code, turn.clock)
        turn.scope = await scope_of(turn.session, turn.scope.identity_id, turn.clock)
        if not turn.homes:
            turn.say("utter_bind_no_home")
            return []
        turn.say("utter_bind_done", homes=home_list(turn))
        wanted = turn.slot("after_binding")
        if not wanted:
            turn.say("utter_bind_done_next")
            return []
        return [*set_slots(after_binding=None), *await answer_later(turn, wanted)]

    def refused(self, refusal: Any, message: Message, dispatcher: Any) -> list[Event]:
        """A wrong code is asked for again; anything else ends it."""
        if isinstance(refusal, CodeWrong):
            dispatcher.utter_message(response=f"utter_{refusal.code}", **refusal.params)
            return [*set_slots(bind_code=None), FollowupAction("bind_form")]
        return super().refused(refusal, message, dispatcher)
