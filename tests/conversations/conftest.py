"""Here the database is the live server's."""

import pytest

from property_db.database import Database
from tests.support.stack import Server


@pytest.fixture
def database(server: Server) -> Database:
    """The property database of the running server, to look into."""
    return server.services.database
