"""Two server processes on PostgreSQL and Redis: one conversation, whichever process a request reaches."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import socketio
from sqlalchemy import func, select

from property_db import demo
from property_db.clock import Clock
from property_db.conversations.models import Direction, Message
from property_db.database import Database
from tests.support import engine_process
from tests.support.actors import DeskAgent, Resident
from tests.support.engine_process import EngineProcess
from tests.support.server_process import ServerProcess
from tests.support.stack import free_port

pytestmark = [pytest.mark.postgres, pytest.mark.redis, pytest.mark.engine]


@pytest.fixture
async def pair(
    postgres: Database, postgres_url: str, redis_url: str, tmp_path: Path
) -> AsyncIterator[tuple[ServerProcess, ServerProcess]]:
    """Two servers that share everything."""
    if not engine_process.available():
        pytest.skip("no engine environment: run ./guanjia once, it makes bot/.venv")
    engine_process.train()
    await demo.create(postgres, Clock())
    ports = free_port(), free_port()
    engine = EngineProcess(tmp_path / "engine", f"http://127.0.0.1:{ports[0]}/internal/actions", free_port())
    engine.start()
    shared = {"GUANJIA_DATABASE_URL": postgres_url, "GUANJIA_REDIS_URL": redis_url}
    servers = tuple(ServerProcess(tmp_path, port, engine.url, **shared) for port in ports)
    await asyncio.gather(*(server.start() for server in servers))
    yield servers[0], servers[1]
    for server in servers:
        server.kill()
    engine.kill()


async def test_a_page_at_one_process_hears_what_the_other_did(pair: tuple[ServerProcess, ServerProcess]) -> None:
    first, second = pair
    resident = await Resident(first.url).arrive()
    token = str(resident.http.headers["Authorization"]).removeprefix("Bearer ")
    page = socketio.AsyncClient()
    heard: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    page.on("message", heard.put, namespace="/webchat")
    await page.connect(second.url, socketio_path="realtime", namespaces=["/webchat"], auth={"token": token})
    sent = await resident.send("家里着火了")
    while True:
        message = await asyncio.wait_for(heard.get(), 30)
        if message["reply_to_seq"] == sent["seq"]:
            break
    assert message["blocks"][0]["kind"] == "emergency"
    await page.disconnect()
    await resident.leave()


async def test_a_message_delivered_to_both_processes_is_one_message_with_one_answer(
    pair: tuple[ServerProcess, ServerProcess], postgres: Database
) -> None:
    first, second = pair
    at_first = await Resident(first.url).arrive()
    at_second = Resident(second.url)
    at_second.http.headers["Authorization"] = at_first.http.headers["Authorization"]
    ids = [uuid.uuid4().hex for _ in range(5)]
    copies = [resident.send("物业服务中心几点上班", one) for one in ids for resident in (at_first, at_second)]
    rows = await asyncio.gather(*copies)
    assert len({row["seq"] for row in rows}) == len(ids)
    for seq in {row["seq"] for row in rows}:
        await at_first.answer_to({"seq": seq, "conversation_id": at_first.conversation_id})
    await asyncio.sleep(2)
    async with postgres.reading() as session:
        answers = await session.scalar(
            select(func.count()).where(Message.direction == Direction.OUT, Message.reply_to_id.is_not(None))
        )
    assert answers == len(ids)
    order = [row["reply_to_seq"] for row in await at_first.messages() if row["reply_to_seq"]]
    assert order == sorted(order)
    await at_first.leave()
    await at_second.leave()


async def test_agents_at_two_processes_take_each_conversation_once(
    pair: tuple[ServerProcess, ServerProcess],
) -> None:
    agents = [await DeskAgent(pair[0].url).signs_in("xiaoli"), await DeskAgent(pair[1].url).signs_in("xiaozhang")]
    residents = [await Resident(pair[number % 2].url).arrive() for number in range(4)]
    for resident in residents:
        await resident.says("转人工")
    waiting = (await agents[0].overview())["waiting"]
    assert len(waiting) == len(residents)
    takes = await asyncio.gather(*(agent.http.post(f"/queue/{q['id']}/take") for q in waiting for agent in agents))
    assert sorted(take.status_code for take in takes) == [200] * len(residents) + [409] * len(residents)
    for agent in agents:
        await agent.leaves()
    for resident in residents:
        await resident.leave()
