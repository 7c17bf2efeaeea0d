"""Packets that are sent again until something happens, and what is forgotten after a while (RFC 3261 17)."""

import asyncio
from collections.abc import Callable

from integrations.voice.sip.messages import Address

T1 = 0.5
"""Seconds: the first repetition; each one after it waits twice as long."""
T2 = 4.0
GIVE_UP = 64
"""Times T1: 32 s, then nobody is there."""


class Repeated:
    """One packet that is sent again and again."""

    __slots__ = ("timer",)

    def __init__(self) -> None:
        self.timer: asyncio.TimerHandle | None = None


class Repeater:
    """Runs all timers of a SIP socket; plain timers of the loop, no tasks.

    Args:
        send: sends a packet once.
        t1: RFC 3261's T1 in seconds.
    """

    def __init__(self, send: Callable[[bytes, Address], None], t1: float) -> None:
        self._send = send
        self._t1 = t1
        self._repeating: set[Repeated] = set()
        self._timers: set[asyncio.TimerHandle] = set()

    @property
    def patience(self) -> float:
        """Seconds after which nobody is there."""
        return self._t1 * GIVE_UP

    def repeat(self, packet: bytes, address: Address, give_up: Callable[[], None], *, no_cap: bool = False) -> Repeated:
        """Send a packet again after T1, 2 T1, 4 T1 …

        Args:
            packet: it was sent once already.
            address: where to.
            give_up: called after :attr:`patience`.
            no_cap: pauses grow without T2's limit (an INVITE's).
        """
        loop = asyncio.get_running_loop()
        repeated = Repeated()
        until = loop.time() + self.patience
        cap = self.patience if no_cap else T2 / T1 * self._t1

        def again(interval: float) -> None:
            if loop.time() >= until:
                self.stop(repeated)
                give_up()
                return
            self._send(packet, address)
            longer = min(2 * interval, cap)
            repeated.timer = loop.call_later(longer, again, longer)

        repeated.timer = loop.call_later(self._t1, again, self._t1)
        self._repeating.add(repeated)
        return repeated

    def stop(self, repeated: Repeated) -> None:
        """It is not sent again; once is enough."""
        self._repeating.discard(repeated)
        if repeated.timer is not None:
            repeated.timer.cancel()
            repeated.timer = None

    def later(self, seconds: float, call: Callable[[], object]) -> None:
        """Do something after a while, unless closed before."""

        def due() -> None:
            self._timers.discard(timer)
            call()

        timer = asyncio.get_running_loop().call_later(seconds, due)
        self._timers.add(timer)

    def close(self) -> None:
        """Stop everything."""
        for repeated in list(self._repeating):
            self.stop(repeated)
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def left_over(self) -> int:
        """How many timers run."""
        return len(self._repeating) + len(self._timers)
