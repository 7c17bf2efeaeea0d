from integrations.voice.sip.reorder import MOST_HELD, Reorder


def run(*numbers: int) -> list[bytes | None]:
    """What comes out for packets in this order; each one's sound is its number."""
    reorder = Reorder()
    return [piece for number in numbers for piece in reorder.put(number, b"%d" % number)]


def test_packets_in_order_go_through_at_once() -> None:
    assert run(1, 2, 3) == [b"1", b"2", b"3"]


def test_a_packet_that_comes_early_waits() -> None:
    assert run(1, 3, 2, 4) == [b"1", b"2", b"3", b"4"]


def test_a_packet_that_comes_twice_or_late_is_dropped() -> None:
    assert run(1, 1, 2, 1, 3) == [b"1", b"2", b"3"]


def test_a_lost_packet_becomes_silence_when_enough_wait_behind_it() -> None:
    assert run(1, *range(3, 4 + MOST_HELD)) == [b"1", None, *(b"%d" % number for number in range(3, 4 + MOST_HELD))]


def test_numbers_run_over() -> None:
    assert run(65534, 65535, 0, 1) == [b"65534", b"65535", b"0", b"1"]


def test_a_jump_is_a_new_beginning() -> None:
    assert run(1, 30000, 30001, 2) == [b"1", b"30000", b"30001", b"2"]


def test_a_packet_without_sound_uses_a_number_up() -> None:
    reorder = Reorder()
    assert reorder.put(1, b"a") + reorder.put(2, b"") + reorder.put(3, b"b") == [b"a", b"b"]
