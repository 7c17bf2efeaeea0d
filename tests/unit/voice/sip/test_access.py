from ipaddress import ip_network

from integrations.voice.sip.access import STRANGERS_AT_ONCE, Access


def test_networks_and_the_exchange_may_call_and_nobody_else() -> None:
    access = Access([ip_network("10.1.0.0/16"), ip_network("fd00::/8")])
    access.exchange_is(["203.0.113.5"])
    assert all(access.allows(host) for host in ("10.1.2.3", "::ffff:10.1.2.3", "fd00::1", "203.0.113.5"))
    assert not any(access.allows(host) for host in ("10.2.0.1", "203.0.113.6", "::1", "nonsense", ""))


def test_an_exchange_that_moves_is_followed() -> None:
    access = Access([])
    access.exchange_is(["203.0.113.5"])
    access.exchange_is(["203.0.113.6"])
    assert access.allows("203.0.113.6")
    assert not access.allows("203.0.113.5")


def test_the_exchange_is_not_everybody_who_may_call() -> None:
    access = Access([ip_network("10.1.0.0/16")])
    access.exchange_is(["203.0.113.5"])
    assert access.is_exchange("203.0.113.5")
    assert not access.is_exchange("10.1.2.3")


def test_strangers_are_read_a_few_at_once_and_a_few_a_second() -> None:
    now = [0.0]
    access = Access([], now=lambda: now[0])
    assert sum(access.spend() for _ in range(1000)) == STRANGERS_AT_ONCE
    now[0] = 1.0
    assert sum(access.spend() for _ in range(1000)) == 20
