"""The outbox: what goes to residents is stored first, then rendered and delivered by the conversation's channel.

Where a client knows messages by (conversation, seq), delivering is simply repeated until the channel has it. Where a
message sent twice is read twice, :class:`integrations.gateway.sending.Sending` renders, claims and counts first.
"""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from weakref import WeakValueDictionary

import structlog

from integrations.gateway.addresses import Address, Addresses
from integrations.gateway.backoff import GIVE_UP_AFTER_ATTEMPTS, pause_after
from integrations.gateway.channel import Channel, Delivery, no_wire
from integrations.gateway.every import Every
from integrations.gateway.hub import DeliveryDue, Event, Hub, MessageRepeated, MessageStored
from integrations.gateway.sending import Sending
from integrations.gateway.stored import stored_answers
from property_db.clock import Clock
from property_db.conversations import service as conversations
from property_db.conversations.models import Message
from property_db.database import Database

log = structlog.get_logger()

SWEEP_SECONDS = 2.0
# A younger message is left to the process that stored it, which may have the resident's own request open.
LEFT_TO_ITS_PROCESS = timedelta(seconds=2)


class Outbox:
    """Delivers stored answers through the channels it was given.

    Args:
        worker: names this process in claimed rows.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        hub: Hub,
        addresses: Addresses,
        channels: Mapping[str, Channel],
        worker: str,
    ) -> None:
        self._addresses = addresses
        self._database = database
        self._clock = clock
        self._channels = channels
        self._sending = Sending(database, clock, hub, worker)
        self._sweeper = Every(SWEEP_SECONDS, self._sweep, "outbox.sweep_failed")
        self._running: set[asyncio.Task[None]] = set()
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        hub.listen(self._on_event)

    async def start(self) -> None:
        """Deliver what an earlier process left, then watch for what is due."""
        await self._sending.take_over()
        self._sweeper.start()

    async def stop(self) -> None:
        """Let what is being delivered end, take no more."""
        await self._sweeper.stop()
        if self._running:
            await asyncio.wait(self._running, timeout=5)

    async def _on_event(self, event: Event) -> None:
        match event:
            case MessageStored(inbound=False) | DeliveryDue():
                await self._deliver_soon(event.conversation_id)
            case MessageRepeated():
                conversation_id = await self._sending.carry_back_again(event.message_id)
                if conversation_id is not None:
                    await self._deliver_soon(conversation_id)
            case _:
                pass

    async def _deliver_soon(self, conversation_id: int) -> None:
        """At once where delivering is quick; beside everything else where it waits for another server."""
        address = await self._addresses.of(conversation_id)
        channel = self._channels.get(address.channel)
        if channel is None or channel.capabilities.repeatable:
            await self.deliver_due(conversation_id)
            return
        task = asyncio.create_task(self._try_to_deliver(conversation_id))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _try_to_deliver(self, conversation_id: int) -> None:
        try:
            await self.deliver_due(conversation_id)
        except Exception as error:  # the sweep tries again
            log.error("outbox.failed", conversation_id=conversation_id, error=type(error).__name__)

    async def deliver_due(self, conversation_id: int) -> None:
        """Deliver the conversation's pending messages in the order of their ``seq``; stop at the first that fails."""
        lock = self._locks.setdefault(conversation_id, asyncio.Lock())
        async with lock:
            address = await self._addresses.of(conversation_id)
            channel = self._channels.get(address.channel)
            if channel is None:
                log.error("outbox.no_channel", channel=address.channel)
                return
            if not channel.capabilities.repeatable:
                await self._sending.deliver_due(conversation_id, address, channel)
                return
            async with self._database.reading() as session:
                pending = await conversations.undelivered(session, self._clock, conversation_id)
            for message in pending:
                if not await self._deliver(message, address, channel):
                    break

    async def _deliver(self, message: Message, address: Address, channel: Channel) -> bool:
        async with self._database.reading() as session:
            (answer,) = await stored_answers(session, [message], address)
        delivery, reason = Delivery.DELIVERED, ""
        for part in channel.render([answer]):
            receipt = await channel.deliver(part, no_wire)
            if receipt.delivery is not Delivery.DELIVERED:
                delivery, reason = receipt.delivery, receipt.reason
                log.warning("outbox.not_delivered", message_id=message.id, reason=reason)
                break
        async with self._database.transaction() as session:
            if delivery is Delivery.DELIVERED:
                await conversations.delivered(session, message.id, self._clock)
            elif delivery is Delivery.IMPOSSIBLE or message.attempts + 1 >= GIVE_UP_AFTER_ATTEMPTS:
                await conversations.delivery_failed(session, message.id, None, reason or "gave_up")
            else:
                due_at = self._clock.now() + pause_after(message.attempts)
                await conversations.delivery_failed(session, message.id, due_at, reason)
        return delivery is Delivery.DELIVERED

    async def _sweep(self) -> None:
        for conversation_id in await self._due():
            await self._deliver_soon(conversation_id)

    async def _due(self) -> list[int]:
        await self._sending.recover_stale()
        return await self._sending.conversations_due(self._clock.now() - LEFT_TO_ITS_PROCESS)
