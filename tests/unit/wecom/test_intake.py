"""Taking in what was pulled: in order, each once, and nothing that stops the rest."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from integrations.gateway.channel import InboundMessage
from integrations.gateway.errors import ApiError
from integrations.wecom.events import KfEvents
from integrations.wecom.intake import TRIES, Intake
from integrations.wecom.messages import KfEvent
from property_db.errors import DatabaseBusy
from tests.conftest import SATURDAY_TEN
from tests.unit.wecom.platform import account
from tests.unit.wecom.test_messages import SENT, entry

DATABASE_GONE = OperationalError("INSERT", {}, Exception("gone"))


class Inbox:
    """Keeps what it gets; ``failure`` is raised instead."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.failure: Exception | None = None

    async def receive(self, message: InboundMessage) -> None:
        if self.failure is not None:
            raise self.failure
        self.texts.append(message.text)


class Events(KfEvents):
    """Keeps the kinds of events."""

    def __init__(self) -> None:
        self.kinds: list[str] = []

    async def handle(self, event: KfEvent) -> None:
        self.kinds.append(event.kind)


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def events() -> Events:
    return Events()


@pytest.fixture
def intake(inbox: Inbox, events: Events) -> Intake:
    company = account()
    return Intake(company, company.open_kfids[0], inbox.receive, events, 2000)


def text(content: str, **changes: Any) -> dict[str, Any]:
    return entry("text", text={"content": content}, **changes)


async def test_messages_and_events_go_their_own_ways(intake: Intake, inbox: Inbox, events: Events) -> None:
    event = {"event_type": "enter_session"}
    for one in [text("漏水"), {"msgid": "e", "send_time": SENT, "msgtype": "event", "event": event}, {"msgid": "?"}]:
        await intake.take(one, SATURDAY_TEN)
    assert inbox.texts == ["漏水"]
    assert events.kinds == ["enter_session"]


async def test_what_was_sent_before_this_server_first_pulled_is_not_answered(intake: Intake, inbox: Inbox) -> None:
    await intake.take(text("昨天问过别人"), SATURDAY_TEN + timedelta(days=1))
    await intake.take(text("刚刚试一下"), SATURDAY_TEN + timedelta(minutes=5))
    assert inbox.texts == ["刚刚试一下"]


async def test_a_message_that_is_refused_does_not_stop_those_behind_it(intake: Intake, inbox: Inbox) -> None:
    inbox.failure = ApiError(422, "message_empty")
    await intake.take(text("空"), SATURDAY_TEN)
    inbox.failure = None
    await intake.take(text("漏水"), SATURDAY_TEN)
    assert inbox.texts == ["漏水"]


@pytest.mark.parametrize("failure", [DatabaseBusy(), DATABASE_GONE, OSError()])
async def test_a_message_comes_again_for_as_long_as_the_database_is_away(
    intake: Intake, inbox: Inbox, failure: Exception
) -> None:
    inbox.failure = failure
    for _ in range(TRIES * 3):
        with pytest.raises(type(failure)):
            await intake.take(text("漏水"), SATURDAY_TEN)
    inbox.failure = None
    await intake.take(text("漏水"), SATURDAY_TEN)
    assert inbox.texts == ["漏水"]


async def test_a_message_that_nobody_can_take_in_is_left_behind_after_some_tries(intake: Intake, inbox: Inbox) -> None:
    inbox.failure = RuntimeError("a mistake of ours")
    for _ in range(TRIES - 1):
        with pytest.raises(RuntimeError):
            await intake.take(text("漏水"), SATURDAY_TEN)
    await intake.take(text("漏水"), SATURDAY_TEN)
