"""Creating the demo company."""

from random import Random
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from property_db import defaults
from property_db.catalogue import load
from property_db.clock import Clock
from property_db.database import Database
from property_db.demo import bills, events, places
from property_db.estates.models import Estate
from property_db.handoff.agents import create_agent
from property_db.handoff.models import AgentRole

_SEED = 20261121


def _content() -> dict[str, Any]:
    content: dict[str, Any] = load("demo/content.yml")
    return content


PASSWORD: str = _content()["password"]
"""The demo agents' password; a production start never creates them."""


async def exists(session: AsyncSession) -> bool:
    """Whether the demo company has been created here."""
    codes = [estate["code"] for estate in _content()["estates"]]
    return await session.scalar(select(Estate.id).where(Estate.code.in_(codes)).limit(1)) is not None


async def create(db: Database, clock: Clock) -> bool:
    """Create the demo company, dated from today, all or nothing; False if it is there already.

    The same day gives the same content; another day gives the same content with its dates moved.
    """
    await defaults.load(db)
    async with db.transaction() as session:
        if await exists(session):
            return False
        content, now = _content(), clock.now()
        random = Random(_SEED)  # noqa: S311 -- repeatable, not secret
        town = await places.build(session, content, random, clock.today())
        await events.build(session, town, content, random, now)
        await bills.build(session, town, random, now, content["payment_channels"])
        for agent in content["agents"]:
            await create_agent(session, agent["username"], agent["display_name"], PASSWORD, AgentRole(agent["role"]))
    return True
