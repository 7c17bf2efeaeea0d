"""A process that pulls into a real database, and what is in there afterwards."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from integrations.gateway.channel import InboundMessage
from integrations.gateway.receiving import store_inbound
from integrations.wecom.channel import WecomChannel
from integrations.wecom.events import KfEvents
from integrations.wecom.intake import Intake
from integrations.wecom.puller import Puller, Take
from property_db.channels.models import PullCursor
from property_db.clock import SettableClock
from property_db.conversations.models import Message
from property_db.database import Database
from tests.unit.wecom.platform import CORP, KF, Platform, account
from tests.unit.wecom.test_messages import entry

KEY = f"wecom:{CORP}:{KF}"


def text(number: int, user: str = "wmUSER0001") -> dict[str, Any]:
    return entry("text", text={"content": f"第{number}件事"}, msgid=f"m{number}", external_userid=user)


def page(*entries: Mapping[str, Any], cursor: str, more: bool = False) -> dict[str, Any]:
    return {"errcode": 0, "next_cursor": cursor, "has_more": int(more), "msg_list": list(entries)}


class Crash(BaseException):
    """The process ends here."""


class Server:
    """One process: a puller whose messages are committed as the gateway commits them."""

    def __init__(self, platform: Platform, database: Database, clock: SettableClock, name: str) -> None:
        company = account(estate=None)
        self.platform = platform
        self.database = database
        self.clock = clock
        self.fails_at: str | None = None
        self.failure: BaseException = Crash()
        self.intake = Intake(company, company.open_kfids[0], self._receive, NoEvents(), 2000)
        self.puller = self.pulling(name, self.intake.take)

    def pulling(self, name: str, take: Take) -> Puller:
        return Puller(KF, KEY, self.platform.api(), self.database, self.clock, take, name)

    async def _receive(self, message: InboundMessage) -> None:
        async with self.database.transaction() as session:
            await store_inbound(session, message, self.clock, 2000, WecomChannel.capabilities)
        if message.client_message_id == self.fails_at:
            raise self.failure


class NoEvents(KfEvents):
    def __init__(self) -> None:
        pass


async def texts(database: Database) -> list[str]:
    async with database.reading() as session:
        return list(await session.scalars(select(Message.text).order_by(Message.conversation_id, Message.seq)))


async def cursor_of(database: Database) -> tuple[str, str | None]:
    async with database.reading() as session:
        row = (await session.execute(select(PullCursor).where(PullCursor.account == KEY))).scalar_one()
        return row.cursor, row.lease_owner
