"""Keys the caller presses. They come as events in the stream (RFC 4733), as INFO requests, or as both at once."""

import re
from typing import Literal

from integrations.voice.line import KEYS

Way = Literal["event", "info"]

SAME_PRESS_SECONDS = 1.0
_EVENTS = "0123456789*#"
_SIGNAL = re.compile(r"signal\s*=\s*([0-9]{1,2}|[*#])", re.IGNORECASE)


class Keys:
    """Tells presses from their repetitions: each packet of an event comes many times, some exchanges send both ways."""

    def __init__(self) -> None:
        self._stamp: int | None = None
        self._last: tuple[Way, str, float] | None = None

    def event(self, payload: bytes, timestamp: int, now: float) -> str | None:
        """A packet of a key event; the key where it is the first of its press (keys interrupt at once)."""
        if len(payload) < 4 or payload[0] >= len(_EVENTS) or timestamp == self._stamp:
            return None
        self._stamp = timestamp
        return self._pressed("event", _EVENTS[payload[0]], now)

    def info(self, content_type: str, body: str, now: float) -> str | None:
        """An INFO request; the key it carries, None where it carries none or the key was heard in the stream."""
        kind = content_type.split(";")[0].strip().lower()
        digit = body.strip()
        if kind == "application/dtmf-relay":
            found = _SIGNAL.search(body)
            digit = found.group(1) if found else ""
        elif kind != "application/dtmf":
            return None
        digit = {"10": "*", "11": "#"}.get(digit, digit)
        return self._pressed("info", digit, now) if digit in KEYS else None

    def _pressed(self, way: Way, digit: str, now: float) -> str | None:
        last = self._last
        if last is not None and last[0] != way and last[1] == digit and now - last[2] < SAME_PRESS_SECONDS:
            self._last = None  # the same press by the other way; the next one is a new press again
            return None
        self._last = (way, digit, now)
        return digit
