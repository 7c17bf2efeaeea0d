"""The telephone in one conversation: its calls and what was heard, the recordings, and the agent's own telephone."""

from datetime import timedelta
from pathlib import Path as FilePath
from typing import Annotated

import structlog
from fastapi import APIRouter, Path
from fastapi.responses import FileResponse
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.desk.hotline_access import Reading, ServicesDep, Writing
from integrations.desk.hotline_schemas import AgentPhoneIn, AgentPhoneView, ConversationCallsView
from integrations.desk.hotline_switchboard import refuse_abroad
from integrations.desk.hotline_views import (
    call_views,
    heard_views,
    masked,
    number_to_call,
    voicemail_view,
    voicemails,
)
from integrations.desk.schemas import PublicId
from integrations.gateway.services import Services
from integrations.voice.recording import FOLDER
from property_db.audit import service as audit
from property_db.calls import agent_phones, recordings
from property_db.calls import service as calls
from property_db.calls.errors import RecordingNotFound
from property_db.calls.models import Recording
from property_db.conversations import service as conversations

log = structlog.get_logger()
router = APIRouter()
PLAYED = "recording.played"
ONE_ACT = timedelta(minutes=5)


@router.get("/conversations/{public_id}/calls")
async def calls_of(public_id: Annotated[PublicId, Path()], _: Reading, services: ServicesDep) -> ConversationCallsView:
    """The telephone side of a conversation; empty for one of another channel."""
    async with services.database.reading() as session:
        row = await conversations.by_public_id(session, public_id)
        theirs = await calls.of_conversation(session, row.id)
        left = await voicemails(session, row.id)
        return ConversationCallsView(
            now=services.clock.now(),
            calls=await call_views(session, theirs),
            heard=await heard_views(session, theirs),
            voicemails=[voicemail_view(*one) for one in left],
            number_masked=masked(number_to_call(theirs, left)),
        )


@router.get("/recordings/{public_id}", response_class=FileResponse)
async def recording(public_id: Annotated[PublicId, Path()], at_desk: Reading, services: ServicesDep) -> FileResponse:
    """The sound of a moment, or of the voicemail; whoever listens is recorded."""
    async with services.database.transaction() as session:
        row = await recordings.get(session, public_id)
        file = file_of(services, row)
        await _note_listening(session, services, row, f"agent:{at_desk.agent.id}")
    return FileResponse(file, media_type="audio/wav", headers={"Cache-Control": "private, no-store"})


async def _note_listening(session: AsyncSession, services: Services, row: Recording, actor: str) -> None:
    """A browser fetches a sound in pieces, whichever it likes: all of them soon after another are one act."""
    subject, lately = f"recording:{row.id}", services.clock.now() - ONE_ACT
    if any(
        entry.actor == actor and entry.action == PLAYED and entry.at > lately
        for entry in await audit.about(session, subject)
    ):
        return
    audit.record(session, services.clock, actor=actor, action=PLAYED, subject=subject, call=row.call_id)


def file_of(services: Services, row: Recording) -> FilePath:
    """Where a recording lies.

    Raises:
        RecordingNotFound: the file is gone, or its path leads out of the folder of recordings.
    """
    folder = (services.settings.data_dir / FOLDER).resolve()
    file = (folder / row.file).resolve()
    if not file.is_relative_to(folder) or not file.is_file():
        log.warning("voice.recording_missing", recording=row.id)
        raise RecordingNotFound
    return file


@router.get("/me/phone")
async def my_phone(at_desk: Reading, services: ServicesDep) -> AgentPhoneView:
    """The agent's own telephone."""
    async with services.database.reading() as session:
        return AgentPhoneView(number=await agent_phones.of(session, at_desk.agent.id))


@router.put("/me/phone")
async def set_my_phone(body: AgentPhoneIn, at_desk: Writing, services: ServicesDep) -> AgentPhoneView:
    """Where calls for the agent ring; without one the agent types and the caller is read to."""
    if body.number is not None:
        refuse_abroad(services, body.number)
    async with services.database.transaction() as session:
        kept = await agent_phones.set(session, at_desk.agent.id, body.number, services.clock)
        return AgentPhoneView(number=kept.number if kept else None)
