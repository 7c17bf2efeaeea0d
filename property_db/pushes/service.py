"""News for residents: written in the transaction of what it tells, sent later by the gateway's push outbox.

News goes to who may know it today: verified identities with an active binding to the home concerned, on channels that
reach a resident who has not just written. Writing the same news again changes nothing.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement
from sqlalchemy.ext.asyncio import AsyncSession

from property_db.catalogue import load
from property_db.clock import Clock
from property_db.conversations.models import Conversation
from property_db.estates.models import Home
from property_db.fees.models import Bill, BillState
from property_db.notices.models import Notice, NoticeKind, NoticeState
from property_db.people.scope import homes_of_identities
from property_db.pushes import repository, values
from property_db.pushes.models import PushKind, PushState
from property_db.pushes.quiet import after_quiet
from property_db.tickets.models import Ticket, TicketEvent

PUSH_CHANNELS = frozenset({"wechat"})
"""Channels that can reach somebody who has not just written."""
AGENT_PAUSE = timedelta(hours=1)
"""So long a resident is not reminded again that an agent waits."""


async def ticket_moved(session: AsyncSession, ticket: Ticket, event: TicketEvent, clock: Clock) -> int:
    """Tell a step of a repair to the residents of its home; without a home, to who reported it.

    Returns:
        How many are told by this call.
    """
    if ticket.home_id is not None:
        told = list(await _bound(session, Home.id == ticket.home_id, clock))
        labels = await repository.labels(session, [ticket.home_id]) if told else {}
        fields = values.ticket_values(ticket, event, labels.get(ticket.home_id))
    else:
        told = await _reporter(session, ticket)
        fields = values.ticket_values(ticket, event, None)
    now = clock.now()
    return await _write(session, PushKind.TICKET_PROGRESS, f"ticket-event:{event.id}", told, fields, now, now)


async def _reporter(session: AsyncSession, ticket: Ticket) -> list[int]:
    identity_id = ticket.identity_id
    channel = None if identity_id is None else await repository.channel_of(session, identity_id)
    return [identity_id] if identity_id is not None and channel in PUSH_CHANNELS else []


async def bills_issued(session: AsyncSession, bills: Iterable[Bill], clock: Clock) -> int:
    """Tell each home what it owes by these bills, which are new: once, with the sum and the earliest due date.

    Bills that are paid are no news.

    Returns:
        How many are told by this call.
    """
    by_home: dict[int, list[Bill]] = {}
    for bill in bills:
        if bill.state in (BillState.UNPAID, BillState.PARTLY_PAID):
            by_home.setdefault(bill.home_id, []).append(bill)
    told: dict[int, list[int]] = {}
    for chunk in repository.in_chunks(by_home):
        for identity_id, home_ids in (await _bound(session, Home.id.in_(chunk), clock)).items():
            for home_id in home_ids:
                told.setdefault(home_id, []).append(identity_id)
    if not told:
        return 0
    labels = await repository.labels(session, told)
    fees = await repository.fee_names(session, {bill.fee_item_id for home in told for bill in by_home[home]})
    now = clock.now()
    written = 0
    for home_id, identities in told.items():
        owed = by_home[home_id]
        names = list(dict.fromkeys(fees[bill.fee_item_id] for bill in owed))
        fields = values.bill_values(owed, labels[home_id], names)
        # A bill is made once, so the first of them tells this import from any other.
        reference = f"bills:{home_id}:{min(bill.id for bill in owed)}"
        written += await _write(session, PushKind.BILL, reference, identities, fields, now, after_quiet(now))
    return written


async def notice_published(session: AsyncSession, notice: Notice, clock: Clock) -> int:
    """Tell a notice to the residents of its estate, building or unit; once, and not when it is over.

    Returns:
        How many are told by this call.
    """
    now = clock.now()
    if notice.state is not NoticeState.PUBLISHED or (notice.ends_at is not None and notice.ends_at <= now):
        return 0
    told = list(await _bound(session, in_scope(notice), clock))
    if not told:
        return 0
    fields = values.notice_values(notice, await _scope_text(session, notice), now)
    outage = notice.kind is NoticeKind.OUTAGE
    reference = f"{repository.OUTAGE if outage else 'notice:'}{notice.id}"
    return await _write(session, PushKind.NOTICE, reference, told, fields, now, now if outage else after_quiet(now))


def in_scope(notice: Notice) -> ColumnElement[bool]:
    """The WHERE clause for the homes that a notice is for."""
    if notice.unit_id is not None:
        return Home.unit_id == notice.unit_id
    if notice.building_id is not None:
        return Home.building_id == notice.building_id
    return Home.estate_id == notice.estate_id


async def _scope_text(session: AsyncSession, notice: Notice) -> str:
    estate, building, unit = await repository.place_names(session, notice.estate_id, notice.building_id, notice.unit_id)
    unit_text: str = load("estates/texts.yml")["unit"].format(unit=unit) if unit else ""
    return estate + building + unit_text


async def agent_waits(session: AsyncSession, conversation: Conversation, clock: Clock) -> bool:
    """Tell the resident of a conversation that an agent waits for an answer, at most once an hour.

    Returns:
        Whether they are told, by this call or by one in the last hour; False where their channel reaches nobody who
        has not just written, or the last hour's news could not be sent.
    """
    if await repository.channel_of(session, conversation.identity_id) not in PUSH_CHANNELS:
        return False
    now = clock.now()
    prefix = f"agent:{conversation.id}:"
    last = await repository.newest_since(
        session, conversation.identity_id, PushKind.AGENT_REPLY, prefix, now - AGENT_PAUSE
    )
    if last is not None:
        return last.state in (PushState.PENDING, PushState.SENT)
    # The hour keeps two requests at the same moment from writing it twice.
    reference = f"{prefix}{now:%Y%m%d%H}"
    fields = values.agent_values(now)
    told = [conversation.identity_id]
    await _write(session, PushKind.AGENT_REPLY, reference, told, fields, now, after_quiet(now))
    return True


async def _bound(session: AsyncSession, condition: ColumnElement[bool], clock: Clock) -> dict[int, set[int]]:
    """Identities that may know today about homes that meet the condition, and which of these homes."""
    candidates = await repository.candidates(session, PUSH_CHANNELS, condition)
    wanted = await repository.home_ids(session, condition) if candidates else set()
    bound: dict[int, set[int]] = {}
    for chunk in repository.in_chunks(candidates):
        # Which binding counts today is said in one place, so it is asked and not said again here.
        for identity_id, homes in (await homes_of_identities(session, chunk, clock)).items():
            if meant := {home.id for home in homes} & wanted:
                bound[identity_id] = meant
    return bound


async def _write(
    session: AsyncSession,
    kind: PushKind,
    reference: str,
    identity_ids: Sequence[int],
    fields: dict[str, str],
    now: datetime,
    due_at: datetime,
) -> int:
    rows = [
        {
            "identity_id": identity_id,
            "kind": kind,
            "reference": reference,
            "values": fields,
            "state": PushState.PENDING,
            "attempts": 0,
            "next_attempt_at": due_at,
            "created_at": now,
        }
        for identity_id in dict.fromkeys(identity_ids)
    ]
    return await repository.add(session, rows)
