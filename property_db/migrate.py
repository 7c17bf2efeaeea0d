"""Bringing a database up to the tables of this version; needs no ini file."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from property_db.database import create_engine

_ADVISORY_LOCK = 0x6775616E  # "guan": several servers started at once migrate one after the other


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def head() -> str:
    """Return the newest revision this version knows."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    if revision is None:
        raise RuntimeError("the package holds no migration")
    return revision


async def upgrade(url: str) -> None:
    """Bring the database at `url` to the newest revision; does nothing where it is there already."""
    await _with_connection(url, _upgrade)


def upgrade_sync(url: str) -> None:
    """Do `upgrade` where no event loop runs, for example on the command line."""
    asyncio.run(upgrade(url))


async def current(url: str) -> str | None:
    """Return the revision of the database at `url`, None where it has no tables yet."""
    return await _with_connection(url, lambda connection: MigrationContext.configure(connection).get_current_revision())


async def _with_connection[T](url: str, work: Callable[[Connection], T]) -> T:
    # Off for SQLite, where a table is altered by copying it: dropping the original would delete what refers to it.
    engine = create_engine(url, foreign_keys=False)
    try:
        async with engine.execution_options(guanjia_writes=True).begin() as connection:
            return await connection.run_sync(work)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
    command.upgrade(_config(connection), "head")
