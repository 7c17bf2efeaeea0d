"""What an identity may see. Every query about a household starts here and none goes round it."""

from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from property_db.clock import SYSTEM_CLOCK, Clock
from property_db.estates.models import Home
from property_db.people.models import Binding, BindingState, ChannelIdentity, ChannelOrigin, Role


@dataclass(frozen=True, slots=True)
class AccessScope:
    """An identity and the homes it may see today. No homes: not verified, or verified and bound to none."""

    identity_id: int
    home_ids: tuple[int, ...] = ()
    homes: tuple[Home, ...] = field(default=(), compare=False, repr=False)
    person_id: int | None = None
    estate_id: int | None = None
    """The estate whose account they write to, where that is known; it opens nothing."""

    @property
    def verified(self) -> bool:
        """Whether a telephone number was proven."""
        return self.person_id is not None

    def sees(self, identity: ColumnElement[int | None], home: ColumnElement[int | None]) -> ColumnElement[bool]:
        """The WHERE clause for rows of a bound home, and for those this identity filed about no home at all.

        Having filed a row is not enough where a home is named: whoever is unbound from it sees it no longer.
        """
        return or_(home.in_(self.home_ids), and_(identity == self.identity_id, home.is_(None)))


@dataclass(frozen=True, slots=True)
class BoundHome:
    """A home and what the person is to it."""

    home: Home
    role: Role


def active_today(clock: Clock) -> ColumnElement[bool]:
    """The WHERE clause for bindings that are active today: the one place that says so."""
    today = clock.today()
    return and_(
        Binding.state == BindingState.ACTIVE,
        or_(Binding.starts_on.is_(None), Binding.starts_on <= today),
        or_(Binding.ends_on.is_(None), Binding.ends_on >= today),
    )


def _bound_today(clock: Clock) -> Select[int, Home, Role]:
    """Identity, home and role of every active binding of a verified identity today."""
    return (
        select(ChannelIdentity.id, Home, Binding.role)
        .join(Binding, Binding.person_id == ChannelIdentity.person_id)
        .join(Home, Home.id == Binding.home_id)
        .where(ChannelIdentity.verified_at.is_not(None), active_today(clock))
        .order_by(Binding.id)
    )


async def bound_homes(session: AsyncSession, identity_id: int, clock: Clock = SYSTEM_CLOCK) -> list[BoundHome]:
    """Return the homes of a verified identity with an active binding today, and the person's role in each."""
    rows = await session.execute(_bound_today(clock).where(ChannelIdentity.id == identity_id))
    return [BoundHome(home, role) for _, home, role in rows]


async def homes_of_identities(
    session: AsyncSession, identity_ids: Collection[int], clock: Clock = SYSTEM_CLOCK
) -> dict[int, list[Home]]:
    """Return what `homes_of_identity` returns, for many identities at once; those without a home are left out."""
    homes: dict[int, list[Home]] = {}
    for identity_id, home, _ in await session.execute(_bound_today(clock).where(ChannelIdentity.id.in_(identity_ids))):
        homes.setdefault(identity_id, []).append(home)
    return homes


async def homes_of_identity(session: AsyncSession, identity_id: int, clock: Clock = SYSTEM_CLOCK) -> list[Home]:
    """Return the homes of a verified identity with an active binding today, oldest binding first."""
    return [bound.home for bound in await bound_homes(session, identity_id, clock)]


async def scope_of(session: AsyncSession, identity_id: int, clock: Clock = SYSTEM_CLOCK) -> AccessScope:
    """Return what this identity may see today."""
    row = (
        await session.execute(
            select(ChannelIdentity, ChannelOrigin.estate_id)
            .outerjoin(ChannelOrigin, ChannelOrigin.identity_id == ChannelIdentity.id)
            .where(ChannelIdentity.id == identity_id)
        )
    ).one_or_none()
    if row is None:
        return AccessScope(identity_id)
    identity, estate_id = row
    if identity.person_id is None or identity.verified_at is None:
        return AccessScope(identity_id, estate_id=estate_id)
    homes = tuple(await homes_of_identity(session, identity_id, clock))
    return AccessScope(identity_id, tuple(home.id for home in homes), homes, identity.person_id, estate_id)
