"""The platform's XML: read without trust, written so that no value can become markup."""

import re
from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import ParseError
from xml.parsers.expat import ExpatError

from defusedxml.common import DefusedXmlException, DTDForbidden
from defusedxml.ElementTree import DefusedXMLParser

BODY_LIMIT = 64 * 1024
"""Bytes. The largest message of the platform, a location with a long address, takes less than 8 KiB encrypted."""
DEEPEST = 4
MOST_ELEMENTS = 200

_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufdd0\ufffe\uffff]")
_LINE_ENDS = re.compile(r"\r\n?")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
# Takes the place of a forbidden character until parsing is over. Were it simply left out before, `]]\x01>` in
# somebody's text would become the end of its CDATA section, and what follows would be read as elements.
_PLACEHOLDER = "\ufdd0"


class XmlRefused(Exception):
    """A body that is not read.

    Attributes:
        reason: ``size``, ``encoding``, ``dtd``, ``entity``, ``depth``, ``elements``, ``duplicate``, ``root``, ``mixed``
            (text beside elements) or ``malformed``.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def clean(text: str) -> str:
    """``text`` without the characters that XML 1.0 forbids, and with line ends as every XML reader gives them."""
    return _LINE_ENDS.sub("\n", _FORBIDDEN.sub("", text))


def build(fields: Mapping[str, str | int]) -> str:
    """``<xml>…</xml>`` with one element per field: text as CDATA, numbers plain.

    Raises:
        ValueError: a name is no name of an element.
    """
    parts = []
    for name, value in fields.items():
        if not _NAME.fullmatch(name):
            raise ValueError("not the name of an element")
        content = str(int(value)) if isinstance(value, int) else _cdata(value)
        parts.append(f"<{name}>{content}</{name}>")
    return f"<xml>{''.join(parts)}</xml>"


def parse(body: bytes, limit: int = BODY_LIMIT) -> dict[str, Any]:
    """The fields of an ``<xml>`` body.

    A field is text, or a dict where it has elements of its own; in there, an element that repeats is a list
    (:func:`as_list` reads both forms). Forbidden control characters in texts are dropped, attributes are not read.

    Args:
        limit: in bytes; a longer body is not even looked at.

    Raises:
        XmlRefused: it is none, or more than the platform ever sends.
    """
    if len(body) > limit:
        raise XmlRefused("size")
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise XmlRefused("encoding") from None
    target = _Fields()
    # The encoding is given, so a declaration cannot choose another one.
    parser = DefusedXMLParser(target=target, encoding="utf-8", forbid_dtd=True)
    try:
        parser.feed(_FORBIDDEN.sub(_PLACEHOLDER, text).encode("utf-8"))
        fields: Any = parser.close()
    except DTDForbidden:
        raise XmlRefused("dtd") from None
    except DefusedXmlException:
        raise XmlRefused("entity") from None
    except (ParseError, ExpatError, ValueError):
        raise XmlRefused("malformed") from None
    if isinstance(fields, dict):
        return fields
    if fields.strip():
        raise XmlRefused("mixed")
    return {}


def as_list(value: Any) -> list[Any]:
    """The elements of a nested field that may repeat: none, one or several."""
    if value is None or value == "":
        return []
    return value if isinstance(value, list) else [value]


def _cdata(text: str) -> str:
    return f"<![CDATA[{clean(text).replace(']]>', ']]]]><![CDATA[>')}]]>"


class _Element:
    def __init__(self, name: str) -> None:
        self.name = name
        self.texts: list[str] = []
        self.children: dict[str, Any] = {}

    def value(self) -> Any:
        text = "".join(self.texts)
        if not self.children:
            return text.replace(_PLACEHOLDER, "")
        if text.strip():
            raise XmlRefused("mixed")
        return self.children


class _Fields:
    """What the parser reports to; it refuses at the first element too many, not when a tree stands in memory."""

    def __init__(self) -> None:
        self._open: list[_Element] = []
        self._count = 0
        self._result: Any = ""

    def start(self, tag: str, attributes: dict[str, str], /) -> None:
        """An element begins."""
        del attributes
        if not self._open and tag != "xml":
            raise XmlRefused("root")
        if len(self._open) > DEEPEST:
            raise XmlRefused("depth")
        self._count += 1
        if self._count > MOST_ELEMENTS + 1:  # the root is none
            raise XmlRefused("elements")
        self._open.append(_Element(tag))

    def data(self, text: str, /) -> None:
        """A piece of text."""
        self._open[-1].texts.append(text)

    def end(self, tag: str, /) -> None:
        """An element ends."""
        value = self._open.pop().value()
        if not self._open:
            self._result = value
            return
        siblings = self._open[-1].children
        if tag not in siblings:
            siblings[tag] = value
        elif len(self._open) == 1:
            raise XmlRefused("duplicate")
        elif isinstance(siblings[tag], list):
            siblings[tag].append(value)
        else:
            siblings[tag] = [siblings[tag], value]

    def close(self) -> Any:
        """All is read."""
        return self._result
