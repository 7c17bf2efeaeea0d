"""The whole way with real telephones on both sides: a caller, the queue, the desk, and an agent's telephone."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import unquote

import yaml
from sqlalchemy import select

from integrations.desk import service as desk
from integrations.gateway.app import create_app
from integrations.gateway.services import Services
from integrations.voice.sip import SipTelephone
from property_db.calls import agent_phones
from property_db.calls.models import Call, CallOutcome
from property_db.clock import SettableClock
from property_db.database import Database
from property_db.handoff import service as handoff
from property_db.handoff.models import Agent, AgentStatus
from tests.integration.voice.call.conftest import Engine
from tests.integration.voice.sip.test_sip_telephones import strength
from tests.support.sip_peers import PATIENCE, baresip, needs_baresip, needs_sox, tone
from tests.support.stack import settings_for

pytestmark = [needs_baresip, needs_sox]

CALLER_HERTZ, AGENT_HERTZ = 700, 1700
AGENT = "<sip:8001@127.0.0.1>;regint=0;audio_codecs=PCMA;answermode=auto"
CALLER = "<sip:13800002222@127.0.0.1>;regint=0;audio_codecs=PCMA"


@asynccontextmanager
async def office(folder: Path, database: Database, clock: SettableClock, agents_via: str) -> AsyncIterator[Services]:
    """A server with a SIP telephone, on which nothing recognises and nothing speaks."""
    settings = {
        "sip": {
            "host": "127.0.0.1",
            "port": 0,
            "rtp_ports": [23200, 23299],
            "allowed": ["127.0.0.1/32"],
            "agents_via": agents_via,
        },
        "recogniser": {"kind": "none"},
        "voice": {"kind": "none"},
    }
    folder.mkdir()
    file = folder / "hotline.yml"
    file.write_text(yaml.safe_dump(settings))
    file.chmod(0o600)
    url = database.engine.url.render_as_string(hide_password=False)
    app = create_app(settings_for(folder, 1, "http://127.0.0.1:9", url, mode="production"), clock)
    services: Services = app.state.services
    services.inbox._router._engine = Engine(services.database, clock)  # type: ignore[assignment]
    async with app.router.lifespan_context(app):
        yield services


async def until(condition: Callable[[], object]) -> None:
    """Wait until it holds."""
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.05)


async def hire(services: Services) -> Agent:
    """An agent with a telephone."""
    async with services.database.transaction() as session:
        agent = await handoff.create_agent(session, "xiaoli", "小李", "guanjia-demo")
        await handoff.set_status(session, agent.id, AgentStatus.ONLINE, services.clock)
        await agent_phones.set(session, agent.id, "8001", services.clock)
    return agent


async def ended(services: Services) -> Call:
    """The only call, when its end is written down."""
    async with asyncio.timeout(PATIENCE):
        while True:
            async with services.database.reading() as session:
                row = (await session.scalars(select(Call))).one()
            if row.ended_at is not None:
                return row
            await asyncio.sleep(0.05)


def loudest(pcm: bytes, hertz: int) -> float:
    """How pure this tone is at its purest moment."""
    return max((strength(pcm[at : at + 3200], hertz) for at in range(0, len(pcm) - 3200, 3200)), default=0.0)


async def test_a_caller_and_an_agent_hear_each_other_through_us(
    tmp_path: Path, sqlite: Database, clock: SettableClock
) -> None:
    caller_says, agent_says = tone(tmp_path / "c.wav", CALLER_HERTZ, 90), tone(tmp_path / "a.wav", AGENT_HERTZ, 90)
    async with (
        baresip(tmp_path / "agent", agent_says, AGENT, 0, "-s") as agents_phone,
        baresip(tmp_path / "caller", caller_says, CALLER) as caller,
        office(tmp_path / "data", sqlite, clock, f"127.0.0.1:{agents_phone.address[1]}") as services,
    ):
        agent = await hire(services)
        switchboard = services.hotline
        assert switchboard is not None
        telephone = switchboard.exchange
        assert isinstance(telephone, SipTelephone)
        await caller.command("dial", f"sip:4008@127.0.0.1:{telephone.address[1]}")
        await caller.event("CALL_ESTABLISHED")
        (call,) = switchboard.live()
        await caller.press("0")
        await until(lambda: call.session.dialogue.persons.now.owner == "waiting")
        async with services.database.reading() as session:
            ((item, conversation),) = await handoff.waiting(session)
        await desk.take(services, agent, item.id)
        await agents_phone.event("CALL_ESTABLISHED")
        await until(lambda: call.session.dialogue.aside)
        await asyncio.sleep(2.0)  # they talk
        await agents_phone.command("hangup")
        await agents_phone.event("CALL_CLOSED")
        await until(lambda: call.session.dialogue.persons.now.owner == "rating")
        await caller.press("5")
        await until(lambda: call.session.dialogue.persons.now.owner != "rating")
        await caller.command("hangup")
        await caller.event("CALL_CLOSED")
        await until(lambda: not switchboard.live())
        assert loudest(agents_phone.heard(), CALLER_HERTZ) > 0.8
        assert loudest(caller.heard(), AGENT_HERTZ) > 0.8
        row = await ended(services)
        assert (row.outcome, row.rating, row.agent_id) == (CallOutcome.AGENT, 5, agent.id)
    said = (tmp_path / "agent" / "log").read_text(errors="replace")
    headers = dict(line.strip().split(": ", 1) for line in said.splitlines() if line.startswith("X-Guanjia-"))
    assert headers["X-Guanjia-Call"] == row.public_id
    assert headers["X-Guanjia-Conversation"] == conversation.public_id
    assert unquote(headers.get("X-Guanjia-Summary", "")) == ""
