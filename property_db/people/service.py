"""Identity: who somebody on a channel is, proven by a code sent to a telephone number the company knows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from property_db.audit import service as audit
from property_db.clock import SYSTEM_CLOCK, Clock
from property_db.estates.models import Home
from property_db.people import codes, repository
from property_db.people.errors import (
    CodeExpired,
    CodeRequestedTooOften,
    CodeUsedUp,
    CodeWrong,
    HomeNotYours,
    NotVerified,
    PhoneInvalid,
)
from property_db.people.masking import is_mobile, mask_name, mask_phone
from property_db.people.models import ChannelIdentity, OneTimeCode, Person, Role
from property_db.people.scope import AccessScope, BoundHome, bound_homes, homes_of_identity, scope_of

CODE_LIVES = timedelta(minutes=5)
CODE_TRIES = 5
CODE_PAUSE = timedelta(seconds=60)
CODES_PER_HOUR = 5


@dataclass(frozen=True, slots=True)
class IssuedCode:
    """A code to be sent to a telephone number; it exists nowhere else in clear."""

    phone: str
    code: str
    expires_at: datetime


async def identity_for(
    session: AsyncSession, channel: str, external_id: str, clock: Clock = SYSTEM_CLOCK
) -> ChannelIdentity:
    """Return the identity a channel knows under `external_id`, created on first sight."""
    identity = await repository.identity_of_channel(session, channel, external_id)
    if identity is None:
        await repository.create_identity(session, channel, external_id, clock.now())
        identity = await repository.identity_of_channel(session, channel, external_id)
    if identity is None:
        raise RuntimeError("an identity just written cannot be read")
    return identity


async def find_identity(session: AsyncSession, channel: str, external_id: str) -> ChannelIdentity | None:
    """Return the identity a channel knows under `external_id`, or None; creates nothing."""
    return await repository.identity_of_channel(session, channel, external_id)


async def request_code(session: AsyncSession, identity_id: int, phone: str, clock: Clock) -> IssuedCode | None:
    """Make a code for a telephone number; None if the company does not know it, which the caller must not show.

    Limits count unknown numbers too, so neither answer nor refusal tells whether somebody lives here.

    Raises:
        PhoneInvalid: not a mobile number.
        CodeRequestedTooOften: less than 60 s since the last one, or five within an hour, for number or identity.
    """
    if not is_mobile(phone):
        raise PhoneInvalid
    now = clock.now()
    # Locks against many requests at once: by one identity, and by many identities for one known number.
    await repository.lock_identity(session, identity_id)
    person = await repository.person_by_phone(session, phone, lock=True)
    _refuse_if_too_often(await repository.code_times(session, identity_id, phone, now - timedelta(hours=1)), now)
    code = codes.new_code()
    issued = IssuedCode(phone, code, now + CODE_LIVES)
    session.add(
        OneTimeCode(
            phone=phone,
            code_hash=codes.hash_code(code),
            identity_id=identity_id,
            expires_at=issued.expires_at,
            created_at=now,
        )
    )
    await session.flush()
    return None if person is None else issued


def _refuse_if_too_often(times: Sequence[datetime], now: datetime) -> None:
    if times and now - times[0] < CODE_PAUSE:
        raise CodeRequestedTooOften(minutes=1)
    if len(times) >= CODES_PER_HOUR:
        wait = times[CODES_PER_HOUR - 1] + timedelta(hours=1) - now
        raise CodeRequestedTooOften(minutes=max(1, -(-int(wait.total_seconds()) // 60)))


async def verify_code(session: AsyncSession, identity_id: int, phone: str, code: str, clock: Clock) -> Person:
    """Make the identity stand for the person with this number, if the code is right.

    Raises:
        CodeExpired: no code was asked for, or it is older than five minutes, or it was used.
        CodeUsedUp: five wrong tries; the count is kept although the call fails.
        CodeWrong: the code does not match; `left` tries remain; the count is kept.
    """
    now = clock.now()
    row = await repository.newest_code(session, identity_id, phone)
    if row is None or row.used_at is not None or row.expires_at <= now:
        raise CodeExpired
    tries = await repository.take_attempt(session, row.id, CODE_TRIES)
    if tries is None:
        raise CodeUsedUp
    # Both are looked at whatever the first says, so that an unknown number takes as long as a wrong code.
    person = await repository.person_by_phone(session, phone)
    right = codes.matches(code, row.code_hash)
    if person is None or not right:
        if tries >= CODE_TRIES:
            raise CodeUsedUp
        raise CodeWrong(left=CODE_TRIES - tries)
    identity = await repository.lock_identity(session, identity_id)
    if identity is None or not await repository.use_code(session, row.id, now):
        raise CodeExpired
    identity.person_id, identity.verified_at = person.id, now
    audit.record(session, clock, actor=f"identity:{identity_id}", action="identity.verified", subject=_subject(person))
    await session.flush()
    return person


async def unbind(session: AsyncSession, identity_id: int, clock: Clock = SYSTEM_CLOCK) -> None:
    """Make the identity stand for nobody again; the company's own record of who lives where stays.

    Raises:
        NotVerified: it stood for nobody.
    """
    identity = await repository.lock_identity(session, identity_id)
    if identity is None or identity.person_id is None:
        raise NotVerified
    subject = f"person:{identity.person_id}"
    audit.record(session, clock, actor=f"identity:{identity_id}", action="identity.unbound", subject=subject)
    identity.person_id = identity.verified_at = None
    await session.flush()


async def person_of(session: AsyncSession, identity_id: int) -> Person | None:
    """Return the person a verified identity stands for."""
    return await repository.person_of_identity(session, identity_id)


async def require_homes(session: AsyncSession, identity_id: int, clock: Clock = SYSTEM_CLOCK) -> list[Home]:
    """Return the homes this identity may see today.

    Raises:
        NotVerified: none; the resident is offered to bind a home.
    """
    homes = await homes_of_identity(session, identity_id, clock)
    if not homes:
        raise NotVerified
    return homes


async def ask_to_join(
    session: AsyncSession, identity_id: int, home_id: int, role: Role, clock: Clock = SYSTEM_CLOCK
) -> None:
    """File a verified person's wish to be bound to a home; the company confirms it.

    Raises:
        NotVerified: the identity stands for nobody.
    """
    person = await repository.person_of_identity(session, identity_id)
    if person is None:
        raise NotVerified
    await repository.request_binding(session, person.id, home_id, role, clock.now())


def _subject(person: Person) -> str:
    return f"person:{person.id}"


__all__ = [
    "AccessScope", "BoundHome", "CodeExpired", "CodeRequestedTooOften", "CodeUsedUp", "CodeWrong", "HomeNotYours",
    "IssuedCode", "NotVerified", "PhoneInvalid", "ask_to_join", "bound_homes", "find_identity", "homes_of_identity",
    "identity_for", "mask_name", "mask_phone", "person_of", "request_code", "require_homes", "scope_of", "unbind",
    "verify_code",
]  # fmt: skip
