"""Two years of bills and payments. Every amount is computed from the inputs kept beside it, so each can be proven."""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from property_db.clock import SHANGHAI
from property_db.demo.places import Town
from property_db.estates.models import Home, HomeState
from property_db.estates.settings import settings_of
from property_db.fees.calculation import amount_fen, area_text, late_fee_fen, price_text
from property_db.fees.models import Bill, BillState, FeeItem, Method, Payment
from property_db.fees.periods import months_before

MONTHS = 24
_USAGE = {"water": (5, 17), "power": (90, 260), "gas": (6, 22)}
_SUMMER_AND_WINTER = frozenset({1, 2, 7, 8, 12})


@dataclass(frozen=True, slots=True)
class _Paying:
    """How a household pays: `delay` days after the bill came; from `stops` months ago on not at all."""

    delay: int
    stops: int = -1
    at_once: bool = False


async def build(session: AsyncSession, town: Town, random: Random, now: datetime, channels: list[str]) -> None:
    """Enter bills and payments of all homes."""
    months = [months_before(f"{now.astimezone(SHANGHAI):%Y-%m}", back) for back in range(MONTHS, -1, -1)]
    shared = _shared_usage(town, random, months)
    bills: list[dict[str, Any]] = []
    payments: list[dict[str, Any] | None] = []
    for home in town.homes:
        if home.state is HomeState.UNDELIVERED:
            continue  # its fees are the developer's
        habit = town.habits.get(home.id, "")
        paying = _habit(habit, random)
        for row in _bills_of(home, town, random, months, shared):
            payment = _pay(row, paying, random, now, channels)
            if habit in _SPECIAL:
                payment = _special(habit, row, months, now, channels[0])
            _add_late_fee(row, town, home, now)
            bills.append(row)
            payments.append(payment)
    for row in bills:
        del row["issued_on"], row["code"]
    # Written in bulk and read back by their key: SQLite returns no ids for many rows at once.
    connection = await session.connection()
    await connection.execute(insert(Bill), bills)
    written = await session.execute(select(Bill.id, Bill.home_id, Bill.fee_item_id, Bill.period))
    ids = {(row.home_id, row.fee_item_id, row.period): row.id for row in written}
    rows = [payment | _reference(ids[_key(bill)]) for bill, payment in zip(bills, payments, strict=True) if payment]
    await connection.execute(insert(Payment), rows)


def _key(bill: dict[str, Any]) -> tuple[int, int, str]:
    return bill["home_id"], bill["fee_item_id"], bill["period"]


def _reference(bill_id: int) -> dict[str, Any]:
    return {"bill_id": bill_id, "reference": f"DEMO{bill_id:08d}"}


def _habit(habit: str, random: Random) -> _Paying:
    if habit == "at_once":
        return _Paying(delay=1, at_once=True)
    if habit:
        return _Paying(delay=6)
    kind = random.random()
    if kind < 0.76:
        return _Paying(delay=random.randint(2, 12))
    if kind < 0.9:
        return _Paying(delay=random.randint(25, 60))
    return _Paying(delay=random.randint(5, 20), stops=random.randint(2, 8))


