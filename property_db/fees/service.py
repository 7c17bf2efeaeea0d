"""What is owed, what was paid, and why a bill is what it is."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from property_db.clock import SYSTEM_CLOCK, Clock
from property_db.estates.models import Home
from property_db.fees import repository
from property_db.fees.calculation import InputsIncomplete, amount_fen, price_text
from property_db.fees.errors import NoBill, PeriodNotUnderstood
from property_db.fees.models import Bill, BillState, Method
from property_db.fees.schemas import Arrears, BillView, Explanation, PaymentView, Standard

_OPEN = (BillState.UNPAID, BillState.PARTLY_PAID)


async def arrears(
    session: AsyncSession,
    homes: Sequence[Home],
    fee_type: str | None = None,
    period: str | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Arrears:
    """Return what these homes still have to pay; no homes, no bills.

    Raises:
        PeriodNotUnderstood: `period` has none of the three forms.
    """
    labels = _labels(homes)
    bills = await repository.open_bills(session, labels.keys(), fee_type, period)
    views = [_view(bill, labels, clock.today()) for bill in bills]
    return Arrears(total_fen=sum(view.due_fen for view in views), bills=views)


async def bills(
    session: AsyncSession,
    homes: Sequence[Home],
    fee_type: str | None = None,
    period: str | None = None,
    limit: int = 24,
    clock: Clock = SYSTEM_CLOCK,
) -> list[BillView]:
    """Return the newest bills of these homes, paid ones included."""
    labels = _labels(homes)
    rows = await repository.newest_bills(session, labels.keys(), fee_type, period, limit)
    return [_view(bill, labels, clock.today()) for bill in rows]


async def payments(
    session: AsyncSession,
    homes: Sequence[Home],
    fee_type: str | None = None,
    period: str | None = None,
    limit: int = 6,
) -> list[PaymentView]:
    """Return the newest payments of these homes; `period` is that of the bill paid.

    Raises:
        PeriodNotUnderstood: `period` has none of the three forms.
    """
    labels = _labels(homes)
    return [
        PaymentView(
            home_label=labels[payment.home_id],
            fee_type=payment.bill.fee_item.name,
            period=payment.bill.period,
            amount_fen=payment.amount_fen,
            channel=payment.channel,
            paid_at=payment.paid_at,
            reference=payment.reference,
            refunded=payment.refunded,
        )
        for payment in await repository.payments(session, labels.keys(), fee_type, period, limit)
    ]


async def explain(
    session: AsyncSession,
    homes: Sequence[Home],
    fee_type: str | None = None,
    period: str | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> Explanation:
    """Explain one bill: the newest unpaid one that fits, or the newest that fits; of one month the dearest.

    Raises:
        NoBill: nothing fits.
        PeriodNotUnderstood: `period` has none of the three forms.
    """
    labels = _labels(homes)
    fitting = await repository.newest_bills(session, labels.keys(), fee_type, period, limit=200)
    if not fitting:
        raise NoBill(fee_type=fee_type or "", period=period or "")
    bill = next((candidate for candidate in fitting if candidate.state in _OPEN), fitting[0])
    before = await repository.bill_before(session, bill)
    today = clock.today()
    inputs = {name: str(value) for name, value in bill.inputs.items()}
    return Explanation(
        bill=_view(bill, labels, today),
        method=bill.fee_item.method,
        proven=_proven(bill),
        unit_price=inputs.get("unit_price") or price_text(bill.fee_item.unit_price),
        area=inputs.get("area"),
        months=inputs.get("months"),
        count=inputs.get("count"),
        previous_reading=inputs.get("previous"),
        current_reading=inputs.get("current"),
        usage=_usage(bill),
        shared_usage=inputs.get("shared_usage"),
        total_area=inputs.get("total_area"),
        previous=None if before is None else _view(before, labels, today),
        previous_usage=None if before is None else _usage(before),
        difference_fen=None if before is None else bill.amount_fen - before.amount_fen,
    )


async def standards(session: AsyncSession, estate_id: int | None = None, fee_type: str | None = None) -> list[Standard]:
    """Return the tariffs of an estate, or of all estates where it is not known. Tariffs are public (民法典 943)."""
    return [
        Standard(
            estate_name=estate_name,
            fee_type=item.name,
            method=item.method,
            unit_price=price_text(item.unit_price),
            cycle_months=item.cycle_months,
            note=item.note,
        )
        for item, estate_name in await repository.fee_items(session, estate_id, fee_type)
    ]


def _labels(homes: Sequence[Home]) -> dict[int, str]:
    return {home.id: home.label for home in homes}


def _view(bill: Bill, labels: dict[int, str], today: date) -> BillView:
    owing = bill.state in _OPEN
    return BillView(
        bill_id=bill.id,
        home_id=bill.home_id,
        home_label=labels[bill.home_id],
        fee_type=bill.fee_item.name,
        period=bill.period,
        amount_fen=bill.amount_fen,
        paid_fen=bill.paid_fen,
        late_fee_fen=bill.late_fee_fen,
        due_fen=bill.amount_fen + bill.late_fee_fen - bill.paid_fen if owing else 0,
        due_on=bill.due_on,
        state=bill.state,
        overdue=owing and bill.due_on < today,
    )


def _proven(bill: Bill) -> bool:
    try:
        return amount_fen(bill.fee_item.method, bill.inputs) == bill.amount_fen
    except InputsIncomplete:
        return False


def _usage(bill: Bill) -> str | None:
    if bill.fee_item.method is not Method.METER or not {"current", "previous"} <= bill.inputs.keys():
        return None
    return str(Decimal(str(bill.inputs["current"])) - Decimal(str(bill.inputs["previous"])))


__all__ = ["NoBill", "PeriodNotUnderstood", "arrears", "bills", "explain", "payments", "standards"]
