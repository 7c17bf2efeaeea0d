"""The inbox: every message is committed before it is acknowledged, then answered in order.

One worker task per conversation takes the oldest due message, and only when none of that conversation is being
worked on; across processes the compare-and-swap of ``claim_next`` decides. A crash at any line leaves a row that the
next start finds: ``received`` or ``processing``.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.gateway import workers
from integrations.gateway.channel import Channel, InboundMessage
from integrations.gateway.every import Every
from integrations.gateway.hub import Hub, MessageRepeated
from integrations.gateway.intake import Intake
from integrations.gateway.media import MediaDesk
from integrations.gateway.receiving import Received, store_inbound
from integrations.gateway.router import Router
from integrations.gateway.settings import Settings
from property_db.clock import Clock
from property_db.conversations import lookup
from property_db.conversations import service as conversations
from property_db.conversations.errors import ClaimLost
from property_db.conversations.models import Conversation, Message
from property_db.database import Database

log = structlog.get_logger()

SWEEP_SECONDS = 1.0
# A turn is capped well below this; a row that is older belongs to a process that died.
STALE_CLAIM = timedelta(minutes=2)
CHECK_EVERY = timedelta(seconds=5)
PAUSE_AFTER_A_FAILURE = timedelta(seconds=1)


class Inbox:
    """Takes residents' messages in and sees that each is answered once, in order.

    Args:
        media: fetches pictures and voice messages before a message is answered.
        worker: names this process in claimed rows.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        clock: Clock,
        hub: Hub,
        router: Router,
        channels: Mapping[str, Channel],
        media: MediaDesk,
        worker: str,
    ) -> None:
        self._settings = settings
        self._database = database
        self._clock = clock
        self._hub = hub
        self._router = router
        self._channels = channels
        self._media = media
        self._worker = worker
        self._intake = Intake()
        self._tasks: set[asyncio.Task[None]] = set()
        self._working: Counter[int] = Counter()
        self._again: set[int] = set()
        self._in_work: set[int] = set()
        self._sweeper = Every(SWEEP_SECONDS, self._sweep, "inbox.sweep_failed")
        self._next_recovery = clock.now() + STALE_CLAIM / 4
        self._next_check = clock.now() + CHECK_EVERY

    async def start(self) -> None:
        """Take up what an earlier process left, then watch for what is due."""
        async with self._database.reading() as session:
            holders = await lookup.claimants(session)
        for worker in workers.gone_among(holders, self._worker, alone=self._database.is_sqlite):
            await self._give_back(worker)
        self._sweeper.start()

    async def stop(self) -> None:
        """Let running turns end, take no more."""
        await self._sweeper.stop()
        running = list(self._tasks)
        if running:
            _, late = await asyncio.wait(running, timeout=5)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self._media.close()

    async def receive(
        self,
        message: InboundMessage,
        before_answer: Callable[[Received], None] | None = None,
        until: float | None = None,
    ) -> Received:
        """Commit one message and start on its answer; a repeated one gives the same row again.

        Args:
            before_answer: called once the message is committed and before anything can be delivered to the resident.
            until: when it is too late to begin, by the event loop's clock.

        Raises:
            ApiError: the message is empty, too long, or names something unknown.
            TooManyWrite: it became too late; nothing was stored.
        """
        message = self._media.readable(message)
        channel = self._channels.get(message.channel)
        claimed: Message | None = None
        try:
            async with self._intake.turn(until), self._database.transaction() as session:
                received = await store_inbound(
                    session,
                    message,
                    self._clock,
                    self._settings.text_limit,
                    channel.capabilities if channel is not None else None,
                )
                # Claimed in the same transaction where nothing is before it: one commit less on every message's way.
                claimed = await self._claim(session, received.conversation.id)
        except BaseException:
            if claimed is not None:
                self._in_work.discard(claimed.id)
            raise
        if before_answer is not None:
            before_answer(received)
        if received.is_new:
            self._hub.publish(*received.events)
        elif channel is not None and not channel.capabilities.repeatable:
            self._hub.publish(MessageRepeated(received.conversation.id, received.message.id))
        self.wake(received.conversation.id, claimed, received.conversation)
        return received

    def wake(
        self, conversation_id: int, claimed: Message | None = None, conversation: Conversation | None = None
    ) -> None:
        """Make sure somebody looks at this conversation, beginning with a message that is claimed already.

        Args:
            conversation: the row as it was when the message was claimed, which saves reading it again.
        """
        if claimed is None and self._working[conversation_id]:
            self._again.add(conversation_id)
            return
        task = asyncio.create_task(self._work(conversation_id, claimed, conversation))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self, conversation_id: int, message: Message | None, conversation: Conversation | None) -> None:
        fresh = message is not None
        self._working[conversation_id] += 1
        try:
            while True:
                self._again.discard(conversation_id)
                if message is None:
                    async with self._database.transaction() as session:
                        message = await self._claim(session, conversation_id)
                if message is not None:
                    await self._intake.calm()
                    if message.media is None or await self._media.complete(message):
                        await self._router.answer(message, conversation)
                    self._in_work.discard(message.id)
                    message = conversation = None
                    if fresh and conversation_id not in self._again:
                        return  # nothing came meanwhile; what another process took in, the sweep finds
                elif conversation_id not in self._again:
                    return
        except ClaimLost:
            log.warning("inbox.claim_lost", conversation_id=conversation_id)
        except Exception as error:
            log.error("inbox.work_failed", conversation_id=conversation_id, error=type(error).__name__)
        finally:
            if message is not None:
                self._in_work.discard(message.id)  # the check gives it back
            self._working[conversation_id] -= 1
            if not self._working[conversation_id]:
                del self._working[conversation_id]

    async def _claim(self, session: AsyncSession, conversation_id: int) -> Message | None:
        message = await conversations.claim_next(session, conversation_id, self._worker, self._clock)
        if message is not None:
            self._in_work.add(message.id)
        return message

    async def _give_back(self, worker: str) -> None:
        """Let what a worker holds and nobody works on be tried again: a failed turn, or a process that is gone."""
        async with self._database.reading() as session:
            held = await lookup.claimed_by(session, worker)
        for message_id in set(held) - self._in_work:
            due = self._clock.now() + PAUSE_AFTER_A_FAILURE
            async with self._database.transaction() as session:
                with contextlib.suppress(ClaimLost):
                    await conversations.retry_later(session, message_id, worker, due)
            log.info("inbox.given_back", message_id=message_id)

    async def _sweep(self) -> None:
        now = self._clock.now()
        if now >= self._next_check:
            self._next_check = now + CHECK_EVERY
            await self._give_back(self._worker)
        if now >= self._next_recovery:
            self._next_recovery = now + STALE_CLAIM / 4
            async with self._database.transaction() as session:
                await conversations.recover(session, self._worker, self._clock.now() - STALE_CLAIM)
        async with self._database.reading() as session:
            due = await conversations.with_work(session, self._clock)
        for conversation_id in due:
            if not self._working[conversation_id]:
                self.wake(conversation_id)
