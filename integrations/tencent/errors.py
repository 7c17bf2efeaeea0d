"""What the platform's error codes mean for us, and the two ways in which a call fails."""

import re
from enum import Enum

_LONG_WORD = re.compile(r"[A-Za-z0-9_-]{16,}")
_LONGEST_HINT = 160


class Refusal(Enum):
    """Why the platform refused, as far as it makes a difference to us.

    ``TOKEN``: our key is not accepted, or none can be had. ``BUSY``, ``RATE``: later. ``WINDOW_CLOSED`` and
    ``QUOTA_USED``: the resident has to write first. ``WRONG_STATE``: somebody else's conversation just now.
    """

    TOKEN = "token"  # noqa: S105 - a reason, no secret
    BUSY = "busy"
    WINDOW_CLOSED = "window_closed"
    QUOTA_USED = "quota_used"
    TOO_LONG = "too_long"
    NO_PERMISSION = "no_permission"
    UNKNOWN_USER = "unknown_user"
    ADDRESS_NOT_ALLOWED = "address_not_allowed"
    RATE = "rate"
    REFUSED_BY_USER = "refused_by_user"
    WRONG_STATE = "wrong_state"
    OTHER = "other"


# Global return codes of the Official Account (developers.weixin.qq.com, 全局返回码) and of WeCom
# (developer.work.weixin.qq.com, 全局错误码); where both use a code, it means the same to us.
_REFUSALS = {
    -1: Refusal.BUSY,
    40001: Refusal.TOKEN,
    40014: Refusal.TOKEN,
    42001: Refusal.TOKEN,
    40003: Refusal.UNKNOWN_USER,
    43004: Refusal.UNKNOWN_USER,  # does not follow the account
    40164: Refusal.ADDRESS_NOT_ALLOWED,
    60020: Refusal.ADDRESS_NOT_ALLOWED,  # WeCom's
    43101: Refusal.REFUSED_BY_USER,
    45002: Refusal.TOO_LONG,
    45009: Refusal.RATE,
    45011: Refusal.RATE,
    45033: Refusal.RATE,  # WeCom: too many calls at once
    429: Refusal.RATE,  # HTTP
    45015: Refusal.WINDOW_CLOSED,
    45047: Refusal.QUOTA_USED,
    95001: Refusal.QUOTA_USED,  # WeCom customer service
    48001: Refusal.NO_PERMISSION,
    48002: Refusal.NO_PERMISSION,  # WeCom: not this interface; Official Account: not to this resident
    95018: Refusal.WRONG_STATE,  # WeCom customer service: not in states 0 and 1
}


# The platform's list of our addresses is mended by the operator in minutes, so what waits for that need not be lost.
LATER = frozenset({Refusal.BUSY, Refusal.RATE, Refusal.TOKEN, Refusal.ADDRESS_NOT_ALLOWED})
"""With these the same call may succeed later."""


def refusal_of(errcode: int) -> Refusal:
    """What a code means; ``OTHER`` for all that nobody has to treat in its own way."""
    return _REFUSALS.get(errcode, Refusal.OTHER)


class ApiRefused(Exception):
    """The platform answered, and said no.

    Attributes:
        errcode: the platform's code; the HTTP status where it gave none.
        refusal: what it means.
        hint: the platform's own words, shortened and without anything that could be a key or an id.
    """

    def __init__(self, errcode: int, message: str = "", refusal: Refusal | None = None) -> None:
        self.errcode = errcode
        self.refusal = refusal_of(errcode) if refusal is None else refusal
        self.hint = _LONG_WORD.sub("…", message)[:_LONGEST_HINT]
        super().__init__(f"{errcode} ({self.refusal.value})")


class ApiUnreachable(Exception):
    """The platform gave no answer that can be understood.

    Attributes:
        sent: the request may have arrived; False where it certainly did not.
        reason: what failed, one word, for the log.
    """

    def __init__(self, *, sent: bool, reason: str = "") -> None:
        super().__init__(reason)
        self.sent = sent
        self.reason = reason


class TooLarge(Exception):
    """An answer is longer than what its caller wants to have in memory."""
