"""Delivering where a message sent twice is read twice: render once, claim, count, mark it on the wire, send once."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import cast

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.gateway import workers
from integrations.gateway.addresses import Address
from integrations.gateway.backoff import pause_after
from integrations.gateway.channel import CarryingChannel, Channel, Delivery, OutboundMessage, Receipt, StoredAnswer
from integrations.gateway.hub import ConversationChanged, Hub
from integrations.gateway.stored import stored_answers
from property_db.channels import parts, windows
from property_db.channels.models import OutboundPart
from property_db.channels.windows import NothingLeft
from property_db.clock import Clock
from property_db.database import Database

log = structlog.get_logger()

GIVE_UP_AFTER = timedelta(hours=24)
"""A wrong secret or address list is mended within a day; nothing that was said until then need be lost."""
# Delivering one part takes seconds; a claim that is older belongs to a process that hangs or died elsewhere.
STALE_CLAIM = timedelta(minutes=2)
RECOVER_EVERY = timedelta(seconds=10)
_PLATFORM_SAYS = {"quota_used": windows.exhaust, "window_closed": windows.close}


class _NotAsked(Receipt):
    """Refused by our own count: the platform was not asked, so there is nothing to believe."""


def _runs(answers: Sequence[StoredAnswer]) -> list[list[StoredAnswer]]:
    """What may share a bubble: news of the system and agents' words. An answer stands alone, as its question did."""
    runs: list[list[StoredAnswer]] = []
    for answer in answers:
        if runs and answer.reply_to_id is None and runs[-1][-1].reply_to_id is None:
            runs[-1].append(answer)
        else:
            runs.append([answer])
    return runs


def _rendered(channel: Channel, together: Sequence[StoredAnswer]) -> list[OutboundMessage]:
    """In one bubble where all of it fits into one; otherwise apart, so that no bubble ends one and begins another."""
    merged = channel.render(together)
    if len(together) == 1 or len(merged) == 1:
        return merged
    return [message for answer in together for message in channel.render([answer])]


