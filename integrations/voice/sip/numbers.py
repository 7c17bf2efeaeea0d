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


def caller_number(invite: SipRequest) -> str | None:
    """Who calls, as the exchange says: its own assertion before what the telephone claims.

    Only for requests of a trusted peer; anybody may write anything into these headers. None where the number is
    hidden (also where the exchange knows it and the caller asked for privacy), or is no number.
    """
    privacy = {word.strip().lower() for word in ";".join(invite.headers.get("privacy")).split(";")}
    if privacy & _HIDING or "privacy=full" in (invite.get_header("remote-party-id") or "").lower():
        return None
    for name in ("p-asserted-identity", "remote-party-id", "from"):
        for value in _addresses(invite, name):
            user = user_of(value)
            if user is None:
                continue
            if user.lower() in ("anonymous", "restricted", "unavailable"):
                return None
            number = normalised(user)
            if number is not None:
                return number
    return None


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
    return parse_uri(inner).user


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


def _addresses(invite: SipRequest, name: str) -> list[str]:
    pieces = (piece for value in invite.headers.get(name) for piece in _QUOTED.sub("", value).split(","))
    return [piece for piece in pieces if piece.strip()]
