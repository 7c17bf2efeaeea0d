import socket

import pytest

from integrations.voice.sip.ports import NoPorts, Ports
from tests.support.sip_peers import free_port


def a_range(pairs: int) -> tuple[int, int]:
    """A range of free ports."""
    while True:
        first = (free_port() + 1) & ~1
        if first + 2 * pairs > 65000:
            continue
        ports = Ports(first, first + 2 * pairs - 1, "127.0.0.1")
        try:
            for _ in range(pairs):
                ports.take()
        except NoPorts:
            continue
        return first, first + 2 * pairs - 1


def test_pairs_are_even_and_run_out() -> None:
    ports = Ports(*a_range(3), "127.0.0.1")
    taken = [ports.take() for _ in range(3)]
    assert all(port % 2 == 0 for port in taken)
    assert len(set(taken)) == 3
    with pytest.raises(NoPorts):
        ports.take()


def test_a_pair_that_came_back_is_lent_last() -> None:
    ports = Ports(*a_range(2), "127.0.0.1")
    first = ports.take()
    ports.give_back(first)
    ports.give_back(first)
    assert ports.lent == 0
    assert ports.take() != first
    assert ports.take() == first


def test_a_pair_that_another_program_uses_is_passed_over() -> None:
    first, last = a_range(2)
    ports = Ports(first, last, "127.0.0.1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", first + 1))
        assert ports.take() == first + 2
