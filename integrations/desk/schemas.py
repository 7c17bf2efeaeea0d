"""What crosses the HTTP border of the desk. Residents appear masked, money is in 分, times are UTC with zone."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from integrations.gateway.views import MessageView
from integrations.strict import Strict
from property_db.handoff.models import AgentStatus

PublicId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
UploadId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
RowId = Annotated[int, Field(ge=1, lt=2**31)]
ClientMessageId = Annotated[str, Field(min_length=8, max_length=64, pattern=r"^[0-9A-Za-z_.:-]+$")]


class LoginIn(Strict):
    """User name and password."""

    username: str = Field(min_length=1, max_length=80)
    password: str = Field(min_length=1, max_length=200)


class StatusIn(Strict):
    """Whether the agent takes conversations."""

    status: AgentStatus


class TextIn(Strict):
    """A reply or a note; its length is checked where the refusal gets its sentence."""

    client_message_id: ClientMessageId
    text: str


class AgentView(BaseModel):
    """The signed-in agent."""

    id: int
    username: str
    display_name: str
    role: str
    status: AgentStatus
    active: int
    max_active: int


class SignedInView(BaseModel):
    """Who is signed in, and the token that every write has to carry."""

    agent: AgentView
    csrf_token: str


class DeskMessage(MessageView):
    """A message as an agent sees it: notes included, and whether an outgoing one has arrived.

    Attributes:
        delivery: ``waiting``: it goes out when the resident writes again.
        reason: a code, why it has not arrived, or ``unconfirmed`` where nobody knows.
    """

    delivery: Literal["pending", "delivered", "waiting", "failed"] | None = None
    reason: str | None = None


class QueueItemView(BaseModel):
    """Somebody who waits. `reason` is a code, `resident_name` empty for one who is not verified."""

    id: int
    conversation_id: str
    channel: str
    kind: str
    reason: str
    resident_name: str
    home: str | None
    preview: str
    preview_kind: Literal["text", "picture", "card"]
    waiting_since: datetime


class ConversationCard(BaseModel):
    """A conversation as the lists show it.

    Attributes:
        queue_item_id: what to take, while somebody waits in it.
        may_join: an alarm was raised in it, so that an agent may step in without the queue.
        awaiting_since: since when the resident has been waiting for the agent's answer.
        last_resident_seq: the newest message of the resident, to know what is new to the agent.
    """

    id: str
    channel: str
    state: str
    agent_id: int | None
    agent_name: str | None
    resident_name: str
    home: str | None
    queue_item_id: int | None
    may_join: bool
    awaiting_since: datetime | None
    last_seq: int
    last_resident_seq: int
    last_at: datetime
    preview: str
    preview_kind: Literal["text", "picture", "card"]
    opened_at: datetime
    closed_at: datetime | None


class AlarmView(BaseModel):
    """A danger somebody reported."""

    id: int
    conversation_id: str | None
    ticket_number: str | None
    kind: str
    text: str
    home: str | None
    raised_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None


class OverviewView(BaseModel):
    """The left pane; `now` is the server's clock, by which waiting times count."""

    now: datetime
    agent: AgentView
    waiting: list[QueueItemView]
    mine: list[ConversationCard]
    alarms: list[AlarmView]
    others: list[ConversationCard]


class HomeView(BaseModel):
    """A bound home; the area is m² with two decimals."""

    label: str
    state: str
    area: str
    role: str


class BillLineView(BaseModel):
    """A bill that is not paid; `owed_fen` is what is left of it, late charge included."""

    id: int
    title: str
    home: str
    owed_fen: int
    state: str
    overdue: bool
    due_on: date


class TicketLineView(BaseModel):
    """A repair."""

    number: str
    title: str
    state: str
    urgency: str
    created_at: datetime


class ResidentView(BaseModel):
    """The right pane."""

    verified: bool
    name_masked: str
    phone_masked: str | None
    homes: list[HomeView]
    arrears_fen: int
    bills: list[BillLineView]
    tickets: list[TicketLineView]
    past: list[ConversationCard]


class ReachView(BaseModel):
    """What may still be sent to the resident, and what else is left where nothing may.

    Attributes:
        limited: the channel allows so many messages for so long after the resident wrote.
        left: how many more; None where there is no limit.
        closes_at: until when; None where there is no limit, or where it is over already.
        template: a template message can ask the resident back.
        phone: the resident's number is known.
        part_bytes: a text becomes one message for each so many UTF-8 bytes.
        invite_again_at: the resident was asked back lately; from then on it may be done again.
        invite: how that ended; None where nobody was asked back lately.
    """

    limited: bool
    left: int | None
    closes_at: datetime | None
    can_reply: bool
    template: bool
    phone: bool
    part_bytes: int | None
    invite_again_at: datetime | None
    invite: Literal["pending", "sent", "failed"] | None


class PhoneView(BaseModel):
    """A resident's whole number."""

    phone: str


class ConversationDetail(BaseModel):
    """The middle and the right pane."""

    conversation: ConversationCard
    messages: list[DeskMessage]
    resident: ResidentView
    reach: ReachView


class MessagePage(BaseModel):
    """Messages after a `seq`, and the conversation as it is now."""

    messages: list[DeskMessage]
    conversation: ConversationCard
    reach: ReachView
