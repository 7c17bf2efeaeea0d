"""A danger in a message that was left: found by the same rule as in everything a resident writes or says."""

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.gateway.at_once import danger_in
from integrations.gateway.hub import AlarmRaised, Event, MessageStored
from property_db.clock import Clock
from property_db.conversations import blocks as b
from property_db.conversations import service as conversations
from property_db.conversations.models import Author, Direction
from property_db.emergencies import service as emergencies
from property_db.errors import DomainError

log = structlog.get_logger()


async def raise_alarm(session: AsyncSession, conversation_id: int, transcript: str, clock: Clock) -> list[Event]:
    """File the emergency and raise the alarm, once for each message left; what listeners are to know afterwards.

    The message itself has its own ticket, to be called back about; nobody must wait for that. The safety text goes into
    the conversation, so that a caller who is still there hears it.
    """
    kind = danger_in(transcript)
    if kind is None:
        return []
    try:
        async with session.begin_nested():
            conversation = await conversations.get(session, conversation_id)
            report = await emergencies.report(
                session,
                conversation_id=conversation.id,
                identity_id=conversation.identity_id,
                kind=kind,
                text=transcript,
                message_id=None,  # the message has led to the ticket of the voicemail, and would find only that one
                clock=clock,
            )
            told = await conversations.append(
                session,
                conversation.id,
                direction=Direction.OUT,
                author=Author.BOT,
                blocks=b.dump([report.block, b.Text(text=report.handled_text)]),
                clock=clock,
            )
    except (SQLAlchemyError, DomainError) as error:
        log.error("emergency.not_recorded", kind=kind, error=type(error).__name__)
        return []
    log.warning("emergency.answered", kind=kind, ticket=report.ticket.number)
    return [MessageStored(conversation_id, told.id), AlarmRaised(conversation_id)]
