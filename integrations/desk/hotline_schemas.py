"""What crosses the HTTP border of the hotline at the desk. Callers' numbers appear masked, times are UTC with zone."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from integrations.desk.schemas import PublicId
from integrations.strict import Strict

Telephone = Annotated[str, Field(pattern=r"^\+?[0-9]{2,20}$")]
"""A number or an extension of the exchange, as it is dialled."""
PromptName = Annotated[str, Field(pattern=r"^[a-z0-9_.-]{1,80}$")]
PromptText = Annotated[str, Field(min_length=1, max_length=500)]


class LiveCallView(BaseModel):
    """A call that goes on now.

    Attributes:
        conversation_id: None until the caller has said something.
        can_listen: whether this desk may listen in: a supervisor's, on a server that carries the call itself.
    """

    id: str
    direction: str
    transport: str
    number_masked: str | None
    state: str
    since: datetime
    conversation_id: str | None
    agent_name: str | None
    last_heard: str
    listeners: int
    can_listen: bool


class LiveCallsView(BaseModel):
    """The calls of this moment; `now` is the server's clock, by which durations count."""

    now: datetime
    enabled: bool
    calls: list[LiveCallView]


class CallView(BaseModel):
    """A call, over or not."""

    id: str
    direction: str
    transport: str
    number_masked: str | None
    conversation_id: str | None
    agent_name: str | None
    state: str
    outcome: str | None
    started_at: datetime
    answered_at: datetime | None
    agent_at: datetime | None
    ended_at: datetime | None
    rating: int | None
    speech_ok: bool


class CallPage(BaseModel):
    """Calls, newest first; `before` asks for the next page, None where this is the last."""

    calls: list[CallView]
    before: int | None


class HeardView(BaseModel):
    """What was heard at one moment of a call.

    Attributes:
        seq: the message it became, None where it became none.
        confidence: 0 to 1; `low` marks those that may well be wrong.
        recording_id: the sound of the moment, None where it was not kept.
        refused: why it gave no text.
    """

    seq: int | None
    at: datetime
    text: str
    confidence: float
    low: bool
    seconds: float
    recording_id: str | None
    refused: str | None


class RecordingView(BaseModel):
    """A voicemail; `expires_at` is None for one that is kept, `ticket_number` what it was filed as."""

    id: str
    seconds: float
    created_at: datetime
    expires_at: datetime | None
    transcript: str
    ticket_number: str | None


class ConversationCallsView(BaseModel):
    """The telephone side of a conversation: its calls with what was heard, and what was left on the voicemail.

    Attributes:
        number_masked: whom 「回拨」 would call; None where nobody's number is known.
    """

    now: datetime
    calls: list[CallView]
    heard: list[HeardView]
    voicemails: list[RecordingView]
    number_masked: str | None


class CallBackIn(Strict):
    """Whom to call back: the caller of a conversation. No number: a call costs, and so nobody dials what they like."""

    conversation_id: PublicId


class AgentPhoneIn(Strict):
    """The agent's own telephone; None takes it away."""

    number: Telephone | None


class AgentPhoneView(BaseModel):
    """The agent's own telephone."""

    number: str | None


class FiguresView(BaseModel):
    """The hotline's figures of some days. Shares are 0 to 1; None where nothing can be said yet."""

    days: int
    calls: int
    answered: int
    connection_rate: float | None
    answered_in_time: float | None
    self_served: float | None
    to_agent: float | None
    voicemail: int
    abandoned: int
    handling_seconds: float | None
    wait_seconds: float | None


class TransportView(BaseModel):
    """One way calls come in; `detail` is a code or an address, never a secret."""

    name: str
    ok: bool
    detail: str


class HotlineStateView(BaseModel):
    """Whether everything works.

    Attributes:
        recogniser: ``off`` where there is none, ``down`` where it does not answer.
        voice: the same of the voice.
        keep_days: how long recordings stay; None where nothing is recorded.
        outbound: whether calls may be placed at all.
    """

    enabled: bool
    calls: int
    most_calls: int
    recogniser: Literal["ok", "down", "off"]
    voice: Literal["ok", "down", "off"]
    transports: list[TransportView]
    keep_days: int | None
    outbound: bool


class PromptView(BaseModel):
    """A fixed sentence of the hotline.

    Attributes:
        text: as it is spoken now; `original` as it came.
        recorded: a WAV of the company's own is played instead of the voice.
        recordable: it is the same each time, so that a recording can stand for it.
        playable: there is a sound to listen to.
    """

    name: str
    text: str
    original: str
    changed: bool
    recorded: bool
    recordable: bool
    playable: bool


class PromptIn(Strict):
    """Another text for a prompt; None brings the original back."""

    text: PromptText | None


TaskKind = Literal["callback", "appointment", "outage", "debt"]


class TaskIn(Strict):
    """A call to be placed, once somebody releases it."""

    kind: Literal["appointment", "outage", "debt"]
    number: Telephone
    text: str = Field(min_length=1, max_length=300)
    not_before: datetime | None = None


class ReleaseIn(Strict):
    """`confirm_debt`: whoever releases has said a second time that a robot may call about a debt."""

    confirm_debt: bool = False


class TaskView(BaseModel):
    """An outbound call."""

    id: str
    kind: str
    number_masked: str
    text: str
    state: str
    not_before: datetime | None
    next_at: datetime | None
    attempts: int
    outcome: str | None
    created_by: str | None
    released_by: str | None
    released_at: datetime | None
    created_at: datetime


class OptOutIn(Strict):
    """A number that no reminder may call."""

    number: Telephone


class OptOutView(BaseModel):
    """Somebody who wants no calls."""

    id: int
    number_masked: str
    since: datetime
    source: str
