"""Where a message means a supply."""

from __future__ import annotations

from datetime import datetime

import pytest

from bot.language.extract import extract
from bot.language.times import SHANGHAI

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=SHANGHAI)


def found(text: str, entity: str = "utility") -> list[str]:
    return [span.value for span in extract(text, NOW) if span.entity == entity]


@pytest.mark.parametrize(
    ("text", "supply"),
    [
        ("电表怎么看读数", "电"),
        ("電錶喺邊度", "电"),
        ("水卡丢了在哪补办", "水"),
        ("天然气表号是多少", "燃气"),
        ("热量表怎么算", "暖气"),
        ("暖气表多久抄一次", "暖气"),
        ("在手机上能买电吗", "电"),
        ("怎么给煤气卡充值", "燃气"),
        ("楼道里有煤气味", "燃气"),
        ("屋里燃气味很重", "燃气"),
        ("水电表过户", "水"),
    ],
)
def test_a_supply_is_meant_by_its_meter_its_card_its_smell_or_when_bought(text: str, supply: str) -> None:
    assert supply in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "电表坏了不显示",
        "水表漏水",
        "充电卡退款",
        "门禁卡没反应",
        "买电池",
        "给轮胎充气",
        "买电动车",
        "煤气费多少",
        "电梯卡补办",
        "没气味",
        "热水表面有油",
    ],
)
def test_a_broken_meter_another_card_or_another_thing_is_no_supply(text: str) -> None:
    assert found(text) == []


def test_a_meter_stays_a_facility() -> None:
    assert found("电表怎么看读数", "facility") == ["电表"]
