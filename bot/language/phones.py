"""Mobile numbers in any spelling: 13800138000, 138 0013 8000, +86-138…, 一三八0013八000, 幺三八….

Works on normalised text; the value is eleven digits.
"""

from __future__ import annotations

import re

from bot.language.numerals import DIGITS, digits
from bot.language.spans import Span

_DIGIT = rf"[{DIGITS}洞拐]"
_MOBILE = re.compile(
    rf"(?<!{_DIGIT})(?<!\d[-])(?:\+?86[-\s]?)?(?P<number>[1一幺壹][-\s]?[3-9三四五六七八九叁肆伍陆柒捌玖](?:[-\s,、.]?{_DIGIT}){{9}})(?!{_DIGIT})"
)
_CODE_WORDS = str.maketrans({"洞": "0", "拐": "7"})


def find(text: str) -> list[Span]:
    """Every mobile number in `text` (normalised)."""
    found = []
    for match in _MOBILE.finditer(text):
        value = digits(re.sub(r"[-\s,、.]", "", match["number"]).translate(_CODE_WORDS))
        if value is not None:
            found.append(Span(match.start(), match.end(), "phone", match.group(), value))
    return found
