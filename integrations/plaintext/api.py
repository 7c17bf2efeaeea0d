"""HTTP of the plain-text channel; on in demo mode only, as its senders are not authenticated."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from integrations.gateway.answers import plain_text
from integrations.gateway.channel import InboundMessage
from integrations.gateway.services import Services, services_of
from integrations.strict import Storable
from integrations.webchat.schemas import ClientMessageId, PublicId, Strict
from property_db.conversations import blocks
from property_db.conversations import service as conversations
from property_db.conversations.models import Direction
from property_db.people import service as people

router = APIRouter(prefix="/api/plaintext", tags=["plaintext"])
ServicesDep = Annotated[Services, Depends(services_of)]
Sender = Annotated[Storable, Field(min_length=1, max_length=64)]


class TextIn(Strict):
    """One text from a sender."""

    sender: Sender
    message_id: ClientMessageId
    text: str


class Accepted(BaseModel):
    """Where the text was stored."""

    conversation_id: str
    seq: int


class TextOut(BaseModel):
    """One text for the sender."""

    conversation_id: str
    seq: int
    author: str
    text: str


@router.post("/messages", status_code=202)
async def send(body: TextIn, services: ServicesDep) -> Accepted:
    """Take a text in."""
    received = await services.inbox.receive(
        InboundMessage(channel="plaintext", external_id=body.sender, client_message_id=body.message_id, text=body.text)
    )
    return Accepted(conversation_id=received.conversation.public_id, seq=received.message.seq)


@router.get("/messages")
async def texts(
    services: ServicesDep,
    sender: Annotated[Sender, Query()],
    conversation_id: Annotated[PublicId | None, Query()] = None,
    after_seq: Annotated[int, Query(ge=0, lt=2**31)] = 0,
) -> list[TextOut]:
    """The texts for a sender after ``after_seq`` of the named (or newest) conversation."""
    async with services.database.reading() as session:
        identity = await people.find_identity(session, "plaintext", sender)
        latest = await conversations.latest(session, identity.id) if identity else []
        chosen = [c for c in latest if conversation_id in (None, c.public_id)]
        if not chosen:
            return []
        rows = await conversations.after(session, chosen[-1].id, after_seq, for_resident=True)
        return [
            TextOut(
                conversation_id=chosen[-1].public_id,
                seq=row.seq,
                author=row.author.value,
                text=row.text or plain_text(blocks.parse(row.blocks)),
            )
            for row in rows
            if row.direction is Direction.OUT
        ]
