"""How the hotline fares: the calls of before, figures, and whether everything works."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query

from integrations.desk.hotline_access import ServicesDep, SupervisorReading
from integrations.desk.hotline_schemas import CallPage, FiguresView, HotlineStateView
from integrations.desk.hotline_switchboard import state_of
from integrations.desk.hotline_views import call_views
from property_db.calls import figures
from property_db.calls import service as calls
from property_db.clock import SHANGHAI

router = APIRouter(prefix="/hotline")
PAGE = 30


@router.get("/calls")
async def recent(
    _: SupervisorReading, services: ServicesDep, before: Annotated[int | None, Query(ge=1, lt=2**31)] = None
) -> CallPage:
    """Calls, newest first, a page at a time."""
    async with services.database.reading() as session:
        rows = await calls.recent(session, PAGE + 1, before)
        shown = rows[:PAGE]
        more = shown[-1].id if len(rows) > PAGE else None
        return CallPage(calls=await call_views(session, shown), before=more)


@router.get("/figures")
async def figures_of(
    _: SupervisorReading, services: ServicesDep, days: Annotated[int, Query(ge=1, le=366)] = 1
) -> FiguresView:
    """The figures of today, or of the last days with today, by the days of Shanghai."""
    now = services.clock.now()
    midnight = now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)
    async with services.database.reading() as session:
        of = await figures.of(session, midnight - timedelta(days=days - 1), now)
    return FiguresView(
        days=days,
        calls=of.calls,
        answered=of.answered,
        connection_rate=of.connection_rate,
        answered_in_time=of.answered_in_time,
        self_served=of.self_served,
        to_agent=of.to_agent,
        voicemail=of.voicemail,
        abandoned=of.abandoned,
        handling_seconds=of.handling_seconds,
        wait_seconds=of.wait_seconds,
    )


@router.get("/state")
async def state(_: SupervisorReading, services: ServicesDep) -> HotlineStateView:
    """Whether recogniser, voice and lines work."""
    return await state_of(services)
