"""Amounts from their inputs, exactly. The inputs on a bill are decimal strings; nothing here uses binary fractions.

Inputs by method (domain.md: floor area x price x cycle, fixed, meter difference, shared by area):

- area_price: `area` m², `unit_price` yuan per m² and month, `months`
- fixed: `unit_price` yuan per month, `months`, `count` (spaces, cards; 1 where absent)
- meter: `previous`, `current` readings, `unit_price` yuan per unit of the reading
- shared_area: `shared_usage` of the common meter, `unit_price`, `area`, `total_area` of all who share
"""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from property_db.fees.models import Method

REQUIRED: dict[Method, tuple[str, ...]] = {
    Method.AREA_PRICE: ("area", "unit_price", "months"),
    Method.FIXED: ("unit_price", "months"),
    Method.METER: ("previous", "current", "unit_price"),
    Method.SHARED_AREA: ("shared_usage", "unit_price", "area", "total_area"),
}


class InputsIncomplete(ValueError):
    """A bill's inputs do not suffice to compute it."""


def amount_fen(method: Method, inputs: Mapping[str, Any]) -> int:
    """Compute a bill's amount in 分, half a 分 rounded up.

    Raises:
        InputsIncomplete: an input is missing or no number.
    """
    return to_fen(_yuan(method, {name: _decimal(inputs, name) for name in REQUIRED[method]}, inputs))


def _yuan(method: Method, known: dict[str, Decimal], inputs: Mapping[str, Any]) -> Decimal:
    price = known["unit_price"]
    match method:
        case Method.AREA_PRICE:
            return known["area"] * price * known["months"]
        case Method.FIXED:
            return price * known["months"] * (_decimal(inputs, "count") if "count" in inputs else 1)
        case Method.METER:
            return (known["current"] - known["previous"]) * price
        case Method.SHARED_AREA:
            if known["total_area"] <= 0:
                raise InputsIncomplete("total_area")
            return known["shared_usage"] * price * known["area"] / known["total_area"]


def late_fee_fen(unpaid_fen: int, rate: Decimal, days: int) -> int:
    """Compute a late-payment charge: unpaid amount x daily rate x days, never more than the amount itself."""
    if days <= 0:
        return 0
    return min(int((unpaid_fen * rate * days).to_integral_value(ROUND_HALF_UP)), unpaid_fen)


def to_fen(yuan: Decimal) -> int:
    """Round yuan to whole 分, half up."""
    return int((yuan * 100).to_integral_value(ROUND_HALF_UP))


def yuan_text(fen: int) -> str:
    """Return 25060 as `250.60`."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def price_text(ten_thousandths: int) -> str:
    """Return a unit price kept in 1/10000 yuan with two decimals or as many as it needs: 28000 → `2.80`."""
    value = Decimal(ten_thousandths) / 10000
    two = value.quantize(Decimal("0.01"))
    return str(two if two == value else value.normalize())


def area_text(hundredths: int) -> str:
    """Return a floor area kept in 1/100 m² as `89.50`."""
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def _decimal(inputs: Mapping[str, Any], name: str) -> Decimal:
    try:
        value = Decimal(str(inputs[name]))
    except (KeyError, InvalidOperation) as error:
        raise InputsIncomplete(name) from error
    if not value.is_finite():
        raise InputsIncomplete(name)
    return value
