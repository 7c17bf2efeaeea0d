"""A channel that shows nothing but text: the second user of the channel interface, for tests and ``guanjia chat``.

It stands for what a short-message or telephone channel can do: no cards, no buttons, numbered options. Its own inbox
of the resident is the database: what was delivered is read back rendered.
"""

from integrations.gateway.answers import plain_text
from integrations.gateway.channel import Capabilities, Delivery, OutboundMessage, Receipt, StoredAnswer


class PlainTextChannel:
    """Renders everything to text; the resident fetches it."""

    name = "plaintext"
    capabilities = Capabilities(cards=False, choices="numbered", pictures=False)

    def render(self, answer: StoredAnswer) -> list[OutboundMessage]:
        """One text for the whole answer."""
        text = answer.view.text or plain_text(answer.blocks)
        return [OutboundMessage(external_id=answer.external_id, message_id=answer.message_id, text=text)]

    async def deliver(self, message: OutboundMessage) -> Receipt:
        """Nothing to send: the resident's side reads the stored messages."""
        return Receipt(Delivery.DELIVERED)
