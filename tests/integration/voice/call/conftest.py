"""The real server and database behind a call; only the engine is stood in for, by one that files a repair."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from integrations.gateway.app import create_app
from integrations.gateway.services import Services
from integrations.voice.hotline import Switchboard
from property_db.clock import SettableClock
from property_db.database import Database
from property_db.handoff import service as handoff
from property_db.handoff.models import AgentStatus
from property_db.people import service as people
from property_db.tickets import service as tickets
from property_db.tickets.schemas import RepairDraft
from tests.support.stack import settings_for
from tests.support.telephone import Telephone, equip, give_up

PHONE = "13800138000"


@dataclass
class Engine:
    """Asks for a telephone, reads back, files; and knows the way to a person."""

    database: Database
    clock: SettableClock
    asked: list[str] = field(default_factory=list)

    async def turn(self, sender: str, message: str, metadata: dict[str, Any], **_: Any) -> list[dict[str, Any]]:
        self.asked.append(message)
        if "报修" in message:
            return [{"text": "请说一下您的联系电话。", "custom": {"kind": "ask", "value": "phone"}}]
        if re.fullmatch(r"\d{11}", message):
            buttons = [{"title": "确认提交", "payload": "/affirm"}, {"title": "要改一下", "payload": "/deny"}]
            return [{"text": f"水龙头漏水，联系电话{message}，这样报上去可以吗？", "buttons": buttons}]
        if message == "/affirm":
            return [{"text": f"报好了，单号 {await self._file(metadata)}。"}]
        if message in ("转人工", "/request_human"):
            async with self.database.transaction() as session:
                await handoff.request(session, metadata["conversation_id"], "转人工", self.clock)
            return [{"text": "好的，帮您转人工。"}]
        return [{"text": f"收到：{message}"}]

    async def earlier_turn(self, sender: str, message_id: int) -> None:
        """No process dies here in the middle of a turn."""

    async def close(self) -> None:
        """Nothing to close."""

    async def _file(self, metadata: dict[str, Any]) -> str:
        async with self.database.transaction() as session:
            call = await people.find_identity(session, "voice", self.calls()[0])
            assert call is not None
            draft = RepairDraft(
                identity_id=call.id, facility="水龙头", conversation_id=metadata["conversation_id"], contact_phone=PHONE
            )
            return (await tickets.report(session, draft, self.clock)).number

    calls: Any = list


@dataclass
class Office:
    """The running server."""

    app: FastAPI
    services: Services
    engine: Engine
    switchboard: Switchboard
    telephones: list[Telephone] = field(default_factory=list)

    async def called(self, number: str | None = None, **more: Any) -> Telephone:
        """Somebody calls and hears the greeting out."""
        telephone = Telephone(number, **more)
        self.telephones.append(telephone)
        equip(self.switchboard, telephone)
        telephone.calls(self.switchboard.take)
        await telephone.listens()
        telephone.forgets()
        return telephone

    async def on_duty(self) -> int:
        """Somebody comes to the desk; their id."""
        async with self.services.database.transaction() as session:
            agent = await handoff.create_agent(session, "xiaoli", "小李", "guanjia-demo")
            await handoff.set_status(session, agent.id, AgentStatus.ONLINE, self.services.clock)
            return agent.id


@pytest.fixture
async def office(tmp_path: Path, sqlite: Database, clock: SettableClock) -> AsyncIterator[Office]:
    """A server with a telephone."""
    url = sqlite.engine.url.render_as_string(hide_password=False)
    app = create_app(settings_for(tmp_path, 1, "http://127.0.0.1:9", url, mode="production"), clock)
    services: Services = app.state.services
    assert services.hotline is not None
    engine = Engine(services.database, clock)
    services.inbox._router._engine = engine  # type: ignore[assignment]
    switchboard = services.hotline
    engine.calls = lambda: [call.public_id for call in switchboard.live()]
    running = Office(app, services, engine, switchboard)
    async with app.router.lifespan_context(app):
        yield running
        for telephone in running.telephones:
            await give_up(telephone)
