"""The UDP ports for sound: pairs out of a fixed range, because a firewall has to let them through."""

import socket


class NoPorts(Exception):
    """Every pair is in use."""


class Ports:
    """Lends pairs of an even port and the one above it.

    A pair that comes back is lent again last: late packets of the call before must not be heard in the next one.

    Args:
        first, last: the range, both ends in it.
        host: the address the ports are bound on.
    """

    def __init__(self, first: int, last: int, host: str) -> None:
        start = first + first % 2
        self._free = list(range(start, last, 2))
        self._lent: set[int] = set()
        self._host = host

    @property
    def lent(self) -> int:
        """How many pairs are in use."""
        return len(self._lent)

    def take(self) -> int:
        """The even port of a pair that nobody uses, no other program either.

        Raises:
            NoPorts: there is none.
        """
        for index, port in enumerate(self._free):
            if _bindable(self._host, port) and _bindable(self._host, port + 1):
                del self._free[index]
                self._lent.add(port)
                return port
        raise NoPorts

    def give_back(self, port: int) -> None:
        """Return a pair; once is enough."""
        if port in self._lent:
            self._lent.discard(port)
            self._free.append(port)


def _bindable(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
