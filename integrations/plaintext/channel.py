"""A channel that shows nothing but text: the second user of the channel interface, for tests and ``guanjia chat``.

It stands for what a short-message or telephone channel can do: no cards, no buttons, numbered options. Its own inbox
of the resident is the database: what was delivered is read back rendered.
"""

from collections.abc import Sequence

from integrations.gateway.answers import plain_text
from integrations.gateway.channel import Capabilities, Delivery, OutboundMessage, Receipt, StoredAnswer, Wire


class PlainTextChannel:
    """Renders everything to text; the resident fetches it."""

    name = "plaintext"
    capabilities = Capabilities(cards=False, choices="numbered", pictures=False)

    def render(self, answers: Sequence[StoredAnswer]) -> list[OutboundMessage]:
        """One text for each answer."""
        return [
            OutboundMessage(
                answer.external_id, {"text": answer.view.text or plain_text(answer.blocks)}, (answer.message_id,)
            )
            for answer in answers
        ]

    async def deliver(self, message: OutboundMessage, wire: Wire) -> Receipt:
        """Nothing to send: the resident's side reads the stored messages."""
        return Receipt(Delivery.DELIVERED)