class Sending:
    """Delivers a conversation's pending messages, each exactly once as far as a crash in the last millisecond allows.

    Args:
        worker: names this process in claimed rows.
    """

    def __init__(self, database: Database, clock: Clock, hub: Hub, worker: str) -> None:
        self._database = database
        self._clock = clock
        self._hub = hub
        self._worker = worker
        self._next_recovery = clock.now()

    async def deliver_due(self, conversation_id: int, address: Address, channel: Channel) -> None:
        """Render what is pending and send it part by part; stop where a part has to wait."""
        async with self._database.transaction() as session:
            part = await self._next(session, conversation_id, address, channel)
        while part is not None:
            asked_at = self._clock.now()
            receipt = await self._send(part, address, channel)
            try:
                async with self._database.transaction() as session:
                    goes_on = await self._settle(session, part, receipt, asked_at)
                    # What is stored meanwhile brings its own turn; only the rest of this one is left.
                    part = await self._claim(session, conversation_id, channel) if goes_on else None
            except parts.PartLost:
                log.warning("sending.part_lost", conversation_id=conversation_id)
                return
            if receipt.delivery is not Delivery.DELIVERED:
                self._hub.publish(ConversationChanged(conversation_id))  # the desk shows what was not delivered

    async def _next(
        self, session: AsyncSession, conversation_id: int, address: Address, channel: Channel
    ) -> OutboundPart | None:
        """Render what came meanwhile, behind what is rendered already, and claim the first part that is due."""
        pending = await parts.take_pending(session, conversation_id, address.identity_id, self._clock)
        for together in _runs(await stored_answers(session, pending, address)):
            try:
                rendered = _rendered(channel, together)
            except Exception as error:  # a mistake of ours in one message must not keep the others from the resident
                log.error("sending.not_rendered", conversation_id=conversation_id, error=type(error).__name__)
                await parts.give_up_rendering(session, [answer.message_id for answer in together])
                continue
            for message in rendered:
                await parts.add(
                    session,
                    conversation_id,
                    address.identity_id,
                    message.payload,
                    message.completes,
                    message.reply_to_id,
                    self._clock,
                )
        return await self._claim(session, conversation_id, channel)

    async def _claim(self, session: AsyncSession, conversation_id: int, channel: Channel) -> OutboundPart | None:
        part = await parts.claim(session, conversation_id, self._worker, self._clock)
        if part is None and channel.capabilities.carries_back:
            open_requests = cast("CarryingChannel", channel).open_requests(conversation_id)
            if open_requests:
                part = await parts.claim(session, conversation_id, self._worker, self._clock, open_requests)
        return part

    async def _send(self, part: OutboundPart, address: Address, channel: Channel) -> Receipt:
        on_the_wire = False

        async def wire(*, counts: bool = True) -> None:
            nonlocal on_the_wire
            on_the_wire = False  # asked again: what was tried before did not arrive
            async with self._database.transaction() as session:
                await parts.wire(session, part, self._worker, self._clock, counts=counts)
            on_the_wire = True

        message = OutboundMessage(address.external_id, part.payload, tuple(part.completes), part.reply_to_id)
        try:
            return await channel.deliver(message, wire)
        except NothingLeft as refusal:
            return _NotAsked(Delivery.WAITS, refusal.reason)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            log.error("sending.failed", channel=channel.name, error=type(error).__name__)
            # Once the bytes may have left, trying again could be read twice.
            return Receipt(Delivery.DELIVERED, "unconfirmed") if on_the_wire else Receipt(Delivery.TRY_AGAIN, "failed")

    async def _settle(self, session: AsyncSession, part: OutboundPart, receipt: Receipt, asked_at: datetime) -> bool:
        """Write down how it ended; True where the next part may follow."""
        if receipt.delivery is Delivery.DELIVERED:
            await parts.sent(session, part, self._worker, self._clock, receipt.reason or None)
            return True
        log.warning("sending.not_delivered", part_id=part.id, reason=receipt.reason, outcome=receipt.delivery.value)
        if receipt.delivery is Delivery.WAITS:
            believe = _PLATFORM_SAYS.get(receipt.reason)
            if believe is not None and not isinstance(receipt, _NotAsked):
                await believe(session, part.identity_id, asked_at, self._clock)
            # Another reason to wait (an agent of the platform has the conversation) does not end with a window.
            may_have_ended = believe is not None
            return not await parts.wait(
                session, part, self._worker, self._clock, receipt.reason, may_have_ended=may_have_ended
            )
        if receipt.delivery is Delivery.IMPOSSIBLE or self._clock.now() - part.created_at > GIVE_UP_AFTER:
            gave_up = receipt.delivery is not Delivery.IMPOSSIBLE
            await parts.fail(session, part, self._worker, "gave_up" if gave_up else receipt.reason)
            return True
        due_at = self._clock.now() + pause_after(part.attempts)
        await parts.retry(session, part, self._worker, due_at, receipt.reason)
        return False

    async def take_over(self) -> None:
        """Settle what processes that are gone have left: at the start, and for a request that came again."""
        async with self._database.transaction() as session:
            await parts.recover(session, self._clock, workers=await self._gone(session))

    async def recover_stale(self) -> None:
        """Now and then: the same, and what a process elsewhere has held for too long."""
        now = self._clock.now()
        if now < self._next_recovery:
            return
        self._next_recovery = now + RECOVER_EVERY
        async with self._database.reading() as session:
            held = await parts.claimants(session)
        if held:
            async with self._database.transaction() as session:
                gone = await self._gone(session)
                await parts.recover(session, self._clock, workers=gone, older_than=now - STALE_CLAIM)

    async def carry_back_again(self, message_id: int) -> int | None:
        """A request for this message came again: where its answer died with a process, it may go out once more."""
        async with self._database.reading() as session:
            gone = await self._gone(session)
        if not gone:
            return None
        async with self._database.transaction() as session:
            return await parts.carry_back_again(session, message_id, gone)

    async def conversations_due(self, older_than: datetime) -> list[int]:
        """Conversations in which something is to be delivered."""
        async with self._database.reading() as session:
            return await parts.conversations_due(session, self._clock, older_than)

    async def _gone(self, session: AsyncSession) -> list[str]:
        held = await parts.claimants(session)
        return workers.gone_among(held, self._worker, alone=self._database.is_sqlite)
