"""Numbers in digits and in Chinese."""

from __future__ import annotations

import pytest

from bot.language.numerals import digits, door_number, to_int


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("12", 12),
        ("零", 0),
        ("十", 10),
        ("十二", 12),
        ("二十", 20),
        ("廿三", 23),
        ("三十一", 31),
        ("两百", 200),
        ("两百三", 230),
        ("一百零五", 105),
        ("一百一十", 110),
        ("四百二十八", 428),
        ("一千二", 1200),
        ("一千零五", 1005),
        ("三千五", 3500),
        ("两千三百四十五", 2345),
        ("一万二", 12000),
        ("两万零五百", 20500),
        ("五零一", 501),
        ("一三八〇〇", 13800),
        ("1千2", 1200),
        ("幺二三", 123),
        ("", None),
        ("三栋", None),
        ("abc", None),
    ],
)
def test_a_number_is_read_as_people_say_it(text: str, value: int | None) -> None:
    assert to_int(text) == value


@pytest.mark.parametrize(("text", "value"), [("一三八0", "1380"), ("零零七", "007"), ("十二", None), ("", None)])
def test_digits_are_read_one_by_one(text: str, value: str | None) -> None:
    assert digits(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("501", "501"),
        ("0301", "0301"),
        ("五零幺", "501"),
        ("十二零三", "1203"),
        ("二十一零五", "2105"),
        ("五百零一", "501"),
        ("楼", None),
    ],
)
def test_a_door_is_numbered_by_floor_and_door(text: str, value: str | None) -> None:
    assert door_number(text) == value
