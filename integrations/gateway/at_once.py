"""What is answered in the transaction that takes it in, before any queue, worker or engine.

A danger must not wait behind an older message, an engine that hangs, or a person who has not looked yet; and who asks
for a person while the engine fails must not wait for the engine's next attempt.
"""

from collections.abc import Sequence

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from bot.language.emergency import EmergencyKind, detect
from integrations.gateway.channel import Unreadable
from integrations.gateway.hub import AlarmRaised, ConversationChanged, Event, MessageStored
from integrations.gateway.texts import say
from property_db.clock import Clock
from property_db.conversations import blocks as b
from property_db.conversations import lookup
from property_db.conversations import service as conversations
from property_db.conversations.models import Author, Conversation, ConversationState, Direction, Message
from property_db.emergencies import service as emergencies
from property_db.errors import DomainError
from property_db.handoff import service as handoff
from property_db.handoff.models import QueueKind

log = structlog.get_logger()

HUMAN_PAYLOAD = "/request_human"
LEAVE_QUEUE_PAYLOAD = "/leave_queue"


def danger_in(text: str) -> EmergencyKind | None:
    """The danger that a text reports, by rule."""
    return detect(text) if text.strip() else None


async def answer_danger(
    session: AsyncSession, conversation: Conversation, message: Message, kind: EmergencyKind, clock: Clock
) -> list[Event]:
    """Store the safety text, the ticket and the alarm; the safety text also where ticket or alarm fail."""
    events: list[Event] = []
    try:
        async with session.begin_nested():
            report = await emergencies.report(
                session,
                conversation_id=conversation.id,
                identity_id=conversation.identity_id,
                kind=kind,
                text=message.text,
                message_id=message.id,
                clock=clock,
            )
        answer: list[b.Block] = [report.block, b.Text(text=report.handled_text)]
        events.append(AlarmRaised(conversation.id))
        log.warning("emergency.answered", kind=kind, ticket=report.ticket.number)
    except (SQLAlchemyError, DomainError) as error:
        log.error("emergency.not_recorded", kind=kind, error=type(error).__name__)
        answer = [b.Emergency(text=emergencies.safety_text(kind), phones=emergencies.phones_for(kind))]
    return [await store_answer(session, message, answer, clock), *events]


async def answer_wish_for_a_person(
    session: AsyncSession, conversation: Conversation, message: Message, clock: Clock
) -> list[Event]:
    """Put the resident into the queue without the engine."""
    place = await handoff.request(session, conversation.id, "engine_down", clock)
    stored = await store_answer(session, message, queue_blocks(place), clock)
    return [stored, ConversationChanged(conversation.id)]


async def answer_unreadable(session: AsyncSession, message: Message, kind: Unreadable, clock: Clock) -> MessageStored:
    """Tell the resident what to send instead of what nobody but a person could make sense of."""
    return await store_answer(session, message, [b.Text(text=say(f"unreadable_{kind}"))], clock)


async def engine_keeps_waiting(session: AsyncSession, conversation: Conversation | None) -> bool:
    """Whether an earlier message of this conversation still waits although the resident got an apology."""
    if conversation is None or conversation.state is not ConversationState.BOT:
        return False
    return await lookup.has_apologised_backlog(session, conversation.id)


async def store_answer(
    session: AsyncSession, message: Message, answer: Sequence[b.Block], clock: Clock
) -> MessageStored:
    """Append the one answer to ``message``; the caller marks the message answered."""
    row = await conversations.append(
        session,
        message.conversation_id,
        direction=Direction.OUT,
        author=Author.BOT,
        reply_to_id=message.id,
        blocks=b.dump(answer),
        clock=clock,
    )
    return MessageStored(message.conversation_id, row.id)


def queue_blocks(place: handoff.QueuePlace) -> list[b.Block]:
    """What a resident is told on entering the queue, with a way out; or that nobody is on duty."""
    if place.kind is QueueKind.CALLBACK:
        return [b.System(text=say("callback"), event="callback")]
    text = say("waiting", ahead=max(place.position - 1, 0), minutes=place.wait_minutes)
    return [b.System(text=text, event="waiting"), leave_choice()]


def human_choice() -> b.Choices:
    """The button to a person."""
    return b.Choices(options=[b.Choice(id="human", title=say("choice_human"), payload=HUMAN_PAYLOAD)])


def leave_choice() -> b.Choices:
    """The button out of the queue."""
    option = b.Choice(id="leave", title=say("choice_leave_queue"), payload=LEAVE_QUEUE_PAYLOAD)
    return b.Choices(options=[option])
