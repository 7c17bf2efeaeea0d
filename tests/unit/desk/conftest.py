"""The actors at the desk: agents with a browser, residents in the database, a hub that remembers what it was told."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
import socketio
from argon2 import PasswordHasher
from fastapi import FastAPI

from integrations.desk import api
from integrations.gateway import errors
from integrations.gateway.channel import Channel
from integrations.gateway.hub import Event, Hub
from integrations.gateway.services import Services
from integrations.gateway.settings import Settings
from property_db import migrate
from property_db.clock import SettableClock
from property_db.conversations import service as conversations
from property_db.conversations.models import Author, Conversation, Direction, Message
from property_db.database import Database
from property_db.estates.models import Building, Estate, Home, Unit
from property_db.handoff import passwords
from property_db.handoff import service as handoff
from property_db.handoff.models import Alarm
from property_db.people import service as people
from property_db.people.models import Binding, Person, Role
from tests.unit.desk.channels import WEBCHAT, WECHAT, WECOM

PASSWORD = "guanjia-demo"
START = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)


class Emitted(socketio.AsyncServer):  # type: ignore[misc]
    """A Socket.IO server that keeps what it would have sent."""

    def __init__(self) -> None:
        super().__init__(async_mode="asgi")
        self.sent: list[tuple[str, Any, Any]] = []
        self.manager.basic_enter_room("page", "/desk", "agents", eio_sid="page")  # somebody is at a desk

    async def emit(self, event: str, data: Any = None, room: Any = None, **_: Any) -> None:
        """Keep it."""
        self.sent.append((event, data, room))

    def names(self) -> list[str]:
        """Which events were sent."""
        return [name for name, _, _ in self.sent]


class Remembering(Hub):
    """A hub that keeps what it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[Event] = []

    def publish(self, *events: Event) -> None:
        """Keep it."""
        self.told += events


@dataclass
class World:
    """A server with the desk only, and what is behind it."""

    services: Services
    app: FastAPI
    realtime: Emitted
    told: list[Event] = field(default_factory=list)

    @property
    def database(self) -> Database:
        """The property database."""
        return self.services.database

    @property
    def clock(self) -> SettableClock:
        """The clock of all."""
        return cast(SettableClock, self.services.clock)


@pytest.fixture(scope="session")
async def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database without rows, to be copied."""
    file = tmp_path_factory.mktemp("desk") / "empty.db"
    await migrate.upgrade(f"sqlite+aiosqlite:///{file}")
    return file


@pytest.fixture
async def world(empty_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """A fresh server, whose passwords cost next to nothing."""
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    await asyncio.to_thread(shutil.copy, empty_database, tmp_path / "guanjia.db")
    settings = Settings(_env_file=None, data_dir=tmp_path)  # type: ignore[call-arg]
    database = Database(settings.database, synchronous="OFF")
    unused = cast(Any, None)
    hub = Remembering()
    services = Services(
        settings=settings,
        clock=SettableClock(START),
        database=database,
        hub=hub,
        engine=unused,
        addresses=unused,
        inbox=unused,
        outbox=unused,
        sms=unused,
        limits=unused,
        channels=cast(dict[str, Channel], {one.name: one for one in (WEBCHAT, WECHAT, WECOM)}),
        forgetting=unused,
        worker="desk",
    )
    app = FastAPI()
    realtime = Emitted()
    app.state.services, app.state.realtime = services, realtime
    errors.install(app)
    app.include_router(api.router)
    yield World(services, app, realtime, hub.told)
    await database.dispose()


class Browser:
    """Somebody's browser with the desk open."""

    def __init__(self, world: World, username: str, address: str = "10.0.0.1") -> None:
        transport = httpx.ASGITransport(world.app, raise_app_exceptions=False, client=(address, 1234))
        self.http = httpx.AsyncClient(transport=transport, base_url="http://desk.test/api/desk")
        self.username = username
        self.id = 0

    async def login(self, password: str = PASSWORD) -> httpx.Response:
        """Sign in."""
        answer = await self.http.post("/login", json={"username": self.username, "password": password})
        if answer.is_success:
            self.id = answer.json()["agent"]["id"]
            self.http.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
        return answer

    async def get(self, path: str) -> Any:
        """A read that has to succeed."""
        answer = await self.http.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, expect: int | None = None, **body: Any) -> Any:
        """A write that has to succeed, or to be refused with a status."""
        answer = await self.http.post(path, json=body)
        assert answer.status_code == expect if expect else answer.is_success, answer.text
        return answer.json()


