"""The calls of this moment: who speaks with whom, and a supervisor who listens in."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated

import structlog
from fastapi import APIRouter, Path, WebSocket, WebSocketDisconnect
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.desk.auth import COOKIE, agent_for
from integrations.desk.hotline_access import Reading, ServicesDep, supervises
from integrations.desk.hotline_schemas import LiveCallsView, LiveCallView
from integrations.desk.hotline_switchboard import is_enabled
from integrations.desk.hotline_views import agents_of, masked, public_ids
from integrations.desk.realtime import same_origin
from integrations.desk.schemas import PublicId
from integrations.gateway.services import Services
from property_db.audit import service as audit
from property_db.calls import service as calls
from property_db.errors import DomainError
from property_db.handoff.models import Agent

log = structlog.get_logger()
router = APIRouter()

CALL_OVER = 1000
NOT_ALLOWED = 4403
NOT_HERE = 4404
"""The call is over, or another process of the server carries it."""
CHECK_SECONDS = 30.0
"""So often it is asked whether the listener is still signed in."""


@router.get("/hotline/live")
async def live(at_desk: Reading, services: ServicesDep) -> LiveCallsView:
    """Every call that goes on, whatever process carries it, the oldest first."""
    switchboard = services.hotline
    carried = {call.public_id: call.listeners for call in switchboard.live()} if switchboard else {}
    async with services.database.reading() as session:
        return LiveCallsView(
            now=services.clock.now(),
            enabled=is_enabled(services),
            calls=await _views(session, carried, supervises(at_desk.agent)),
        )


async def _views(session: AsyncSession, carried: dict[str, int], supervisor: bool) -> list[LiveCallView]:
    rows = await calls.live(session)
    conversations = await public_ids(session, rows)
    agents = await agents_of(session, rows)
    heard = await calls.last_heard(session, [row.id for row in rows])
    return [
        LiveCallView(
            id=row.public_id,
            direction=row.direction.value,
            transport=row.transport,
            number_masked=masked(row.number),
            state=row.state.value,
            since=row.started_at,
            conversation_id=conversations.get(row.conversation_id or 0),
            agent_name=agents.get(row.agent_id or 0),
            last_heard=heard.get(row.id, ""),
            listeners=carried.get(row.public_id, 0),
            can_listen=supervisor and row.public_id in carried,
        )
        for row in rows
    ]


@router.websocket("/calls/{public_id}/listen")
async def listen(socket: WebSocket, public_id: Annotated[PublicId, Path()]) -> None:
    """What both sides say, as pieces of s16le at 8 kHz, until the call or the listener ends it; recorded."""
    services: Services = socket.app.state.services
    agent = await _listener(socket, services)
    if agent is None:
        await socket.close(NOT_ALLOWED)
        return
    switchboard = services.hotline
    if switchboard is None or public_id not in {call.public_id for call in switchboard.live()}:
        await socket.close(NOT_HERE)
        return
    async with services.database.transaction() as session:
        call = await calls.by_public_id(session, public_id)
        actor, subject = f"agent:{agent.id}", f"call:{call.id}"
        audit.record(session, services.clock, actor=actor, action="call.listened", subject=subject)
    await socket.accept()
    await _relay(socket, services, switchboard.listen_in(public_id))
    log.info("voice.listened", call=call.id, agent=agent.id)


async def _listener(socket: WebSocket, services: Services) -> Agent | None:
    """The supervisor whose page this is; None for anybody else. A browser always names the origin of its page."""
    origin = {"HTTP_ORIGIN": socket.headers.get("origin"), "HTTP_HOST": socket.headers.get("host")}
    if not same_origin(origin):
        return None
    try:
        agent = (await agent_for(services, socket.cookies.get(COOKIE, ""))).agent
    except DomainError:
        return None
    return agent if supervises(agent) else None


async def _relay(socket: WebSocket, services: Services, pieces: AsyncIterator[bytes]) -> None:
    """Send until the call is over, or the listener has left or signed out."""
    sending = asyncio.create_task(_send(socket, pieces))
    leaving = asyncio.create_task(_left(socket, services))
    try:
        await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        over = sending.done() and not leaving.done()
    finally:
        for task in (sending, leaving):
            task.cancel()
        await asyncio.gather(sending, leaving, return_exceptions=True)
    with suppress(RuntimeError, WebSocketDisconnect):  # gone already
        await socket.close(CALL_OVER if over else NOT_ALLOWED)


async def _send(socket: WebSocket, pieces: AsyncIterator[bytes]) -> None:
    async for piece in pieces:
        await socket.send_bytes(piece)


async def _left(socket: WebSocket, services: Services) -> None:
    """Return when the page is closed, or its session has ended; the page itself has nothing to say."""
    while True:
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                while (await socket.receive())["type"] != "websocket.disconnect":
                    pass
                return
        except TimeoutError:
            if await _listener(socket, services) is None:
                return
