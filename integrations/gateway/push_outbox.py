"""The push outbox: sends news to residents who have not just written, once each and not at night.

Several processes may run one each. A claim decides which of them sends a piece of news, and is committed before
anything leaves; a crash after that is repeated only as long as the far side knows the repeat for what it is.
"""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import cast

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.gateway import workers
from integrations.gateway.backoff import GIVE_UP_AFTER_ATTEMPTS, pause_after
from integrations.gateway.channel import Channel, Delivery, PushChannel, Receipt
from integrations.gateway.every import Every
from property_db.clock import Clock
from property_db.database import Database
from property_db.pushes import delivery
from property_db.pushes.delivery import REPEATABLE, UNCONFIRMED, Due
from property_db.pushes.models import Push, PushState

log = structlog.get_logger()

SWEEP_SECONDS = 2.0
AT_ONCE = 8
"""Residents who are sent to at the same time; what one resident gets goes out one after the other."""
FIRST_RETRY = timedelta(seconds=5)
LONGEST_RETRY = timedelta(minutes=15)
# A call is capped at well under a minute; what is held longer belongs to a process that died.
STALE_CLAIM = timedelta(minutes=2)
NOT_WANTED = frozenset({"no_template", "no_channel", "no_subscription", "refused_by_user", "unknown_user"})
"""Reasons with which nothing is wrong: it cannot or shall not be told in this way."""


class PushOutbox:
    """Sends what is due through the channels it was given.

    Args:
        worker: names this process in claimed rows.
    """

    def __init__(self, database: Database, clock: Clock, channels: Mapping[str, Channel], worker: str) -> None:
        self._database = database
        self._clock = clock
        self._channels = channels
        self._worker = worker
        self._sweeper = Every(SWEEP_SECONDS, self.sweep, "push.sweep_failed")
        self._sweeping = asyncio.Lock()

    async def start(self) -> None:
        """Take up what an earlier process left, then watch for what is due."""
        async with self._database.reading() as session:
            holders = await delivery.claimants(session)
        for worker in workers.gone_among(holders, self._worker, alone=self._database.is_sqlite):
            async with self._database.transaction() as session:
                await delivery.give_back(session, worker, self._clock)
        self._sweeper.start()

    async def stop(self) -> None:
        """Stop watching; what is on the wire just now counts as left."""
        await self._sweeper.stop()

    async def sweep(self) -> int:
        """Send everything that is due; returns how many pieces of news that were."""
        async with self._sweeping:
            await self._take_back()
            async with self._database.reading() as session:
                due = await delivery.due(session, self._clock)
            by_identity: dict[int, list[Due]] = {}
            for one in due:
                by_identity.setdefault(one.push.identity_id, []).append(one)
            room = asyncio.Semaphore(AT_ONCE)
            async with asyncio.TaskGroup() as group:
                for news in by_identity.values():
                    group.create_task(self._send_in_order(news, room))
            return len(due)

    async def _take_back(self) -> None:
        """Let be taken again what nobody works on: our own, as no sweep runs, and what others have held too long."""
        async with self._database.reading() as session:
            if not await delivery.claimants(session):
                return
        async with self._database.transaction() as session:
            await delivery.give_back(session, self._worker, self._clock)
            await delivery.recover(session, self._worker, STALE_CLAIM, self._clock)

    async def _send_in_order(self, news: list[Due], room: asyncio.Semaphore) -> None:
        async with room:
            for one in news:
                try:
                    await self._send(one)
                except Exception as error:  # one that cannot be sent must not hold up the others
                    log.error("push.send_failed", push_id=one.push.id, error=type(error).__name__)

    async def _send(self, due: Due) -> None:
        push = due.push
        async with self._database.transaction() as session:
            if not await delivery.claim(session, push, self._worker, self._clock):
                return
        receipt = await self._push(due)
        async with self._database.transaction() as session:
            await self._settle(session, push, receipt)

    async def _push(self, due: Due) -> Receipt:
        channel = self._channels.get(due.channel)
        if channel is None:
            return Receipt(Delivery.IMPOSSIBLE, "no_channel")
        if due.push.kind not in channel.capabilities.pushes:
            return Receipt(Delivery.IMPOSSIBLE, "no_template")
        values = {name: str(value) for name, value in due.push.values.items()}
        try:
            return await cast("PushChannel", channel).push(due.external_id, due.push.kind, values, due.push.id)
        except Exception as error:  # nobody knows how far it came
            log.error("push.channel_failed", push_id=due.push.id, error=type(error).__name__)
            return Receipt(Delivery.TRY_AGAIN, UNCONFIRMED)

    async def _settle(self, session: AsyncSession, push: Push, receipt: Receipt) -> None:
        """Note how it ended; where the claim was taken from us meanwhile, what the other noted stays."""
        reason = receipt.reason
        now = self._clock.now()
        if receipt.delivery is Delivery.DELIVERED:
            await delivery.sent(session, push.id, self._worker, self._clock, reason or None)
            log.info("push.sent", push_id=push.id, kind=push.kind.value)
            return
        if receipt.delivery is Delivery.IMPOSSIBLE:
            state = PushState.SKIPPED if reason in NOT_WANTED else PushState.FAILED
            await delivery.ended(session, push.id, self._worker, state, reason)
            log.warning("push.impossible", push_id=push.id, kind=push.kind.value, reason=reason)
            return
        pause = pause_after(push.attempts, first=FIRST_RETRY, longest=LONGEST_RETRY)
        first_left = push.sent_at or now
        if reason == UNCONFIRMED and now + pause - first_left >= REPEATABLE:
            await delivery.sent(session, push.id, self._worker, self._clock, UNCONFIRMED)
            log.warning("push.unconfirmed", push_id=push.id, kind=push.kind.value)
        elif push.attempts + 1 >= GIVE_UP_AFTER_ATTEMPTS:
            await delivery.ended(session, push.id, self._worker, PushState.FAILED, reason)
            log.warning("push.given_up", push_id=push.id, kind=push.kind.value, reason=reason)
        else:
            await delivery.retry_later(session, push, self._worker, self._clock, pause, reason)
            log.info("push.again_later", push_id=push.id, kind=push.kind.value, reason=reason)
