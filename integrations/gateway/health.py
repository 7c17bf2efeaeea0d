"""Whether the server is alive (``/healthz``) and able to answer residents (``/readyz``)."""

import time
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError

from integrations.gateway.services import Services, services_of
from property_db.database import Database

router = APIRouter(tags=["health"])
STARTED = time.monotonic()


class Health(BaseModel):
    """The parts and their state."""

    status: str
    database: bool = True
    engine: bool = True
    uptime_seconds: float


@router.get("/healthz")
async def health() -> Health:
    """The process answers."""
    return Health(status="ok", uptime_seconds=round(time.monotonic() - STARTED, 1))


@router.get("/readyz")
async def readiness(services: Annotated[Services, Depends(services_of)], response: Response) -> Health:
    """Database and engine both answer; 503 otherwise, naming the part."""
    database = await _answers(services.database)
    engine = await services.engine.ready()
    if not (database and engine):
        response.status_code = 503
    return Health(
        status="ready" if database and engine else "not_ready",
        database=database,
        engine=engine,
        uptime_seconds=round(time.monotonic() - STARTED, 1),
    )


async def _answers(database: Database) -> bool:
    try:
        await database.ping()
    except (SQLAlchemyError, OSError):
        return False
    return True
