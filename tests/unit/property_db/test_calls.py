"""Numbers, rooms and hours of the hotline."""

from datetime import UTC, datetime, time

import pytest

from property_db.calls.caller import room_matches
from property_db.calls.errors import NumberInvalid
from property_db.calls.numbers import dialable, is_abroad, mobile, same
from property_db.calls.outbound import is_quiet
from property_db.calls.recordings import file_of
from property_db.clock import SettableClock
from property_db.estates.models import Building, Home, Unit


def _home(building: str, unit: str, room: str) -> Home:
    return Home(
        room=room,
        building=Building(name=building, display=f"{building}栋"),
        unit=Unit(name=unit),
        label="",
        estate_id=1,
    )


@pytest.mark.parametrize(
    "sent",
    [
        "13800138000",
        "+8613800138000",
        "008613800138000",
        "8613800138000",
        "013800138000",
        "+86 138-0013-8000",
        "(+86) 13800138000",
    ],
)
def test_a_mobile_number_is_the_same_with_and_without_prefixes(sent: str) -> None:
    assert mobile(sent) == "13800138000"


@pytest.mark.parametrize(
    "sent", [None, "", "anonymous", "057188001800", "138001380000", "12800138000", "sip:13800138000@a", "+113800138000"]
)
def test_what_is_no_mobile_number_belongs_to_nobody(sent: str | None) -> None:
    assert mobile(sent) is None


@pytest.mark.parametrize(
    ("number", "abroad"),
    [
        ("0085212345678", True),
        ("+85212345678", True),
        ("+1 900 123 4567", True),
        ("(00) 44 20", True),
        ("+0086", True),
        ("000", True),
        ("+8613800138000", False),
        ("008657188001800", False),
        ("+86 571 8800 1800", False),
        ("13800138000", False),
        ("057188001800", False),
        ("4008001800", False),
        ("8001", False),
        ("*00", False),
    ],
)
def test_abroad_is_what_another_country_s_code_stands_before(number: str, abroad: bool) -> None:
    assert is_abroad(number) is abroad


def test_numbers_that_are_no_mobile_numbers_are_compared_as_they_are() -> None:
    assert same("0571-8800 1800") == "057188001800"
    assert same("8001") == "8001"


@pytest.mark.parametrize("typed", ["", "1", "王建国", "138;cat", "1" * 21, "sip:100@evil"])
def test_what_cannot_be_dialled_is_refused(typed: str) -> None:
    with pytest.raises(NumberInvalid):
        dialable(typed)


def test_extensions_and_numbers_can_be_dialled() -> None:
    assert [dialable(number) for number in ("8001", "+86 13800138000", "0571-88001800", "*61")] == [
        "8001",
        "13800138000",
        "057188001800",
        "*61",
    ]


@pytest.mark.parametrize("keyed", ["501", "501#", "32501", "3 2 501"])
def test_a_home_is_its_room_or_its_building_unit_and_room(keyed: str) -> None:
    assert room_matches([_home("5", "1", "1203"), _home("3", "2", "501")], keyed)


@pytest.mark.parametrize("keyed", ["", "#", "5", "50", "2501", "5010", "1501", "51203x501"])
def test_other_digits_are_no_room(keyed: str) -> None:
    assert not room_matches([_home("3", "2", "501")], keyed)


def test_letters_of_buildings_cannot_be_keyed_and_are_left_out() -> None:
    assert room_matches([_home("B", "1", "A101")], "1101")
    assert not room_matches([_home("B", "", "")], "")


@pytest.mark.parametrize(
    ("hour", "minute", "quiet"), [(11, 59, False), (12, 0, True), (23, 0, True), (0, 59, True), (1, 0, False)]
)
def test_nobody_is_called_from_eight_in_the_evening_until_nine(hour: int, minute: int, quiet: bool) -> None:
    assert is_quiet(datetime(2026, 11, 21, hour, minute, tzinfo=UTC)) is quiet


def test_quiet_hours_may_lie_within_a_day_or_be_none() -> None:
    noon = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
    assert is_quiet(noon, time(12), time(14))
    assert not is_quiet(noon, time(13), time(14))
    assert not is_quiet(noon, time(12), time(12))


def test_a_recording_lies_in_the_folder_of_its_month_in_shanghai() -> None:
    clock = SettableClock(datetime(2026, 11, 30, 17, 0, tzinfo=UTC))
    assert file_of("a" * 32, clock.today()) == f"2026-12/{'a' * 32}.wav"
