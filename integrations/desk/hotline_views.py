"""Puts together what the desk shows of telephone calls, the callers' numbers masked."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.desk import queries
from integrations.desk.hotline_schemas import CallView, HeardView, RecordingView
from property_db.calls import recordings
from property_db.calls.models import Call, Recording, RecordingKind, Utterance
from property_db.conversations import lookup
from property_db.conversations.models import Message
from property_db.people.masking import mask_phone
from property_db.tickets.models import Ticket

LOW_CONFIDENCE = 0.6
"""Below it what was heard is marked; the hotline itself asks again below .35 (see `integrations.voice.speech`)."""


def masked(number: str | None) -> str | None:
    """A number as the desk shows it; None where the caller hid it."""
    return mask_phone(number) if number else None


async def public_ids(session: AsyncSession, rows: Sequence[Call]) -> dict[int, str]:
    """The outside id of each call's conversation, by its inside id."""
    ids = {row.conversation_id for row in rows if row.conversation_id is not None}
    if not ids:
        return {}
    return {key: row.public_id for key, row in (await queries.conversations_by_id(session, ids)).items()}


async def agents_of(session: AsyncSession, rows: Sequence[Call]) -> dict[int, str]:
    """The name of each agent who was on these calls."""
    return await lookup.agent_names(session, {row.agent_id for row in rows if row.agent_id is not None})


async def call_views(session: AsyncSession, rows: Sequence[Call]) -> list[CallView]:
    """Calls in the order given."""
    conversations = await public_ids(session, rows)
    agents = await agents_of(session, rows)
    return [
        CallView(
            id=row.public_id,
            direction=row.direction.value,
            transport=row.transport,
            number_masked=masked(row.number),
            conversation_id=conversations.get(row.conversation_id or 0),
            agent_name=agents.get(row.agent_id or 0),
            state=row.state.value,
            outcome=row.outcome.value if row.outcome else None,
            started_at=row.started_at,
            answered_at=row.answered_at,
            agent_at=row.agent_at,
            ended_at=row.ended_at,
            rating=row.rating,
            speech_ok=row.speech_ok,
        )
        for row in rows
    ]


async def heard_views(session: AsyncSession, rows: Sequence[Call]) -> list[HeardView]:
    """What was heard on these calls, in order, with the messages it became."""
    if not rows:
        return []
    said = list(
        await session.scalars(
            select(Utterance)
            .where(Utterance.call_id.in_([row.id for row in rows]))
            .order_by(Utterance.at, Utterance.id)
        )
    )
    sounds = await recordings.by_ids(session, {one.recording_id for one in said if one.recording_id is not None})
    seqs = await _seqs(session, {one.message_id for one in said if one.message_id is not None})
    return [
        HeardView(
            seq=seqs.get(one.message_id or 0),
            at=one.at,
            text=one.text,
            confidence=one.confidence,
            low=one.confidence < LOW_CONFIDENCE,
            seconds=one.seconds,
            recording_id=sounds[one.recording_id].public_id if one.recording_id in sounds else None,
            refused=one.refused,
        )
        for one in said
    ]


async def _seqs(session: AsyncSession, message_ids: set[int]) -> dict[int, int]:
    rows = await session.execute(select(Message.id, Message.seq).where(Message.id.in_(message_ids)))
    return {row.id: row.seq for row in rows}


async def voicemails(session: AsyncSession, conversation_id: int) -> list[tuple[Recording, Ticket | None]]:
    """What was left on the voicemail in a conversation, the oldest first, with what it was filed as."""
    left = await recordings.of_conversation(session, conversation_id, RecordingKind.VOICEMAIL)
    ids = {one.ticket_id for one in left if one.ticket_id is not None}
    tickets = {ticket.id: ticket for ticket in await session.scalars(select(Ticket).where(Ticket.id.in_(ids)))}
    return [(one, tickets.get(one.ticket_id or 0)) for one in left]


def voicemail_view(recording: Recording, ticket: Ticket | None) -> RecordingView:
    """One message of the voicemail."""
    return RecordingView(
        id=recording.public_id,
        seconds=recording.seconds,
        created_at=recording.created_at,
        expires_at=None if recording.kept else recording.expires_at,
        transcript=recording.transcript,
        ticket_number=ticket.number if ticket else None,
    )


def number_to_call(theirs: Sequence[Call], left: Sequence[tuple[Recording, Ticket | None]]) -> str | None:
    """Whom a call back reaches: the number keyed for the newest voicemail, or else the newest caller's own."""
    keyed = [ticket.contact_phone for _, ticket in left if ticket is not None and ticket.contact_phone]
    rang = [call.number for call in theirs if call.number]
    return next(iter([*reversed(keyed), *reversed(rang)]), None)
