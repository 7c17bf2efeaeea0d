"""Socket.IO for the web chat: who may connect, and what is pushed besides messages (those go by the outbox)."""

from typing import Any

import socketio

from integrations.gateway.hub import ConversationChanged, Event, MessageStored, TypingChanged
from integrations.gateway.rooms import listeners
from integrations.gateway.services import Services
from integrations.gateway.views import conversation_view, message_views
from integrations.webchat.channel import NAMESPACE, room_of
from integrations.webchat.identity import external_id_of
from property_db.conversations import lookup
from property_db.conversations import service as conversations
from property_db.people import service as people


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


class Pusher:
    """Pushes typing, states and the resident's own messages (their other pages show them) to the resident's pages."""

    def __init__(self, realtime: socketio.AsyncServer, services: Services) -> None:
        self._realtime = realtime
        self._database = services.database
        self._addresses = services.addresses

    async def on_event(self, event: Event) -> None:
        """Push one event of the hub; answers go by the outbox."""
        match event:
            case TypingChanged():
                await self._typing(event)
            case ConversationChanged():
                await self._conversation(event.conversation_id)
            case MessageStored(inbound=True):
                await self._own_message(event)
            case _:
                pass

    async def _typing(self, event: TypingChanged) -> None:
        address = await self._address(event.conversation_id)
        if address is not None and listeners(self._realtime, NAMESPACE, address[1]):
            public_id, room = address
            await self._emit("typing", {"conversation_id": public_id, "author": event.author, "on": event.on}, room)

    async def _conversation(self, conversation_id: int) -> None:
        if (address := await self._address(conversation_id)) is not None:
            async with self._database.reading() as session:
                view = await conversation_view(session, await conversations.get(session, conversation_id))
            await self._emit("conversation", view.model_dump(mode="json"), address[1])

    async def _own_message(self, event: MessageStored) -> None:
        address = await self._address(event.conversation_id)
        # The page that sent it knows it already; only a second one has to be told.
        if address is not None and listeners(self._realtime, NAMESPACE, address[1]) > 1:
            public_id, room = address
            async with self._database.reading() as session:
                message = await lookup.message(session, event.message_id)
                views = await message_views(session, public_id, [message] if message else [])
            for view in views:
                await self._emit("message", view.model_dump(mode="json"), room)

    async def _address(self, conversation_id: int) -> tuple[str, str] | None:
        """Public id and room of a conversation, None when it is another channel's."""
        address = await self._addresses.of(conversation_id)
        return (address.public_id, room_of(address.external_id)) if address.channel == "webchat" else None

    async def _emit(self, name: str, payload: dict[str, Any], room: str) -> None:
        await self._realtime.emit(name, payload, room=room, namespace=NAMESPACE)


def register(realtime: socketio.AsyncServer, services: Services) -> None:
    """Mount the namespace and push what happens."""
    realtime.register_namespace(WebchatNamespace(services))
    services.hub.listen(Pusher(realtime, services).on_event)
