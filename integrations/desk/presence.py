"""Who is really there: signs of life of the desks, and agents taken off duty when theirs fell silent."""

import asyncio
import contextlib
from datetime import timedelta

import socketio
import structlog

from integrations.desk import realtime
from integrations.gateway.services import Services
from property_db.handoff import service as handoff
from property_db.handoff.models import Agent

log = structlog.get_logger()

SWEEP_SECONDS = 30.0
# A sign of life is a write; the silence that counts is two minutes long.
NOTE_EVERY = timedelta(seconds=20)


async def note_presence(services: Services, agent: Agent) -> None:
    """The agent's desk has asked for something: it is there."""
    now = services.clock.now()
    if agent.last_seen_at is not None and now - agent.last_seen_at < NOTE_EVERY:
        return
    async with services.database.transaction() as session:
        await handoff.seen(session, agent.id, services.clock)


class PresenceSweeper:
    """Takes agents off duty whose desk has been silent for two minutes, so that nobody waits before an empty desk."""

    def __init__(self, services: Services, server: socketio.AsyncServer) -> None:
        self._services = services
        self._server = server
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Watch from now on."""
        self._task = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Stop watching."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def sweep(self) -> None:
        """Look once."""
        async with self._services.database.transaction() as session:
            silent = await handoff.sweep_silent(session, self._services.clock)
        if silent:
            log.info("desk.silent", agents=silent)
            await realtime.tell_overview(self._server)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            try:
                await self.sweep()
            except Exception as error:
                log.error("desk.sweep_failed", error=type(error).__name__)
