"""Telephone calls as the desk meets them: rows in the database, a switchboard, a page that listens."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from integrations.desk.auth import COOKIE
from integrations.voice.configuration import Hotline, Outbound, Sip
from integrations.voice.hotline import EngineState, HotlineStatus
from integrations.voice.speech import SpeechUnavailable
from integrations.voice.wav import as_wav
from property_db.calls import recordings
from property_db.calls import service as calls
from property_db.calls.models import Call, CallDirection, CallOutcome, Recording, RecordingKind
from property_db.handoff import service as handoff
from property_db.handoff.models import AgentRole
from tests.unit.desk.conftest import PASSWORD, Browser, Resident, World

NUMBER = "13800138000"
SOUND = b"\x01\x00" * 800
KEEP_DAYS = 90


@dataclass
class Carried:
    """A call of this process."""

    public_id: str
    listeners: int = 0


class Speaker:
    """A voice that says nothing but one tone; `down` where the speech service does not answer."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.down = False

    async def speak(self, text: str) -> AsyncIterator[bytes]:
        """Say it."""
        if self.down:
            raise SpeechUnavailable("down")
        self.said.append(text)
        yield SOUND

    async def ready(self) -> bool:
        """Whether it works."""
        return not self.down

    async def close(self) -> None:
        """Nothing is open."""


@dataclass
class FakeSwitchboard:
    """As much of the hotline as the desk asks for."""

    calls: list[Carried] = field(default_factory=list)
    settings: Hotline = field(default_factory=Hotline)
    transports: dict[str, Any] = field(default_factory=dict)
    hears: EngineState = "off"
    pieces: list[bytes] = field(default_factory=list)
    voice: Speaker = field(default_factory=Speaker)
    endless: bool = False
    left: bool = False

    def live(self) -> Sequence[Carried]:
        """What this process carries."""
        return self.calls

    async def status(self) -> HotlineStatus:
        """How it is."""
        voice: EngineState = "down" if self.voice.down else "ok"
        return HotlineStatus(len(self.calls), self.settings.most_calls, self.hears, voice, self.transports)

    async def listen_in(self, public_id: str) -> AsyncIterator[bytes]:
        """The pieces, and then the end of the call, unless it is endless."""
        try:
            for piece in self.pieces:
                yield piece
            if self.endless:
                await asyncio.Event().wait()
        finally:
            self.left = True


def carry(world: World, *rows: Call) -> FakeSwitchboard:
    """Let the server have a telephone, on which these calls go on."""
    switchboard = FakeSwitchboard([Carried(row.public_id) for row in rows])
    object.__setattr__(world.services, "hotline", switchboard)
    return switchboard


def dials_out(world: World, *, international: bool = False) -> None:
    """Let the server have a telephone that places calls."""
    switchboard = carry(world)
    switchboard.settings = Hotline(sip=Sip(), outbound=Outbound(enabled=True, international=international))


async def rings(world: World, resident: Resident | None = None, number: str | None = NUMBER) -> Call:
    """A call comes in and is answered, in the conversation of a resident or in none yet."""
    async with world.database.transaction() as session:
        call = await calls.begin(session, CallDirection.IN, "sip", number, "96000", world.clock)
        await calls.answered(session, call.id, world.clock)
        if resident is not None:
            row = resident.conversation
            await calls.attach(session, call.id, row.identity_id, row.id)
        return call


async def hears(
    world: World, call: Call, text: str, confidence: float = 0.9, message_id: int | None = None, *, record: bool = True
) -> Recording | None:
    """The recogniser hears something; its sound is kept."""
    recording = await records(world, call, RecordingKind.UTTERANCE) if record else None
    async with world.database.transaction() as session:
        await calls.heard(
            session,
            call.id,
            text,
            confidence,
            1.5,
            world.clock,
            message_id=message_id,
            recording_id=recording.id if recording else None,
        )
    return recording


async def records(world: World, call: Call, kind: RecordingKind) -> Recording:
    """Keep a WAV file of the call."""
    async with world.database.transaction() as session:
        mark = f"{len(await recordings.of_call(session, call.id)):032x}"
        file = f"2026-11/{call.id}-{mark}.wav"
        path = world.services.settings.data_dir / "recordings" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(as_wav(SOUND))
        return await recordings.add(session, call.id, kind, file, 0.1, path.stat().st_size, KEEP_DAYS, world.clock)


async def hangs_up(world: World, call: Call, outcome: CallOutcome = CallOutcome.SELF_SERVED, seconds: int = 60) -> None:
    """The call ends after a while."""
    world.clock.advance(seconds=seconds)
    async with world.database.transaction() as session:
        await calls.end(session, call.id, outcome, world.clock)


async def somebody(world: World, username: str, name: str, role: AgentRole) -> Browser:
    """An agent of this role, signed in."""
    async with world.database.transaction() as session:
        await handoff.create_agent(session, username, name, PASSWORD, role)
    browser = Browser(world, username)
    assert (await browser.login()).status_code == 200
    return browser


class Page:
    """A page's WebSocket on the application itself."""

    def __init__(self, world: World, browser: Browser | None, path: str, origin: str = "http://desk.test") -> None:
        cookie = f"{COOKIE}={browser.http.cookies.get(COOKIE)}" if browser else ""
        headers = [(b"host", b"desk.test"), (b"origin", origin.encode()), (b"cookie", cookie.encode())]
        self._to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._from_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        scope = {
            "type": "websocket",
            "asgi": {"version": "3.0"},
            "scheme": "ws",
            "path": f"/api/desk{path}",
            "raw_path": f"/api/desk{path}".encode(),
            "root_path": "",
            "query_string": b"",
            "headers": headers,
            "subprotocols": [],
            "client": ("10.0.0.1", 1234),
            "server": ("desk.test", 80),
            "state": {},
        }
        self._to_app.put_nowait({"type": "websocket.connect"})
        self.running = asyncio.ensure_future(world.app(scope, self._to_app.get, self._from_app.put))

    async def next(self) -> dict[str, Any]:
        """What the server says next."""
        async with asyncio.timeout(5):
            return await self._from_app.get()

    async def leaves(self) -> None:
        """Close the page; the server is done with it when this returns."""
        self._to_app.put_nowait({"type": "websocket.disconnect", "code": 1001})
        async with asyncio.timeout(5):
            await self.running
