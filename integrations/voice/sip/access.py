"""Who may speak to our telephone: the exchange and the allowed networks. Everybody else costs as little as possible.

A SIP port that can be reached is scanned within minutes; a stranger gets a bare refusal, at most some a second (the
source of a UDP packet can be forged, so an answer may hit somebody else), and is never written to the log one by one.
"""

import ipaddress
import time
from collections.abc import Callable, Iterable

import structlog

from integrations.voice.configuration import Network

log = structlog.get_logger()

STRANGERS_A_SECOND = 20.0
STRANGERS_AT_ONCE = 40.0
LONGEST_OF_STRANGERS = 1500
"""Bytes; an honest first packet fits one frame of Ethernet."""
REPORT_SECONDS = 60.0


class Access:
    """The list of addresses that may call, and a count of who else tried.

    Args:
        networks: always allowed.
        now: seconds, for tests.
    """

    def __init__(self, networks: Iterable[Network], now: Callable[[], float] = time.monotonic) -> None:
        self._networks = tuple(networks)
        self._exchange: frozenset[str] = frozenset()
        self._now = now
        self._known: dict[str, bool] = {}
        self._tokens = STRANGERS_AT_ONCE
        self._refilled = now()
        self._refused: dict[str, int] = {}
        self._reported = now() - REPORT_SECONDS

    def exchange_is(self, addresses: Iterable[str]) -> None:
        """The registrar's addresses, as its name says now."""
        self._exchange = frozenset(addresses)

    def allows(self, address: str) -> bool:
        """Whether calls are taken from there, and what it says of the caller is believed."""
        return self.is_exchange(address) or self._in_networks(address)

    def is_exchange(self, address: str) -> bool:
        """Whether this is one of the registrar's addresses."""
        return address in self._exchange

    def _in_networks(self, address: str) -> bool:
        known = self._known.get(address)
        if known is None:
            if len(self._known) > 1024:
                self._known.clear()
            known = self._known[address] = self._look_up(address)
        return known

    def _look_up(self, address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address.split("%")[0])
        except ValueError:
            return False
        if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
            parsed = parsed.ipv4_mapped
        return any(parsed in network for network in self._networks)

    def spend(self) -> bool:
        """Whether one more packet of a stranger is worth reading now."""
        now = self._now()
        self._tokens = min(STRANGERS_AT_ONCE, self._tokens + (now - self._refilled) * STRANGERS_A_SECOND)
        self._refilled = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def refused(self, what: str) -> None:
        """Count something that was refused or dropped; a line in the log at most once a minute."""
        self._refused[what] = self._refused.get(what, 0) + 1
        now = self._now()
        if now - self._reported >= REPORT_SECONDS:
            self._reported = now
            log.warning("voice.sip_refused", **self._refused)
            self._refused = {}
