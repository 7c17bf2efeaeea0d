"""A small town over real HTTP: server, local WeChat and one household; only the engine is stood in for."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import func, select

from integrations.wechat import accounts
from integrations.wechat.accounts import Account, external_id
from property_db.clock import SHANGHAI, SettableClock
from property_db.database import Database
from property_db.estates.models import Building, Estate, Home, Unit
from property_db.handoff import service as handoff
from property_db.people import service as people
from property_db.people.models import Binding, Person, Role
from tests.local_wechat.client import Phone
from tests.local_wechat.faults import Fault
from tests.local_wechat.server import LocalWechat
from tests.local_wechat.server import serve as serve_peer
from tests.local_wechat.users import Resident
from tests.local_wechat.world import Call
from tests.support.actors import PATIENCE_SECONDS
from tests.support.stack import Server, free_port, serve, settings_for

PASSWORD = "guanjia-demo"
SECRETS = {"token": "callbacktoken", "aes_key": "A" * 43, "app_secret": "s" * 32}
LONG = "物业服务内容很多，请您慢慢看。" * 120
START = [{"title": "查欠费", "payload": "/query_arrears"}, {"title": "转人工", "payload": "/request_human"}]
WANG = "13800138000"
SEND = "/cgi-bin/message/custom/send"
TEMPLATE = "/cgi-bin/message/template/send"
SATURDAY_TEN = datetime(2026, 11, 21, 10, 0, tzinfo=SHANGHAI)
TOKEN_CODES = (40001, 40014, 42001)

PROGRESS = {
    "character_string1": "number",
    "thing2": "title",
    "phrase3": "state",
    "time4": "time",
    "thing5": "technician",
}
TEMPLATES: dict[str, dict[str, Any]] = {
    "ticket_progress": {"id": "T-progress", "fields": PROGRESS},
    "bill": {"id": "T-bill", "fields": {"thing1": "home", "amount2": "amount", "time3": "due_on"}},
    "notice": {"id": "T-notice", "fields": {"thing1": "title", "thing2": "scope", "time3": "time"}},
    "agent_reply": {"id": "T-agent", "fields": {"thing1": "title", "time2": "time", "thing3": "hint"}},
}
ONCE = "S-progress"
ONE_TIME: dict[str, dict[str, Any]] = {"ticket_progress": {"id": ONCE, "fields": PROGRESS, "one_time": True}}


class RunningClock(SettableClock):
    """Runs on by itself from the moment it is set to: a window that is opened anew must open after the last one."""

    def set(self, moment: datetime) -> None:
        super().set(moment)
        self._began = time.monotonic()

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=time.monotonic() - self._began)


async def until[T](look: Callable[[], Awaitable[T | None]], otherwise: str) -> T:
    """Look again and again until something is there, for as long as a resident would be patient."""
    deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while asyncio.get_running_loop().time() < deadline:
        if (found := await look()) is not None:
            return found
        await asyncio.sleep(0.02)
    raise AssertionError(otherwise)


@dataclass
class Engine:
    """Answers with what it was told; `slow` keeps it thinking until the test lets it go on."""

    database: Database
    clock: SettableClock
    asked: list[str] = field(default_factory=list)
    slow: dict[str, asyncio.Event] = field(default_factory=dict)

    async def turn(self, sender: str, message: str, metadata: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
        self.asked.append(message)
        if message in self.slow:
            await self.slow[message].wait()
        match message:
            case "都有什么服务":
                return [{"text": LONG}]
            case "您好":
                return [{"text": "您好，请问有什么事？", "buttons": START}]
            case "转人工" | "/request_human":
                async with self.database.transaction() as session:
                    await handoff.request(session, metadata["conversation_id"], "转人工", self.clock)
                return [{"text": "正在为您转接人工客服。"}]
        return [{"text": f"收到：{message}"}]

    async def earlier_turn(self, sender: str, message_id: int) -> None:
        """No process dies here in the middle of a turn."""


@dataclass
class Town:
    """The server's processes, the platform, and one resident's phone."""

    servers: list[Server]
    peer: LocalWechat
    engine: Engine
    phone: Phone
    account: Account
    clock: SettableClock

    @property
    def server(self) -> Server:
        return self.servers[0]

    @property
    def database(self) -> Database:
        return self.server.services.database

    @property
    def resident(self) -> Resident:
        """The resident as the platform knows them."""
        return self.peer.world.resident(self.phone.open_id)

    async def count(self, table: Any, *where: Any) -> int:
        async with self.database.reading() as session:
            return await session.scalar(select(func.count()).select_from(table).where(*where)) or 0

    def calls(self, path: str) -> list[Call]:
        """What the server called, without those tries whose key was too old: they reach nothing."""
        return [call for call in self.peer.world.calls if call.path == path and call.errcode not in TOKEN_CODES]

    def fails(self, path: str, **how: Any) -> None:
        """Let the platform's next call of this path fail."""
        self.peer.world.faults.add(Fault(path=path, **how))

    def two_days_pass(self) -> None:
        """For everybody: the platform takes its time from the same clock."""
        self.clock.advance(hours=48, seconds=1)

    async def binds(self) -> None:
        """The follower turns out to be 王建国 of 翠湖花园3栋2单元501; the way there has tests of its own."""
        async with self.database.transaction() as session:
            who = external_id(self.account, self.phone.open_id)
            identity = await people.identity_for(session, "wechat", who, self.clock)
            identity.person_id = await session.scalar(select(Person.id).where(Person.phone == WANG))
            identity.verified_at = self.clock.now()

    def nothing_was_refused(self) -> None:
        """The platform took every message, and its own ledger was never overdrawn."""
        assert [call.errcode for call in self.calls(SEND) if call.errcode] == []
        for window in self.resident.ledger.open(self.peer.clock.now()):
            assert window.used <= window.allowed

    async def bubbles(self, count: int, *ways: str) -> list[str]:
        """Wait until the phone has shown so many by these ways; more would be an error."""

        async def enough() -> list[str] | None:
            found = [str(entry["text"]) for entry in await self.phone.received(*ways)]
            return found if len(found) >= count else None

        found = await until(enough, f"not {count} messages came by {ways}")
        assert len(found) == count, found
        return found


