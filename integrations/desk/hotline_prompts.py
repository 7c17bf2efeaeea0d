"""The hotline's fixed sentences at the desk: read and heard by supervisors, changed by administrators."""

import asyncio
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, File, Path, Response, UploadFile

from integrations.desk.hotline_access import AdminWriting, ServicesDep, SupervisorReading
from integrations.desk.hotline_schemas import PromptIn, PromptName, PromptView
from integrations.desk.hotline_switchboard import spoken, voice_of
from integrations.gateway.errors import ApiError
from integrations.gateway.services import Services
from integrations.voice.prompts import (
    LONGEST_RECORDING_SECONDS,
    LONGEST_TEXT,
    Prompt,
    Prompts,
    PromptUnknown,
    PromptWrong,
)
from integrations.voice.wav import as_wav
from property_db.audit import service as audit
from property_db.handoff.models import Agent

router = APIRouter(prefix="/hotline/prompts")
Name = Annotated[PromptName, Path()]


def _prompts(services: Services) -> Prompts:
    """They lie in files that every process reads again when they change: no process needs another's."""
    return Prompts(services.settings.data_dir)


@router.get("")
async def all_prompts(_: SupervisorReading, services: ServicesDep) -> list[PromptView]:
    """Every sentence, in the order in which a call may say them."""
    rows = await asyncio.to_thread(_prompts(services).all)
    speaks = voice_of(services) is not None
    return [_view(row, speaks) for row in rows]


@router.put("/{name}")
async def set_prompt(name: Name, body: PromptIn, at_desk: AdminWriting, services: ServicesDep) -> PromptView:
    """Say something else from the next call on, or again what came with the product."""
    return await _changed(services, at_desk.agent, name, "prompt.text", lambda kept: kept.set(name, body.text or ""))


@router.put("/{name}/recording")
async def upload(
    name: Name, at_desk: AdminWriting, services: ServicesDep, file: Annotated[UploadFile, File()]
) -> PromptView:
    """Play a recording of the company's own instead of the voice."""
    limit = services.settings.upload_limit_bytes
    sound = await file.read(limit + 1)
    if len(sound) > limit:
        raise ApiError(413, "prompt_too_large", limit_mb=limit // (1024 * 1024))
    return await _changed(
        services, at_desk.agent, name, "prompt.recorded", lambda kept: kept.set_recording(name, sound)
    )


@router.delete("/{name}/recording")
async def remove(name: Name, at_desk: AdminWriting, services: ServicesDep) -> PromptView:
    """Let the voice say it again."""
    return await _changed(
        services, at_desk.agent, name, "prompt.recording_removed", lambda kept: kept.set_recording(name, None)
    )


@router.get("/{name}/sound", response_class=Response)
async def sound(name: Name, _: SupervisorReading, services: ServicesDep) -> Response:
    """The sentence as a caller hears it: the recording, or else the voice."""
    kept = _prompts(services)
    try:
        pcm = await asyncio.to_thread(kept.sound, name)
        text = next(row.text for row in await asyncio.to_thread(kept.all) if row.key == name)
    except PromptUnknown as error:
        raise ApiError(404, "prompt_unknown") from error
    if pcm is None:
        pcm = await spoken(services, text)
    return Response(as_wav(pcm), media_type="audio/wav", headers={"Cache-Control": "private, no-store"})


async def _changed(
    services: Services, agent: Agent, name: str, action: str, change: Callable[[Prompts], Prompt]
) -> PromptView:
    """Change a prompt's files and note who did.

    Raises:
        ApiError: there is no such prompt, or it cannot be changed like this.
    """
    try:
        row = await asyncio.to_thread(change, _prompts(services))
    except PromptUnknown as error:
        raise ApiError(404, "prompt_unknown") from error
    except PromptWrong as error:
        limits = {"limit": LONGEST_TEXT, "seconds": LONGEST_RECORDING_SECONDS}
        raise ApiError(422, f"prompt_{error}", **limits) from error
    async with services.database.transaction() as session:
        audit.record(session, services.clock, actor=f"agent:{agent.id}", action=action, subject=f"prompt:{name}")
    return _view(row, voice_of(services) is not None)


def _view(row: Prompt, speaks: bool) -> PromptView:
    return PromptView(
        name=row.key,
        text=row.text,
        original=row.standard,
        changed=row.text != row.standard,
        recorded=row.recorded,
        recordable=not row.values,
        playable=row.recorded or speaks,
    )
