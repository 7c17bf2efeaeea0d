"""Identity: who somebody on a channel is, proven by a code sent to a telephone number the company knows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from property_db.audit import service as audit
from property_db.clock import SYSTEM_CLOCK, Clock
from property_db.conversations import repository as conversations
from property_db.conversations.models import Conversation, ConversationState
from property_db.estates.models import Home
from property_db.handoff import repository as handoff
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
HOUR = timedelta(hours=1)
CODES_OF_IDENTITY = 5
CODES_OF_PHONE = 10
"""In an hour, whoever asks: more than one identity may, so that one stranger does not use up a resident's share."""
TRIES_OF_PHONE = 30
"""In an hour, whoever tries: many browsers must not guess together what one may not."""


@dataclass(frozen=True, slots=True)
class IssuedCode:
    """A code to be sent to a telephone number; it exists nowhere else in clear."""

    phone: str
    code: str
    expires_at: datetime


async def identity_for(
    session: AsyncSession, channel: str, external_id: str, clock: Clock = SYSTEM_CLOCK, *, lock: bool = False
) -> ChannelIdentity:
    """Return the identity a channel knows under `external_id`, created on first sight.

    With `lock` other writers that lock it wait until this transaction ends.
    """
    identity = await repository.identity_of_channel(session, channel, external_id, lock=lock)
    if identity is None:
        await repository.create_identity(session, channel, external_id, clock.now())
        identity = await repository.identity_of_channel(session, channel, external_id, lock=lock)
    if identity is None:
        raise RuntimeError("an identity just written cannot be read")
    return identity


async def find_identity(session: AsyncSession, channel: str, external_id: str) -> ChannelIdentity | None:
    """Return the identity a channel knows under `external_id`, or None; creates nothing."""
    return await repository.identity_of_channel(session, channel, external_id)


async def note_origin(
    session: AsyncSession, identity_id: int, estate_code: str | None, building_id: int | None = None
) -> None:
    """Keep where an identity came in: the estate whose account it wrote to, the building whose code it scanned.

    What does not exist, or a building of another estate, is left out: a code may be older than the estate's data.
    """
    await repository.note_origin(session, identity_id, estate_code, building_id)


async def request_code(session: AsyncSession, identity_id: int, phone: str, clock: Clock) -> IssuedCode | None:
    """Make a code for a telephone number; None if the company does not know it, which the caller must not show.

    Limits count unknown numbers too, so neither answer nor refusal tells whether somebody lives here.

    Raises:
        PhoneInvalid: not a mobile number.
        CodeRequestedTooOften: less than 60 s since this identity's last one for the number, or within an hour five
            of this identity or ten for the number.
    """
    if not is_mobile(phone):
        raise PhoneInvalid
    now = clock.now()
    # Locks against many requests at once: by one identity, and by many identities for one known number.
    await repository.lock_identity(session, identity_id)
    person = await repository.person_by_phone(session, phone, lock=True)
    asked = await repository.asked_since(session, identity_id, phone, now - HOUR)
    if any(who == identity_id and what == phone and now - at < CODE_PAUSE for who, what, at in asked):
        raise CodeRequestedTooOften(minutes=1)
    _refuse_if_spent([at for who, _, at in asked if who == identity_id], CODES_OF_IDENTITY, now)
    _refuse_if_spent([at for _, what, at in asked if what == phone], CODES_OF_PHONE, now)
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


def _refuse_if_spent(times: Sequence[datetime], limit: int, now: datetime) -> None:
    if len(times) >= limit:
        wait = times[limit - 1] + HOUR - now
        raise CodeRequestedTooOften(minutes=max(1, -(-int(wait.total_seconds()) // 60)))


async def verify_code(session: AsyncSession, identity_id: int, phone: str, code: str, clock: Clock) -> Person:
    """Make the identity stand for the person with this number, if the code is right.

    Where it stood for somebody else before, the conversation with the bot ends: what that person told is not theirs.

    Raises:
        CodeExpired: no code was asked for, or it is older than five minutes, or it was used.
        CodeUsedUp: five wrong tries, or thirty for the number by whomever; the count is kept although the call fails.
        CodeWrong: the code does not match; `left` tries remain; the count is kept.
    """
    now = clock.now()
    # In the order of `request_code`. The second keeps browsers from guessing at once beyond the number's limit.
    identity = await repository.lock_identity(session, identity_id)
    person = await repository.person_by_phone(session, phone, lock=True)
    row = await repository.newest_code(session, identity_id, phone)
    if identity is None or row is None or row.used_at is not None or row.expires_at <= now:
        raise CodeExpired
    if await repository.tries_since(session, phone, now - HOUR) >= TRIES_OF_PHONE:
        raise CodeUsedUp
    tries = await repository.take_attempt(session, row.id, CODE_TRIES)
    if tries is None:
        raise CodeUsedUp
    # Looked at whoever lives here, so that an unknown number takes as long as a wrong code.
    right = codes.matches(code, row.code_hash)
    if person is None or not right:
        if tries >= CODE_TRIES:
            raise CodeUsedUp
        raise CodeWrong(left=CODE_TRIES - tries)
    if not await repository.use_code(session, row.id, now):
        raise CodeExpired
    if identity.person_id not in (None, person.id):
        await _end_bot_conversation(session, identity, clock)
    identity.person_id, identity.verified_at = person.id, now
    audit.record(session, clock, actor=f"identity:{identity_id}", action="identity.verified", subject=_subject(person))
    await session.flush()
    return person


async def unbind(session: AsyncSession, identity_id: int, clock: Clock = SYSTEM_CLOCK) -> None:
    """Make the identity stand for nobody again; the company's own record of who lives where stays.

    The conversation with the bot ends, so that nothing told in it is used for who comes next.

    Raises:
        NotVerified: it stood for nobody.
    """
    identity = await repository.lock_identity(session, identity_id)
    if identity is None or identity.person_id is None:
        raise NotVerified
    subject = f"person:{identity.person_id}"
    audit.record(session, clock, actor=f"identity:{identity_id}", action="identity.unbound", subject=subject)
    identity.person_id = identity.verified_at = None
    await _end_bot_conversation(session, identity, clock)
    await session.flush()


async def _end_bot_conversation(session: AsyncSession, identity: ChannelIdentity, clock: Clock) -> None:
    """Close it, as the engine's memory is the conversation's. One that waits for a person or belongs to one stays.

    A call back that was asked for waits on in a new conversation: one that is over cannot be taken.
    """
    found = await conversations.open_of_identity(session, identity.id)
    current = None if found is None else await conversations.fresh(session, found.id, lock=True)
    if current is None or current.state is not ConversationState.BOT:
        return
    now = clock.now()
    current.state, current.closed_at = ConversationState.CLOSED, now
    await session.flush()
    if await handoff.open_item(session, current.id) is not None:
        following = Conversation(
            channel=identity.channel, identity_id=identity.id, created_at=now, opened_at=now, last_activity_at=now
        )
        session.add(following)
        await session.flush()
        await conversations.move_waiting(session, current.id, following.id)


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
    "identity_for", "mask_name", "mask_phone", "note_origin", "person_of", "request_code",
    "require_homes", "scope_of", "unbind", "verify_code",
]  # fmt: skip
