"""How long one turn takes through everything, beside the engine alone, in one run.

    .venv/bin/python -m benchmarks.turn [--turns 200] [--database URL]

Full way: POST to the web chat → inbox → router → engine → action → database → outbox → Socket.IO push. Bare: the same
message to the engine's own REST channel (whose action still runs in our server). The two alternate, so that a busy
machine slows both; both begin a new conversation every ten turns, as residents do. Also measured: start to first answer
(in seconds) and the memory of each process (proportional set size). The figures belong into docs/performance.md.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

import httpx
import psutil
import socketio

from integrations.webchat.identity import external_id_of
from property_db import demo, migrate
from property_db.clock import Clock
from property_db.conversations import service as conversations
from property_db.database import Database
from property_db.people import repository
from property_db.people import service as people
from tests.support.engine_process import SECRET, EngineProcess, train
from tests.support.stack import free_port

PHONE = "13800138000"
QUESTION = "我家还欠多少物业费"
TURNS_OF_A_CONVERSATION = 10


def percentile(values: list[float], share: float) -> float:
    """The value below which ``share`` of the values lie."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def figures(values: list[float]) -> dict[str, float]:
    """p50, p95 and p99 in milliseconds."""
    return {f"p{round(share * 100)}": round(percentile(values, share) * 1000, 1) for share in (0.5, 0.95, 0.99)}


def memory_mb(pid: int) -> float:
    """Proportional set size of a process and its children."""
    process = psutil.Process(pid)
    family = [process, *process.children(recursive=True)]
    return round(sum(member.memory_full_info().pss for member in family) / 2**20, 1)


class Page:
    """A web chat page that notes when an answer arrives."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._http = httpx.AsyncClient(base_url=url, timeout=30, trust_env=False)
        self._socket = socketio.AsyncClient()
        self._answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.conversation_id = ""

    async def open(self, database: Database) -> None:
        """Start a session, bind the demo resident's home, connect."""
        started = (await self._http.post("/api/webchat/sessions", json={})).json()
        self._http.headers["Authorization"] = f"Bearer {started['token']}"
        external_id = external_id_of(started["token"])
        assert external_id is not None
        async with database.transaction() as session:
            identity = await people.identity_for(session, "webchat", external_id)
            person = await repository.person_by_phone(session, PHONE)
            assert person is not None
            identity.person_id, identity.verified_at = person.id, Clock().now()

        async def on_message(message: dict[str, Any]) -> None:
            if message["direction"] == "out":
                await self._answers.put(message)

        self._socket.on("message", on_message, namespace="/webchat")
        await self._socket.connect(
            self._url,
            socketio_path="realtime",
            namespaces=["/webchat"],
            auth={"token": started["token"]},
            transports=["websocket"],
        )

    async def ask(self, text: str) -> float:
        """Seconds from sending to the pushed answer."""
        began = time.perf_counter()
        sent = await self._http.post(
            "/api/webchat/messages", json={"client_message_id": uuid.uuid4().hex, "text": text}
        )
        sent.raise_for_status()
        self.conversation_id = sent.json()["message"]["conversation_id"]
        seq = sent.json()["message"]["seq"]
        while (await asyncio.wait_for(self._answers.get(), 30))["reply_to_seq"] != seq:
            pass
        return time.perf_counter() - began

    async def close(self) -> None:
        """Disconnect."""
        await self._socket.disconnect()
        await self._http.aclose()


async def bare_turn(http: httpx.AsyncClient, sender: str, metadata: dict[str, Any]) -> float:
    """Seconds of one turn on the engine's own channel."""
    began = time.perf_counter()
    answer = await http.post(
        "/webhooks/rest/webhook", json={"sender": sender, "message": QUESTION, "metadata": metadata}
    )
    assert answer.json(), "the engine said nothing"
    return time.perf_counter() - began


async def bare_message(database: Database, page: Page) -> dict[str, Any]:
    """Metadata of a fresh inbound row, so that the action does its whole work and not a repetition."""
    from property_db.conversations.models import Author, Direction, MessageState

    async with database.transaction() as session:
        conversation = await conversations.by_public_id(session, page.conversation_id)
        message = await conversations.append(
            session,
            conversation.id,
            direction=Direction.IN,
            author=Author.RESIDENT,
            text=QUESTION,
            state=MessageState.ANSWERED,
        )
    return {"message_id": message.id, "conversation_id": conversation.id, "channel": "webchat"}


async def measure(turns: int, database_url: str | None) -> dict[str, Any]:
    """Start everything in a fresh folder and measure."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = database_url or f"sqlite+aiosqlite:///{folder / 'guanjia.db'}"
        await migrate.upgrade(url)
        database = Database(url)
        await demo.create(database, Clock())
        port, engine_port = free_port(), free_port()
        engine = EngineProcess(folder, f"http://127.0.0.1:{port}/internal/actions", engine_port)
        environment = {
            **os.environ,
            "GUANJIA_DATA_DIR": name,
            "GUANJIA_DATABASE_URL": url,
            "GUANJIA_PORT": str(port),
            "GUANJIA_ENGINE_URL": engine.url,
            "GUANJIA_ACTION_SECRET": SECRET,
            "GUANJIA_MESSAGES_PER_MINUTE": "100000",
        }
        began = time.perf_counter()
        server = subprocess.Popen([sys.executable, "-m", "integrations.gateway"], env=environment)  # noqa: ASYNC220 - nothing else runs yet
        try:
            engine.start()
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
                while True:
                    try:
                        if (await http.get("/readyz")).status_code == 200:
                            break
                    except httpx.HTTPError:
                        pass
                    await asyncio.sleep(0.05)
            page = Page(f"http://127.0.0.1:{port}")
            await page.open(database)
            first = await page.ask(QUESTION)
            start_to_first_answer = time.perf_counter() - began
            full, bare = [], []
            async with httpx.AsyncClient(base_url=engine.url, timeout=30, trust_env=False) as http:
                for turn in range(turns + 10):
                    if turn % TURNS_OF_A_CONVERSATION == 0:
                        sender = uuid.uuid4().hex
                        await page.close()
                        page = Page(f"http://127.0.0.1:{port}")
                        await page.open(database)
                    whole = await page.ask(QUESTION)
                    alone = await bare_turn(http, sender, await bare_message(database, page))
                    if turn >= 10:  # the first ones warm up
                        full.append(whole)
                        bare.append(alone)
            assert engine.process is not None
            memory = {"engine_mb": memory_mb(engine.process.pid), "server_mb": memory_mb(server.pid)}
            await page.close()
        finally:
            engine.kill()
            server.terminate()
            server.wait()
            await database.dispose()
    memory["product_mb"] = round(sum(memory.values()), 1)
    return {
        "turns": turns,
        "full_ms": figures(full),
        "bare_ms": figures(bare),
        "ratio_p50": round(statistics.median(full) / statistics.median(bare), 2),
        "start_to_first_answer_s": round(start_to_first_answer, 1),
        "first_turn_ms": round(first * 1000),
        **memory,
    }


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=200)
    parser.add_argument("--database", default=None)
    arguments = parser.parse_args()
    train()
    print(json.dumps(asyncio.run(measure(arguments.turns, arguments.database)), indent=2))


if __name__ == "__main__":
    main()
