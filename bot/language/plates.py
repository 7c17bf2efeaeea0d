"""Number plates: 粤B·12345, 粤b 12345, 沪AD12345 (new energy, six characters); values upper-case without separator.

Works on normalised text. Numerals may be spoken (粤B一二三四五), as voice input writes them.
"""

from __future__ import annotations

import re

from bot.language.numerals import DIGIT_VALUES
from bot.language.spans import Span

_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_NUMERALS = "〇零一二三四五六七八九幺"
_SEPARATOR = r"[\s·•・.\-—_]?"
_PLATE = re.compile(
    rf"(?P<plate>[{_PROVINCES}]{_SEPARATOR}[A-Za-z](?:{_SEPARATOR}[A-Za-z0-9{_NUMERALS}]){{4}}{_SEPARATOR}(?:[A-Za-z0-9{_NUMERALS}]{{1,2}}|[学警挂港澳试领使])(?![A-Za-z0-9{_NUMERALS}]))"
)


def find(text: str) -> list[Span]:
    """Every number plate in `text` (normalised)."""
    found = []
    for match in _PLATE.finditer(text):
        packed = re.sub(_SEPARATOR.rstrip("?"), "", match["plate"])
        value = "".join(str(DIGIT_VALUES[char]) if char in _NUMERALS else char.upper() for char in packed)
        # Words like 新wifi1234 have no digit where a plate has most of them.
        if sum(char.isdigit() for char in value[2:]) >= 2:
            found.append(Span(match.start(), match.end(), "plate", match.group(), value))
    return found
