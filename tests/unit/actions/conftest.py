"""The residents of these tests: real rows of the demo estate, and an engine's memory that a test moves by hand."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from rasa_sdk.executor import ActionExecutor

from actions import base
from property_db import demo, migrate
from property_db.clock import SHANGHAI, SettableClock
from property_db.conversations import service as conversations
from property_db.conversations.models import Author, Direction
from property_db.database import Database
from property_db.people import repository as people_rows
from property_db.people import service as people

TODAY = datetime(2026, 11, 21, 10, 0, tzinfo=SHANGHAI)
WANG, LI, CHEN = "13800138000", "13900139000", "13700137000"


@pytest.fixture(scope="session")
async def demo_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo estate, made once; every test works on a copy."""
    file = tmp_path_factory.mktemp("actions") / "demo.db"
    url = f"sqlite+aiosqlite:///{file}"
    await migrate.upgrade(url)
    database = Database(url, synchronous="OFF")
    await demo.create(database, SettableClock(TODAY))
    await database.dispose()
    return file


@pytest.fixture
def clock() -> SettableClock:
    """Saturday, 21 November 2026, ten o'clock in Shanghai."""
    return SettableClock(TODAY)


@pytest.fixture
async def database(demo_file: Path, tmp_path: Path, clock: SettableClock) -> AsyncIterator[Database]:
    """The demo estate's database, bound to the actions."""
    file = tmp_path / "guanjia.db"
    shutil.copy(demo_file, file)
    opened = Database(f"sqlite+aiosqlite:///{file}", synchronous="OFF", busy_timeout_ms=200)
    base.bind(opened, clock)
    yield opened
    await opened.dispose()


@pytest.fixture(scope="session")
def executor() -> ActionExecutor:
    """The executor as the server mounts it."""
    executor = ActionExecutor()
    executor.register_package("actions")
    return executor


@dataclass
class Answer:
    """What an action said and what it told the engine."""

    said: list[dict[str, Any]]
    events: list[dict[str, Any]]

    @property
    def responses(self) -> list[str]:
        """Names of the responses, in order; `#kind` for a card."""
        return [said["response"] or f"#{said['custom'].get('kind')}" for said in self.said]

    def params(self, response: str) -> dict[str, Any]:
        """What a response is filled with."""
        return next(said for said in self.said if said["response"] == response)

    def cards(self, kind: str) -> list[dict[str, Any]]:
        """The cards of a kind."""
        return [said["custom"] for said in self.said if said["custom"].get("kind") == kind]

    def payloads(self) -> list[str]:
        """The payloads of the choices that an action made itself."""
        return [button["payload"] for said in self.said for button in said["buttons"]]

    def slots(self) -> dict[str, Any]:
        """The slots that were set."""
        return {event["name"]: event["value"] for event in self.events if event["event"] == "slot"}

    def kinds(self) -> list[str]:
        """The kinds of events other than slots."""
        return [event["event"] for event in self.events if event["event"] != "slot"]

    def followup(self) -> str | None:
        """The action that is to run next."""
        return next((event["name"] for event in self.events if event["event"] == "followup"), None)


