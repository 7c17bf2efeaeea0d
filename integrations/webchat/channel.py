"""The web chat as a channel: blocks go to the page as they are, pushed over Socket.IO.

A page that is not connected misses nothing: it asks for what came after its last ``seq`` when it is back. So handing
a message to the realtime server is all that delivering means here.
"""

from collections.abc import Sequence

import socketio

from integrations.gateway.channel import Capabilities, Delivery, OutboundMessage, Receipt, StoredAnswer, Wire

NAMESPACE = "/webchat"


def room_of(external_id: str) -> str:
    """The room that all open pages of one identity are in."""
    return f"identity:{external_id}"


class WebchatChannel:
    """Pushes stored messages to the pages of their resident."""

    name = "webchat"
    capabilities = Capabilities(cards=True, choices="buttons")

    def __init__(self, realtime: socketio.AsyncServer) -> None:
        self._realtime = realtime

    def render(self, answers: Sequence[StoredAnswer]) -> list[OutboundMessage]:
        """The views themselves; the page draws the blocks."""
        return [
            OutboundMessage(answer.external_id, answer.view.model_dump(mode="json"), (answer.message_id,))
            for answer in answers
        ]

    async def deliver(self, message: OutboundMessage, wire: Wire) -> Receipt:
        """Emit to the identity's room."""
        await self._realtime.emit("message", message.payload, room=room_of(message.external_id), namespace=NAMESPACE)
        return Receipt(Delivery.DELIVERED)
