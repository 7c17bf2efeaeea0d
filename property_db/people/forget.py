"""Forgetting a resident who has left a channel (个人信息保护法 47; WeChat requires it of whoever is unfollowed).

What was said, sent and asked for on the channel goes. What the company must be able to show (repairs, complaints,
ratings, bills, the audit) stays, but no longer tells who wrote it here. Who lives in which home is the company's own
record and no matter of the channel.
"""

from dataclasses import dataclass, field

from sqlalchemy import Row, Select, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import Update

from property_db.audit import service as audit
from property_db.calls.forget import forget_calls
from property_db.clock import Clock
from property_db.complaints.models import Complaint, Feedback
from property_db.conversations.models import Conversation, ConversationState
from property_db.feedback.models import Rating
from property_db.handoff import repository as queue
from property_db.handoff.models import Alarm
from property_db.people import repository
from property_db.tickets.lifecycle import OPEN
from property_db.tickets.models import Ticket
from property_db.uploads.models import Upload

_Held = Row[tuple[int, str, ConversationState, int | None]]


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What is still elsewhere: the engine's memory of these conversations, files of pictures, files of recordings.

    `conversation_ids` are for whoever remembers something by them; the rows are gone.
    """

    conversation_public_ids: list[str] = field(default_factory=list)
    file_names: list[str] = field(default_factory=list)
    conversation_ids: list[int] = field(default_factory=list)
    recording_files: list[str] = field(default_factory=list)


async def forget(session: AsyncSession, identity_id: int, clock: Clock) -> Forgotten:
    """Forget an identity; one that is not there gives an empty answer, so doing it again is harmless.

    Somebody at the desk who holds its conversation is free again. Whoever follows again is a stranger.
    """
    identity = await repository.lock_identity(session, identity_id)
    if identity is None:
        return Forgotten()
    held = await _locked_conversations(session, identity_id)
    await _leave_the_desk(session, held)
    await _unlink(session, identity_id)
    file_names = await _drop_pictures(session, identity_id)
    recordings = await forget_calls(session, identity_id, clock)
    name = f"identity:{identity_id}"
    ids = [row.id for row in held]
    audit.record(session, clock, actor=name, action="identity.forgotten", subject=name, conversations=ids)
    # With it go its conversations with all that hangs on them, codes, contact windows, news, origin: by foreign key.
    await session.delete(identity)
    await session.flush()
    return Forgotten([row.public_id for row in held], file_names, ids, recordings)


async def _locked_conversations(session: AsyncSession, identity_id: int) -> list[_Held]:
    """Keep workers and the desk out; in one order, and before any agent, as everybody locks."""
    statement = (
        select(Conversation.id, Conversation.public_id, Conversation.state, Conversation.agent_id)
        .where(Conversation.identity_id == identity_id)
        .order_by(Conversation.id)
        .with_for_update()
    )
    return list(await session.execute(statement))


async def _leave_the_desk(session: AsyncSession, held: list[_Held]) -> None:
    """Free the places of agents; the requests for a person go with their conversations."""
    for row in held:
        if row.state is ConversationState.HUMAN and row.agent_id is not None:
            await queue.free_capacity(session, row.agent_id)


async def _unlink(session: AsyncSession, identity_id: int) -> None:
    """Keep what the company must keep, without the resident.

    Ids of messages go too: they are no foreign keys, and SQLite gives the id of a deleted row to the next one, whose
    sender would be shown somebody else's repair.
    """
    theirs = _conversations_of(identity_id)
    repairs = or_(Ticket.identity_id == identity_id, Ticket.conversation_id.in_(theirs))
    # Whoever still has to come must find the home and call; see `tickets.service` for what happens afterwards.
    finished = update(Ticket).where(repairs, Ticket.state.not_in(OPEN))
    await _run(session, finished.values(contact_name="", contact_phone=""))
    nobodys = {"identity_id": None, "conversation_id": None, "source_message_id": None}
    await _run(session, update(Ticket).where(repairs).values(nobodys))
    complaints = or_(Complaint.identity_id == identity_id, Complaint.conversation_id.in_(theirs))
    await _run(session, update(Complaint).where(complaints).values(nobodys))
    feedback = update(Feedback).where(Feedback.identity_id == identity_id)
    await _run(session, feedback.values(identity_id=None, source_message_id=None))
    ratings = or_(Rating.identity_id == identity_id, Rating.conversation_id.in_(theirs))
    await _run(session, update(Rating).where(ratings).values(identity_id=None, conversation_id=None))
    alarms = update(Alarm).where(Alarm.conversation_id.in_(theirs))
    await _run(session, alarms.values(conversation_id=None, source_message_id=None))


async def _drop_pictures(session: AsyncSession, identity_id: int) -> list[str]:
    """Remove the pictures no repair needs, and say which files these were; the others are nobody's from now on."""
    needless = delete(Upload).where(Upload.identity_id == identity_id, Upload.ticket_id.is_(None))
    names = await session.scalars(
        needless.returning(Upload.file_name), execution_options={"synchronize_session": False}
    )
    file_names = sorted(names)
    await _run(session, update(Upload).where(Upload.identity_id == identity_id).values(identity_id=None))
    return file_names


def _conversations_of(identity_id: int) -> Select[int]:
    return select(Conversation.id).where(Conversation.identity_id == identity_id)


async def _run(session: AsyncSession, statement: Update) -> None:
    await session.execute(statement, execution_options={"synchronize_session": False})
