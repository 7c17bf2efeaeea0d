"""Pulls what residents wrote: a callback only says that there is something, and can be lost without any loss.

One process at a time pulls an account. Entries are committed before the cursor moves: a crash between repeats some,
which their ids make harmless, and never loses one.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog

from integrations.gateway import workers
from integrations.tencent.api import Api
from integrations.tencent.errors import ApiRefused, ApiUnreachable, TooLarge
from property_db.channels import cursors
from property_db.clock import Clock
from property_db.database import Database

log = structlog.get_logger()

Take = Callable[[Mapping[str, Any], datetime], Awaitable[None]]
"""Commits one entry; the moment is when the account was pulled for the first time."""

SWEEP_SECONDS = 60.0
FIRST_BACK_OFF = 1.0
LONGEST_BACK_OFF = 60.0
# While another process pulls: what it has just finished may not hold what a callback told us of.
BUSY_PAUSE = 0.5
LEASE = timedelta(seconds=60)
RENEW_EVERY = timedelta(seconds=15)
TOKEN_LASTS = timedelta(minutes=10)  # of a callback; without one the platform rations the calls
PAGE = 1000
SMALL_PAGE = 100
AMR = 0
_TOKEN_WRONG = 95007


class LeaseLost(Exception):
    """Another process has taken the account over."""


class Puller:
    """Pulls one customer-service account.

    Args:
        cursor_key: the account's name in the database.
        worker: names this process in leases.
    """

    def __init__(
        self,
        open_kfid: str,
        cursor_key: str,
        api: Api,
        database: Database,
        clock: Clock,
        take: Take,
        worker: str,
        sweep_seconds: float = SWEEP_SECONDS,
    ) -> None:
        self._open_kfid = open_kfid
        self._key = cursor_key
        self._api = api
        self._database = database
        self._clock = clock
        self._take = take
        self._worker = worker
        self._sweep_seconds = sweep_seconds
        self._woken = asyncio.Event()
        self._token: tuple[str, datetime] | None = None
        self._page = PAGE
        self._failures = 0
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Pull what came while no server ran, then whenever woken, and every minute."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop; an entry that is being committed is, or comes again."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def wake(self, token: str = "") -> None:
        """There is something to pull; ``token`` comes with the callback."""
        if token:
            self._token = (token, self._clock.now() + TOKEN_LASTS)
        self._woken.set()

    async def pull(self) -> bool:
        """Pull everything there is; False where another process does just now.

        Raises:
            ApiRefused, ApiUnreachable: the platform does not let us now.
            LeaseLost: another process took over in between.
        """
        lease = await self._lease()
        if lease is None:
            return False
        try:
            await self._pages(lease)
        finally:
            async with self._database.transaction() as session:
                await cursors.release(session, self._key, self._worker)
        return True

    async def _run(self) -> None:
        while True:
            self._woken.clear()
            pause = self._sweep_seconds
            try:
                pulled = await self.pull()
                self._failures = 0
                if not pulled:
                    pause = BUSY_PAUSE
            except Exception as error:
                self._failures += 1
                pause = min(FIRST_BACK_OFF * 2 ** min(self._failures - 1, 10), LONGEST_BACK_OFF)
                log.warning("wecom.pull_failed", open_kfid=self._open_kfid, error=_name(error), tries=self._failures)
                # Woken or not: a platform that is down is not asked more often for each callback.
                await asyncio.sleep(pause)
                continue
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), pause)

    async def _lease(self) -> cursors.Pull | None:
        async with self._database.transaction() as session:
            holder = await cursors.holder(session, self._key)
            gone = holder is not None and workers.is_gone(holder, self._worker)
            return await cursors.take(
                session, self._key, self._worker, self._clock, LEASE, instead_of=holder if gone else None
            )

    async def _pages(self, lease: cursors.Pull) -> None:
        cursor, renewed_at = lease.cursor, self._clock.now()
        while True:
            page = await self._next_page(cursor)
            for entry in page.get("msg_list") or []:
                if self._clock.now() - renewed_at > RENEW_EVERY:
                    await self._advance(None)
                    renewed_at = self._clock.now()
                if isinstance(entry, Mapping):
                    await self._take(entry, lease.begun_at)
            following = page.get("next_cursor")
            moved = isinstance(following, str) and following not in ("", cursor)
            await self._advance(following if moved else None)
            renewed_at = self._clock.now()
            # More may come although this page was empty; with the same cursor only the same page would come.
            if not page.get("has_more") or not moved:
                return
            cursor = str(following)

    async def _next_page(self, cursor: str) -> dict[str, Any]:
        body: dict[str, Any] = {"open_kfid": self._open_kfid, "limit": self._page, "voice_format": AMR}
        if cursor:
            body["cursor"] = cursor
        if self._token is not None and self._clock.now() < self._token[1]:
            body["token"] = self._token[0]
        try:
            return await self._api.call("/cgi-bin/kf/sync_msg", body)
        except ApiRefused as refused:
            if refused.errcode != _TOKEN_WRONG or "token" not in body:
                raise
            self._token = None
            del body["token"]
        except TooLarge:
            if self._page == SMALL_PAGE:
                raise
            self._page = body["limit"] = SMALL_PAGE
        return await self._api.call("/cgi-bin/kf/sync_msg", body)

    async def _advance(self, cursor: str | None) -> None:
        async with self._database.transaction() as session:
            if not await cursors.advance(session, self._key, self._worker, self._clock, LEASE, cursor):
                raise LeaseLost


def _name(error: Exception) -> str:
    return str(error) if isinstance(error, ApiRefused | ApiUnreachable) else type(error).__name__
