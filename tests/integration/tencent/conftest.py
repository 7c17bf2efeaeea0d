"""A tiny platform, both databases, and Redis where there is one."""

from collections.abc import AsyncIterator

import pytest

from property_db.database import Database
from tests.integration.tencent.platform import TinyPlatform, tiny_platform


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> Database:
    """An empty database of either kind."""
    database: Database = request.getfixturevalue(request.param)
    return database


@pytest.fixture
async def platform() -> AsyncIterator[TinyPlatform]:
    """A platform that gives `token-1` until it is told otherwise."""
    async with tiny_platform() as platform:
        yield platform


@pytest.fixture(params=["database", pytest.param("redis", marks=pytest.mark.redis)])
def keeper(request: pytest.FixtureRequest) -> str | None:
    """Who keeps the lease: Redis at this address, or the database."""
    return None if request.param == "database" else request.getfixturevalue("redis_url")