@asynccontextmanager
async def open_town(
    folder: Path, database: Database, clock: SettableClock, *, processes: int = 1, **settings: Any
) -> AsyncIterator[Town]:
    """Build one; `settings` are the server's own, beside those that every test has."""
    await _settle(database)
    peer_port, ports = free_port(), [free_port() for _ in range(processes)]
    file = _account_file(folder / "wechat.yml", f"http://127.0.0.1:{peer_port}")
    (account,) = accounts.load(file).values()
    addresses = [f"http://127.0.0.1:{port}" for port in ports]
    peer = LocalWechat([account], addresses, pause=0.1, real=lambda: clock.now().timestamp())
    engine = Engine(database, clock)
    url = database.engine.url.render_as_string(hide_password=False)
    shared: dict[str, Any] = {"wechat_file": file, "public_url": "https://wy.example.com", **settings}
    async with AsyncExitStack() as stack:
        servers: list[Server] = []
        for port in ports:
            own = settings_for(folder, port, f"http://127.0.0.1:{free_port()}", url, **shared)
            server = await stack.enter_async_context(serve(own, clock))
            server.services.engine.turn = engine.turn  # type: ignore[method-assign]  # the stand-in
            server.services.engine.earlier_turn = engine.earlier_turn  # type: ignore[method-assign]  # the same
            servers.append(server)
        await stack.enter_async_context(serve_peer(peer, port=peer_port))
        phone = await stack.enter_async_context(Phone(peer.url, "cuihu"))
        yield Town(servers, peer, engine, phone, account, clock)


def _account_file(file: Path, peer_url: str) -> Path:
    entry: dict[str, Any] = {
        "name": "cuihu",
        "estate": "CH",
        "app_id": f"wx{1:016x}",
        "original_id": "gh_0123456789ab",
        "api_url": peer_url,
        "menu": [{"title": "报修", "says": "我要报修"}],
        "templates": TEMPLATES,
        "one_time_templates": ONE_TIME,
        **SECRETS,
    }
    file.write_text(yaml.safe_dump({"accounts": [entry]}), encoding="utf-8")
    file.chmod(0o600)
    return file


async def _settle(database: Database) -> None:
    """One home with its owner, and one agent."""
    async with database.transaction() as session:
        estate = Estate(code="CH", name="翠湖花园", settings={})
        session.add(estate)
        await session.flush()
        building = Building(id=3, estate_id=estate.id, name="3", display="3栋")
        session.add(building)
        await session.flush()
        unit = Unit(building_id=building.id, name="2")
        person = Person(name="王建国", phone=WANG)
        session.add_all([unit, person])
        await session.flush()
        home = Home(
            estate_id=estate.id,
            building_id=building.id,
            unit_id=unit.id,
            room="501",
            label="翠湖花园3栋2单元501",
            area_hundredths=8950,
        )
        session.add(home)
        await session.flush()
        session.add(Binding(person_id=person.id, home_id=home.id, role=Role.OWNER))
        await handoff.create_agent(session, "xiaoli", "小李", PASSWORD, max_active=5)