def _shared_usage(town: Town, random: Random, months: list[str]) -> dict[tuple[int, str], tuple[str, str]]:
    """Return the common meter's use and the area that shares it, by building and month."""
    areas: dict[int, int] = {}
    for home in town.homes:
        areas[home.building_id] = areas.get(home.building_id, 0) + home.area_hundredths
    return {
        (building_id, month): (str(random.randint(6, 9) * area // 10000), area_text(area))
        for building_id, area in areas.items()
        for month in months
    }


def _bills_of(
    home: Home, town: Town, random: Random, months: list[str], shared: dict[tuple[int, str], tuple[str, str]]
) -> Iterator[dict[str, Any]]:
    parks = home.id in town.habits or random.random() < 0.6
    size = random.uniform(0.7, 1.3)
    for item in town.fee_items[home.estate_id]:
        if item.code == "parking" and not parks:
            continue
        reading = random.randint(100, 2500)
        # Area and fixed fees are billed within the month, meters are read when it is over.
        for month in months[1:] if item.method in (Method.AREA_PRICE, Method.FIXED) else months[:-1]:
            inputs = _inputs(item, home, shared[home.building_id, month])
            if item.method is Method.METER:
                usage = _usage(item.code, month, size, random) if home.state is HomeState.OCCUPIED else 0
                if not usage:
                    continue
                inputs |= {"previous": str(reading), "current": str(reading + usage)}
                reading += usage
            yield _bill(home, item, month, inputs)


def _inputs(item: FeeItem, home: Home, shared: tuple[str, str]) -> dict[str, Any]:
    price = price_text(item.unit_price)
    match item.method:
        case Method.AREA_PRICE:
            return {"area": area_text(home.area_hundredths), "unit_price": price, "months": 1}
        case Method.FIXED:
            return {"unit_price": price, "months": 1}
        case Method.METER:
            return {"unit_price": price}
        case Method.SHARED_AREA:
            usage, total = shared
            return {
                "shared_usage": usage,
                "unit_price": price,
                "area": area_text(home.area_hundredths),
                "total_area": total,
            }


def _usage(code: str, month: str, size: float, random: Random) -> int:
    low, high = _USAGE[code]
    season = 1.5 if code == "power" and int(month[5:]) in _SUMMER_AND_WINTER else 1.0
    return max(1, round(random.randint(low, high) * size * season))


def _bill(home: Home, item: FeeItem, month: str, inputs: dict[str, Any]) -> dict[str, Any]:
    within_month = item.method in (Method.AREA_PRICE, Method.FIXED)
    if within_month:
        first = date.fromisoformat(f"{month}-01")
        due = first.replace(day=monthrange(first.year, first.month)[1])
    else:
        first = date.fromisoformat(f"{months_before(month, -1)}-01")
        due = first.replace(day=20)
    return {
        "home_id": home.id,
        "fee_item_id": item.id,
        "code": item.code,
        "period": month,
        "amount_fen": amount_fen(item.method, inputs),
        "paid_fen": 0,
        "late_fee_fen": 0,
        "issued_on": first,
        "due_on": due,
        "state": BillState.UNPAID,
        "inputs": inputs,
        "created_at": _moment(first, 8),
    }


def _pay(
    row: dict[str, Any], paying: _Paying, random: Random, now: datetime, channels: list[str]
) -> dict[str, Any] | None:
    day = row["issued_on"] + timedelta(days=paying.delay + random.randint(0, 3))
    paid_at = _moment(day, random.randint(9, 21), random.randint(0, 59))
    channel = random.choice(channels)
    month = f"{now.astimezone(SHANGHAI):%Y-%m}"
    if paying.at_once:
        paid_at = min(paid_at, now)
    stopped = paying.stops >= 0 and row["period"] > months_before(month, paying.stops)
    if stopped or paid_at > now:
        return None
    return _paid(row, row["amount_fen"], paid_at, channel)


def _paid(row: dict[str, Any], fen: int, paid_at: datetime, channel: str) -> dict[str, Any]:
    row["paid_fen"] = fen
    row["state"] = BillState.PAID if fen == row["amount_fen"] else BillState.PARTLY_PAID
    return {
        "home_id": row["home_id"],
        "amount_fen": fen,
        "channel": channel,
        "paid_at": paid_at,
        "created_at": paid_at,
        "refunded": False,
    }


# What each special household has not paid: fee code → months before this one. The first demo resident owes the same
# kinds on every day of creation: management fee of this month and the last, part of the one before, water and shared.
_SPECIAL: dict[str, dict[str, tuple[int, ...]]] = {
    "at_once": {},
    "arrears": {"property": (0, 1), "water": (1,), "shared": (1,)},
    "tenant": {"power": (1,)},
}
_PART = ("arrears", "property", 2)
_PART_FEN = 10000


def _special(habit: str, row: dict[str, Any], months: list[str], now: datetime, channel: str) -> dict[str, Any] | None:
    back = len(months) - 1 - months.index(row["period"])
    if back in _SPECIAL[habit].get(row["code"], ()):
        row["paid_fen"], row["state"] = 0, BillState.UNPAID
        return None
    fen = _PART_FEN if (habit, row["code"], back) == _PART else row["amount_fen"]
    paid_at = min(_moment(row["issued_on"] + timedelta(days=6), 10), now)
    return _paid(row, fen, paid_at, channel)


def _add_late_fee(row: dict[str, Any], town: Town, home: Home, now: datetime) -> None:
    """Charge the agreed rate on what is overdue of the management fee; other fees agree none."""
    if row["code"] != "property" or row["state"] is BillState.PAID:
        return
    estate = next(estate for estate in town.estates.values() if estate.id == home.estate_id)
    rate: Decimal = settings_of(estate).late_fee_rate
    days = (now.astimezone(SHANGHAI).date() - row["due_on"]).days
    row["late_fee_fen"] = late_fee_fen(row["amount_fen"] - row["paid_fen"], rate, days)


def _moment(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), SHANGHAI)
