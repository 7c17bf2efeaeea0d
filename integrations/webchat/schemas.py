"""What crosses the HTTP border of the web chat."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from integrations import strict
from integrations.gateway.views import ConversationView, IdentityView, MessageView

ClientMessageId = Annotated[str, Field(min_length=8, max_length=64, pattern=r"^[0-9A-Za-z_.:-]+$")]
UploadId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
PublicId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Phone = Annotated[str, Field(max_length=20)]


class Strict(strict.Strict):
    """A request body from a resident, who does not mean the spaces around what was typed."""

    model_config = ConfigDict(str_strip_whitespace=True)


class SessionView(BaseModel):
    """A new session; the token is shown this once."""

    token: str
    conversation_id: str | None = None
    identity: IdentityView


class MeView(BaseModel):
    """The identity and its newest conversations, newest last."""

    conversation_id: str | None
    identity: IdentityView
    conversations: list[ConversationView]


class MessagesView(BaseModel):
    """Messages after a ``seq``, and the conversation as it is now."""

    messages: list[MessageView]
    state: str
    conversation: ConversationView


class ChoiceIn(Strict):
    """A chosen option: the ``seq`` of the message that offered it, the option's id, and whose message it was.

    Without ``conversation_id`` the page's newest conversation is meant.
    """

    seq: int = Field(ge=1, lt=2**31)
    id: str = Field(min_length=1, max_length=20)
    conversation_id: PublicId | None = None


class MessageIn(Strict):
    """A message from the page."""

    client_message_id: ClientMessageId
    text: str = ""
    choice: ChoiceIn | None = None
    upload_ids: list[UploadId] = Field(default=[], max_length=9)


class MessageAccepted(BaseModel):
    """The stored message."""

    message: MessageView


class UploadView(BaseModel):
    """A stored picture; sizes in pixels."""

    id: str
    media_type: str
    width: int
    height: int


class CodeRequest(Strict):
    """Ask for a one-time code."""

    phone: Phone


class CodeSent(BaseModel):
    """Always the same answer, whoever lives here."""

    expires_in: int


class CodeCheck(Strict):
    """The code that arrived."""

    phone: Phone
    code: str = Field(max_length=12)


class Bound(BaseModel):
    """The identity after binding or unbinding."""

    identity: IdentityView


class RatingIn(Strict):
    """Stars for a person's service."""

    conversation_id: PublicId
    stars: int = Field(ge=1, le=5)
    comment: str = Field(default="", max_length=500)


class RatingTaken(BaseModel):
    """The rating as it is kept."""

    conversation_id: str
    stars: int


class DemoSmsView(BaseModel):
    """A message in the demo's SMS inbox."""

    phone: str
    code: str
    text: str
    at: datetime


class PublicConfig(BaseModel):
    """What a page may know about this server."""

    demo: bool
    company_name: str
    text_limit: int
    upload_limit_bytes: int
