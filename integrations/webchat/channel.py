"""The web chat as a channel: blocks go to the page as they are, pushed over Socket.IO.

A page that is not connected misses nothing: it asks for what came after its last ``seq`` when it is back. So handing
a message to the realtime server is all that delivering means here.
"""

import socketio

from integrations.gateway.channel import Capabilities, Delivery, OutboundMessage, Receipt, StoredAnswer

NAMESPACE = "/webchat"


def room_of(external_id: str) -> str:
    """The room that all open pages of one identity are in."""
    return f"identity:{external_id}"


class WebchatChannel:
    """Pushes stored messages to the pages of their resident."""

    name = "webchat"
    capabilities = Capabilities(cards=True, choices="buttons", binds_in_page=True)

    def __init__(self, realtime: socketio.AsyncServer) -> None:
        self._realtime = realtime

    def render(self, answer: StoredAnswer) -> list[OutboundMessage]:
        """The view itself; the page draws the blocks."""
        return [OutboundMessage(external_id=answer.external_id, message_id=answer.message_id, view=answer.view)]

    async def deliver(self, message: OutboundMessage) -> Receipt:
        """Emit to the identity's room."""
        assert message.view is not None
        payload = message.view.model_dump(mode="json")
        await self._realtime.emit("message", payload, room=room_of(message.external_id), namespace=NAMESPACE)
        return Receipt(Delivery.DELIVERED)
