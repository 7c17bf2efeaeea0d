import struct

import pytest

from integrations.voice.sip.keys import Keys


def packet(event: int, duration: int = 160, *, end: bool = False) -> bytes:
    """The payload of one packet of a key event."""
    return struct.pack("!BBH", event, 0x8A if end else 10, duration)


def test_a_press_of_many_packets_is_one_key_at_its_first_packet() -> None:
    keys = Keys()
    heard = [keys.event(packet(5, 160 * step), 1000, 0.0) for step in range(1, 6)]
    heard += [keys.event(packet(5, 960, end=True), 1000, 0.1) for _ in range(3)]
    assert heard == ["5"] + [None] * 7


def test_a_press_whose_beginning_is_lost_is_heard_by_its_end() -> None:
    assert Keys().event(packet(10, end=True), 1000, 0.0) == "*"


def test_the_same_key_twice_is_two_keys() -> None:
    keys = Keys()
    assert [keys.event(packet(1), stamp, stamp / 8000) for stamp in (1000, 3000)] == ["1", "1"]


def test_letters_and_broken_packets_are_no_keys() -> None:
    keys = Keys()
    assert [keys.event(packet(event), event, 0.0) for event in (12, 15, 16, 255)] == [None] * 4
    assert keys.event(b"\x01", 5, 0.0) is None


@pytest.mark.parametrize(
    ("kind", "body", "digit"),
    [
        ("application/dtmf-relay", "Signal=1\r\nDuration=160\r\n", "1"),
        ("application/dtmf-relay", "Duration=160\nsignal = #\n", "#"),
        ("application/dtmf-relay; charset=utf-8", "Signal=10\n", "*"),
        ("application/dtmf-relay", "Signal=11\n", "#"),
        ("application/dtmf", "9\r\n", "9"),
        ("application/dtmf", "99", None),
        ("application/dtmf-relay", "Signal=A\n", None),
        ("text/plain", "1", None),
        ("", "", None),
    ],
)
def test_info_requests_carry_keys_in_two_forms(kind: str, body: str, digit: str | None) -> None:
    assert Keys().info(kind, body, 0.0) == digit


def test_a_press_that_comes_both_ways_is_one_key_and_the_next_press_another() -> None:
    keys = Keys()
    assert keys.event(packet(7), 1000, 0.0) == "7"
    assert keys.info("application/dtmf", "7", 0.1) is None
    assert keys.info("application/dtmf", "7", 0.6) == "7"
    assert keys.event(packet(7), 6000, 0.65) is None


def test_the_same_key_much_later_by_the_other_way_is_a_press() -> None:
    keys = Keys()
    assert keys.event(packet(7), 1000, 0.0) == "7"
    assert keys.info("application/dtmf", "7", 5.0) == "7"
