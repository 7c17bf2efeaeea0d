"""The database: one engine, two kinds of session, one place that commits."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Literal

from sqlalchemy import Connection, event, make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

import property_db.models  # noqa: F401 -- foreign keys name tables of other subjects: whoever uses one needs all
from property_db.errors import DatabaseBusy, DomainError

_WRITES = "guanjia_writes"
PATIENCE_IN_LINE = 4
"""A writer waits so many times the busy timeout for those before it in this process."""


def _on_sqlite_connect(
    busy_timeout_ms: int, synchronous: str, foreign_keys: bool, connection: Any, _record: Any
) -> None:
    # The driver must not begin transactions by itself, or BEGIN IMMEDIATE below would come too late.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {int(busy_timeout_ms)}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute(f"PRAGMA synchronous = {synchronous}")
    cursor.execute(f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}")
    cursor.close()


def _on_sqlite_begin(connection: Connection) -> None:
    # A write transaction takes its lock at once: one that reads first and upgrades later fails with SQLITE_BUSY
    # without waiting when another writer was in between.
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get(_WRITES) else "BEGIN")


def create_engine(
    url: str,
    *,
    busy_timeout_ms: int = 5000,
    synchronous: Literal["FULL", "NORMAL", "OFF"] = "FULL",
    foreign_keys: bool = True,
    echo: bool = False,
) -> AsyncEngine:
    """Build the engine for `sqlite+aiosqlite:///file` or `postgresql+asyncpg://…`.

    Args:
        url: SQLAlchemy URL with an async driver.
        busy_timeout_ms: how long a SQLite writer waits for another.
        synchronous: SQLite's; FULL also survives a power failure, which is what a promise to keep a message means.
        foreign_keys: whether SQLite heeds them; off only for migrations.
        echo: log every statement.
    """
    options: dict[str, Any] = {
        "echo": echo,
        # An error must not carry a resident's words or number into a log.
        "hide_parameters": True,
        "json_serializer": partial(json.dumps, ensure_ascii=False, separators=(",", ":")),
    }
    sqlite = make_url(url).get_backend_name() == "sqlite"
    if not sqlite:
        options |= {"pool_size": 10, "max_overflow": 10, "pool_pre_ping": True}
    engine = create_async_engine(url, **options)
    if sqlite:
        event.listen(
            engine.sync_engine, "connect", partial(_on_sqlite_connect, busy_timeout_ms, synchronous, foreign_keys)
        )
        event.listen(engine.sync_engine, "begin", _on_sqlite_begin)
    return engine


class Database:
    """Hands out sessions. Only `transaction()` commits; services and repositories never do."""

    def __init__(
        self,
        url: str,
        *,
        busy_timeout_ms: int = 5000,
        synchronous: Literal["FULL", "NORMAL", "OFF"] = "FULL",
        echo: bool = False,
    ) -> None:
        """Prepare the engine; connects on first use. See `create_engine` for the arguments."""
        self.url = url
        self.engine = create_engine(url, busy_timeout_ms=busy_timeout_ms, synchronous=synchronous, echo=echo)
        # The embedded database has one writer; without a queue many at once wait by polling, and some for ever.
        self._turn = asyncio.Lock() if self.is_sqlite else None
        self._patience = busy_timeout_ms / 1000 * PATIENCE_IN_LINE
        writes = self.engine.execution_options(**{_WRITES: True})
        self._write = async_sessionmaker(writes, expire_on_commit=False)
        self._read = async_sessionmaker(self.engine, expire_on_commit=False, autoflush=False)

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded database."""
        return self.engine.dialect.name == "sqlite"

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """One unit of work: committed at the end, undone by any error.

        A `DomainError` that says `keeps_changes` is committed and raised on.

        Raises:
            DatabaseBusy: another writer held the embedded database longer than the busy timeout.
        """
        async with self._in_line(), self._write() as session:
            try:
                yield session
                await session.commit()
            except DomainError as refusal:
                await (session.commit() if refusal.keeps_changes else session.rollback())
                raise
            except OperationalError as error:
                await session.rollback()
                if self.is_sqlite and "locked" in str(error.orig):
                    raise DatabaseBusy from error
                raise
            except BaseException:
                await session.rollback()
                raise

    @asynccontextmanager
    async def _in_line(self) -> AsyncIterator[None]:
        """Wait for this process's turn to write to the embedded database, first come, first served."""
        if self._turn is None:
            yield
            return
        try:
            async with asyncio.timeout(self._patience):
                await self._turn.acquire()
        except TimeoutError:
            raise DatabaseBusy from None
        try:
            yield
        finally:
            self._turn.release()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A session that only reads; whatever it would change is thrown away."""
        async with self._read() as session:
            yield session

    async def ping(self) -> None:
        """Ask the database for one row; raises the driver's error when it does not answer."""
        async with self.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))

    async def dispose(self) -> None:
        """Close all connections."""
        await self.engine.dispose()
