"""Dangers: the safety text at once, then a P0 ticket and an alarm in the same transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from property_db.catalogue import load
from property_db.clock import Clock
from property_db.conversations import repository as conversations
from property_db.conversations.blocks import Emergency, EmergencyPhone
from property_db.estates.models import Estate
from property_db.estates.service import all_estates, estate_for
from property_db.estates.settings import settings_of
from property_db.handoff.service import raise_alarm
from property_db.people.scope import AccessScope, scope_of
from property_db.tickets import repository as ticket_queries
from property_db.tickets import service as tickets
from property_db.tickets.lifecycle import OPEN
from property_db.tickets.models import Ticket, TicketKind, Urgency
from property_db.tickets.schemas import RepairDraft

SAME_DANGER_WITHIN = timedelta(minutes=30)
"""What the same conversation says about the same danger in this time is news of it, not a second one."""


@dataclass(frozen=True, slots=True)
class EmergencyAnswer:
    """The safety text, the numbers to call, and the P0 ticket. `new_alarm` is False where the message was known."""

    kind: str
    safety_text: str
    handled_text: str
    ticket: Ticket
    new_alarm: bool
    phones: list[EmergencyPhone] = field(default_factory=list)

    @property
    def block(self) -> Emergency:
        """The answer as the first block of a logical answer."""
        return Emergency(text=self.safety_text, phones=self.phones)


def safety_text(kind: str, *estates: Estate) -> str:
    """Return the fixed text for a kind of danger; needs no database, so it can be said even without one.

    Where it is not known which of several estates it is, the text names the numbers of all of them.
    """
    unknown: dict[str, str] = _texts()["unknown_numbers"]
    numbers = {setting: _number_text(setting, estates, words) for setting, words in unknown.items()}
    text: str = _of_kind(kind)["text"].format(**numbers)
    return text


def phones_for(kind: str, *estates: Estate) -> list[EmergencyPhone]:
    """Return the numbers to call for a kind of danger, the most urgent first; those not known are left out."""
    phones: list[EmergencyPhone] = []
    for entry in (_texts()["phones"][name] for name in _of_kind(kind)["phones"]):
        label = entry["label"]
        if "number" in entry:
            phones.append(EmergencyPhone(label=label, number=entry["number"]))
            continue
        for estate, number in _numbers(entry["setting"], estates):
            named = _texts()["of_estate"].format(label=label, estate=estate) if estate else label
            phones.append(EmergencyPhone(label=named, number=number))
    return phones


async def report(
    session: AsyncSession,
    conversation_id: int,
    identity_id: int,
    kind: str,
    text: str,
    message_id: int | None,
    clock: Clock,
) -> EmergencyAnswer:
    """File a P0 ticket, raise an alarm and return what to say first.

    The same message gives the same ticket and no second alarm. A further message about the same danger within half an
    hour is added to the ticket and raises the alarm again. An unknown kind is answered as `unknown`, never refused.
    """
    kind = kind if kind in _texts()["kinds"] else "unknown"
    # Gateway and engine may report the same message at the same moment; the second one waits and finds the ticket.
    await conversations.fresh(session, conversation_id, lock=True)
    scope = await scope_of(session, identity_id, clock)
    estate = await estate_for(session, scope)
    possible = [estate] if estate is not None else await all_estates(session)
    known = None if message_id is None else await ticket_queries.of_message(session, message_id)
    ticket = known or await _same_danger(session, conversation_id, kind, clock)
    fresh = ticket is None
    if ticket is None:
        ticket = await _file(session, scope, estate, conversation_id, kind, text, message_id, clock)
    raised = known is None and await raise_alarm(
        session,
        kind=kind,
        text=text,
        conversation_id=conversation_id,
        ticket_id=ticket.id,
        message_id=message_id,
        clock=clock,
    )
    if raised and not fresh:
        await tickets.repeat(session, ticket, clock, note=text)
    return EmergencyAnswer(
        kind=kind,
        safety_text=safety_text(kind, *possible),
        handled_text=_texts()["handled"].format(number=ticket.number),
        ticket=ticket,
        new_alarm=raised,
        phones=phones_for(kind, *possible),
    )


async def _file(
    session: AsyncSession,
    scope: AccessScope,
    estate: Estate | None,
    conversation_id: int,
    kind: str,
    text: str,
    message_id: int | None,
    clock: Clock,
) -> Ticket:
    entry = _of_kind(kind)
    draft = RepairDraft(
        identity_id=scope.identity_id,
        conversation_id=conversation_id,
        # With several homes it would be a guess which one burns; people at the desk ask.
        home_id=scope.home_ids[0] if len(scope.home_ids) == 1 else None,
        facility=entry["facility"],
        place=entry["place"],
        symptom=text,
        urgency=Urgency.EMERGENCY,
        source_message_id=message_id,
    )
    return await tickets.file(session, draft, estate.id if estate else None, TicketKind.EMERGENCY, clock)


async def _same_danger(session: AsyncSession, conversation_id: int, kind: str, clock: Clock) -> Ticket | None:
    return await session.scalar(
        select(Ticket)
        .where(
            Ticket.conversation_id == conversation_id,
            Ticket.kind == TicketKind.EMERGENCY,
            Ticket.facility == _of_kind(kind)["facility"],
            Ticket.state.in_(OPEN),
            Ticket.created_at > clock.now() - SAME_DANGER_WITHIN,
        )
        .order_by(Ticket.id.desc())
        .limit(1)
    )


def _numbers(setting: str, estates: Sequence[Estate]) -> list[tuple[str, str]]:
    """Return name and number of the estates that have one; one number without a name where all have the same."""
    numbers = {estate.name: str(getattr(settings_of(estate), setting)) for estate in estates}
    if len(set(numbers.values())) == 1:
        numbers = {"": next(iter(numbers.values()))}
    return [(name, number) for name, number in numbers.items() if number]


def _number_text(setting: str, estates: Sequence[Estate], unknown: str) -> str:
    texts = _texts()
    known = _numbers(setting, estates)
    if not known:
        return unknown
    listed: str = texts["separator"].join(f"{name} {number}".strip() for name, number in known)
    complete = known[0][0] == "" or len(known) == len(estates)
    return listed if complete else listed + str(texts["elsewhere"].format(unknown=unknown))


def _of_kind(kind: str) -> dict[str, Any]:
    kinds: dict[str, dict[str, Any]] = _texts()["kinds"]
    return kinds.get(kind, kinds["unknown"])


def _texts() -> dict[str, Any]:
    texts: dict[str, Any] = load("emergencies/safety_texts.yml")
    return texts
