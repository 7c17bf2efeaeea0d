"""Calls we place, at the desk: planned and released by supervisors; a call back by whoever talks with the resident."""

from collections.abc import Sequence
from datetime import UTC
from typing import Annotated

from fastapi import APIRouter, Path
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.desk.hotline_access import ServicesDep, SupervisorReading, SupervisorWriting, Writing
from integrations.desk.hotline_schemas import CallBackIn, OptOutIn, OptOutView, ReleaseIn, TaskIn, TaskView
from integrations.desk.hotline_switchboard import places_calls, refuse_abroad
from integrations.desk.hotline_views import masked, number_to_call, voicemails
from integrations.desk.schemas import PublicId, RowId
from integrations.gateway.errors import ApiError
from property_db.audit import service as audit
from property_db.calls import agent_phones, outbound
from property_db.calls import service as calls
from property_db.calls.models import CallOptOut, OutboundKind, OutboundTask
from property_db.conversations import lookup
from property_db.conversations import service as conversations

router = APIRouter()
TaskId = Annotated[PublicId, Path()]
BY_AGENT = "agent"


@router.post("/calls/back", status_code=201)
async def call_back(body: CallBackIn, at_desk: Writing, services: ServicesDep) -> TaskView:
    """Ring the agent's own telephone, then the resident's: at once, at any hour, as a person wants it."""
    agent = at_desk.agent
    if not places_calls(services):
        raise ApiError(409, "call_back_off")
    async with services.database.transaction() as session:
        if await agent_phones.of(session, agent.id) is None:
            raise ApiError(409, "agent_phone_missing")
        row = await conversations.by_public_id(session, body.conversation_id)
        theirs = await calls.of_conversation(session, row.id)
        number = number_to_call(theirs, await voicemails(session, row.id))
        if number is None:
            raise ApiError(409, "call_back_number_unknown")
        refuse_abroad(services, number)
        task = await outbound.create(
            session,
            OutboundKind.CALLBACK,
            number,
            "",
            services.clock,
            conversation_id=row.id,
            created_by=agent.id,
        )
        task = await outbound.release(session, task.id, agent.id, services.clock, at_night=True)
        return (await _views(session, [task]))[0]


@router.get("/hotline/outbound")
async def tasks(_: SupervisorReading, services: ServicesDep) -> list[TaskView]:
    """Planned calls, newest first."""
    async with services.database.reading() as session:
        return await _views(session, await outbound.recent(session))


@router.post("/hotline/outbound", status_code=201)
async def plan(body: TaskIn, at_desk: SupervisorWriting, services: ServicesDep) -> TaskView:
    """Plan a reminder; nothing is dialled before it is released."""
    refuse_abroad(services, body.number)
    not_before = body.not_before
    if not_before is not None and not_before.tzinfo is None:
        not_before = not_before.replace(tzinfo=UTC)
    async with services.database.transaction() as session:
        task = await outbound.create(
            session,
            OutboundKind(body.kind),
            body.number,
            body.text.strip(),
            services.clock,
            not_before=not_before,
            created_by=at_desk.agent.id,
        )
        audit.record(
            session,
            services.clock,
            actor=f"agent:{at_desk.agent.id}",
            action="outbound.planned",
            subject=f"outbound_task:{task.id}",
            kind=body.kind,
            number=masked(task.number),
        )
        return (await _views(session, [task]))[0]


@router.post("/hotline/outbound/{task_id}/release")
async def release(task_id: TaskId, body: ReleaseIn, at_desk: SupervisorWriting, services: ServicesDep) -> TaskView:
    """Let it be dialled; a debt only with the second confirmation."""
    async with services.database.transaction() as session:
        task = await outbound.by_public_id(session, task_id)
        task = await outbound.release(session, task.id, at_desk.agent.id, services.clock, explicit=body.confirm_debt)
        return (await _views(session, [task]))[0]


@router.post("/hotline/outbound/{task_id}/cancel")
async def cancel(task_id: TaskId, at_desk: SupervisorWriting, services: ServicesDep) -> TaskView:
    """Withdraw it, unless it is being dialled."""
    async with services.database.transaction() as session:
        task = await outbound.by_public_id(session, task_id)
        task = await outbound.cancel(session, task.id, at_desk.agent.id, services.clock)
        return (await _views(session, [task]))[0]


@router.get("/hotline/opt-outs")
async def opt_outs(_: SupervisorReading, services: ServicesDep) -> list[OptOutView]:
    """Who wants no reminders, newest first."""
    async with services.database.reading() as session:
        return [_opt_out_view(entry) for entry in await outbound.opt_outs(session)]


@router.post("/hotline/opt-outs", status_code=201)
async def opt_out(body: OptOutIn, at_desk: SupervisorWriting, services: ServicesDep) -> OptOutView:
    """Keep a number from all reminders; again changes nothing."""
    async with services.database.transaction() as session:
        source = f"{BY_AGENT}:{at_desk.agent.id}"
        return _opt_out_view(await outbound.opt_out(session, body.number, source, services.clock))


@router.delete("/hotline/opt-outs/{entry_id}", status_code=204)
async def opt_in(entry_id: Annotated[RowId, Path()], at_desk: SupervisorWriting, services: ServicesDep) -> None:
    """Take a number off the list, at its owner's wish."""
    async with services.database.transaction() as session:
        if not await outbound.opt_in(session, entry_id, at_desk.agent.id, services.clock):
            raise ApiError(404, "opt_out_not_found")


def _opt_out_view(entry: CallOptOut) -> OptOutView:
    return OptOutView(
        id=entry.id,
        number_masked=masked(entry.number) or "",
        since=entry.since,
        source=entry.source.partition(":")[0],
    )


async def _views(session: AsyncSession, rows: Sequence[OutboundTask]) -> list[TaskView]:
    who = {agent_id for row in rows for agent_id in (row.created_by, row.released_by) if agent_id is not None}
    names = await lookup.agent_names(session, who)
    return [
        TaskView(
            id=row.public_id,
            kind=row.kind.value,
            number_masked=masked(row.number) or "",
            text=row.text,
            state=row.state.value,
            not_before=row.not_before,
            next_at=row.next_at,
            attempts=row.attempts,
            outcome=row.outcome.value if row.outcome else None,
            created_by=names.get(row.created_by or 0),
            released_by=names.get(row.released_by or 0),
            released_at=row.released_at,
            created_at=row.created_at,
        )
        for row in rows
    ]
