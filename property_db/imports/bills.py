"""The import of bills with the inputs that prove them."""

from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from property_db.catalogue import load
from property_db.clock import SHANGHAI, Clock
from property_db.estates.models import Home
from property_db.fees.calculation import REQUIRED, amount_fen, yuan_text
from property_db.fees.models import Bill, BillState, FeeItem, Method, Payment
from property_db.imports.places import places
from property_db.imports.reader import Row
from property_db.imports.residents import Counts
from property_db.pushes import service as pushes
from property_db.upsert import insert_for

_INPUTS = ("unit_price", "area", "months", "previous", "current", "shared_usage", "total_area")
# The column whose presence tells how the amount was computed; asked in this order.
_TELLS = (("total_area", Method.SHARED_AREA), ("current", Method.METER), ("area", Method.AREA_PRICE))
_PRICE_SCALE = 10_000


@dataclass(slots=True)
class _Entry:
    row: Row
    home: Home
    fee: str
    period: str
    amount: int
    paid: int
    late: int
    due_on: date
    paid_on: date | None
    method: Method
    inputs: dict[str, Any]

    @property
    def state(self) -> BillState:
        if self.paid >= self.amount + self.late:
            return BillState.PAID
        return BillState.PARTLY_PAID if self.paid else BillState.UNPAID


async def bills(session: AsyncSession, rows: list[Row], clock: Clock) -> Counts:
    """Enter bills; one that is known by home, fee and period gets the file's figures. New ones are told to residents.

    Where a row brings the inputs of its amount they must give exactly that amount: a bill that cannot be explained is
    found here and not by a resident.
    """
    known = await places(session)
    seen: dict[tuple[int, str, str], int] = {}
    entries: list[_Entry] = []
    for row in rows:
        entry = _entry(row, known.home(row))
        if entry is None:
            continue
        key = (entry.home.id, entry.fee, entry.period)
        if seen.setdefault(key, row.line) != row.line:
            row.wrong("period", "repeated", line=seen[key])
        entries.append(entry)
    items = await _fee_items(session, entries)
    if any(row.errors for row in rows):
        return Counts(0, 0)
    return await _write(session, entries, items, clock)


def _entry(row: Row, home: Home | None) -> _Entry | None:
    fees: list[str] = load("imports/texts.yml")["fees"]
    fee = row.word("fee", {name: name for name in fees})
    period, due_on, paid_on = row.period("period"), row.date("due_on"), row.date("paid_on")
    amount, paid, late = row.money("amount"), row.money("paid"), row.money("late_fee")
    if amount is None or paid is None or late is None:
        return None
    if paid > amount + late:
        row.wrong("paid", "paid_too_much")
    elif paid and not row.has("paid_on"):
        row.wrong("paid_on", "paid_needs_date")
    method, inputs = _inputs(row)
    if not row.errors:
        _prove(row, method, inputs, amount)
    if row.errors or home is None or due_on is None:
        return None
    return _Entry(row, home, fee, period, amount, paid, late, due_on, paid_on, method, inputs)


def _inputs(row: Row) -> tuple[Method, dict[str, Any]]:
    method = next((method for name, method in _TELLS if row.has(name)), Method.FIXED)
    values = {name: row.number(name, places=4) for name in _INPUTS}
    given = {name: str(value) for name, value in values.items() if value is not None}
    previous, current = values["previous"], values["current"]
    if previous is not None and current is not None and current < previous:
        row.wrong("current", "reading_goes_back")
    if given and method in (Method.AREA_PRICE, Method.FIXED):
        given.setdefault("months", "1")
    return method, {name: value for name, value in given.items() if name in REQUIRED[method]}


def _prove(row: Row, method: Method, inputs: dict[str, Any], amount: int) -> None:
    if not inputs:
        return
    for name in REQUIRED[method]:
        if name not in inputs:
            row.wrong(name, "inputs_incomplete", column=row.headers[name])
            return
    if method is Method.SHARED_AREA and Decimal(inputs["total_area"]) <= 0:
        row.wrong("total_area", "not_positive")
        return
    if (computed := amount_fen(method, inputs)) != amount:
        row.wrong("amount", "amount_differs", amount=yuan_text(computed))


async def _fee_items(session: AsyncSession, entries: list[_Entry]) -> dict[tuple[int, str], FeeItem]:
    """Return the tariffs by estate and fee; one the estate has not yet is made from the first bill that needs it."""
    items = {(item.estate_id, item.name): item for item in await session.scalars(select(FeeItem))}
    for entry in entries:
        key = (entry.home.estate_id, entry.fee)
        item = items.get(key)
        if item is None:
            price = Decimal(entry.inputs.get("unit_price", 0)) * _PRICE_SCALE
            item = items[key] = FeeItem(
                estate_id=key[0], code=entry.fee, name=entry.fee, method=entry.method, unit_price=int(price)
            )
            session.add(item)
        elif entry.inputs and item.method is not entry.method:
            entry.row.wrong("fee", "method_differs", fee=entry.fee)
    await session.flush()
    return items


async def _write(
    session: AsyncSession, entries: list[_Entry], items: dict[tuple[int, str], FeeItem], clock: Clock
) -> Counts:
    periods = {entry.period for entry in entries}
    existing = await session.scalars(select(Bill).where(Bill.period.in_(periods)))
    bills_by_key = {(bill.home_id, bill.fee_item_id, bill.period): bill for bill in existing}
    created: list[Bill] = []
    written: list[tuple[_Entry, Bill]] = []
    for entry in entries:
        key = (entry.home.id, items[entry.home.estate_id, entry.fee].id, entry.period)
        bill = bills_by_key.get(key)
        if bill is None:
            bill = Bill(home_id=key[0], fee_item_id=key[1], period=key[2])
            session.add(bill)
            created.append(bill)
        bill.amount_fen, bill.paid_fen, bill.late_fee_fen = entry.amount, entry.paid, entry.late
        bill.due_on, bill.state, bill.inputs = entry.due_on, entry.state, entry.inputs
        written.append((entry, bill))
    await session.flush()
    await _write_payments(session, [(entry, bill) for entry, bill in written if entry.paid])
    await pushes.bills_issued(session, created, clock)
    return Counts(len(created), len(entries) - len(created))


async def _write_payments(session: AsyncSession, paid: list[tuple[_Entry, Bill]]) -> None:
    """Keep what was paid before as one payment per bill, replaced when the file comes again."""
    channel: str = load("imports/texts.yml")["payment_channel"]
    for entry, bill in paid:
        paid_at = datetime.combine(entry.paid_on or entry.due_on, time(12), SHANGHAI)
        values = {"amount_fen": entry.paid, "paid_at": paid_at, "channel": channel}
        statement = insert_for(session, Payment).values(
            values | {"bill_id": bill.id, "home_id": bill.home_id, "reference": f"import:{bill.id}", "refunded": False}
        )
        await session.execute(statement.on_conflict_do_update(index_elements=["reference"], set_=values))
