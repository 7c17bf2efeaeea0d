"""One process does something, the others wait: a lease that ends by itself when its holder dies."""

import secrets
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from typing import Protocol

import redis.asyncio
import structlog
from redis.exceptions import RedisError

from property_db.channels import tokens
from property_db.clock import Clock
from property_db.database import Database
from property_db.errors import DatabaseBusy

log = structlog.get_logger()


class LeaseUnavailable(Exception):
    """Nobody can say who holds it, as its keeper does not answer."""


class Lease(Protocol):
    """Gives a name to one holder at a time, across processes."""

    def hold(self, name: str, seconds: float) -> AbstractAsyncContextManager[bool]:
        """Try once to become the holder; at the end of the context it is given back.

        Args:
            name: what is held, such as an account's key.
            seconds: after which it is free again, whatever became of the holder.

        Returns:
            True: this context holds it. False: somebody else does; ask again later.

        Raises:
            LeaseUnavailable: the keeper does not answer.
        """
        ...

    async def close(self) -> None:
        """Close connections."""
        ...


class DatabaseLease:
    """Kept in the row of the account's token (``property_db.channels.models.AccessToken``).

    Args:
        worker: this process's name (``integrations.gateway.workers``).
    """

    def __init__(self, database: Database, clock: Clock, worker: str) -> None:
        self._database = database
        self._clock = clock
        self._worker = worker

    @asynccontextmanager
    async def hold(self, name: str, seconds: float) -> AsyncIterator[bool]:
        """See :class:`Lease`; ``name`` is the account's key."""
        owner = f"{self._worker[:60]}|{secrets.token_hex(4)}"
        now = self._clock.now()
        try:
            async with self._database.transaction() as session:
                held = await tokens.take_lease(session, name, owner, now, now + timedelta(seconds=seconds))
        except DatabaseBusy as error:
            raise LeaseUnavailable from error
        try:
            yield held
        finally:
            if held:
                await self._give_back(name, owner)

    async def _give_back(self, name: str, owner: str) -> None:
        try:
            async with self._database.transaction() as session:
                await tokens.give_lease_back(session, name, owner)
        except DatabaseBusy:
            log.warning("lease.not_given_back", lease=name)  # it ends by itself

    async def close(self) -> None:
        """The database is not ours to close."""


class RedisLease:
    """Kept in Redis, where there is one: no write to the database per attempt."""

    def __init__(self, redis_url: str) -> None:
        self._redis = redis.asyncio.from_url(redis_url, socket_connect_timeout=3, socket_timeout=3)

    @asynccontextmanager
    async def hold(self, name: str, seconds: float) -> AsyncIterator[bool]:
        """See :class:`Lease`."""
        lock = self._redis.lock(
            f"guanjia:lease:{name}", timeout=seconds, blocking=False, thread_local=False, raise_on_release_error=False
        )
        try:
            held = await lock.acquire()
        except RedisError as error:
            raise LeaseUnavailable from error
        try:
            yield held
        finally:
            if held:
                try:
                    await lock.release()
                except RedisError:
                    log.warning("lease.not_given_back", lease=name)

    async def close(self) -> None:
        """Close the connections to Redis."""
        await self._redis.aclose()


def lease_for(redis_url: str | None, database: Database, clock: Clock, worker: str) -> Lease:
    """Redis where the server has one, otherwise the database."""
    return DatabaseLease(database, clock, worker) if redis_url is None else RedisLease(redis_url)
