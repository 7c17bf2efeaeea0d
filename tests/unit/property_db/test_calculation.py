"""Amounts are exact."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from property_db.fees.calculation import (
    InputsIncomplete,
    amount_fen,
    area_text,
    late_fee_fen,
    price_text,
    to_fen,
    yuan_text,
)
from property_db.fees.errors import PeriodNotUnderstood
from property_db.fees.models import Method
from property_db.fees.periods import bounds, months_before


@pytest.mark.parametrize(
    ("method", "inputs", "fen"),
    [
        (Method.AREA_PRICE, {"area": "89.50", "unit_price": "2.80", "months": 1}, 25060),
        (Method.AREA_PRICE, {"area": "89.50", "unit_price": "2.80", "months": "3"}, 75180),
        (Method.FIXED, {"unit_price": "150", "months": 1}, 15000),
        (Method.FIXED, {"unit_price": "150", "months": 1, "count": 2}, 30000),
        (Method.METER, {"previous": "107", "current": "118", "unit_price": "3.45"}, 3795),
        (Method.METER, {"previous": "118", "current": "118", "unit_price": "3.45"}, 0),
        (
            Method.SHARED_AREA,
            {"shared_usage": "234", "unit_price": "0.538", "area": "89.50", "total_area": "2603.70"},
            433,
        ),
    ],
)
def test_an_amount_follows_from_its_inputs(method: Method, inputs: dict[str, object], fen: int) -> None:
    assert amount_fen(method, inputs) == fen


def test_half_a_fen_is_rounded_up() -> None:
    assert amount_fen(Method.METER, {"previous": "0", "current": "1", "unit_price": "0.005"}) == 1
    assert to_fen(Decimal("2.675")) == 268


@pytest.mark.parametrize(
    ("method", "inputs"),
    [
        (Method.AREA_PRICE, {"area": "89.50", "unit_price": "2.80"}),
        (Method.METER, {"previous": "x", "current": "1", "unit_price": "1"}),
        (Method.METER, {"previous": "NaN", "current": "1", "unit_price": "1"}),
        (Method.SHARED_AREA, {"shared_usage": "1", "unit_price": "1", "area": "1", "total_area": "0"}),
        (Method.FIXED, {}),
    ],
)
def test_inputs_that_do_not_suffice_are_refused(method: Method, inputs: dict[str, object]) -> None:
    with pytest.raises(InputsIncomplete):
        amount_fen(method, inputs)


def test_a_late_charge_grows_by_the_day_and_never_passes_the_amount() -> None:
    rate = Decimal("0.0005")
    assert late_fee_fen(25060, rate, 0) == 0
    assert late_fee_fen(25060, rate, -3) == 0
    assert late_fee_fen(25060, rate, 22) == 276
    assert late_fee_fen(25060, rate, 100_000) == 25060
    assert late_fee_fen(25060, Decimal(0), 100) == 0


@given(st.integers(min_value=-(10**9), max_value=10**9))
def test_yuan_are_written_with_two_decimals_and_read_back(fen: int) -> None:
    assert to_fen(abs(Decimal(yuan_text(fen)))) == abs(fen)
    assert Decimal(yuan_text(fen)) * 100 == fen


def test_prices_and_areas_are_written_as_on_a_bill() -> None:
    assert [price_text(price) for price in (28000, 34500, 5380, 1500000, 0)] == [
        "2.80",
        "3.45",
        "0.538",
        "150.00",
        "0.00",
    ]
    assert area_text(8950) == "89.50"
    assert area_text(5) == "0.05"


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ("2026-10", "2026-10", "2026-10"),
        ("2026", "2026-01", "2026-12"),
        ("2026-01/2026-03", "2026-01", "2026-03"),
        ("2025-12/2026-01", "2025-12", "2026-01"),
    ],
)
def test_periods_are_read_as_first_and_last_month(period: str, first: str, last: str) -> None:
    assert bounds(period) == (first, last)


@pytest.mark.parametrize("period", ["", "2026-13", "2026-1", "2026-03/2026-01", "十月", "2026-01/2026", "2026-10\n"])
def test_what_is_no_period_is_refused(period: str) -> None:
    with pytest.raises(PeriodNotUnderstood):
        bounds(period)


def test_months_are_counted_over_the_turn_of_the_year() -> None:
    assert months_before("2026-01", 1) == "2025-12"
    assert months_before("2026-11", 24) == "2024-11"
    assert months_before("2026-12", -1) == "2027-01"
