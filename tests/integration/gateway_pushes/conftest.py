"""A resident on WeChat who reported a lamp, a platform that remembers, and workers; on SQLite and on PostgreSQL."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

import pytest
from sqlalchemy import select

from integrations.gateway.channel import Capabilities, Channel, Delivery, OutboundMessage, Receipt, Wire
from integrations.gateway.push_outbox import PushOutbox
from property_db.clock import SettableClock
from property_db.conversations import service as conversations
from property_db.database import Database
from property_db.models import Push
from property_db.people import service as people
from property_db.pushes import service as pushes
from property_db.pushes.models import PushKind
from property_db.tickets import service as tickets
from property_db.tickets.models import TicketState
from property_db.tickets.schemas import RepairDraft

OPEN_ID = "wx0123456789abcdef:resident"
Step = Callable[..., Awaitable[int]]
Worker = Callable[..., PushOutbox]
All = Callable[[], Awaitable[list[Push]]]


class Died(BaseException):
    """The end of a process in the middle of a call: nothing that runs afterwards."""


class Platform:
    """A channel that pushes; what it is told to answer, it answers, in order; then it takes everything."""

    name = "wechat"

    def __init__(self, clock: SettableClock) -> None:
        self.capabilities = Capabilities(cards=False, choices="numbered", pushes=frozenset(PushKind))
        self.answers: list[Receipt | BaseException | Callable[[], Awaitable[Receipt]]] = []
        self.pushed: list[tuple[str, PushKind, dict[str, str], int]] = []
        self.times: list[datetime] = []
        self._clock = clock

    async def push(self, external_id: str, kind: PushKind, values: Mapping[str, str], push_id: int) -> Receipt:
        self.pushed.append((external_id, kind, dict(values), push_id))
        self.times.append(self._clock.now())
        answer = self.answers.pop(0) if self.answers else Receipt(Delivery.DELIVERED, f"msgid:{push_id}")
        if isinstance(answer, BaseException):
            raise answer
        return answer if isinstance(answer, Receipt) else await answer()

    @property
    def ids(self) -> list[int]:
        """Which news left, in order."""
        return [push_id for *_, push_id in self.pushed]

    def render(self, answers: object) -> list[OutboundMessage]:
        raise NotImplementedError

    async def deliver(self, message: OutboundMessage, wire: Wire) -> Receipt:
        raise NotImplementedError


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> Database:
    """An empty database of either kind."""
    database: Database = request.getfixturevalue(request.param)
    return database


@pytest.fixture
def platform(clock: SettableClock) -> Platform:
    """The far side."""
    return Platform(clock)


@pytest.fixture
def worker(database: Database, clock: SettableClock, platform: Platform) -> Worker:
    """Make the push outbox of a process; several share the database and the platform."""

    def one(name: str = "here|1|a", channels: Mapping[str, Channel] | None = None) -> PushOutbox:
        return PushOutbox(database, clock, {"wechat": platform} if channels is None else channels, name)

    return one


@pytest.fixture
async def step(database: Database, clock: SettableClock) -> Step:
    """Let the company move a repair that somebody reported on WeChat; the id of the news."""

    async def one(who: str = OPEN_ID, facility: str = "楼道灯") -> int:
        async with database.transaction() as session:
            identity = await people.identity_for(session, "wechat", who, clock)
            draft = RepairDraft(identity_id=identity.id, facility=facility, area="公共区域")
            ticket = await tickets.report(session, draft, clock)
            await tickets.advance(session, ticket.id, TicketState.ASSIGNED, "company", clock)
            return (await session.scalars(select(Push.id).order_by(Push.id.desc()).limit(1))).one()

    return one


@pytest.fixture
def call_back(database: Database, clock: SettableClock) -> Callable[[], Awaitable[int]]:
    """Let an agent wait for the resident; the id of the news."""

    async def one() -> int:
        async with database.transaction() as session:
            identity = await people.identity_for(session, "wechat", OPEN_ID, clock)
            conversation = await conversations.open_for(session, "wechat", identity.id, clock)
            assert await pushes.agent_waits(session, conversation, clock)
            return (await session.scalars(select(Push.id).order_by(Push.id.desc()).limit(1))).one()

    return one


@pytest.fixture
def news(database: Database) -> All:
    """All news as it stands."""

    async def all_of_it() -> list[Push]:
        async with database.reading() as session:
            return list(await session.scalars(select(Push).order_by(Push.id)))

    return all_of_it


__all__ = ["OPEN_ID", "All", "Died", "Platform", "Step", "Worker"]
