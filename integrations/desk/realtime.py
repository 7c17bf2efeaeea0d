"""Socket.IO for the desk: who may connect, and what is pushed to whom.

A push is only ever a hint that something was committed: a page that missed one asks by HTTP what it lacks.
"""

import hashlib
import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import socketio
import structlog
from starlette.requests import cookie_parser

from integrations.desk import queries, views
from integrations.desk.auth import COOKIE, AtDesk, agent_for
from integrations.gateway.hub import (
    AlarmRaised,
    ConversationChanged,
    Event,
    MessageStored,
    TypingChanged,
)
from integrations.gateway.rooms import listeners
from integrations.gateway.services import Services
from property_db.conversations import lookup
from property_db.conversations import service as conversations
from property_db.conversations.models import Author, Conversation, ConversationState
from property_db.errors import DomainError
from property_db.handoff import service as handoff

log = structlog.get_logger()

NAMESPACE = "/desk"
EVERYBODY = "agents"
_PUBLIC_ID = re.compile(r"[0-9a-f]{32}")
# A conversation that left a list of the desk this lately still concerns everybody who shows that list.
JUST_LEFT = timedelta(minutes=1)


def _agent_room(agent_id: int) -> str:
    return f"agent:{agent_id}"


def _conversation_room(public_id: str) -> str:
    return f"conversation:{public_id}"


def _session_room(token: str) -> str:
    return f"session:{hashlib.sha256(token.encode()).hexdigest()}"


def same_origin(environ: dict[str, Any]) -> bool:
    """Whether the page that connects is ours. A browser always names the origin of a WebSocket's page."""
    origin = environ.get("HTTP_ORIGIN")
    return origin is None or urlsplit(origin).netloc == environ.get("HTTP_HOST")


class DeskNamespace(socketio.AsyncNamespace):  # type: ignore[misc]  # the library is untyped
    """Lets an agent's page in by its cookie, and hears its signs of life."""

    def __init__(self, services: Services) -> None:
        super().__init__(NAMESPACE)
        self._services = services

    async def on_connect(self, sid: str, environ: dict[str, Any], auth: object = None) -> None:
        """Refuse other origins and pages without a session."""
        if not same_origin(environ):
            raise socketio.exceptions.ConnectionRefusedError("forbidden")
        token = cookie_parser(environ.get("HTTP_COOKIE", "")).get(COOKIE, "")
        try:
            at_desk = await agent_for(self._services, token)
        except DomainError as refusal:
            raise socketio.exceptions.ConnectionRefusedError("unauthorized") from refusal
        await self.save_session(sid, {"token": token, "agent_id": at_desk.agent.id, "watched": None})
        for room in (EVERYBODY, _agent_room(at_desk.agent.id), _session_room(token)):
            await self.enter_room(sid, room)

    async def on_watch(self, sid: str, data: object) -> None:
        """The page shows another conversation, or (null) none."""
        public_id = data.get("conversation_id") if isinstance(data, dict) else None
        if public_id is not None and not (isinstance(public_id, str) and _PUBLIC_ID.fullmatch(public_id)):
            return
        async with self.session(sid) as page:
            before, page["watched"] = page["watched"], public_id
        if before is not None:
            await self.leave_room(sid, _conversation_room(before))
        if public_id is not None:
            await self.enter_room(sid, _conversation_room(public_id))

    async def on_heartbeat(self, sid: str, data: object = None) -> dict[str, bool]:
        """The page is alive. One whose session has ended is sent away."""
        at_desk = await self._at_desk(sid)
        if at_desk is None:
            await self.disconnect(sid)
            return {"ok": False}
        async with self._services.database.transaction() as session:
            await handoff.seen(session, at_desk.agent.id, self._services.clock)
        return {"ok": True}

    async def on_typing(self, sid: str, data: object) -> None:
        """The agent writes an answer: the resident sees that somebody does."""
        if not (isinstance(data, dict) and isinstance(data.get("on"), bool)):
            return
        public_id = data.get("conversation_id")
        if not (isinstance(public_id, str) and _PUBLIC_ID.fullmatch(public_id)):
            return
        at_desk = await self._at_desk(sid)
        if at_desk is None:
            return
        try:
            async with self._services.database.reading() as session:
                row = await conversations.by_public_id(session, public_id)
        except DomainError:
            return
        if row.state is ConversationState.HUMAN and row.agent_id == at_desk.agent.id:
            self._services.hub.publish(TypingChanged(row.id, Author.AGENT, data["on"]))

    async def _at_desk(self, sid: str) -> AtDesk | None:
        page = await self.get_session(sid)
        try:
            return await agent_for(self._services, page.get("token", ""))
        except DomainError:
            return None


