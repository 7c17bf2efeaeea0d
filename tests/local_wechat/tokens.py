"""Access tokens as the platform gives and judges them."""

import re
import secrets
from dataclasses import dataclass
from typing import Literal

from tests.local_wechat.clock import DAY, PeerClock
from tests.local_wechat.errcodes import PlatformError

LASTS = 7200
RENEWED_EARLY = 300
FORCED_PAUSE = 30
FORCED_A_DAY = 20
_SHAPE = re.compile(r"[0-9]{1,3}_[A-Za-z0-9_-]{100,}")


@dataclass
class Fetch:
    """One request for a token."""

    owner: str
    at: float
    forced: bool
    was_new: bool


@dataclass
class _Token:
    value: str
    owner: str
    expires_at: float
    valid: bool = True


class TokenDesk:
    """Gives tokens to owners (an app id or a corp id) and says whose a token is.

    Attributes:
        fetches: every request, in order; `was_new` ones made a token.
    """

    def __init__(self, clock: PeerClock) -> None:
        self._clock = clock
        self._current: dict[str, _Token] = {}
        self._known: dict[str, _Token] = {}
        self._stuck: set[str] = set()
        self.fetches: list[Fetch] = []

    def issue(self, owner: str, *, force: bool = False) -> tuple[str, int]:
        """The owner's token and its remaining seconds.

        Without `force` the same token is given again and again; in its last five minutes a new one. Forced ones are
        rationed: within 30 seconds nothing is renewed, and after 20 a day the platform refuses.

        Raises:
            PlatformError: 45009, forced too often.
        """
        now = self._clock.now()
        current = self._current.get(owner)
        fresh = current is None or current.expires_at - now <= RENEWED_EARLY
        if current is not None and not current.valid and owner not in self._stuck:
            fresh = True
        if force and not fresh:
            forced = [f.at for f in self.fetches if f.owner == owner and f.forced and f.was_new and f.at > now - DAY]
            if len(forced) >= FORCED_A_DAY:
                raise PlatformError(45009)
            fresh = not forced or now - forced[-1] >= FORCED_PAUSE
            if fresh and current is not None:
                current.valid = False
        if fresh or current is None:
            current = _Token(f"{secrets.randbelow(90) + 10}_{secrets.token_urlsafe(102)}", owner, now + LASTS)
            self._current[owner] = self._known[current.value] = current
            self._stuck.discard(owner)
        self.fetches.append(Fetch(owner, now, force, fresh))
        return current.value, int(current.expires_at - now)

    def owner_of(self, value: str | None) -> str:
        """Whose token this is.

        Raises:
            PlatformError: 41001 missing, 40014 no token at all, 40001 not (or no longer) known, 42001 expired.
        """
        if not value:
            raise PlatformError(41001)
        if not _SHAPE.fullmatch(value):
            raise PlatformError(40014)
        token = self._known.get(value)
        if token is None or not token.valid:
            raise PlatformError(40001)
        if token.expires_at <= self._clock.now():
            raise PlatformError(42001)
        return token.owner

    def invalidate(self, owner: str, how: Literal["replaced", "stuck", "expired"] = "replaced") -> None:
        """Make the owner's token useless.

        Args:
            how: `replaced`: the next fetch gives a new one. `stuck`: unforced fetches give the dead one again.
                `expired`: it is over before its time.
        """
        current = self._current.get(owner)
        if current is None:
            return
        if how == "expired":
            current.expires_at = self._clock.now()
            return
        current.valid = False
        if how == "stuck":
            self._stuck.add(owner)

    def current(self, owner: str) -> str | None:
        """The owner's newest token, None before the first."""
        token = self._current.get(owner)
        return None if token is None else token.value
