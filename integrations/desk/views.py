"""Puts together what the three panes show, each resident masked."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncSession

from integrations.desk import queries
from integrations.desk.schemas import (
    AgentView,
    AlarmView,
    BillLineView,
    ConversationCard,
    DeskMessage,
    HomeView,
    OverviewView,
    QueueItemView,
    ResidentView,
    TicketLineView,
)
from integrations.gateway.views import MessageView, message_views
from property_db.clock import Clock
from property_db.conversations import blocks, lookup
from property_db.conversations import service as conversations
from property_db.conversations.models import Author, Conversation, ConversationState, Direction, Message, MessageState
from property_db.fees import service as fees
from property_db.fees.calculation import area_text
from property_db.handoff import service as handoff
from property_db.handoff.models import Agent, Alarm, QueueItem, QueueState
from property_db.people import service as people
from property_db.people.masking import mask_name, mask_phone
from property_db.people.scope import homes_of_identities, scope_of
from property_db.tickets import service as tickets

PREVIEW_LENGTH = 80
PAST_SHOWN = 5
ASKED = "asked"
REASON_CODES = frozenset({"engine_down", "emergency", "voicemail"})
"""Reasons the server gives; any other is what the resident said when asking for a person."""
PreviewKind = Literal["text", "picture", "card"]
_DELIVERY: dict[MessageState, Literal["pending", "delivered", "waiting", "failed"]] = {
    MessageState.PENDING: "pending",
    MessageState.SENDING: "pending",
    MessageState.WAITING: "waiting",
    MessageState.DELIVERED: "delivered",
    MessageState.FAILED: "failed",
}


def agent_view(agent: Agent) -> AgentView:
    """The agent as their own desk shows them."""
    return AgentView(
        id=agent.id,
        username=agent.username,
        display_name=agent.display_name,
        role=agent.role.value,
        status=agent.status,
        active=agent.active,
        max_active=agent.max_active,
    )


async def desk_messages(session: AsyncSession, public_id: str, messages: list[Message]) -> list[DeskMessage]:
    """Messages of one conversation with its notes."""
    views = await message_views(session, public_id, messages, with_notes=True)

    def shown(message: Message, view: MessageView) -> DeskMessage:
        if message.direction is not Direction.OUT or view.note:
            return DeskMessage(**view.model_dump())
        return DeskMessage(**view.model_dump(), delivery=_DELIVERY.get(message.state), reason=message.reason)

    return [shown(message, view) for message, view in zip(messages, views, strict=True)]


class _Faces:
    """Masked names and homes of the residents of several conversations."""

    def __init__(self, names: dict[int, str], homes: dict[int, list[str]]) -> None:
        self._names = names
        self._homes = homes

    @classmethod
    async def of(cls, session: AsyncSession, rows: Iterable[Conversation], clock: Clock) -> "_Faces":
        identity_ids = {row.identity_id for row in rows}
        homes = await homes_of_identities(session, identity_ids, clock)
        labels = {identity_id: [home.label for home in some] for identity_id, some in homes.items()}
        return cls(await queries.names(session, identity_ids), labels)

    def name(self, row: Conversation) -> str:
        return mask_name(self._names.get(row.identity_id, ""))

    def home(self, row: Conversation) -> str | None:
        return "、".join(self._homes.get(row.identity_id, [])) or None


async def cards(session: AsyncSession, rows: Sequence[Conversation], clock: Clock) -> list[ConversationCard]:
    """Conversations as the lists show them, in the order given."""
    if not rows:
        return []
    ids = {row.id for row in rows}
    faces = await _Faces.of(session, rows, clock)
    said = await queries.last_said(session, ids)
    voices = await queries.voices(session, ids)
    unanswered = await queries.unanswered_since(session, ids)
    items = await queries.open_items(session, ids)
    alarmed = await queries.with_alarm(session, ids)
    agents = await lookup.agent_names(session, {row.agent_id for row in rows if row.agent_id is not None})

    def card(row: Conversation) -> ConversationCard:
        item, last = items.get(row.id), said.get(row.id)
        resident, agent = voices.get((row.id, Author.RESIDENT)), voices.get((row.id, Author.AGENT))
        waits = item is not None and item.state is QueueState.WAITING
        preview, kind = _preview(last)
        return ConversationCard(
            id=row.public_id,
            channel=row.channel,
            state=row.state.value,
            agent_id=row.agent_id,
            agent_name=agents.get(row.agent_id or 0),
            resident_name=faces.name(row),
            home=faces.home(row),
            queue_item_id=item.id if item is not None and waits else None,
            may_join=row.id in alarmed and row.state is ConversationState.BOT and not waits,
            awaiting_since=_awaiting_since(row, item, agent, unanswered.get(row.id)),
            last_seq=row.last_seq,
            last_resident_seq=resident.seq if resident else 0,
            last_at=last.created_at if last else row.opened_at,
            preview=preview,
            preview_kind=kind,
            opened_at=row.opened_at,
            closed_at=row.closed_at,
        )

    return [card(row) for row in rows]


def _awaiting_since(
    row: Conversation, item: QueueItem | None, agent: queries.Voice | None, unanswered: datetime | None
) -> datetime | None:
    """A resident waits from the moment they asked for a person, and again from each unanswered message on."""
    if row.state is not ConversationState.HUMAN:
        return None
    answered = agent is not None and (item is None or item.taken_at is None or agent.at >= item.taken_at)
    if not answered and item is not None:
        return item.waiting_since
    return unanswered


def _preview(message: Message | None) -> tuple[str, PreviewKind]:
    if message is None:
        return "", "text"
    text = " ".join((message.text or blocks.plain_text(message.blocks)).split())
    if text:
        return text[:PREVIEW_LENGTH], "text"
    return "", "picture" if message.upload_ids else "card"


async def overview(session: AsyncSession, agent: Agent, clock: Clock) -> OverviewView:
    """The left pane of one agent."""
    waiting = await handoff.waiting(session)
    # In a lasting order: what an agent clicks must not jump whenever a resident writes.
    mine = sorted(await handoff.held_by(session, agent.id), key=lambda row: row.opened_at)
    others = await handoff.held_by_others(session, agent.id)
    held = await cards(session, [*mine, *others], clock)
    return OverviewView(
        now=clock.now(),
        agent=agent_view(agent),
        waiting=await _queue(session, waiting, clock),
        mine=held[: len(mine)],
        alarms=await alarm_views(session, await handoff.alarms(session), clock),
        others=held[len(mine) :],
    )


async def _queue(
    session: AsyncSession, waiting: Sequence[tuple[QueueItem, Conversation]], clock: Clock
) -> list[QueueItemView]:
    if not waiting:
        return []
    rows = [row for _, row in waiting]
    faces = await _Faces.of(session, rows, clock)
    concerns = await queries.last_concern(session, {item.id for item, _ in waiting})
    views = []
    for item, row in waiting:
        preview, kind = _preview(concerns.get(row.id))
        coded = item.reason in REASON_CODES
        views.append(
            QueueItemView(
                id=item.id,
                conversation_id=row.public_id,
                channel=row.channel,
                kind=item.kind.value,
                reason=item.reason if coded else ASKED,
                resident_name=faces.name(row),
                home=faces.home(row),
                preview=preview if coded or preview or kind != "text" else item.reason[:PREVIEW_LENGTH],
                preview_kind=kind,
                waiting_since=item.waiting_since,
            )
        )
    return views


async def alarm_views(session: AsyncSession, alarms: Collection[Alarm], clock: Clock) -> list[AlarmView]:
    """Alarms with the place they are about: the ticket's home, or else all homes of who reported it."""
    if not alarms:
        return []
    ids = {alarm.conversation_id for alarm in alarms if alarm.conversation_id is not None}
    rows = await queries.conversations_by_id(session, ids)
    faces = await _Faces.of(session, rows.values(), clock)
    places = await queries.places_of_tickets(session, {alarm.ticket_id for alarm in alarms if alarm.ticket_id})
    agents = await lookup.agent_names(session, {alarm.acknowledged_by for alarm in alarms if alarm.acknowledged_by})

    def view(alarm: Alarm) -> AlarmView:
        row = rows.get(alarm.conversation_id or 0)
        number, home = places.get(alarm.ticket_id or 0, (None, None))
        return AlarmView(
            id=alarm.id,
            conversation_id=row.public_id if row else None,
            ticket_number=number,
            kind=alarm.kind,
            text=alarm.text,
            home=home or (faces.home(row) if row else None),
            raised_at=alarm.raised_at,
            acknowledged_at=alarm.acknowledged_at,
            acknowledged_by=agents.get(alarm.acknowledged_by or 0),
        )

    return [view(alarm) for alarm in alarms]


