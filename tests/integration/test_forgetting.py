"""Who unfollows is forgotten everywhere, also where the engine is down at that moment or a process dies."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from integrations.gateway.engine_client import EngineClient, EngineUnavailable
from integrations.gateway.forgetting import Forgetting
from integrations.gateway.housekeeping import Housekeeping
from property_db.calls import recordings
from property_db.calls import service as calls
from property_db.calls.models import CallDirection, RecordingKind
from property_db.channels import leftovers
from property_db.clock import SettableClock
from property_db.conversations import service as conversations
from property_db.database import Database
from property_db.models import ChannelEvent, ChannelIdentity
from property_db.people import service as people
from property_db.people.forget import Forgotten
from property_db.uploads import service as uploads
from tests.support.stack import free_port

OPENID, OTHER = "openid-of-wang", "openid-of-li"


class StandInEngine:
    """Answers on the engine's port when it is up, and keeps what it was told to forget."""

    def __init__(self) -> None:
        self.port = free_port()
        self.status = "204 No Content"
        self.requests: list[str] = []
        self.asked = asyncio.Event()
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def forgot(self) -> list[str]:
        return [request.rsplit("/", 1)[1] for request in self.requests]

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", self.port)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.requests.append(" ".join(head.split(" ", 2)[:2]))
        writer.write(f"HTTP/1.1 {self.status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        self.asked.set()


class SlowEngine:
    """An engine whose turn does not end."""

    async def forget(self, public_id: str) -> None:
        await asyncio.Event().wait()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> Database:
    """An empty database of either kind."""
    database: Database = request.getfixturevalue(request.param)
    return database


@pytest.fixture
async def engine() -> AsyncIterator[StandInEngine]:
    """An engine that is down until a test starts it."""
    stand_in = StandInEngine()
    yield stand_in
    await stand_in.stop()


@pytest.fixture
async def client(engine: StandInEngine) -> AsyncIterator[EngineClient]:
    """Our way to it."""
    made = EngineClient(engine.url, 5.0)
    yield made
    await made.close()


@pytest.fixture
def forgetting(database: Database, clock: SettableClock, client: EngineClient, tmp_path: Path) -> Forgetting:
    """What a test is about."""
    return Forgetting(database, clock, client, tmp_path)


@pytest.fixture
async def wangs(database: Database, clock: SettableClock, tmp_path: Path) -> str:
    """王 has talked and sent a picture; the public id of the conversation. 李 has done so too."""
    public_id = ""
    for openid in (OTHER, OPENID):
        async with database.transaction() as session:
            identity = await people.identity_for(session, "wechat", openid, clock)
            public_id = (await conversations.open_for(session, "wechat", identity.id, clock)).public_id
            name = f"{openid}.jpg"
            await uploads.add(
                session, identity.id, media_type="image/jpeg", size=1, width=1, height=1, file_name=name, clock=clock
            )
        (tmp_path / name).write_bytes(b"x")
    return public_id


async def _left(database: Database) -> int:
    async with database.reading() as session:
        return await session.scalar(select(func.count()).select_from(ChannelEvent)) or 0


async def _known(database: Database) -> list[str]:
    async with database.reading() as session:
        return sorted(await session.scalars(select(ChannelIdentity.external_id)))


async def test_everything_is_forgotten_at_once_where_the_engine_runs(
    database: Database, engine: StandInEngine, forgetting: Forgetting, wangs: str, tmp_path: Path
) -> None:
    await engine.start()
    await forgetting.forget("wechat", OPENID)
    assert await _known(database) == [OTHER]
    assert engine.requests == [f"DELETE /webhooks/rest/conversations/{wangs}"]
    assert not (tmp_path / f"{OPENID}.jpg").exists()
    assert (tmp_path / f"{OTHER}.jpg").exists()
    assert await _left(database) == 0


async def test_while_the_engine_is_down_it_is_noted_and_done_later(
    database: Database, engine: StandInEngine, forgetting: Forgetting, wangs: str
) -> None:
    await forgetting.forget("wechat", OPENID)
    await forgetting.sweep()
    assert await _known(database) == [OTHER]
    assert await _left(database) == 1
    await engine.start()
    await forgetting.sweep()
    assert (engine.forgot, await _left(database)) == ([wangs], 0)
    await forgetting.sweep()
    assert engine.forgot == [wangs]


async def test_the_next_process_does_what_one_before_it_could_not(
    database: Database,
    clock: SettableClock,
    engine: StandInEngine,
    client: EngineClient,
    forgetting: Forgetting,
    wangs: str,
    tmp_path: Path,
) -> None:
    await forgetting.forget("wechat", OPENID)
    await engine.start()
    following = Forgetting(database, clock, client, tmp_path)
    await following.start()
    await asyncio.wait_for(engine.asked.wait(), 20)
    await following.stop()
    assert engine.forgot == [wangs]


async def test_an_engine_that_cannot_is_asked_again(
    database: Database, engine: StandInEngine, forgetting: Forgetting, wangs: str
) -> None:
    engine.status = "500 Internal Server Error"
    await engine.start()
    await forgetting.forget("wechat", OPENID)
    assert await _left(database) == 1
    engine.status = "204 No Content"
    await forgetting.sweep()
    assert (engine.forgot, await _left(database)) == ([wangs, wangs], 0)


async def test_nobody_waits_for_a_turn_that_does_not_end(
    database: Database, clock: SettableClock, wangs: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.gateway.forgetting.AT_ONCE_SECONDS", 0.01)
    await Forgetting(database, clock, SlowEngine(), tmp_path).forget("wechat", OPENID)
    assert await _known(database) == [OTHER]
    assert await _left(database) == 1


async def test_a_file_that_cannot_be_removed_is_tried_again(
    database: Database, engine: StandInEngine, forgetting: Forgetting, wangs: str, tmp_path: Path
) -> None:
    await engine.start()
    file = tmp_path / f"{OPENID}.jpg"
    file.unlink()
    file.mkdir()
    await forgetting.forget("wechat", OPENID)
    async with database.reading() as session:
        assert await leftovers.noted(session, "pictures:forget") == [file.name]
    file.rmdir()
    file.write_bytes(b"x")
    await forgetting.sweep()
    assert not file.exists()
    assert await _left(database) == 0


async def test_a_recording_whose_time_is_over_goes_with_its_file(
    database: Database, clock: SettableClock, client: EngineClient, tmp_path: Path
) -> None:
    file = "2026-11/" + "a" * 32 + ".wav"
    for name in (file, "2026-11/other.wav"):
        (tmp_path / "recordings" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "recordings" / name).write_bytes(b"RIFF")
    async with database.transaction() as session:
        call = await calls.begin(session, CallDirection.IN, "sip", None, None, clock)
        await recordings.add(session, call.id, RecordingKind.UTTERANCE, file, 1.0, 4, 90, clock)
    clock.advance(days=90)
    await Housekeeping(database, clock).sweep()
    forgetting = Forgetting(database, clock, client, tmp_path / "uploads")
    await forgetting.sweep()
    assert [path.name for path in (tmp_path / "recordings" / "2026-11").iterdir()] == ["other.wav"]
    assert await _left(database) == 0
    await Housekeeping(database, clock).sweep()


async def test_what_was_removed_by_hand_counts_as_removed(
    database: Database, engine: StandInEngine, forgetting: Forgetting, wangs: str, tmp_path: Path
) -> None:
    await engine.start()
    (tmp_path / f"{OPENID}.jpg").unlink()
    await forgetting.forget("wechat", OPENID)
    assert await _left(database) == 0


async def test_whoever_is_not_known_is_no_error_and_leaves_no_trace(
    database: Database, engine: StandInEngine, forgetting: Forgetting, wangs: str
) -> None:
    await engine.start()
    await forgetting.forget("wechat", "never seen")
    await forgetting.forget("wecom", OPENID)
    await forgetting.forget("wechat", OPENID)
    await forgetting.forget("wechat", OPENID)
    assert await _known(database) == [OTHER]
    assert engine.forgot == [wangs]


async def test_a_transaction_that_fails_forgets_nobody_and_notes_nothing(
    database: Database, engine: StandInEngine, forgetting: Forgetting, wangs: str, tmp_path: Path
) -> None:
    await engine.start()
    with pytest.raises(RuntimeError):
        async with database.transaction() as session:
            identity = await people.find_identity(session, "wechat", OPENID)
            assert identity is not None
            await forgetting.within(session, identity.id)
            raise RuntimeError
    await forgetting.sweep()
    assert await _known(database) == [OTHER, OPENID]
    assert (tmp_path / f"{OPENID}.jpg").exists()
    assert engine.forgot == []


async def test_who_remembers_conversations_by_their_ids_is_told(
    database: Database, clock: SettableClock, client: EngineClient, wangs: str, tmp_path: Path
) -> None:
    told: list[Forgotten] = []
    forgetting = Forgetting(database, clock, client, tmp_path, on_forgotten=told.append)
    await forgetting.forget("wechat", OPENID)
    await forgetting.forget("wechat", OPENID)
    assert [one.conversation_public_ids for one in told] == [[wangs]]
    assert len(told[0].conversation_ids) == 1


async def test_our_client_tells_done_from_not_done(engine: StandInEngine, client: EngineClient) -> None:
    with pytest.raises(EngineUnavailable):
        await client.forget("a" * 32)
    await engine.start()
    await client.forget("a" * 32)
    for status in ("404 Not Found", "200 OK", "500 Internal Server Error"):
        engine.status = status
        with pytest.raises(EngineUnavailable):
            await client.forget("a" * 32)
