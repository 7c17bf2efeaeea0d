"""What a channel need not remember any longer. Each call removes a small batch and returns how many that were."""

from datetime import timedelta

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession

from property_db.batches import delete_some
from property_db.channels.leftovers import PLACES
from property_db.channels.models import ChannelEvent, OutboundPart, PartState, SingleUse
from property_db.clock import Clock

EVENTS_KEPT = timedelta(days=3)
"""No platform delivers an event again after so long."""
PARTS_KEPT = timedelta(days=7)
"""The longest contact window is open for 48 h and counts what was sent in it."""
SINGLE_USE_GRACE = timedelta(hours=1)
"""Rows outlive what they guard, so that a server whose clock is behind does not let it in a second time."""


async def forget_events(session: AsyncSession, clock: Clock, limit: int) -> int:
    """Events that nobody will deliver again; what is still to be forgotten elsewhere stays until that is done."""
    old = ChannelEvent.created_at < clock.now() - EVENTS_KEPT
    return await delete_some(session, ChannelEvent, limit, ChannelEvent.account.not_in(PLACES), old)


async def forget_parts(session: AsyncSession, clock: Clock, limit: int) -> int:
    """Parts that were sent or given up and that no window counts any more; their messages say how it ended."""
    over = OutboundPart.state.in_((PartState.SENT, PartState.FAILED))
    old = func.coalesce(OutboundPart.wired_at, OutboundPart.created_at) < clock.now() - PARTS_KEPT
    return await delete_some(session, OutboundPart, limit, over, old)


async def forget_single_uses(session: AsyncSession, clock: Clock, limit: int) -> int:
    """Things that could not be used any more, whoever has them."""
    return await delete_some(session, SingleUse, limit, SingleUse.expires_at < clock.now() - SINGLE_USE_GRACE)
