"""Socket.IO for the web chat: who may connect, and what is pushed besides messages (those go by the outbox)."""

from typing import Any

import socketio
import structlog

from integrations.gateway.hub import ConversationChanged, Event, MessageStored, TypingChanged
from integrations.gateway.services import Services
from integrations.gateway.views import conversation_view, message_views
from integrations.webchat.channel import NAMESPACE, room_of
from integrations.webchat.identity import external_id_of
from property_db.conversations import lookup
from property_db.conversations import service as conversations
from property_db.conversations.models import Direction
from property_db.people import service as people

log = structlog.get_logger()


class WebchatNamespace(socketio.AsyncNamespace):  # type: ignore[misc]  # the library is untyped
    """Lets a page in when its token is known, and puts it into its identity's room."""

    def __init__(self, services: Services) -> None:
        super().__init__(NAMESPACE)
        self._services = services

    async def on_connect(self, sid: str, environ: dict[str, Any], auth: object = None) -> None:
        """Refuse a connection without a known token."""
        token = auth.get("token") if isinstance(auth, dict) else None
        external_id = external_id_of(token) if isinstance(token, str) else None
        if external_id is not None:
            async with self._services.database.reading() as session:
                if await people.find_identity(session, "webchat", external_id) is not None:
                    await self.enter_room(sid, room_of(external_id))
                    return
        raise socketio.exceptions.ConnectionRefusedError("unauthorized")


def register(realtime: socketio.AsyncServer, services: Services) -> None:
    """Mount the namespace and push typing, states and the resident's own messages (their other pages show them)."""
    realtime.register_namespace(WebchatNamespace(services))

    async def push(event: Event) -> None:
        if not isinstance(event, TypingChanged | ConversationChanged | MessageStored):
            return
        async with services.database.reading() as session:
            conversation = await conversations.get(session, event.conversation_id)
            if conversation.channel != "webchat":
                return
            identity = await lookup.identity_of(session, conversation)
            room = room_of(identity.external_id)
            payload: dict[str, Any]
            match event:
                case TypingChanged():
                    name = "typing"
                    payload = {"conversation_id": conversation.public_id, "author": event.author, "on": event.on}
                case ConversationChanged():
                    name = "conversation"
                    payload = (await conversation_view(session, conversation)).model_dump(mode="json")
                case MessageStored():
                    message = await lookup.message(session, event.message_id)
                    if message is None or message.direction is not Direction.IN:
                        return
                    name = "message"
                    payload = (await message_views(session, conversation.public_id, [message]))[0].model_dump(
                        mode="json"
                    )
        await realtime.emit(name, payload, room=room, namespace=NAMESPACE)

    services.hub.listen(push)
