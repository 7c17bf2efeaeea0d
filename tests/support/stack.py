"""The whole product in a test: a real server on a real port, a real engine, a real database with the demo estate."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr

from actions import base
from integrations.gateway.app import create_app
from integrations.gateway.services import Services
from integrations.gateway.settings import Settings
from property_db.clock import Clock
from tests.support import engine_process


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Server:
    """A running server and its inside."""

    app: FastAPI
    url: str
    services: Services


def settings_for(folder: Path, port: int, engine_url: str, database_url: str, **more: object) -> Settings:
    """Settings of a test server; nothing is read from the environment's files."""
    values: dict[str, object] = {
        "data_dir": folder,
        "port": port,
        "engine_url": engine_url,
        "database_url": database_url,
        "action_secret": SecretStr(engine_process.SECRET),
        "mode": "demo",
        "messages_per_minute": 10_000,
        **more,
    }
    return Settings(_env_file=None, **values)  # type: ignore[arg-type,call-arg]


@asynccontextmanager
async def serve(settings: Settings, clock: Clock | None = None) -> AsyncIterator[Server]:
    """Run a server in this event loop until the block ends.

    Actions are bound to one server in a process: to the one that was made last, and afterwards to the one before.
    """
    before = vars(base._Bound).copy()
    app = create_app(settings, clock)
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=settings.port, log_config=None, access_log=False)
    )
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.02)
        assert not task.done(), task.exception()
    try:
        yield Server(app, f"http://127.0.0.1:{settings.port}", app.state.services)
    finally:
        server.should_exit = True
        await task
        base._Bound.database, base._Bound.clock = before["database"], before["clock"]
        base._Bound.sender = before["sender"]