async def resident_view(session: AsyncSession, row: Conversation, clock: Clock) -> ResidentView:
    """The right pane: nothing of a household unless the resident has proven to belong to it."""
    scope = await scope_of(session, row.identity_id, clock)
    person = await people.person_of(session, row.identity_id)
    owed = await fees.arrears(session, scope.homes, clock=clock)
    latest = await conversations.latest(session, row.identity_id, limit=PAST_SHOWN + 1)
    past = [earlier for earlier in reversed(latest) if earlier.id != row.id][:PAST_SHOWN]
    return ResidentView(
        verified=scope.verified,
        name_masked=mask_name(person.name) if person else "",
        phone_masked=mask_phone(person.phone) if person else None,
        homes=[
            HomeView(
                label=bound.home.label,
                state=bound.home.state.value,
                area=area_text(bound.home.area_hundredths),
                role=bound.role.value,
            )
            for bound in await people.bound_homes(session, row.identity_id, clock)
        ],
        arrears_fen=owed.total_fen,
        bills=[
            BillLineView(
                id=bill.bill_id,
                title=f"{bill.fee_type} {bill.period}",
                home=bill.home_label,
                owed_fen=bill.due_fen,
                state=bill.state.value,
                overdue=bill.overdue,
                due_on=bill.due_on,
            )
            for bill in owed.bills
        ],
        tickets=[
            TicketLineView(
                number=ticket.number,
                title=ticket.title,
                state=ticket.state.value,
                urgency=ticket.urgency.value,
                created_at=ticket.created_at,
            )
            for ticket in await tickets.recent(session, scope)
        ],
        past=await cards(session, past, clock),
    )
