"""Complaints, suggestions and praise."""

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from property_db.catalogue import load
from property_db.clock import SYSTEM_CLOCK, Clock
from property_db.complaints.models import Complaint, ComplaintCategory, ComplaintState, Feedback
from property_db.complaints.schemas import ComplaintDraft, ComplaintView
from property_db.errors import DomainError
from property_db.numbers import COMPLAINT, next_number
from property_db.people.errors import HomeNotYours
from property_db.people.scope import AccessScope, scope_of
from property_db.upsert import insert_for


class ComplaintNotFound(DomainError):
    """No such complaint, or not one this resident may see: the same answer for both."""

    code = "complaint_not_found"
    status = 404


async def file(session: AsyncSession, draft: ComplaintDraft, clock: Clock) -> Complaint:
    """File a complaint; the same `source_message_id` gives the one that is already there.

    Raises:
        HomeNotYours: the home is not one this identity may speak for.
    """
    if draft.source_message_id is not None:
        of_message = select(Complaint).where(Complaint.source_message_id == draft.source_message_id)
        if (filed := await session.scalar(of_message)) is not None:
            return filed
    if draft.home_id is not None and draft.home_id not in (await scope_of(session, draft.identity_id, clock)).home_ids:
        raise HomeNotYours
    number = await next_number(session, COMPLAINT, clock)
    complaint = Complaint(**draft.model_dump(), number=number, created_at=clock.now())
    session.add(complaint)
    await session.flush()
    return complaint


async def progress(session: AsyncSession, scope: AccessScope, number: str | None = None) -> list[ComplaintView]:
    """Return the complaint with that number, or the newest five, newest first.

    A complaint is seen by the identity that filed it only, while the home it names is bound: another member of the
    household may be its subject.

    Raises:
        ComplaintNotFound: `number` is none of this identity's.
    """
    statement = _of(scope)
    if number is not None:
        statement = statement.where(Complaint.number == number.upper())
    rows = list(await session.scalars(statement.order_by(Complaint.id.desc()).limit(5)))
    if number is not None and not rows:
        raise ComplaintNotFound(number=number)
    return [_view(complaint) for complaint in rows]


async def answer(session: AsyncSession, number: str, text: str, clock: Clock) -> Complaint:
    """Answer a complaint for the company.

    Raises:
        ComplaintNotFound: there is none.
    """
    complaint = await session.scalar(select(Complaint).where(Complaint.number == number).with_for_update())
    if complaint is None:
        raise ComplaintNotFound(number=number)
    complaint.answer, complaint.answered_at, complaint.state = text, clock.now(), ComplaintState.ANSWERED
    return complaint


async def give_feedback(
    session: AsyncSession,
    identity_id: int,
    text: str,
    clock: Clock = SYSTEM_CLOCK,
    source_message_id: int | None = None,
) -> None:
    """Keep a suggestion or praise, once per message."""
    statement = insert_for(session, Feedback).values(
        text=text, identity_id=identity_id, source_message_id=source_message_id, created_at=clock.now()
    )
    await session.execute(statement.on_conflict_do_nothing(index_elements=["source_message_id"]))


def _of(scope: AccessScope) -> Select[Complaint]:
    seen = scope.sees(Complaint.identity_id.expression, Complaint.home_id.expression)
    return select(Complaint).where(Complaint.identity_id == scope.identity_id, seen)


def _view(complaint: Complaint) -> ComplaintView:
    return ComplaintView(
        number=complaint.number,
        category=complaint.category,
        text=complaint.text,
        state=complaint.state,
        state_text=load("complaints/texts.yml")["states"][complaint.state.value],
        answer=complaint.answer,
        created_at=complaint.created_at,
        answered_at=complaint.answered_at,
    )


__all__ = [
    "ComplaintCategory", "ComplaintDraft", "ComplaintNotFound", "ComplaintView", "answer", "file", "give_feedback",
    "progress",
]  # fmt: skip