@dataclass
class Resident:
    """Somebody in a conversation, with what the engine would remember of it."""

    database: Database
    executor: ActionExecutor
    clock: SettableClock
    identity_id: int
    conversation_id: int
    channel: str
    sender_id: str
    slots: dict[str, Any] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    form: str | None = None
    latest: dict[str, Any] = field(default_factory=dict)

    async def says(
        self,
        text: str,
        intent: str = "inform",
        *,
        confidence: float = 0.9,
        upload_ids: Iterable[str] = (),
        ranking: Iterable[tuple[str, float]] = (),
        wishes: Iterable[dict[str, Any]] = (),
        **entities: Any,
    ) -> None:
        """Send a message; `entities` are values, found in the text where they stand there (`kind=(value, "typed")`).

        `wishes` are its parts as the engine reads them (`part`).
        """
        async with self.database.transaction() as session:
            row = await conversations.append(
                session,
                self.conversation_id,
                direction=Direction.IN,
                author=Author.RESIDENT,
                text=text,
                clock=self.clock,
            )
        self.heard(text, intent, confidence, row.id, upload_ids, ranking, entities)
        if wishes:
            self.latest["wishes"] = list(wishes)

    def heard(
        self,
        text: str,
        intent: str,
        confidence: float,
        message_id: int,
        upload_ids: Iterable[str],
        ranking: Iterable[tuple[str, float]],
        entities: dict[str, Any],
    ) -> None:
        """Let the engine read a message."""
        metadata = {
            "message_id": message_id,
            "conversation_id": self.conversation_id,
            "channel": self.channel,
            "upload_ids": list(upload_ids),
        }
        self.latest = {
            "text": text,
            "intent": {"name": intent, "confidence": confidence},
            "intent_ranking": [{"name": name, "confidence": sure} for name, sure in ranking],
            "entities": [_entity(text, kind, value) for kind, value in entities.items()],
            "metadata": metadata,
        }
        self.events += [
            {"event": "action", "name": "action_listen"},
            {"event": "user", "text": text, "metadata": metadata},
        ]

    def hears_again(self) -> None:
        """Let the engine read the last message once more, as after a crash of the server."""
        self.events += [
            {"event": "action", "name": "action_listen"},
            {"event": "user", "text": self.latest["text"], "metadata": self.latest["metadata"]},
        ]

    async def gets(self, action: str) -> Answer:
        """Let the engine run an action."""
        tracker = {
            "sender_id": self.sender_id,
            "slots": dict(self.slots),
            "latest_message": self.latest,
            "events": list(self.events),
            "active_loop": {"name": self.form} if self.form else {},
            "latest_action_name": "action_listen",
        }
        result = await self.executor.run({"next_action": action, "tracker": tracker, "domain": {"x": 1}})
        assert result is not None
        answer = Answer(result.responses, result.events)
        if action.startswith("validate_"):
            rejected = "action_execution_rejected" in answer.kinds()
            self.events += [] if rejected else [{"event": "action", "name": action.removeprefix("validate_")}]
        else:
            self.events.append({"event": "action", "name": action})
        self._remember(answer)
        return answer

    def _remember(self, answer: Answer) -> None:
        for event in answer.events:
            self.events.append(event)
            if event["event"] == "slot":
                self.slots[event["name"]] = event["value"]
            elif event["event"] == "active_loop":
                self.form = event["name"]

    async def begins(self, form: str, text: str, intent: str, **rest: Any) -> Answer:
        """Send a message that begins a form."""
        await self.says(text, intent, **rest)
        self.form, self.slots["requested_slot"] = form, None
        return await self.gets(f"validate_{form}")

    async def answers(self, text: str, intent: str = "inform", **rest: Any) -> Answer:
        """Send a message while a form is open."""
        await self.says(text, intent, **rest)
        return await self.gets(f"validate_{self.form}")

    @property
    def asked(self) -> str | None:
        """The slot that is asked for."""
        return self.slots.get("requested_slot")


def _entity(text: str, kind: str, value: Any) -> dict[str, Any]:
    value, typed = value if isinstance(value, tuple) else (value, str(value))
    start = text.find(typed)
    place = {"start": start, "end": start + len(typed)} if start >= 0 else {}
    return {"entity": kind, "value": value, **place}


def part(text: str, intent: str, confidence: float = 0.9, **entities: Any) -> dict[str, Any]:
    """One wish of several, as the engine reads it by itself."""
    found = [_entity(text, kind, value) for kind, value in entities.items()]
    return {"text": text, "intent": {"name": intent, "confidence": confidence}, "entities": found}


Arrive = Callable[..., Awaitable[Resident]]


@pytest.fixture
def arrive(database: Database, executor: ActionExecutor, clock: SettableClock) -> Arrive:
    """Let somebody open a conversation, bound to a demo resident's homes or not."""

    async def one(phone: str | None = None, channel: str = "webchat") -> Resident:
        async with database.transaction() as session:
            identity = await people.identity_for(session, channel, f"test-{phone}", clock)
            if phone is not None:
                person = await people_rows.person_by_phone(session, phone)
                assert person is not None
                identity.person_id, identity.verified_at = person.id, clock.now()
            conversation = await conversations.open_for(session, channel, identity.id, clock)
            ids = identity.id, conversation.id
        return Resident(database, executor, clock, *ids, channel, conversation.public_id)

    return one


@pytest.fixture
async def wang(arrive: Arrive) -> Resident:
    """王建国, owner of 翠湖花园3栋2单元501, who owes something."""
    return await arrive(WANG)


@pytest.fixture
async def li(arrive: Arrive) -> Resident:
    """李秀英, owner of 翠湖花园5栋1单元1203, who owes nothing."""
    return await arrive(LI)


@pytest.fixture
async def stranger(arrive: Arrive) -> Resident:
    """Somebody who has bound no home."""
    return await arrive()
