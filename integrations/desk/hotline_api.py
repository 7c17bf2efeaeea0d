"""The hotline at the desk: every route of it, to be mounted among the desk's own."""

from fastapi import APIRouter

from integrations.desk import hotline_calls, hotline_live, hotline_office, hotline_outbound, hotline_prompts

router = APIRouter()
for part in (hotline_live, hotline_office, hotline_calls, hotline_outbound, hotline_prompts):
    router.include_router(part.router)
