"""Databases for tests: always built by the migrations, one fresh one per test.

`database` is SQLite in a copy of a file migrated once. `postgres` is a database of this run's own on the server at
GUANJIA_TEST_DATABASE_URL, or the standard port of this machine; without a server those tests are skipped.
"""

import os
import shutil
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import pytest
import redis.asyncio
from asyncpg import PostgresError
from redis.exceptions import ConnectionError as RedisConnectionError
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from property_db import migrate
from property_db.clock import SHANGHAI, SettableClock
from property_db.database import Database
from property_db.models import Base

pytest_plugins = ["tests.no_skips", "tests.support.live"]

POSTGRES = "GUANJIA_TEST_DATABASE_URL"
REDIS = "GUANJIA_TEST_REDIS_URL"
STANDARD_REDIS = "redis://127.0.0.1:6379/0"
STANDARD_POSTGRES = "postgresql+asyncpg://postgres@127.0.0.1:5432/postgres"
SATURDAY_TEN = datetime(2026, 11, 21, 10, 0, tzinfo=SHANGHAI)


@pytest.fixture
def clock() -> SettableClock:
    """Saturday, 21 November 2026, ten o'clock in Shanghai, until a test moves it."""
    return SettableClock(SATURDAY_TEN)


@pytest.fixture(scope="session")
async def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite database with all tables; copy it, never open it."""
    file = tmp_path_factory.mktemp("migrated") / "guanjia.db"
    await migrate.upgrade(f"sqlite+aiosqlite:///{file}")
    return file


@pytest.fixture
async def sqlite(migrated_file: Path, tmp_path: Path) -> AsyncIterator[Database]:
    """An empty SQLite database."""
    file = tmp_path / "guanjia.db"
    shutil.copy(migrated_file, file)
    database = Database(f"sqlite+aiosqlite:///{file}", synchronous="OFF")
    yield database
    await database.dispose()


@pytest.fixture
async def database(sqlite: Database) -> Database:
    """An empty database; folders whose tests must hold on both databases override this."""
    return sqlite


@asynccontextmanager
async def own_postgres() -> AsyncIterator[str]:
    """Create a PostgreSQL database with all tables, give its address, and drop it in the end."""
    server = make_url(os.environ.get(POSTGRES, STANDARD_POSTGRES)).set(drivername="postgresql+asyncpg")
    admin = create_async_engine(server, isolation_level="AUTOCOMMIT")
    name = f"guanjia_test_{uuid.uuid4().hex[:12]}"
    try:
        async with admin.connect() as connection:
            await connection.execute(text(f"CREATE DATABASE {name}"))
            await connection.execute(text(f"ALTER DATABASE {name} SET synchronous_commit = off"))
    except (OSError, DBAPIError, PostgresError) as error:
        await admin.dispose()
        if POSTGRES in os.environ:
            raise
        pytest.skip(
            f"no PostgreSQL server lets these tests in ({error}): install one (Debian: apt-get install postgresql) "
            f"that lets postgres in on 127.0.0.1:5432, or set {POSTGRES}=postgresql+asyncpg://user:password@host:port/database"
        )
    try:
        url = server.set(database=name).render_as_string(hide_password=False)
        await migrate.upgrade(url)
        yield url
    finally:
        async with admin.connect() as connection:
            await connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        await admin.dispose()


@pytest.fixture(scope="session")
async def postgres_url() -> AsyncIterator[str]:
    """The address of this run's own PostgreSQL database, with all tables; `postgres` empties it for every test."""
    async with own_postgres() as url:
        yield url


@pytest.fixture
async def postgres(postgres_url: str) -> AsyncIterator[Database]:
    """An empty PostgreSQL database."""
    database = Database(postgres_url)
    # Deleting from tables that are nearly empty takes a tenth of TRUNCATE's time.
    deletes = " ".join(f"DELETE FROM {table.name};" for table in reversed(Base.metadata.sorted_tables))
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql(f"DO $$ BEGIN {deletes} END $$")
    yield database
    await database.dispose()


@pytest.fixture
async def redis_url() -> str:
    """The Redis of the tests: the one of GUANJIA_TEST_REDIS_URL, or the standard port of this machine."""
    url = os.environ.get(REDIS, STANDARD_REDIS)
    client = redis.asyncio.from_url(url)
    try:
        await client.ping()
    except RedisConnectionError as error:
        pytest.skip(f"no Redis answers ({error}): install one (Debian: apt-get install redis-server) or set {REDIS}")
    finally:
        await client.aclose()
    return url
