"""Telephone numbers as exchanges send them and people type them."""

import re

from property_db.calls.errors import NumberInvalid
from property_db.people.masking import is_mobile

_COUNTRY = re.compile(r"(?:\+|00)86|86(?=1\d{10}$)")
_FILLERS = re.compile(r"[\s\-().]")
_ABROAD = re.compile(r"\+(?!86)|00(?!86)")
_DIALABLE = re.compile(r"\+?[0-9*#]{2,20}")


def mobile(number: str | None) -> str | None:
    """Return the 11-digit mobile number that +86, 0086, 86 or a leading 0 stands before; None if it is none."""
    digits = _COUNTRY.sub("", _FILLERS.sub("", number or ""), count=1)
    digits = digits.removeprefix("0")
    return digits if is_mobile(digits) else None


def same(number: str) -> str:
    """Return the one way a number is compared in: a mobile number without its prefixes, others as they are."""
    return mobile(number) or _FILLERS.sub("", number)


def dialable(number: str) -> str:
    """Return the number as it is dialled.

    Raises:
        NumberInvalid: nothing that can be dialled.
    """
    dialled = same(number)
    if _DIALABLE.fullmatch(dialled) is None:
        raise NumberInvalid
    return dialled


def is_abroad(number: str) -> bool:
    """Whether dialling this leaves the mainland: `+` or `00` before anything but 86.

    Such calls cost most and are what somebody who has taken over an agent's desk would place.
    """
    return _ABROAD.match(_FILLERS.sub("", number)) is not None
