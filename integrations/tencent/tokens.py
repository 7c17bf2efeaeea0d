"""Access tokens: all processes share one per account, and one of them fetches it.

A token is looked for in memory, then in the database, then fetched under a lease while everybody else waits. Whoever
was refused with a token names it: when the database has another one by now, that is the answer, and nothing is fetched.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from integrations.tencent.errors import ApiRefused, ApiUnreachable, Refusal
from integrations.tencent.leases import Lease, LeaseUnavailable
from property_db.channels import tokens
from property_db.clock import Clock
from property_db.database import Database

log = structlog.get_logger()

Fetched = tuple[str, int]
"""A token, and for how many seconds it is good."""
Fetch = Callable[[str, bool], Awaitable[Fetched]]
"""Asks the platform for an account's token; True: for another one than before, which is rationed."""

EARLY = timedelta(minutes=5)
FAILURE_LASTS = timedelta(seconds=10)
# The platform forces 20 a day at most; a token that is refused for another reason must not use them up.
FORCE_EVERY = timedelta(hours=1)
FETCH_SECONDS = 12.0
LEASE_SECONDS = 30.0  # two fetches and some
WAIT_SECONDS = 35.0  # a holder that died is outlived
POLL_SECONDS = 0.1

_REFUSED_TOKEN = 40001


@dataclass(frozen=True)
class _Known:
    token: str = field(repr=False)
    until: datetime


@dataclass
class _Account:
    """What this process knows about one account."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    known: _Known | None = None
    failure: ApiRefused | ApiUnreachable | None = None
    failed_at: datetime | None = None
    forced_at: datetime | None = None


class Tokens:
    """Every account's token.

    Args:
        lease: decides between processes.
        fetch: see :data:`Fetch`; raises ``ApiRefused`` or ``ApiUnreachable``.
    """

    def __init__(self, database: Database, clock: Clock, lease: Lease, fetch: Fetch) -> None:
        self._database = database
        self._clock = clock
        self._lease = lease
        self._fetch = fetch
        self._accounts: defaultdict[str, _Account] = defaultdict(_Account)

    async def get(self, account_key: str) -> str:
        """A token that should be good.

        Raises:
            ApiRefused: the platform gives none; ``refusal`` is always ``TOKEN``, the code is the platform's.
            ApiUnreachable: none can be had now; never ``sent``.
        """
        account = self._accounts[account_key]
        if self._good(account.known, None):
            assert account.known is not None
            return account.known.token
        return await self._obtain(account_key, None)

    async def renew(self, account_key: str, failed: str) -> str:
        """Another token than the one that was refused: somebody's who was faster, or a new one.

        Raises:
            ApiRefused, ApiUnreachable: see :meth:`get`.
        """
        return await self._obtain(account_key, failed)

    async def _obtain(self, account_key: str, failed: str | None) -> str:
        account = self._accounts[account_key]
        async with account.lock:  # within this process; the lease decides between processes
            if not self._good(account.known, failed):
                account.known = await self._shared(account_key, account, failed)
            assert account.known is not None
            return account.known.token

    async def _shared(self, account_key: str, account: _Account, failed: str | None) -> _Known:
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + WAIT_SECONDS
        while True:
            stored = await self._read(account_key)
            if stored is not None and self._good(stored, failed):
                return stored
            try:
                self._fail_as_before(account)
                async with self._lease.hold(account_key, LEASE_SECONDS) as held:
                    if held:
                        return await self._as_holder(account_key, account, failed)
                if loop.time() > give_up_at:
                    raise ApiUnreachable(sent=False, reason="token_lease")
            except LeaseUnavailable:
                raise ApiUnreachable(sent=False, reason="token_lease") from None
            except (ApiRefused, ApiUnreachable):
                # Fetched early, so the one before is still good for a while.
                if failed is None and stored is not None and self._clock.now() < stored.until + EARLY * 0.8:
                    return stored
                raise
            await asyncio.sleep(POLL_SECONDS)

    async def _as_holder(self, account_key: str, account: _Account, failed: str | None) -> _Known:
        stored = await self._read(account_key)  # the holder before may just have stored one
        if stored is not None and self._good(stored, failed):
            return stored
        try:
            fetched = await self._another(account_key, account, failed)
        except (ApiRefused, ApiUnreachable) as failure:
            account.failure, account.failed_at = failure, self._clock.now()
            log.warning("tencent.token_not_fetched", account=account_key, reason=str(failure))
            raise
        account.failure = None
        before = "" if stored is None else stored.token
        async with self._database.transaction() as session:
            kept = await tokens.store(session, account_key, fetched.token, fetched.until, replaces=before)
        if not kept:  # the lease was over before the fetch was
            stored = await self._read(account_key)
            if stored is not None and self._good(stored, failed):
                return stored
        log.info("tencent.token_fetched", account=account_key)
        return fetched

    async def _another(self, account_key: str, account: _Account, failed: str | None) -> _Known:
        fetched = await self._ask(account_key, force=False)
        if fetched.token != failed:
            return fetched
        now = self._clock.now()
        if account.forced_at is None or now - account.forced_at >= FORCE_EVERY:
            account.forced_at = now
            fetched = await self._ask(account_key, force=True)
        if fetched.token == failed:
            raise ApiRefused(_REFUSED_TOKEN, "the platform refuses the token it gives")
        return fetched

    async def _ask(self, account_key: str, *, force: bool) -> _Known:
        asked_at = self._clock.now()
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                token, seconds = await self._fetch(account_key, force)
        except ApiRefused as refused:
            raise ApiRefused(refused.errcode, refused.hint, Refusal.TOKEN) from None
        except ApiUnreachable as unreachable:
            # Whatever reached the platform was not the caller's request.
            raise ApiUnreachable(sent=False, reason=unreachable.reason or "token") from None
        except TimeoutError:
            raise ApiUnreachable(sent=False, reason="token_timeout") from None
        lasts = timedelta(seconds=seconds)
        return _Known(token, asked_at + lasts - min(EARLY, lasts / 2))

    async def _read(self, account_key: str) -> _Known | None:
        async with self._database.reading() as session:
            row = await tokens.read(session, account_key)
        if row is None or not row.token or row.expires_at is None:
            return None
        return _Known(row.token, row.expires_at)

    def _good(self, known: _Known | None, failed: str | None) -> bool:
        return known is not None and known.token != failed and self._clock.now() < known.until

    def _fail_as_before(self, account: _Account) -> None:
        failure, at = account.failure, account.failed_at
        if failure is None or at is None or self._clock.now() - at >= FAILURE_LASTS:
            return
        if isinstance(failure, ApiRefused):
            raise ApiRefused(failure.errcode, failure.hint, failure.refusal)
        raise ApiUnreachable(sent=failure.sent, reason=failure.reason)
