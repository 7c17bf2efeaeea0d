"""HTML and SVG as a tree: the standard library writes it, so nothing a resident typed can become markup."""

import xml.etree.ElementTree as ET

type Child = "ET.Element | str"


def element(tag: str, *children: Child, **attributes: str | float) -> ET.Element:
    """An element; ``class_`` is ``class``, and other underscores in the names of attributes are hyphens."""
    made = ET.Element(tag, {key.rstrip("_").replace("_", "-"): str(value) for key, value in attributes.items()})
    for child in children:
        if isinstance(child, ET.Element):
            made.append(child)
        elif len(made):
            made[-1].tail = (made[-1].tail or "") + child
        else:
            made.text = (made.text or "") + child
    return made


def document(html: ET.Element) -> str:
    """The whole page."""
    return "<!DOCTYPE html>\n" + ET.tostring(html, encoding="unicode", method="html") + "\n"
