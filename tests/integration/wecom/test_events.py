"""Greetings, ratings, and what the platform could not deliver after all."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from integrations.gateway.channel import InboundMessage
from integrations.gateway.hub import Hub
from integrations.gateway.receiving import Received, store_inbound
from integrations.wecom.channel import WecomChannel
from integrations.wecom.events import KfEvents
from integrations.wecom.messages import KfEvent
from integrations.wecom.rendering import own_message_id
from integrations.wecom.texts import options, say
from property_db.channels import windows
from property_db.clock import SettableClock
from property_db.conversations import service as conversations
from property_db.conversations.models import Author, Direction, Message, MessageState
from property_db.database import Database
from tests.unit.wecom.platform import EXTERNAL, KF, USER, Platform, account


class Session:
    """One customer-service account with one resident."""

    def __init__(self, database: Database, clock: SettableClock) -> None:
        self.platform = Platform()
        self.database = database
        self.clock = clock
        self.changed: list[str] = []
        company = account(estate=None)
        kf = company.open_kfids[0]
        api = self.platform.api()
        self.events = KfEvents(company, kf, api, database, clock, Hub(), "翠湖物业", self.changed.append)

    async def happens(self, kind: str, *, age: int = 0, event_id: str = "e1", **fields: Any) -> None:
        at = self.clock.now() - timedelta(seconds=age)
        await self.events.handle(KfEvent(event_id, kind, USER, at, {"open_kfid": KF, **fields}))
        await self.events.finish()

    @property
    def sent(self) -> list[dict[str, Any]]:
        return self.platform.bodies("kf/send_msg_on_event")

    async def resident_writes(self, text: str = "漏水") -> Received:
        message = InboundMessage("wecom", EXTERNAL, f"m-{text}", text)
        async with self.database.transaction() as session:
            return await store_inbound(session, message, self.clock, 2000, WecomChannel.capabilities)

    async def answered(self, received: Received) -> Message:
        async with self.database.transaction() as session:
            return await conversations.append(
                session,
                received.conversation.id,
                direction=Direction.OUT,
                author=Author.BOT,
                text="已登记",
                state=MessageState.DELIVERED,
                clock=self.clock,
            )

    async def notes(self) -> list[str]:
        async with self.database.reading() as session:
            return list(await session.scalars(select(Message.text).where(Message.visible_to_resident.is_(False))))


@pytest.fixture
def session(database: Database, clock: SettableClock) -> Session:
    return Session(database, clock)


async def test_a_resident_who_comes_in_is_greeted_by_name_of_the_company(session: Session) -> None:
    await session.happens("enter_session", welcome_code="WELCOME")
    (body,) = session.sent
    assert body["code"] == "WELCOME"
    assert "翠湖物业" in body["msgmenu"]["head_content"]
    assert [item["click"]["content"] for item in body["msgmenu"]["list"]] == options("welcome_options")
    assert len(body["msgid"]) <= 32


async def test_nobody_is_greeted_whom_the_platform_gives_no_code_for(session: Session) -> None:
    await session.happens("enter_session")
    assert session.sent == []


async def test_a_greeting_that_would_come_too_late_is_left_out(session: Session) -> None:
    await session.happens("enter_session", age=21, welcome_code="WELCOME")
    assert session.sent == []


async def test_at_the_end_of_a_session_the_resident_is_asked_for_a_rating(session: Session) -> None:
    await session.happens("session_status_change", change_type=3, msg_code="BYE")
    (body,) = session.sent
    assert body["code"] == "BYE"
    assert [item["click"]["content"] for item in body["msgmenu"]["list"]] == options("rating_options")


async def test_any_other_change_only_tells_that_somebody_else_may_have_the_session(session: Session) -> None:
    await session.happens("session_status_change", change_type=1, msg_code="HELLO")
    assert session.sent == []
    assert session.changed == [USER]


@pytest.mark.parametrize("answer", [{"errcode": 95015, "errmsg": "used"}, httpx.ReadTimeout("late")])
async def test_a_greeting_that_is_refused_stops_nothing(session: Session, answer: Any) -> None:
    session.platform.will_answer("kf/send_msg_on_event", answer)
    await session.happens("enter_session", welcome_code="WELCOME")
    assert len(session.sent) == 1


async def test_a_message_that_did_not_arrive_is_no_longer_delivered_and_the_desk_is_told_why_once(
    session: Session, database: Database
) -> None:
    received = await session.resident_writes()
    answer = await session.answered(received)
    own_id = own_message_id(received.conversation.public_id, answer.id, 0)
    for _ in range(2):
        await session.happens("msg_send_fail", fail_msgid=own_id, fail_type=10)
    async with database.reading() as reading:
        after = await reading.get_one(Message, answer.id)
    assert (after.state, after.reason) == (MessageState.FAILED, "refused_by_user")
    assert await session.notes() == [say("note_send_fail", cause=say("send_fail_10"))]


@pytest.mark.parametrize("fail_type", [4, 6])
async def test_when_the_platform_says_that_nothing_more_may_be_sent_it_is_believed(
    session: Session, database: Database, clock: SettableClock, fail_type: int
) -> None:
    received = await session.resident_writes()
    async with database.reading() as reading:
        assert (await windows.reach(reading, received.conversation.identity_id, clock)).left == 5
    await session.happens("msg_send_fail", fail_msgid="", fail_type=fail_type)
    async with database.reading() as reading:
        assert (await windows.reach(reading, received.conversation.identity_id, clock)).left == 0


async def test_a_failure_names_no_message_of_somebody_else(session: Session, database: Database) -> None:
    received = await session.resident_writes()
    answer = await session.answered(received)
    foreign = own_message_id("f" * 32, answer.id, 0)
    await session.happens("msg_send_fail", fail_msgid=foreign, fail_type=0)
    async with database.reading() as reading:
        assert (await reading.get_one(Message, answer.id)).state is MessageState.DELIVERED
    assert await session.notes() == [say("note_send_fail", cause=say("send_fail_0"))]


async def test_a_failure_for_somebody_unknown_changes_nothing(session: Session) -> None:
    await session.happens("msg_send_fail", fail_msgid="x", fail_type=99)
    assert await session.notes() == []
