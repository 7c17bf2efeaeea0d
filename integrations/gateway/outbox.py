"""The outbox: what goes to residents is stored first, then rendered and delivered by the conversation's channel.

Delivering is repeated until the channel says delivered or impossible; an adapter tolerates repeats and a client knows
messages by (conversation, seq), so nobody reads a message twice.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import timedelta
from weakref import WeakValueDictionary

import structlog

from integrations.gateway.addresses import Addresses
from integrations.gateway.channel import Channel, Delivery, StoredAnswer
from integrations.gateway.hub import Event, Hub, MessageStored
from integrations.gateway.views import message_views
from property_db.clock import Clock
from property_db.conversations import service as conversations
from property_db.conversations.blocks import parse
from property_db.conversations.models import Message
from property_db.database import Database

log = structlog.get_logger()

SWEEP_SECONDS = 2.0
FIRST_RETRY = timedelta(seconds=2)
LONGEST_RETRY = timedelta(minutes=5)
GIVE_UP_AFTER_ATTEMPTS = 12


class Outbox:
    """Delivers stored answers through the channels it was given."""

    def __init__(
        self, database: Database, clock: Clock, hub: Hub, addresses: Addresses, channels: Sequence[Channel]
    ) -> None:
        self._addresses = addresses
        self._database = database
        self._clock = clock
        self._channels = {channel.name: channel for channel in channels}
        self._sweeper: asyncio.Task[None] | None = None
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        hub.listen(self._on_event)

    async def start(self) -> None:
        """Deliver what an earlier process left, then watch for what is due."""
        self._sweeper = asyncio.create_task(self._sweep())

    async def stop(self) -> None:
        """Stop watching."""
        if self._sweeper is not None:
            self._sweeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._sweeper

    async def _on_event(self, event: Event) -> None:
        if isinstance(event, MessageStored) and not event.inbound:
            await self.deliver_due(event.conversation_id)

    async def deliver_due(self, conversation_id: int) -> None:
        """Deliver the conversation's pending messages in the order of their ``seq``; stop at the first that fails."""
        lock = self._locks.setdefault(conversation_id, asyncio.Lock())
        async with lock:
            async with self._database.reading() as session:
                pending = await conversations.undelivered(session, self._clock, conversation_id)
            for message in pending:
                if not await self._deliver(message):
                    break

    async def _deliver(self, message: Message) -> bool:
        address = await self._addresses.of(message.conversation_id)
        channel = self._channels.get(address.channel)
        if channel is None:
            log.error("outbox.no_channel", channel=address.channel)
            return False
        async with self._database.reading() as session:
            (view,) = await message_views(session, address.public_id, [message])
        answer = StoredAnswer(
            message_id=message.id,
            conversation_public_id=address.public_id,
            external_id=address.external_id,
            blocks=parse(message.blocks),
            view=view,
        )
        delivery = Delivery.DELIVERED
        for part in channel.render(answer):
            receipt = await channel.deliver(part)
            if receipt.delivery is not Delivery.DELIVERED:
                delivery = receipt.delivery
                log.warning("outbox.not_delivered", message_id=message.id, reason=receipt.reason)
                break
        async with self._database.transaction() as session:
            if delivery is Delivery.DELIVERED:
                await conversations.delivered(session, message.id, self._clock)
            elif delivery is Delivery.IMPOSSIBLE or message.attempts + 1 >= GIVE_UP_AFTER_ATTEMPTS:
                await conversations.delivery_failed(session, message.id, None)
            else:
                pause = min(FIRST_RETRY * 2**message.attempts, LONGEST_RETRY)
                await conversations.delivery_failed(session, message.id, self._clock.now() + pause)
        return delivery is Delivery.DELIVERED

    async def _sweep(self) -> None:
        while True:
            try:
                async with self._database.reading() as session:
                    due = await conversations.undelivered(session, self._clock)
                for conversation_id in {message.conversation_id for message in due}:
                    await self.deliver_due(conversation_id)
            except Exception as error:
                log.error("outbox.sweep_failed", error=type(error).__name__)
            await asyncio.sleep(SWEEP_SECONDS)
