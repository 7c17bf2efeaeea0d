"""The little markup that a text message of an Official Account has: links. Whatever else looks like markup is not.

After :func:`plain` a text holds no ``<``, so every ``<`` of a rendered message is one of ours.
"""

import re
import unicodedata
from urllib.parse import urlsplit

from integrations.wechat.graphemes import clusters

# What turns the direction of a text around, and what is no character in Unicode (XML forbids some of it).
_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
_NONCHARACTERS = range(0xFDD0, 0xFDF0)
_LINE_ENDS = re.compile(r"\r\n?|[\u2028\u2029\x85\x0b\x0c]")
_ENTITY = re.compile(r"&(?=#?[0-9A-Za-z]{1,32};)")
_FULL_WIDTH = str.maketrans("<>", "＜＞")
_IN_A_PARAMETER = str.maketrans({c: chr(ord(c) + 0xFEE0) for c in "\"&#%<>?=+'"} | {"\n": " "})
_IN_AN_ADDRESS = str.maketrans({'"': "%22", "<": "%3C", ">": "%3E", "'": "%27", " ": "%20", "\\": "%5C", "`": "%60"})

LINK = re.compile(r'<a href="[^"<>]*">[^<>]*</a>')
LONGEST_SAID = 40
"""Characters of a title that pressing it says; the option's id does the choosing."""


def clean(text: str) -> str:
    """``text`` without control characters, its lines ended by ``\\n``."""
    lines = _LINE_ENDS.sub("\n", text).replace("\t", " ")
    return "".join(char for char in lines if char == "\n" or _is_shown(char))


def _is_shown(char: str) -> bool:
    code = ord(char)
    nothing = code in _NONCHARACTERS or code & 0xFFFE == 0xFFFE
    return not nothing and unicodedata.category(char) not in ("Cc", "Cs") and char not in _DIRECTIONS


def plain(text: str) -> str:
    """``text`` so that no reader takes a part of it for markup."""
    return _ENTITY.sub("＆", clean(text).translate(_FULL_WIDTH))


def visible(text: str) -> str:
    """What a reader sees of a rendered text."""
    return re.sub(r"<[^<>]*>", "", text)


def link(title: str, address: str) -> str | None:
    """A link to a web page; None where ``address`` is none."""
    address = clean(address).replace("\n", "").strip().translate(_IN_AN_ADDRESS)
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return None
    return f'<a href="{address}">{_one_line(title)}</a>'


def says(title: str, said: str, option: str) -> str:
    """A link that says ``said`` for the resident when it is pressed, and names the option.

    Args:
        option: letters, digits and ``._@-``; comes back as ``bizmsgmenuid``.
    """
    said = "".join(clusters(plain(said).strip())[:LONGEST_SAID]).translate(_IN_A_PARAMETER)
    return f'<a href="weixin://bizmsgmenu?msgmenucontent={said}&msgmenuid={option}">{_one_line(title)}</a>'


def _one_line(title: str) -> str:
    return " ".join(plain(title).split())
