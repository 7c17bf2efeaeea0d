"""Who calls: a number the exchange vouches for, and the room that only its resident keys.

Nothing is told about numbers the company does not know: they get the answer that a number gets whose tries are used up.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from property_db.audit import service as audit
from property_db.audit.models import AuditEntry
from property_db.calls.numbers import mobile
from property_db.clock import Clock
from property_db.estates.models import Home
from property_db.people import repository as people
from property_db.people.models import Binding, Person
from property_db.people.scope import active_today

TRIES = 3
TRIES_WITHIN = timedelta(hours=1)
"""Wrong rooms for one number, on however many calls: a room has three digits, and the caller's number can be forged."""
_WRONG = "caller.room_wrong"
_NO_DIGIT = re.compile(r"\D")


@dataclass(frozen=True, slots=True)
class KnownCaller:
    """Whose number it is and the homes they are bound to today, with building and unit loaded; never empty."""

    person: Person
    homes: tuple[Home, ...]


async def person_by_number(session: AsyncSession, number: str | None, clock: Clock) -> KnownCaller | None:
    """Return whose number this is, if they live here and may still key a room; it proves nothing by itself."""
    return await _known(session, number, clock)


def room_matches(homes: Iterable[Home], digits: str) -> bool:
    """Whether the keyed digits are a home's room, or its building, unit and room: `501`, `32501`."""
    keyed = _NO_DIGIT.sub("", digits)
    return bool(keyed) and any(keyed in _spellings(home) for home in homes)


def _spellings(home: Home) -> set[str]:
    room, building, unit = (_NO_DIGIT.sub("", part) for part in (home.room, home.building.name, home.unit.name))
    return {room, building + unit + room} if room else set()


async def identify(
    session: AsyncSession, identity_id: int, number: str | None, digits: str, clock: Clock
) -> KnownCaller | None:
    """Bind the call's identity to the person with this number, if the digits are a room of theirs.

    Three wrong rooms within an hour close the number, for this call and all others. None for every other case: an
    unknown number, a wrong room, a closed number.
    """
    # Before the person, in which order `people` locks too.
    identity = await people.lock_identity(session, identity_id)
    known = None if identity is None else await _known(session, number, clock, lock=True)
    if known is None:
        return None
    if not room_matches(known.homes, digits):
        audit.record(
            session, clock, actor=f"identity:{identity_id}", action=_WRONG, subject=f"person:{known.person.id}"
        )
        await session.flush()
        return None
    return known if await confirm(session, identity_id, known.person.id, clock) else None


async def confirm(session: AsyncSession, identity_id: int, person_id: int, clock: Clock) -> bool:
    """Make a call's identity stand for the person, whose room was keyed; `identify` is the way that counts tries.

    False where the identity is gone or stands for somebody else already.
    """
    identity = await people.lock_identity(session, identity_id)
    if identity is None or identity.person_id not in (None, person_id):
        return False
    if identity.person_id == person_id and identity.verified_at is not None:
        return True
    identity.person_id, identity.verified_at = person_id, clock.now()
    actor, subject = f"identity:{identity_id}", f"person:{person_id}"
    audit.record(session, clock, actor=actor, action="identity.verified", subject=subject, by="caller_number_and_room")
    await session.flush()
    return True


async def _known(session: AsyncSession, number: str | None, clock: Clock, *, lock: bool = False) -> KnownCaller | None:
    phone = mobile(number)
    if phone is None:
        return None
    # The lock: several calls at once must not have three tries each.
    person = await people.person_by_phone(session, phone, lock=lock)
    if person is None or await _wrong_lately(session, person.id, clock) >= TRIES:
        return None
    homes = await session.scalars(
        select(Home)
        .join(Binding, Binding.home_id == Home.id)
        .where(Binding.person_id == person.id, active_today(clock))
        .order_by(Binding.id)
        .options(joinedload(Home.building), joinedload(Home.unit)),
        execution_options={"populate_existing": True},
    )
    found = tuple(homes)
    return KnownCaller(person, found) if found else None


async def _wrong_lately(session: AsyncSession, person_id: int, clock: Clock) -> int:
    statement = select(func.count(AuditEntry.id)).where(
        AuditEntry.subject == f"person:{person_id}",
        AuditEntry.action == _WRONG,
        AuditEntry.at > clock.now() - TRIES_WITHIN,
    )
    return await session.scalar(statement) or 0
