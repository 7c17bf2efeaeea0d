"""Queries over bills, payments and tariffs. All of a household's take the homes the asker may see."""

from collections.abc import Collection, Sequence

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager, joinedload

from property_db.estates.models import Estate
from property_db.fees.models import Bill, BillState, FeeItem, Payment
from property_db.fees.periods import bounds

_OPEN = (BillState.UNPAID, BillState.PARTLY_PAID)


def _bills(home_ids: Collection[int], fee_type: str | None, period: str | None) -> Select[Bill]:
    statement = (
        select(Bill)
        .join(Bill.fee_item)
        .where(Bill.home_id.in_(home_ids), Bill.state != BillState.CANCELLED)
        .options(contains_eager(Bill.fee_item))
    )
    if fee_type is not None:
        statement = statement.where(FeeItem.name == fee_type)
    if period is not None:
        first, last = bounds(period)
        statement = statement.where(Bill.period.between(first, last))
    return statement


async def open_bills(
    session: AsyncSession, home_ids: Collection[int], fee_type: str | None, period: str | None
) -> Sequence[Bill]:
    """Return unpaid and partly paid bills, oldest first."""
    statement = _bills(home_ids, fee_type, period).where(Bill.state.in_(_OPEN))
    return (await session.scalars(statement.order_by(Bill.period, Bill.fee_item_id, Bill.home_id))).all()


async def newest_bills(
    session: AsyncSession, home_ids: Collection[int], fee_type: str | None, period: str | None, limit: int
) -> Sequence[Bill]:
    """Return bills in any state but cancelled, newest period first, within it the dearest first."""
    statement = _bills(home_ids, fee_type, period).order_by(Bill.period.desc(), Bill.amount_fen.desc(), Bill.id)
    return (await session.scalars(statement.limit(limit))).all()


async def bill_before(session: AsyncSession, bill: Bill) -> Bill | None:
    """Return the same home's bill of the same fee before this one."""
    statement = (
        select(Bill)
        .where(
            Bill.home_id == bill.home_id,
            Bill.fee_item_id == bill.fee_item_id,
            Bill.period < bill.period,
            Bill.state != BillState.CANCELLED,
        )
        .order_by(Bill.period.desc())
        .limit(1)
        .options(joinedload(Bill.fee_item))
    )
    return await session.scalar(statement)


async def payments(
    session: AsyncSession, home_ids: Collection[int], fee_type: str | None, period: str | None, limit: int
) -> Sequence[Payment]:
    """Return payments, newest first; `period` is the bill's."""
    statement = (
        select(Payment)
        .join(Payment.bill)
        .join(Bill.fee_item)
        .where(Payment.home_id.in_(home_ids))
        .options(contains_eager(Payment.bill).contains_eager(Bill.fee_item))
        .order_by(Payment.paid_at.desc(), Payment.id.desc())
        .limit(limit)
    )
    if fee_type is not None:
        statement = statement.where(FeeItem.name == fee_type)
    if period is not None:
        first, last = bounds(period)
        statement = statement.where(Bill.period.between(first, last))
    return (await session.scalars(statement)).all()


async def fee_items(
    session: AsyncSession, estate_id: int | None, fee_type: str | None
) -> Sequence[tuple[FeeItem, str]]:
    """Return tariffs with their estate's name."""
    statement = select(FeeItem, Estate.name).join(Estate, Estate.id == FeeItem.estate_id)
    if estate_id is not None:
        statement = statement.where(FeeItem.estate_id == estate_id)
    if fee_type is not None:
        statement = statement.where(FeeItem.name == fee_type)
    rows = await session.execute(statement.order_by(FeeItem.estate_id, FeeItem.id))
    return [(item, name) for item, name in rows]
