"""Rendered messages on their way: rendered once, claimed by one worker, counted, sent once.

For channels that show a message twice when it is sent twice. A part is marked `on_the_wire` in a transaction of its
own right before its bytes leave; whatever happens afterwards, it is not sent again, except where the channel says that
nothing arrived. What a crash leaves on the wire counts as sent.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, and_, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from property_db.channels import windows
from property_db.channels.models import OutboundPart, PartState
from property_db.clock import Clock
from property_db.conversations import repository as conversations
from property_db.conversations.models import Author, Conversation, ConversationState, Direction, Message, MessageState
from property_db.people import repository as people

_OPTIONS = {"synchronize_session": False}
CARRIED_BACK_AGAIN = timedelta(seconds=20)
"""The platform repeats a request that got no answer for about 15 s; so long an answer may be carried back again."""


class PartLost(Exception):
    """Another worker has taken the part over; this one must not go on with it."""


async def take_pending(session: AsyncSession, conversation_id: int, identity_id: int, clock: Clock) -> list[Message]:
    """Return the conversation's pending messages in order, to be rendered in this transaction, and mark them so.

    The identity is locked first, as by whoever takes a message in: what waits for the resident's next message must
    not be rendered while that message lets go what waits.
    """
    await people.lock_identity(session, identity_id)
    if await conversations.fresh(session, conversation_id, lock=True) is None:
        return []
    pending = list(await conversations.pending_out(session, clock.now(), conversation_id, limit=50))
    for message in pending:
        message.state = MessageState.SENDING
    await session.flush()
    return pending


async def add(
    session: AsyncSession,
    conversation_id: int,
    identity_id: int,
    payload: dict[str, Any],
    completes: Sequence[int],
    reply_to_id: int | None,
    clock: Clock,
) -> OutboundPart:
    """Keep one rendered message; behind one that waits for the resident it waits as well."""
    in_front = await session.scalar(
        select(OutboundPart)
        .where(OutboundPart.conversation_id == conversation_id, OutboundPart.state == PartState.WAITING)
        .order_by(OutboundPart.id.desc())
        .limit(1)
    )
    part = OutboundPart(
        conversation_id=conversation_id,
        identity_id=identity_id,
        payload=payload,
        completes=list(completes),
        reply_to_id=reply_to_id,
        state=PartState.PENDING if in_front is None else PartState.WAITING,
        reason=None if in_front is None else in_front.reason,
        created_at=clock.now(),
    )
    session.add(part)
    await session.flush()
    if in_front is not None:
        await _set_messages(session, part.completes, MessageState.WAITING, reason=in_front.reason)
    return part


async def claim(
    session: AsyncSession,
    conversation_id: int,
    worker: str,
    clock: Clock,
    carried_by: Collection[int] = (),
) -> OutboundPart | None:
    """Take the conversation's oldest part, if it is due and nobody works on one of this conversation.

    Args:
        carried_by: messages of the resident whose requests are open: an answer to one of them needs nothing but that
            request, so it does not wait behind a part that has to be tried again later.
    """
    first, busy = aliased(OutboundPart), aliased(OutboundPart)
    candidates = select(first.id).where(first.conversation_id == conversation_id, first.state == PartState.PENDING)
    if carried_by:
        candidates = candidates.where(first.reply_to_id.in_(carried_by))
    oldest = candidates.order_by(first.id).limit(1).scalar_subquery()
    somebody_works = exists().where(
        busy.conversation_id == conversation_id,
        busy.state.in_([PartState.PENDING, PartState.ON_THE_WIRE]),
        busy.claimed_by.is_not(None),
    )
    now = clock.now()
    claimed: int | None = await session.scalar(
        update(OutboundPart)
        .where(
            OutboundPart.id == oldest,
            OutboundPart.state == PartState.PENDING,
            OutboundPart.claimed_by.is_(None),
            or_(OutboundPart.next_attempt_at.is_(None), OutboundPart.next_attempt_at <= now),
            ~somebody_works,
        )
        .values(claimed_by=worker, claimed_at=now)
        .returning(OutboundPart.id),
        execution_options=_OPTIONS,
    )
    return None if claimed is None else await _fresh(session, claimed)


async def wire(session: AsyncSession, part: OutboundPart, worker: str, clock: Clock, *, counts: bool) -> None:
    """Note that the part leaves now, within what the channel still permits. Again for a second try of the same part.

    Raises:
        NothingLeft: nothing more may be sent.
        PartLost: the part is another worker's.
    """
    if counts:
        await people.lock_identity(session, part.identity_id)
        # A first try that cost nothing, or that did not arrive, must not count beside this one.
        await _change(session, part.id, worker, state=PartState.PENDING, wired_at=None)
        await windows.require(session, part.identity_id, clock)
    await _change(session, part.id, worker, state=PartState.ON_THE_WIRE, wired_at=clock.now(), counts=counts)


async def sent(session: AsyncSession, part: OutboundPart, worker: str, clock: Clock, reason: str | None = None) -> None:
    """Note that the part arrived; the messages it completes are delivered. Its content is kept no longer."""
    await _change(session, part.id, worker, state=PartState.SENT, payload={}, reason=reason, **_RELEASED)
    await _set_messages(session, part.completes, MessageState.DELIVERED, reason=reason, delivered_at=clock.now())


async def retry(
    session: AsyncSession, part: OutboundPart, worker: str, due_at: datetime, reason: str | None = None
) -> None:
    """Give the part back, to be tried again from `due_at`; nothing of it arrived."""
    await _change(
        session,
        part.id,
        worker,
        state=PartState.PENDING,
        wired_at=None,
        attempts=part.attempts + 1,
        next_attempt_at=due_at,
        reason=reason,
        **_RELEASED,
    )


async def give_up_rendering(session: AsyncSession, message_ids: Collection[int]) -> None:
    """Messages that the channel cannot put into its form: those behind them must not wait for that."""
    await _set_messages(session, message_ids, MessageState.FAILED, reason="unrenderable")


async def fail(session: AsyncSession, part: OutboundPart, worker: str, reason: str) -> None:
    """Give up for good: the part, and what else of the same messages has not left."""
    await _change(
        session, part.id, worker, state=PartState.FAILED, wired_at=None, payload={}, reason=reason, **_RELEASED
    )
    doomed = list(part.completes)
    if not doomed:
        # The first piece of a long message: the piece that completes it stands behind.
        following = await session.scalars(
            select(OutboundPart)
            .where(
                OutboundPart.conversation_id == part.conversation_id,
                OutboundPart.id > part.id,
                OutboundPart.state == PartState.PENDING,
            )
            .order_by(OutboundPart.id)
        )
        for piece in following:
            piece.state, piece.payload, piece.reason = PartState.FAILED, {}, reason
            if piece.completes:
                doomed = list(piece.completes)
                break
        await session.flush()
    await _set_messages(session, doomed, MessageState.FAILED, reason=reason)


async def wait(
    session: AsyncSession, part: OutboundPart, worker: str, clock: Clock, reason: str, *, may_have_ended: bool = True
) -> bool:
    """Keep the part, and all behind it, until the resident writes again.

    Args:
        may_have_ended: the reason ends with the resident's contact, which may have come while we were refused.

    Returns:
        False where the resident has written meanwhile, so that the part may be tried again at once.
    """
    await people.lock_identity(session, part.identity_id)
    if may_have_ended and (await windows.reach(session, part.identity_id, clock)).left > 0:
        await _change(
            session, part.id, worker, state=PartState.PENDING, wired_at=None, next_attempt_at=None, **_RELEASED
        )
        return False
    await _change(session, part.id, worker, state=PartState.WAITING, wired_at=None, reason=reason, **_RELEASED)
    rows = await session.execute(
        update(OutboundPart)
        .where(OutboundPart.conversation_id == part.conversation_id, OutboundPart.state == PartState.PENDING)
        .values(state=PartState.WAITING, reason=reason)
        .returning(OutboundPart.completes),
        execution_options=_OPTIONS,
    )
    waiting = [*part.completes, *(message_id for row in rows for message_id in row.completes)]
    await _set_messages(session, waiting, MessageState.WAITING, reason=reason)
    return True


async def revive(session: AsyncSession, identity_id: int) -> list[int]:
    """Let go what waited for the resident to write; returns the conversations concerned.

    What the system had to say about a conversation that is over by now is of no use to anybody any more.
    """
    rows = (
        await session.execute(
            select(OutboundPart, Conversation.state)
            .join(Conversation, Conversation.id == OutboundPart.conversation_id)
            .where(OutboundPart.identity_id == identity_id, OutboundPart.state == PartState.WAITING)
            .order_by(OutboundPart.id)
        )
    ).all()
    concerned: set[int] = set()
    last_words: list[int] = []
    # From the last piece of a message to its first: only the last knows which message they are.
    for part, state in reversed(rows):
        last_words = list(part.completes) or last_words
        if state is ConversationState.CLOSED and await _only_system(session, last_words):
            part.state, part.payload, part.reason = PartState.FAILED, {}, "conversation_over"
            await _set_messages(session, part.completes, MessageState.FAILED, reason="conversation_over")
            continue
        part.state, part.reason, part.next_attempt_at = PartState.PENDING, None, None
        await _set_messages(session, part.completes, MessageState.SENDING, reason=None)
        concerned.add(part.conversation_id)
    # Whoever writes to us can be reached: what was to be tried again later is tried now.
    hurried = await session.scalars(
        update(OutboundPart)
        .where(
            OutboundPart.identity_id == identity_id,
            OutboundPart.state == PartState.PENDING,
            OutboundPart.next_attempt_at.is_not(None),
        )
        .values(next_attempt_at=None)
        .returning(OutboundPart.conversation_id),
        execution_options=_OPTIONS,
    )
    concerned.update(hurried)
    await session.flush()
    return sorted(concerned)


async def conversations_due(session: AsyncSession, clock: Clock, older_than: datetime, limit: int = 200) -> list[int]:
    """Return conversations with a part that is due and nobody's, or a message not rendered since `older_than`.

    The youngest messages are left to the process that stored them: it may have the resident's request open.
    """
    now = clock.now()
    parts = (
        select(OutboundPart.conversation_id)
        .where(
            OutboundPart.state == PartState.PENDING,
            OutboundPart.claimed_by.is_(None),
            or_(OutboundPart.next_attempt_at.is_(None), OutboundPart.next_attempt_at <= now),
        )
        .limit(limit)
    )
    messages = (
        select(Message.conversation_id)
        .where(
            Message.direction == Direction.OUT,
            Message.state == MessageState.PENDING,
            Message.created_at <= older_than,
            or_(Message.next_attempt_at.is_(None), Message.next_attempt_at <= now),
        )
        .limit(limit)
    )
    return sorted({*await session.scalars(parts), *await session.scalars(messages)})


async def claimants(session: AsyncSession) -> list[str]:
    """Return the workers that hold parts."""
    rows = await session.scalars(select(OutboundPart.claimed_by).where(OutboundPart.claimed_by.is_not(None)).distinct())
    return [worker for worker in rows if worker]


async def recover(
    session: AsyncSession, clock: Clock, *, workers: Collection[str] = (), older_than: datetime | None = None
) -> None:
    """Settle what workers that are gone, or all before a moment, have left claimed.

    What had not left is anybody's again. What was on the wire counts as sent; an answer that was to be carried back by
    the resident's own request only when that request will not be repeated any more.
    """
    left: ColumnElement[bool] = OutboundPart.claimed_by.in_(workers)
    if older_than is not None:
        left = or_(left, and_(OutboundPart.claimed_by.is_not(None), OutboundPart.claimed_at <= older_than))
    rows = list(await session.scalars(select(OutboundPart).where(left)))
    over = clock.now() - CARRIED_BACK_AGAIN
    for part in rows:
        if part.state is PartState.PENDING:
            part.claimed_by = part.claimed_at = None
        elif part.counts or part.wired_at is None or part.wired_at <= over:
            await sent(session, part, str(part.claimed_by), clock, "unconfirmed")
    await session.flush()


async def carry_back_again(session: AsyncSession, reply_to_id: int, gone: Collection[str]) -> int | None:
    """Give back an answer that a process which is gone was carrying back: the request came again, so it got none.

    Returns:
        The conversation whose part may be claimed again, or None.
    """
    row = await session.execute(
        update(OutboundPart)
        .where(
            OutboundPart.reply_to_id == reply_to_id,
            OutboundPart.state == PartState.ON_THE_WIRE,
            ~OutboundPart.counts,
            OutboundPart.claimed_by.in_(gone),
        )
        .values(state=PartState.PENDING, claimed_by=None, claimed_at=None, wired_at=None)
        .returning(OutboundPart.conversation_id),
        execution_options=_OPTIONS,
    )
    found: int | None = row.scalar()
    return found


_RELEASED: dict[str, Any] = {"claimed_by": None, "claimed_at": None}


async def _change(session: AsyncSession, part_id: int, worker: str, **values: object) -> None:
    result = await session.execute(
        update(OutboundPart).where(OutboundPart.id == part_id, OutboundPart.claimed_by == worker).values(**values),
        execution_options=_OPTIONS,
    )
    if cast("CursorResult[Any]", result).rowcount != 1:
        raise PartLost


async def _set_messages(
    session: AsyncSession, message_ids: Collection[int], state: MessageState, **values: object
) -> None:
    if message_ids:
        await session.execute(
            update(Message)
            .where(Message.id.in_(message_ids), Message.direction == Direction.OUT)
            .values(state=state, **values),
            execution_options=_OPTIONS,
        )


async def _only_system(session: AsyncSession, message_ids: Collection[int]) -> bool:
    authors = list(await session.scalars(select(Message.author).where(Message.id.in_(message_ids))))
    return bool(authors) and all(author is Author.SYSTEM for author in authors)


async def _fresh(session: AsyncSession, part_id: int) -> OutboundPart | None:
    return await session.scalar(
        select(OutboundPart).where(OutboundPart.id == part_id), execution_options={"populate_existing": True}
    )