@pytest.fixture
async def xiaoli(world: World) -> AsyncIterator[Browser]:
    """小李, signed in; may hold two conversations."""
    browser = await _agent(world, "xiaoli", "小李")
    yield browser
    await browser.http.aclose()


@pytest.fixture
async def xiaozhang(world: World) -> AsyncIterator[Browser]:
    """小张, signed in."""
    browser = await _agent(world, "xiaozhang", "小张")
    yield browser
    await browser.http.aclose()


async def _agent(world: World, username: str, name: str) -> Browser:
    async with world.database.transaction() as session:
        await handoff.create_agent(session, username, name, PASSWORD, max_active=2)
    browser = Browser(world, username)
    assert (await browser.login()).status_code == 200
    return browser


@dataclass
class Resident:
    """Somebody who writes."""

    world: World
    conversation: Conversation

    @property
    def id(self) -> str:
        """The conversation's public id."""
        return self.conversation.public_id

    async def says(self, text: str, author: Author = Author.RESIDENT) -> Message:
        """Write, or let the bot write, one message a minute."""
        self.world.clock.advance(minutes=1)
        async with self.world.database.transaction() as session:
            return await conversations.append(
                session,
                self.conversation.id,
                direction=Direction.IN if author is Author.RESIDENT else Direction.OUT,
                author=author,
                text=text,
                clock=self.world.clock,
            )

    async def asks_for_a_person(self, reason: str = "转人工") -> int:
        """Join the queue; the item's id."""
        async with self.world.database.transaction() as session:
            place = await handoff.request(session, self.conversation.id, reason, self.world.clock)
        return place.item_id

    async def reports_gas(self) -> int:
        """An alarm is raised; its id."""
        async with self.world.database.transaction() as session:
            await handoff.raise_alarm(
                session,
                kind="gas",
                text="闻到煤气味",
                conversation_id=self.conversation.id,
                ticket_id=None,
                message_id=None,
                clock=self.world.clock,
            )
            alarm = (await handoff.alarms(session))[0]
            assert isinstance(alarm, Alarm)
        return alarm.id

    async def messages(self) -> list[Message]:
        """All messages of the conversation."""
        async with self.world.database.reading() as session:
            return await conversations.after(session, self.conversation.id, for_resident=False)

    async def state(self) -> str:
        """The conversation's state."""
        async with self.world.database.reading() as session:
            return (await conversations.get(session, self.conversation.id)).state.value


Arrive = Callable[..., Awaitable[Resident]]


@pytest.fixture
def arrive(world: World) -> Arrive:
    """Let residents open a conversation, bound to a home or not."""
    count = 0

    async def one(name: str | None = None, phone: str = "13800138000", channel: str = "webchat") -> Resident:
        nonlocal count
        count += 1
        async with world.database.transaction() as session:
            identity = await people.identity_for(session, channel, f"browser-{count}", world.clock)
            if name is not None:
                person = Person(name=name, phone=phone)
                estate = Estate(code=f"e{count}", name=f"翠湖花园{count}期")
                session.add_all([person, estate])
                await session.flush()
                building = Building(estate_id=estate.id, name="3", display="3栋")
                session.add(building)
                await session.flush()
                unit = Unit(building_id=building.id, name="2")
                session.add(unit)
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
                identity.person_id, identity.verified_at = person.id, world.clock.now()
            conversation = await conversations.open_for(session, channel, identity.id, world.clock)
        return Resident(world, conversation)

    return one
