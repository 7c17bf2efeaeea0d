"""The XML of the platform: what it pushes, and reading what it is answered."""

from collections.abc import Mapping
from typing import Any

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException


class NotXml(Exception):
    """The answer is not the XML that the platform knows."""


def build(fields: Mapping[str, Any], root: str = "xml") -> bytes:
    """Fields in their order: numbers plain, texts in CDATA, mappings and lists nested."""
    return _element(root, fields).encode()


def _element(name: str, value: Any) -> str:
    if isinstance(value, Mapping):
        inner = "".join(_element(key, part) for key, part in value.items())
    elif isinstance(value, list):
        return "".join(_element(name, part) for part in value)
    elif isinstance(value, int | float):
        inner = str(value)
    else:
        inner = "<![CDATA[" + str(value).replace("]]>", "]]]]><![CDATA[>") + "]]>"
    return f"<{name}>{inner}</{name}>"


def read(body: bytes) -> dict[str, Any]:
    """One level of names and texts; an element with children is a mapping of its own.

    Raises:
        NotXml: it cannot be read, or a name is given twice.
    """
    try:
        root = ElementTree.fromstring(body, forbid_dtd=True)
    except (ElementTree.ParseError, DefusedXmlException, ValueError):
        raise NotXml("xml") from None
    if root.tag != "xml":
        raise NotXml("root")
    return _children(root)


def _children(element: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for child in element:
        value = _children(child) if len(child) else (child.text or "")
        if child.tag in found and child.tag != "item":
            raise NotXml("twice")
        found[child.tag] = value
    return found
