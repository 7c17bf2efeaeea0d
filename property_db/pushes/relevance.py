"""Whether news is still true when it is about to leave: between writing and sending may lie a night."""

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from property_db.clock import Clock
from property_db.conversations.models import Conversation, ConversationState, Direction, Message
from property_db.estates.models import Home
from property_db.notices.models import Notice, NoticeState
from property_db.people.scope import homes_of_identity
from property_db.pushes import repository
from property_db.pushes.models import Push, PushKind
from property_db.pushes.service import in_scope
from property_db.tickets.models import Ticket, TicketEvent


async def still_true(session: AsyncSession, push: Push, clock: Clock) -> bool:
    """Whether this identity may still know it and it is still worth knowing.

    Not where the binding ended, the bills were paid, the notice was withdrawn or is over, or the resident has come
    back to the agent by themself.
    """
    what = push.reference.split(":")
    match push.kind:
        case PushKind.TICKET_PROGRESS:
            return await _ticket(session, push, int(what[1]), clock)
        case PushKind.BILL:
            bound = await _sees(session, push, Home.id == int(what[1]), clock)
            return bound and await repository.has_open_bill(session, int(what[1]), int(what[2]))
        case PushKind.NOTICE:
            return await _notice(session, push, int(what[1]), clock)
        case PushKind.AGENT_REPLY:
            return await _agent(session, push, int(what[1]))


async def _ticket(session: AsyncSession, push: Push, event_id: int, clock: Clock) -> bool:
    ticket = await session.scalar(
        select(Ticket).join(TicketEvent, TicketEvent.ticket_id == Ticket.id).where(TicketEvent.id == event_id)
    )
    if ticket is None:
        return False
    if ticket.home_id is None:
        return ticket.identity_id == push.identity_id
    return await _sees(session, push, Home.id == ticket.home_id, clock)


async def _notice(session: AsyncSession, push: Push, notice_id: int, clock: Clock) -> bool:
    notice = await session.scalar(select(Notice).where(Notice.id == notice_id))
    if notice is None or notice.state is not NoticeState.PUBLISHED:
        return False
    if notice.ends_at is not None and notice.ends_at <= clock.now():
        return False
    return await _sees(session, push, in_scope(notice), clock)


async def _agent(session: AsyncSession, push: Push, conversation_id: int) -> bool:
    conversation = await session.scalar(select(Conversation).where(Conversation.id == conversation_id))
    if conversation is None or conversation.state in (ConversationState.RATING, ConversationState.CLOSED):
        return False
    wrote = select(Message.id).where(
        Message.conversation_id == conversation_id,
        Message.direction == Direction.IN,
        Message.created_at > push.created_at,
    )
    return await session.scalar(wrote.limit(1)) is None


async def _sees(session: AsyncSession, push: Push, condition: ColumnElement[bool], clock: Clock) -> bool:
    mine = [home.id for home in await homes_of_identity(session, push.identity_id, clock)]
    return bool(await repository.home_ids(session, condition & Home.id.in_(mine)))
