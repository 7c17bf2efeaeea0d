"""What may still go out to a resident on a channel with rules of its own, and the check before a reply is stored.

The ledger of the channel counts what has left; what is stored and has not left yet counts here as well, so that two
agents, or one who is quick, never promise more than the channel will carry.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.desk import queries
from integrations.desk.schemas import ReachView
from integrations.gateway.channel import Capabilities
from integrations.gateway.errors import ApiError
from integrations.gateway.services import Services
from property_db.channels import windows
from property_db.channels.models import OutboundPart, PartState
from property_db.conversations import blocks
from property_db.conversations.models import Conversation, Direction, Message, MessageState
from property_db.people import service as people
from property_db.pushes.models import PushKind, PushState

INVITE_EVERY = timedelta(hours=1)
"""A resident is asked back once in so long; more often they would block the account."""
Invitation = Literal["pending", "sent", "failed"]
_NOT_YET_OUT = (PartState.PENDING, PartState.WAITING)


@dataclass(frozen=True, slots=True)
class _Room:
    """How many messages may be added to those already stored; `closes_at` is None where no window is open."""

    left: int
    closes_at: datetime | None


async def reach_of(session: AsyncSession, services: Services, row: Conversation) -> ReachView:
    """What the composer may offer in this conversation."""
    can = _capabilities(services, row)
    limited = can is None or bool(can.allowances)
    room = await _room(session, services, row, can) if limited else None
    person = await people.person_of(session, row.identity_id)
    again_at = await invite_again_at(session, services, row)
    return ReachView(
        limited=limited,
        left=room.left if room else None,
        closes_at=room.closes_at if room else None,
        can_reply=room is None or (room.closes_at is not None and room.left > 0),
        template=takes_templates(services, row),
        phone=person is not None,
        part_bytes=can.text_limit if can is not None else None,
        invite_again_at=again_at,
        invite=None if again_at is None else await _invitation(session, services, row),
    )


async def require_room(session: AsyncSession, services: Services, row: Conversation, text: str) -> None:
    """Refuse a reply that the channel would not carry any more. The caller has locked the conversation.

    Raises:
        ApiError: the window is closed, what it permits is used up, or too little of it is left for so long a text.
    """
    can = _capabilities(services, row)
    if can is not None and not can.allowances:
        return
    room = await _room(session, services, row, can)
    if room.closes_at is None:
        raise ApiError(409, "reply_window_closed")
    if room.left == 0:
        raise ApiError(409, "reply_quota_used")
    parts = parts_of(text, can)
    if parts > room.left:
        raise ApiError(409, "reply_needs_more", parts=parts, left=room.left)


async def invite_again_at(session: AsyncSession, services: Services, row: Conversation) -> datetime | None:
    """From when on the resident may be asked back again; None where that is now."""
    invited_at = await queries.invited_at(session, row.id)
    again_at = None if invited_at is None else invited_at + INVITE_EVERY
    return again_at if again_at is not None and again_at > services.clock.now() else None


async def _invitation(session: AsyncSession, services: Services, row: Conversation) -> Invitation:
    state = await queries.invitation_of(session, row.identity_id, services.clock.now() - INVITE_EVERY)
    if state is PushState.SENT:
        return "sent"
    return "failed" if state in (PushState.FAILED, PushState.SKIPPED) else "pending"


def takes_templates(services: Services, row: Conversation) -> bool:
    """Whether the channel has a way to ask a resident back who has not just written."""
    can = _capabilities(services, row)
    return can is not None and PushKind.AGENT_REPLY in can.pushes


def parts_of(text: str, can: Capabilities | None) -> int:
    """How many messages of the channel a text becomes at least."""
    if can is None or can.text_limit is None:
        return 1
    return max(1, -(-len(text.encode()) // can.text_limit))


def _capabilities(services: Services, row: Conversation) -> Capabilities | None:
    """None for a channel that this server does not serve (any more): nothing can be delivered there."""
    channel = services.channels.get(row.channel)
    return None if channel is None else channel.capabilities


async def _room(session: AsyncSession, services: Services, row: Conversation, can: Capabilities | None) -> _Room:
    if can is None:
        return _Room(0, None)
    # Asked in the order in which a message moves: one that moves on meanwhile is counted twice rather than not at all.
    stored = await session.scalars(
        select(Message).where(
            Message.conversation_id == row.id,
            Message.direction == Direction.OUT,
            Message.visible_to_resident,
            Message.state == MessageState.PENDING,
        )
    )
    ahead = sum(parts_of(blocks.plain_text(message.blocks) or message.text, can) for message in stored)
    rendered = select(func.count()).where(
        OutboundPart.identity_id == row.identity_id, OutboundPart.state.in_(_NOT_YET_OUT)
    )
    ahead += await session.scalar(rendered) or 0
    now = await windows.reach(session, row.identity_id, services.clock)
    return _Room(max(0, now.left - ahead), now.closes_at)
