"""What was recorded: the rows here, the WAV files in the data folder. Files are removed after their rows.

Whoever removes a row notes its file (`channels.leftovers`) in the same transaction, so that no crash leaves a voice on
the disk; the gateway removes what is noted.
"""

from collections.abc import Collection
from datetime import date, timedelta
from pathlib import PurePosixPath

from sqlalchemy import ColumnElement, and_, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from property_db.audit import service as audit
from property_db.calls import repository
from property_db.calls.errors import RecordingNotFound
from property_db.calls.models import Call, Recording, RecordingKind, new_public_id
from property_db.channels import leftovers
from property_db.clock import Clock
from property_db.tickets.lifecycle import OPEN
from property_db.tickets.models import Ticket

LONGEST_FILE = 64
"""Characters of a path that `channels.leftovers` can note."""


def file_of(public_id: str, day: date) -> str:
    """Return where a recording of this day lies below the folder of its kind: `2026-11/<public_id>.wav`."""
    return f"{day:%Y-%m}/{public_id}.wav"


async def add(
    session: AsyncSession,
    call_id: int,
    kind: RecordingKind,
    file: str,
    seconds: float,
    size: int,
    keep_days: int,
    clock: Clock,
    public_id: str | None = None,
) -> Recording:
    """Remember a stored recording.

    Args:
        file: its path below the folder of recordings, see `file_of`.
        size: bytes.
        public_id: where the file already carries one, as it should.

    Raises:
        ValueError: the path leads elsewhere or is too long.
    """
    now = clock.now()
    path = PurePosixPath(file)
    if path.is_absolute() or ".." in path.parts or len(file) > LONGEST_FILE:
        raise ValueError("a recording lies below the folder of recordings")
    recording = Recording(
        public_id=public_id or (path.stem if len(path.stem) == 32 else new_public_id()),
        call_id=call_id,
        kind=kind,
        file=file,
        seconds=seconds,
        size_bytes=size,
        created_at=now,
        expires_at=now + timedelta(days=keep_days),
    )
    session.add(recording)
    await session.flush()
    return recording


async def get(session: AsyncSession, public_id: str) -> Recording:
    """Return a recording for the desk, whose caller has checked that the agent may hear it.

    Raises:
        RecordingNotFound: there is none.
    """
    recording = await repository.recording(session, public_id)
    if recording is None:
        raise RecordingNotFound
    return recording


async def of_call(session: AsyncSession, call_id: int) -> list[Recording]:
    """Return the recordings of a call, the oldest first."""
    return await _rows(session, Recording.call_id == call_id)


async def of_conversation(
    session: AsyncSession, conversation_id: int, kind: RecordingKind | None = None
) -> list[Recording]:
    """Return the recordings of a conversation's calls, the oldest first; only of one kind, if given."""
    theirs = Recording.call_id.in_(select(Call.id).where(Call.conversation_id == conversation_id))
    return await _rows(session, theirs if kind is None else and_(theirs, Recording.kind == kind))


async def of_ticket(session: AsyncSession, ticket_id: int) -> list[Recording]:
    """Return the messages a ticket was made of, the oldest first."""
    return await _rows(session, Recording.ticket_id == ticket_id)


async def by_ids(session: AsyncSession, recording_ids: Collection[int]) -> dict[int, Recording]:
    """Return these recordings by their ids; those that are gone are left out."""
    return {recording.id: recording for recording in await _rows(session, Recording.id.in_(recording_ids))}


async def known(session: AsyncSession, public_ids: Collection[str]) -> set[str]:
    """Return those of these outside ids, some hundreds at most, that a recording has."""
    return set(await session.scalars(select(Recording.public_id).where(Recording.public_id.in_(public_ids))))


async def _rows(session: AsyncSession, which: ColumnElement[bool], limit: int | None = None) -> list[Recording]:
    statement = select(Recording).where(which).order_by(Recording.id).limit(limit)
    return list(await session.scalars(statement, execution_options={"populate_existing": True}))


async def keep(session: AsyncSession, public_id: str, kept: bool, agent_id: int, clock: Clock) -> Recording:
    """Keep a recording beyond its time, for a dispute, or let it expire again.

    Raises:
        RecordingNotFound: there is none.
    """
    recording = await get(session, public_id)
    recording.kept = kept
    action = "recording.kept" if kept else "recording.released"
    audit.record(session, clock, actor=f"agent:{agent_id}", action=action, subject=f"recording:{recording.id}")
    await session.flush()
    return recording


def _expired(clock: Clock) -> ColumnElement[bool]:
    """A message stays while somebody still has to do something about it."""
    needed = select(Ticket.id).where(Ticket.state.in_(OPEN))
    unneeded = or_(Recording.ticket_id.is_(None), Recording.ticket_id.not_in(needed))
    return and_(Recording.expires_at <= clock.now(), Recording.kept.is_(False), unneeded)


async def expired(session: AsyncSession, clock: Clock, limit: int = 500) -> list[Recording]:
    """Return recordings whose time is over, the oldest first."""
    return await _rows(session, _expired(clock), limit)


async def remove(session: AsyncSession, which: Collection[Recording], clock: Clock) -> list[str]:
    """Remove recordings and note their files for removal; returns the files."""
    return await remove_where(session, Recording.id.in_([recording.id for recording in which]), clock)


async def remove_where(session: AsyncSession, which: ColumnElement[bool], clock: Clock) -> list[str]:
    """Remove the recordings that meet the condition and note their files for removal; returns the files."""
    removed = await session.scalars(
        delete(Recording).where(which).returning(Recording.file), execution_options={"synchronize_session": False}
    )
    files = sorted(removed)
    await leftovers.note(session, "recordings:forget", files, clock)
    return files


async def forget_expired(session: AsyncSession, clock: Clock, limit: int) -> int:
    """Remove recordings whose time is over, at most `limit`; returns how many. A step of housekeeping."""
    some = select(Recording.id).where(_expired(clock)).order_by(Recording.id).limit(limit)
    return len(await remove_where(session, Recording.id.in_(some.with_for_update(skip_locked=True)), clock))
