"""The one interface that every channel implements: translate, nothing else.

A channel turns what arrives into an :class:`InboundMessage`, says what it can do (:class:`Capabilities`), renders
logical answers into :class:`OutboundMessage` and delivers them. It does not decide who owns a conversation, what a
resident may see, how many messages may still go out, or when to try again: the router and the outbox do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Literal, Protocol

from integrations.gateway.views import MessageView
from property_db.conversations.blocks import Block
from property_db.pushes.models import PushKind

Choices = Literal["buttons", "numbered", "keys"]
Contact = Literal["message", "action"]
"""What a resident did: wrote something, or only pressed a menu, followed, scanned a code."""


@dataclass(frozen=True)
class Allowance:
    """How many messages may go out after a contact, and for how long."""

    count: int
    lasts: timedelta


@dataclass(frozen=True)
class Capabilities:
    """What a channel can do.

    Attributes:
        cards: rich cards are drawn; otherwise a card becomes text.
        choices: how options are offered (``numbered``: the resident answers with the number or the title).
        text_limit: longest single message in UTF-8 bytes, None for no limit.
        pictures: pictures can be sent.
        speaks: what is delivered is heard, so the spoken form of a block is used.
        allowances: what may be sent after which contact; empty where anything may be sent at any time.
        repeatable: delivering a message twice shows it once, as clients know messages by their ``seq``. Where not,
            the outbox renders once, claims, counts and sends each part once.
        carries_back: the resident's own request may carry the answer back, see :class:`CarryingChannel`.
        patience: seconds after which a resident who still waits is told so; None for the server's setting.
        pushes: the kinds of news that can reach a resident who has not just written.
    """

    cards: bool
    choices: Choices
    text_limit: int | None = None
    pictures: bool = True
    speaks: bool = False
    allowances: Mapping[Contact, Allowance] = field(default_factory=dict)
    repeatable: bool = True
    carries_back: bool = False
    patience: float | None = None
    pushes: frozenset[PushKind] = frozenset()


@dataclass(frozen=True)
class ChosenOption:
    """A choice the resident made: the message that offered it (``seq`` in this conversation) and the option's id."""

    seq: int
    option_id: str
    conversation_id: str | None = None


@dataclass(frozen=True)
class Media:
    """Something that has to be fetched from the channel before the message can be read.

    Attributes:
        reference: what the channel needs for fetching it; kept with the message, so no secrets.
    """

    kind: Literal["picture", "voice"]
    reference: dict[str, str]


Unreadable = Literal["voice", "video", "location", "link", "file", "other"]


@dataclass(frozen=True)
class InboundMessage:
    """What a resident sent, in the channel's own identifiers.

    Attributes:
        external_id: who, as the channel knows them (never a phone number typed by the resident).
        client_message_id: the channel's id of this message; repeated deliveries carry the same one.
        choice: an option that was chosen; if it is not on offer any more, the text counts.
        media: fetched before the message is answered.
        unreadable: a kind of message nobody but a person can make sense of; ``text`` tells an agent what it was.
        contact: what the resident did, for the channel's allowance; None where it opens none.
        sent_at: when, by the channel's clock; the allowance counts from then.
        estate: code of the estate whose account received it.
    """

    channel: str
    external_id: str
    client_message_id: str
    text: str = ""
    choice: ChosenOption | None = None
    upload_ids: tuple[str, ...] = ()
    media: Media | None = None
    unreadable: Unreadable | None = None
    contact: Contact | None = "message"
    sent_at: datetime | None = None
    estate: str | None = None


@dataclass(frozen=True)
class StoredAnswer:
    """An outbox row on its way: what :meth:`Channel.render` gets."""

    message_id: int
    conversation_public_id: str
    external_id: str
    blocks: list[Block]
    view: MessageView
    reply_to_id: int | None = None


@dataclass(frozen=True)
class OutboundMessage:
    """One message as the channel sends it.

    Attributes:
        payload: the channel's own form of it, as JSON; kept until it is sent.
        completes: ids of the stored messages that are delivered with it; several where bubbles were merged.
        reply_to_id: the resident's message it answers, where it is the whole answer: that message's own request may
            carry it back.
    """

    external_id: str
    payload: dict[str, Any]
    completes: tuple[int, ...]
    reply_to_id: int | None = None


class Delivery(Enum):
    """How a delivery ended.

    ``WAITS``: refused until the resident writes again. ``IMPOSSIBLE``: refused for good.
    """

    DELIVERED = "delivered"
    TRY_AGAIN = "try_again"
    WAITS = "waits"
    IMPOSSIBLE = "impossible"


@dataclass(frozen=True)
class Receipt:
    """The channel's word on a delivery, with the reason (a code of ``desk`` texts) when it failed."""

    delivery: Delivery
    reason: str = ""


class Wire(Protocol):
    """Called by a channel right before the bytes of a message leave it: from then on it may have arrived."""

    async def __call__(self, *, counts: bool = True) -> None:
        """Commit that the message is on the wire.

        Args:
            counts: it uses up one of the messages that the channel's allowance permits.

        Raises:
            NothingLeft: the allowance is used up or over; nothing may leave.
        """
        ...


async def no_wire(*, counts: bool = True) -> None:
    """The wire of a repeatable channel: nothing to remember."""


class Channel(Protocol):
    """An adapter. ``name`` is the channel's one word in every folder."""

    name: str
    capabilities: Capabilities

    def render(self, answers: Sequence[StoredAnswer]) -> list[OutboundMessage]:
        """Logical answers of one conversation, oldest first, as this channel shows them."""
        ...

    async def deliver(self, message: OutboundMessage, wire: Wire) -> Receipt:
        """Hand one rendered message over; a repeatable channel must tolerate being called again with the same one."""
        ...


class MediaChannel(Channel, Protocol):
    """A channel whose pictures and voice messages have to be fetched."""

    async def fetch(self, external_id: str, media: Media) -> bytes:
        """The bytes of a picture or a voice message.

        Raises:
            MediaGone: it is over, too large, or was never there.
            MediaUnavailable: try again later.
        """
        ...


class CarryingChannel(Channel, Protocol):
    """A channel whose requests may carry the answer back."""

    def open_requests(self, conversation_id: int) -> Sequence[int]:
        """Ids of the resident's messages whose requests still wait for their answer in this process."""
        ...


class PushChannel(Channel, Protocol):
    """A channel that reaches residents who have not just written."""

    async def push(self, external_id: str, kind: PushKind, values: Mapping[str, str], push_id: int) -> Receipt:
        """Send one piece of news; ``reason`` ``no_template`` where the account has none for it."""
        ...


class MediaGone(Exception):
    """What the resident sent cannot be fetched any more."""


class MediaUnavailable(Exception):
    """What the resident sent cannot be fetched now."""
