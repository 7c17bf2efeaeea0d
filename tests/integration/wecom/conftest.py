"""Every test of this folder runs on SQLite and on PostgreSQL."""

import pytest

from property_db.clock import SettableClock
from property_db.database import Database
from tests.integration.wecom.pulling import Server
from tests.unit.wecom.platform import Platform


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> Database:
    """An empty database of either kind."""
    database: Database = request.getfixturevalue(request.param)
    return database


@pytest.fixture
def platform() -> Platform:
    """The far side, without sockets."""
    return Platform()


@pytest.fixture
def server(platform: Platform, database: Database, clock: SettableClock) -> Server:
    """A process that pulls from it."""
    return Server(platform, database, clock, "one")
