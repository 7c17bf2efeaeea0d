"""Session timers (RFC 4028): both sides agree how often the call is confirmed, and drop it when it is not."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from aiosipua import SipMessage
from aiosipua.session_timer import parse_session_expires, watchdog_delay

SHORTEST = 90
"""Seconds, by the RFC."""


class TooShort(Exception):
    """The other side wants it confirmed more often than we do."""


@dataclass(frozen=True, slots=True)
class Interval:
    """What was agreed.

    Attributes:
        seconds: between confirmations at most.
        ours: we confirm, the other side watches; the other way round where False.
    """

    seconds: int
    ours: bool


def of_invite(invite: SipMessage, longest: int) -> Interval | None:
    """What an INVITE (or UPDATE) of the other side comes to; None where it knows no timers.

    Raises:
        TooShort: below 90 s.
    """
    supported = ",".join(invite.headers.get("supported") + invite.headers.get("require")).lower()
    wanted = invite.get_header("session-expires") or invite.get_header("x")
    if "timer" not in {word.strip() for word in supported.split(",")}:
        return None  # nothing obliges it; the sound's own timeout watches such a call
    seconds, refresher = parse_session_expires(wanted) if wanted else (longest, None)
    if seconds <= 0:
        seconds = longest
    if seconds < SHORTEST:
        raise TooShort
    least, _ = parse_session_expires(invite.get_header("min-se") or "0")
    return Interval(max(min(seconds, longest), least, SHORTEST), refresher == "uas")


def of_answer(answer: SipMessage) -> Interval | None:
    """What the answer to an INVITE of ours says; None where the other side wants no timer."""
    value = answer.get_header("session-expires")
    if not value:
        return None
    seconds, refresher = parse_session_expires(value)
    return Interval(max(seconds, SHORTEST), refresher != "uas") if seconds > 0 else None


class SessionTimer:
    """Runs one call's timer.

    Args:
        refresh: called when we should confirm.
        expire: called when the other side has not.
    """

    def __init__(self, refresh: Callable[[], None], expire: Callable[[], None]) -> None:
        self._refresh = refresh
        self._expire = expire
        self._handle: asyncio.TimerHandle | None = None
        self.interval: Interval | None = None

    def start(self, interval: Interval | None) -> None:
        """Begin, or begin anew after a confirmation; None ends it."""
        self.stop()
        self.interval = interval
        if interval is None:
            return
        loop = asyncio.get_running_loop()
        if interval.ours:
            self._handle = loop.call_later(interval.seconds / 2, self._refresh)
        else:
            self._handle = loop.call_later(watchdog_delay(interval.seconds), self._expire)

    def stop(self) -> None:
        """End it."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
