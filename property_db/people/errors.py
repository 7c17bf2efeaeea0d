"""Refusals about identity and binding."""

from property_db.errors import DomainError


class CodeWrong(DomainError):
    """The code does not match; `left` tells how many tries remain. The try stays counted."""

    code = "code_wrong"
    status = 422
    keeps_changes = True


class CodeExpired(DomainError):
    """The code is older than it lives, was used, or was never asked for."""

    code = "code_expired"
    status = 422


class CodeUsedUp(DomainError):
    """Too many wrong tries: only a new code helps."""

    code = "code_used_up"
    status = 429
    keeps_changes = True


class CodeRequestedTooOften(DomainError):
    """Too many codes for this number or by this identity; `minutes` tells when to try again."""

    code = "code_requested_too_often"
    status = 429


class PhoneInvalid(DomainError):
    """Not an 11-digit mainland mobile number."""

    code = "phone_invalid"
    status = 422


class NotVerified(DomainError):
    """The identity has no proven telephone number, so nothing of any household may be shown."""

    code = "not_verified"
    status = 403


class HomeNotYours(DomainError):
    """The home is not one of this identity's; the same refusal as for a home that does not exist."""

    code = "home_not_yours"
    status = 403