class Pusher:
    """Tells the desks what was committed."""

    def __init__(self, server: socketio.AsyncServer, services: Services) -> None:
        self._server = server
        self._services = services

    async def on_event(self, event: Event) -> None:
        """Push one event of the hub to the pages it concerns; with nobody at the desk there is nothing to read."""
        if not listeners(self._server, NAMESPACE, EVERYBODY):
            return
        match event:
            case MessageStored():
                await self._message(event)
            case ConversationChanged():
                await self._conversation(event.conversation_id)
            case AlarmRaised():
                await self._alarm(event.conversation_id)
            case _:
                pass  # of interest to the resident's page or to the outbox only

    async def _message(self, event: MessageStored) -> None:
        async with self._services.database.reading() as session:
            row = await conversations.get(session, event.conversation_id)
            message = await lookup.message(session, event.message_id)
            if message is None:
                return
            (view,) = await views.desk_messages(session, row.public_id, [message])
        await self._emit("message", view.model_dump(mode="json"), _rooms_of(row))
        if row.state in (ConversationState.WAITING, ConversationState.HUMAN):
            await tell_overview(self._server)

    async def _conversation(self, conversation_id: int) -> None:
        now = self._services.clock.now()
        async with self._services.database.reading() as session:
            row = await conversations.get(session, conversation_id)
            (card,) = await views.cards(session, [row], self._services.clock)
            concerns = await queries.concerns_desk(session, conversation_id, now - JUST_LEFT)
        await self._emit("conversation", card.model_dump(mode="json"), _rooms_of(row))
        if concerns:
            await tell_overview(self._server)

    async def _alarm(self, conversation_id: int) -> None:
        async with self._services.database.reading() as session:
            alarm = await queries.newest_alarm(session, conversation_id)
            if alarm is None:
                return
            (view,) = await views.alarm_views(session, [alarm], self._services.clock)
        await self._emit("alarm", view.model_dump(mode="json"), [EVERYBODY])
        await tell_overview(self._server)

    async def _emit(self, name: str, payload: dict[str, Any], rooms: list[str]) -> None:
        await self._server.emit(name, payload, room=rooms, namespace=NAMESPACE)


def _rooms_of(row: Conversation) -> list[str]:
    """Who shows this conversation: its agent, and whoever has it open."""
    rooms = [_conversation_room(row.public_id)]
    return rooms if row.agent_id is None else [*rooms, _agent_room(row.agent_id)]


async def tell_overview(server: socketio.AsyncServer) -> None:
    """Some list has changed; every desk asks for its own."""
    await server.emit("overview", {}, room=EVERYBODY, namespace=NAMESPACE)


async def end_session(server: socketio.AsyncServer, token: str) -> None:
    """Send away the pages of a session that was ended (those of another process leave with their next heartbeat)."""
    pages = [sid for sid, _ in server.manager.get_participants(NAMESPACE, _session_room(token))]
    for sid in pages:
        await server.disconnect(sid, namespace=NAMESPACE)


def register(realtime: socketio.AsyncServer, services: Services) -> None:
    """Mount the namespace and push what is committed."""
    realtime.register_namespace(DeskNamespace(services))
    services.hub.listen(Pusher(realtime, services).on_event)
