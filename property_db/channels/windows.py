"""How many messages a channel still lets us send to a resident: counted from what was sent, never guessed.

A contact of the resident opens a window: so many messages, for so long. Every part that went out after that moment
counts for every window that was open then, which is stricter than any platform's own count.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from property_db.channels.models import ContactWindow, OutboundPart, PartState
from property_db.clock import Clock
from property_db.upsert import insert_for

_COUNTED = (PartState.ON_THE_WIRE, PartState.SENT)
_A_SECOND = timedelta(seconds=1)
NEWS_TAKES = timedelta(seconds=0.3)
"""So long the platform's request with a contact is on its way to us."""
_OPTIONS = {"synchronize_session": False}


class NothingLeft(Exception):
    """The channel permits no further message until the resident writes: between us and the channel, nobody's to read.

    Attributes:
        reason: quota_used or window_closed.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Reach:
    """How many messages may still go out, and until when; None where no window is open."""

    left: int
    closes_at: datetime | None


async def open_window(
    session: AsyncSession, identity_id: int, contact: str, *, at: datetime, allowed: int, lasts: timedelta, clock: Clock
) -> None:
    """Note that the resident made contact at `at`; one that is older than the last known changes nothing."""
    now = clock.now()
    at = min(at, now)
    values = {"opened_at": _opened(at, now), "closes_at": at + lasts, "allowed": allowed}
    statement = insert_for(session, ContactWindow).values(
        identity_id=identity_id, contact=contact, created_at=clock.now(), **values
    )
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["identity_id", "contact"], set_=values, where=ContactWindow.opened_at <= values["opened_at"]
        )
    )


def _opened(at: datetime, now: datetime) -> datetime:
    """From when on sent messages count: the contact itself, of which a platform tells only the second.

    What left earlier in that second was before the contact, unless it left while the news of it was on its way to us.
    """
    if at.microsecond:
        return at
    return max(at, min(at + _A_SECOND, now) - NEWS_TAKES)


async def reach(session: AsyncSession, identity_id: int, clock: Clock) -> Reach:
    """Return what may still be sent: the most that any open window permits."""
    best = Reach(0, None)
    windows = await session.scalars(
        select(ContactWindow).where(ContactWindow.identity_id == identity_id, ContactWindow.closes_at > clock.now()),
        execution_options={"populate_existing": True},
    )
    for window in windows:
        left = max(0, window.allowed - await _used(session, identity_id, window.opened_at))
        if best.closes_at is None or (left > 0, window.closes_at) > (best.left > 0, best.closes_at):
            best = Reach(left, window.closes_at)
    return best


async def newest_contact(session: AsyncSession, identity_id: int) -> datetime | None:
    """Return when the resident last made contact, by the channel's clock."""
    return await session.scalar(
        select(func.max(ContactWindow.opened_at)).where(ContactWindow.identity_id == identity_id)
    )


async def require(session: AsyncSession, identity_id: int, clock: Clock) -> None:
    """Refuse where nothing may be sent; the caller holds the identity's lock until the part is on the wire.

    Raises:
        NothingLeft: the windows are closed, or what they permit is used up.
    """
    now = await reach(session, identity_id, clock)
    if now.left == 0:
        raise NothingLeft("window_closed" if now.closes_at is None else "quota_used")


async def exhaust(session: AsyncSession, identity_id: int, asked_at: datetime, clock: Clock) -> None:
    """Believe the platform, which said that nothing is left, whatever we counted.

    Args:
        asked_at: when we tried; what the resident did after that is not meant.
    """
    windows = await session.scalars(
        select(ContactWindow).where(ContactWindow.identity_id == identity_id, ContactWindow.opened_at <= asked_at)
    )
    for window in windows:
        window.allowed = min(window.allowed, await _used(session, identity_id, window.opened_at))
    await session.flush()


async def close(session: AsyncSession, identity_id: int, asked_at: datetime, clock: Clock) -> None:
    """Believe the platform, which said that the window is closed or the resident is gone; see `exhaust`."""
    now = clock.now()
    await session.execute(
        update(ContactWindow)
        .where(
            ContactWindow.identity_id == identity_id,
            ContactWindow.closes_at > now,
            ContactWindow.opened_at <= asked_at,
        )
        .values(closes_at=now),
        execution_options=_OPTIONS,
    )


async def _used(session: AsyncSession, identity_id: int, since: datetime) -> int:
    statement = select(func.count()).where(
        OutboundPart.identity_id == identity_id,
        OutboundPart.counts,
        OutboundPart.state.in_(_COUNTED),
        OutboundPart.wired_at >= since,
    )
    return await session.scalar(statement) or 0
