"""What a reader takes for one character: an emoji of several code points, a flag, a letter with its accents.

The rules of Unicode Standard Annex #29 that matter where a message is cut in two; where they are doubtful, nothing is
cut.
"""

import unicodedata

_JOINER = 0x200D
_VARIANTS = frozenset({0x200C, _JOINER, 0xFF9E, 0xFF9F})
_INDICATORS = range(0x1F1E6, 0x1F200)
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_TAGS = range(0xE0020, 0xE0080)
_LEADING_JAMO = (range(0x1100, 0x1160), range(0xA960, 0xA980))
_FOLLOWING_JAMO = (range(0x1160, 0x1200), range(0xD7B0, 0xD800))
_SYLLABLES = range(0xAC00, 0xD7A4)


def clusters(text: str) -> list[str]:
    """The characters of ``text`` as a reader counts them; joined they are ``text`` again."""
    found: list[str] = []
    start = indicators = 0
    for index in range(1, len(text)):
        indicators = indicators + 1 if ord(text[index - 1]) in _INDICATORS else 0
        if not _joined(text[index - 1], text[index], indicators):
            found.append(text[start:index])
            start = index
    if text:
        found.append(text[start:])
    return found


def _joined(before: str, after: str, indicators: int) -> bool:
    """Whether nothing may come between two code points; ``indicators``: letters of flags up to ``before``."""
    left, right = ord(before), ord(after)
    if right < 0x300:  # most of what is not Chinese, decided quickly
        return left == _JOINER
    if left == _JOINER or right in _VARIANTS or right in _SKIN_TONES or right in _TAGS:
        return True
    if unicodedata.category(after).startswith("M"):
        return True
    if right in _INDICATORS:
        return indicators % 2 == 1
    if _is_one_of(right, _FOLLOWING_JAMO):
        return True
    return _is_one_of(left, _LEADING_JAMO) and (right in _SYLLABLES or _is_one_of(right, _LEADING_JAMO))


def _is_one_of(code: int, ranges: tuple[range, ...]) -> bool:
    return any(code in some for some in ranges)
