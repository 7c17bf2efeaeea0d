"""One telephone call as a transport carries it, whatever the transport: SIP, Asterisk's two media ways, a browser.

Sound is 8 kHz, 16-bit little-endian, mono everywhere above a transport; a frame is 20 ms. A transport converts what
its peer sends and paces what it plays; it decides nothing about the conversation.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

SAMPLE_RATE = 8_000
"""Hertz, as on a telephone line."""
SAMPLE_BYTES = 2
FRAME_SECONDS = 0.02
FRAME_BYTES = int(SAMPLE_RATE * FRAME_SECONDS) * SAMPLE_BYTES
"""320 bytes: what one packet carries."""

KEYS = frozenset("0123456789*#")

HangUpReason = Literal["caller", "us", "no_media", "transferred", "error"]
RejectReason = Literal["busy", "unavailable", "forbidden", "codec"]


@dataclass(frozen=True, slots=True)
class Audio:
    """What the caller said, any length; no sound at all while nothing arrives (silence suppression, loss)."""

    pcm: bytes


@dataclass(frozen=True, slots=True)
class Key:
    """A key the caller pressed, once for each press: ``0`` to ``9``, ``*``, ``#``."""

    digit: str


@dataclass(frozen=True, slots=True)
class Held:
    """The caller's side put the call on hold, or took it back."""

    on: bool


@dataclass(frozen=True, slots=True)
class HungUp:
    """The call is over; the last event of a line."""

    reason: HangUpReason


LineEvent = Audio | Key | Held | HungUp


class LineGone(Exception):
    """The call ended while something was asked of it."""


class TransferRefused(Exception):
    """The other side does not take the transfer, or nobody answered there; the call goes on here."""


class NotReached(Exception):
    """A call we placed was not answered.

    Attributes:
        reason: ``busy``, ``no_answer``, ``rejected``, ``unreachable`` or ``not_configured``.
    """

    def __init__(self, reason: Literal["busy", "no_answer", "rejected", "unreachable", "not_configured"]) -> None:
        self.reason = reason
        super().__init__(reason)


class Line(Protocol):
    """One call.

    Attributes:
        transport: ``sip``, ``asterisk``, ``audiosocket`` or ``browser``.
        line_id: the transport's own id of the call, for the log; no telephone number in it.
        caller: the caller's number, digits with an optional leading ``+``; None where it is hidden or unknown.
        called: the number that was dialled, None where unknown.
        headers: what the other side passed along, names in lower case (``x-…``).
        can_transfer: whether :meth:`transfer` works at all on this transport.
    """

    transport: str
    line_id: str
    caller: str | None
    called: str | None
    headers: Mapping[str, str]
    can_transfer: bool

    async def answer(self) -> None:
        """Take the call; sound goes both ways from here. Nothing to do where the transport has answered already.

        Raises:
            LineGone: the caller gave up first.
        """
        ...

    async def reject(self, reason: RejectReason) -> None:
        """Refuse a call that was not answered."""
        ...

    async def next_event(self) -> LineEvent:
        """The next event, in order; after :class:`HungUp` always that one again."""
        ...

    def play(self, pcm: bytes) -> None:
        """Queue sound; the line sends it at its own pace, behind what is queued already. Ignored when it is over."""
        ...

    def flush(self) -> float:
        """Stop at once: drop what is queued and not sent; the seconds that were dropped."""
        ...

    @property
    def unplayed(self) -> float:
        """Seconds of sound that are queued and not sent."""
        ...

    async def drained(self) -> None:
        """Wait until nothing is queued, or the call is over."""
        ...

    async def transfer(self, target: str, headers: Mapping[str, str]) -> None:
        """Give the caller to another telephone and leave the call; returns when the other side has taken over.

        Args:
            target: an extension or a number of the exchange.
            headers: context for the agent's telephone (``X-Guanjia-…``), ASCII.

        Raises:
            TransferRefused: it did not work and the caller is still here.
            LineGone: the caller hung up meanwhile.
        """
        ...

    async def hang_up(self) -> None:
        """End the call; once is enough, twice does no harm."""
        ...


class Exchange(Protocol):
    """Places calls."""

    async def dial(self, number: str, headers: Mapping[str, str], ring_seconds: float) -> Line:
        """Call a number; the line is answered when this returns.

        Raises:
            NotReached: nobody answered.
        """
        ...
