"""Telephone numbers as SIP writes them, as all the rest knows them: digits with an optional leading ``+``."""

import re
from collections.abc import Mapping
from urllib.parse import unquote

from aiosipua import SipRequest
from aiosipua.headers import parse_uri

LONGEST = 20
MOST_HEADERS = 32
LONGEST_VALUE = 512
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_SEPARATORS = str.maketrans("", "", " -.()/")
_NUMBER = re.compile(r"\+?[0-9]{2,20}")
_DIALLED = re.compile(r"\+?[0-9*#]{2,20}")
_HEADER_NAME = re.compile(r"[Xx]-[A-Za-z0-9-]{1,60}")
_NOT_PRINTABLE = re.compile(r"[^\x20-\x7e]")
_HIDING = frozenset({"id", "user", "full"})
_ORIGINS = ("p-asserted-identity", "remote-party-id", "from")
"""Who says who calls, the most trustworthy first."""
_WITHHELD = re.compile(r"\b(?:anonymous|restricted|unavailable)\b", re.IGNORECASE)
_PRIVATE = re.compile(r"privacy\s*=\s*\"?full", re.IGNORECASE)
_ONE_ADDRESS = re.compile(r"(?:<[^<>]*>|[^<>,])+")
LONGEST_HEADER = 1024
"""Characters of a header that names the caller; beyond that, quotation marks alone take milliseconds to match."""


def caller_number(invite: SipRequest) -> str | None:
    """Who calls, as the exchange says: its own assertion before what the telephone claims.

    The first of the headers that is there decides alone: an exchange that asserts somebody without a number has passed
    on the others as the telephone wrote them.

    Only for requests of a trusted peer; anybody may write anything into these headers. None where the number is
    hidden (also where the exchange knows it and the caller asked for privacy), or is no number.
    """
    privacy = {word.strip().lower() for word in ";".join(invite.headers.get("privacy")).split(";")}
    if privacy & _HIDING or any(_PRIVATE.search(value) for value in invite.headers.get("remote-party-id")):
        return None
    present = (invite.headers.get(name) for name in _ORIGINS)
    return _number_in(next(filter(None, present), []))


def _number_in(values: list[str]) -> str | None:
    """The first number in one header; None where a word in it says that there should be none."""
    if sum(map(len, values)) > LONGEST_HEADER or any(_WITHHELD.search(unquote(value)) for value in values):
        return None
    numbers = (normalised(user_of(address) or "") for value in values for address in _addresses(value))
    return next(filter(None, numbers), None)


def called_number(invite: SipRequest) -> str | None:
    """The number that was dialled: of the request line, where that is no number of the ``To`` header."""
    for value in (f"<{invite.uri}>", invite.get_header("to") or ""):
        number = normalised(user_of(value) or "")
        if number is not None:
            return number
    return None


def normalised(user: str) -> str | None:
    """``(0571) 8765-4321;phone-context=…`` as ``057187654321``; None where it is no number."""
    number = unquote(user).split(";", 1)[0].translate(_SEPARATORS)
    return number if _NUMBER.fullmatch(number) else None


def dialled(number: str) -> str | None:
    """A number as it may stand in a request line; None where it cannot be dialled."""
    number = number.translate(_SEPARATORS)
    return number.replace("#", "%23") if _DIALLED.fullmatch(number) else None


def user_of(address: str) -> str | None:
    """The user part of a SIP address, the number of a ``tel:`` one."""
    text = _QUOTED.sub("", address[:LONGEST_VALUE])  # a display name is the caller's own text: `"<sip:110@x>" <…>`
    if text.count("<") > 1 or text.count('"'):
        return None
    inner = text[text.find("<") + 1 : text.find(">")] if "<" in text and ">" in text else text
    if inner.strip().lower().startswith("tel:"):
        return inner.strip()[len("tel:") :]
    # Without the scheme, `sip:alice, 110@x` would be two addresses and the second one the caller's own invention.
    return parse_uri(inner).user if inner.strip().lower().startswith(("sip:", "sips:")) else None


def passed_along(invite: SipRequest) -> dict[str, str]:
    """The exchange's ``X-`` headers, names in lower case."""
    found: dict[str, str] = {}
    for name, values in invite.headers.items():
        if values and _HEADER_NAME.fullmatch(name) and len(found) < MOST_HEADERS:
            found[name.lower()] = values[0][:LONGEST_VALUE]
    return found


def to_pass(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers that may be sent: ``X-`` names, printable ASCII values on one line; other names are left out."""
    return {
        name: _NOT_PRINTABLE.sub("?", value)[:LONGEST_VALUE]
        for name, value in headers.items()
        if _HEADER_NAME.fullmatch(name)
    }


def _addresses(value: str) -> list[str]:
    """The addresses of one line, without display names; none where its quotation marks or brackets do not match.

    A comma within brackets is part of an address: `<sip:alice,sip:110@x>` is nobody's number.
    """
    text = _QUOTED.sub("", value)
    if '"' in text or _ONE_ADDRESS.sub("", text).strip(", "):
        return []
    return _ONE_ADDRESS.findall(text)
