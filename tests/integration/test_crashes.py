"""kill -9 of the server and of the engine in the middle of a turn: every message there once, answered once."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from property_db import demo, migrate
from property_db.clock import Clock
from property_db.database import Database
from tests.support import engine_process
from tests.support.actors import Resident
from tests.support.engine_process import EngineProcess
from tests.support.server_process import ServerProcess
from tests.support.stack import free_port

pytestmark = pytest.mark.engine


@pytest.fixture
async def live(tmp_path: Path) -> AsyncIterator[tuple[ServerProcess, EngineProcess]]:
    """A server process and an engine process on a fresh demo database."""
    if not engine_process.available():
        pytest.skip("no engine environment: run ./guanjia once, it makes bot/.venv")
    url = f"sqlite+aiosqlite:///{tmp_path / 'guanjia.db'}"
    await migrate.upgrade(url)
    database = Database(url)
    await demo.create(database, Clock())
    await database.dispose()
    engine_process.train()
    port = free_port()
    engine = EngineProcess(tmp_path / "engine", f"http://127.0.0.1:{port}/internal/actions", free_port())
    engine.start()
    server = ServerProcess(tmp_path, port, engine.url)
    await server.start()
    yield server, engine
    server.kill()
    engine.kill()


async def bound_resident(server: ServerProcess) -> Resident:
    """A resident of the demo estate with a bound home."""
    resident = await Resident(server.url).arrive()
    await resident.bind("13800138000")
    await resident.says("你好")
    return resident


async def check_once(resident: Resident, seq: int) -> None:
    """One message, one answer with the bill."""
    answer = await resident.answer_to({"seq": seq, "conversation_id": resident.conversation_id})
    assert answer.cards("bill_card"), answer.text
    await asyncio.sleep(2.5)  # time for a second answer, if somebody still had one to give
    rows = await resident.messages()
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
    assert len([row for row in rows if row["text"] == "我家还欠多少物业费"]) == 1
    assert len([row for row in rows if row["reply_to_seq"] == seq]) == 1


async def test_a_server_killed_between_message_and_answer(live: tuple[ServerProcess, EngineProcess]) -> None:
    server, engine = live
    resident = await bound_resident(server)
    assert engine.process is not None
    engine.process.send_signal(signal.SIGSTOP)  # the turn cannot end before the kill
    message = await resident.send("我家还欠多少物业费")
    await asyncio.sleep(0.5)
    server.kill()
    engine.process.send_signal(signal.SIGCONT)
    await server.start()
    await check_once(resident, message["seq"])
    await resident.leave()


async def test_an_engine_killed_during_a_turn(live: tuple[ServerProcess, EngineProcess]) -> None:
    server, engine = live
    resident = await bound_resident(server)
    assert engine.process is not None
    engine.process.send_signal(signal.SIGSTOP)
    message = await resident.send("我家还欠多少物业费")
    await asyncio.sleep(0.5)
    engine.kill()
    engine.start()
    await check_once(resident, message["seq"])
    await resident.leave()
