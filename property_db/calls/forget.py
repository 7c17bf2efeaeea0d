"""Forgetting a resident's calls; a part of `people.forget`, in its transaction."""

from sqlalchemy import delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from property_db.calls import recordings
from property_db.calls.models import Call, OutboundState, OutboundTask, Recording, Utterance
from property_db.clock import Clock
from property_db.conversations.models import Conversation
from property_db.tickets.lifecycle import OPEN
from property_db.tickets.models import Ticket

_OPTIONS = {"synchronize_session": False}
_NOT_BEGUN = (OutboundState.DRAFT, OutboundState.RELEASED)


async def forget_calls(session: AsyncSession, identity_id: int, clock: Clock) -> list[str]:
    """Remove what was said and recorded, and the numbers; returns the files of recordings.

    That a call was made stays, for the figures. A message that somebody still has to act on stays until its ticket is
    done and its time is over. A wish not to be called is kept: it is the resident's.
    """
    conversations = select(Conversation.id).where(Conversation.identity_id == identity_id)
    theirs = or_(Call.identity_id == identity_id, Call.conversation_id.in_(conversations))
    call_ids = list(await session.scalars(select(Call.id).where(theirs)))
    await session.execute(delete(Utterance).where(Utterance.call_id.in_(call_ids)), execution_options=_OPTIONS)
    needed = select(Ticket.id).where(Ticket.state.in_(OPEN))
    needless = or_(Recording.ticket_id.is_(None), Recording.ticket_id.not_in(needed))
    files = await recordings.remove_where(session, (Recording.call_id.in_(call_ids)) & needless, clock)
    nobodys = update(Call).where(Call.id.in_(call_ids)).values(number=None, identity_id=None, conversation_id=None)
    await session.execute(nobodys, execution_options=_OPTIONS)
    await _forget_outbound(session, conversations, call_ids, clock)
    return files


async def _forget_outbound(session: AsyncSession, conversations: object, call_ids: list[int], clock: Clock) -> None:
    ours = or_(OutboundTask.conversation_id.in_(conversations), OutboundTask.call_id.in_(call_ids))  # type: ignore[arg-type]
    not_begun = update(OutboundTask).where(ours, OutboundTask.state.in_(_NOT_BEGUN))
    await session.execute(
        not_begun.values(state=OutboundState.CANCELLED, finished_at=clock.now()), execution_options=_OPTIONS
    )
    nobodys = {"number": "", "text": "", "person_id": None, "home_id": None, "fingerprint": None}
    await session.execute(update(OutboundTask).where(ours).values(nobodys), execution_options=_OPTIONS)
