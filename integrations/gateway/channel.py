"""The one interface that every channel implements: translate, nothing else.

A channel turns what arrives into an :class:`InboundMessage`, says what it can show (:class:`Capabilities`), renders a
logical answer into :class:`OutboundMessage` parts and delivers them. It does not decide who owns a conversation, what
a resident may see, or when to try again: the router and the outbox do.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Literal, Protocol

from integrations.gateway.views import MessageView
from property_db.conversations.blocks import Block

Choices = Literal["buttons", "numbered", "keys"]


@dataclass(frozen=True)
class Capabilities:
    """What a channel can show.

    Attributes:
        cards: rich cards are drawn; otherwise a card becomes text.
        choices: how options are offered (``numbered``: the resident answers with the number or the title).
        text_limit: longest single message in characters, None for no limit.
        pictures: pictures can be sent.
        speaks: what is delivered is heard, so the spoken form of a block is used.
        binds_in_page: the channel has its own form to bind a home; otherwise the dialogue asks for phone and code.
    """

    cards: bool
    choices: Choices
    text_limit: int | None = None
    pictures: bool = True
    speaks: bool = False
    binds_in_page: bool = False


@dataclass(frozen=True)
class ChosenOption:
    """A choice the resident made: the message that offered it (``seq`` in this conversation) and the option's id."""

    seq: int
    option_id: str
    conversation_id: str | None = None


@dataclass(frozen=True)
class InboundMessage:
    """What a resident sent, in the channel's own identifiers.

    Attributes:
        external_id: who, as the channel knows them (never a phone number typed by the resident).
        client_message_id: the channel's id of this message; repeated deliveries carry the same one.
    """

    channel: str
    external_id: str
    client_message_id: str
    text: str = ""
    choice: ChosenOption | None = None
    upload_ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class OutboundMessage:
    """One message as the channel sends it.

    Attributes:
        text: for a channel that shows text only.
        view: for a channel that draws blocks itself.
    """

    external_id: str
    message_id: int
    text: str = ""
    view: MessageView | None = None


class Delivery(Enum):
    """How a delivery ended."""

    DELIVERED = "delivered"
    TRY_AGAIN = "try_again"
    IMPOSSIBLE = "impossible"


@dataclass(frozen=True)
class Receipt:
    """The channel's word on a delivery, with the reason when it failed."""

    delivery: Delivery
    reason: str = ""


@dataclass(frozen=True)
class StoredAnswer:
    """An outbox row on its way: what :meth:`Channel.render` gets."""

    message_id: int
    conversation_public_id: str
    external_id: str
    blocks: list[Block]
    view: MessageView


class Channel(Protocol):
    """An adapter. ``name`` is the channel's one word in every folder."""

    name: str
    capabilities: Capabilities

    def render(self, answer: StoredAnswer) -> list[OutboundMessage]:
        """One logical answer as this channel shows it."""
        ...

    async def deliver(self, message: OutboundMessage) -> Receipt:
        """Hand one rendered message over; must tolerate being called again with the same one."""
        ...
