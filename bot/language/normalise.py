"""One spelling for what residents type: the first step before anything looks at a message.

Order matters: NFKC (full-width digits, ligatures), invisible characters out, traditional to simplified (OpenCC),
spaces, repetitions. Digits and Chinese numerals are never squeezed: 八八八室 and 13800138000 are values, not emphasis.

`normalise_aligned` also keeps where each character came from, so that an entity found in the normalised text can be
reported where it stands in the text as typed.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

import opencc

_HAN = r"\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002fa1f"
_NUMERALS = "〇零一二三四五六七八九十百千万两俩幺壹贰叁肆伍陆柒捌玖拾"
_PUNCTUATION = "!?,.。、~;:-_·…—'\"()《》【】"

# A line break or a tab parts thoughts, so it becomes a comma; a plain space between Han characters is only typing.
_BREAK = re.compile(r"[\t\n\r\v\f\u2028\u2029\x85]")
# Two numbers stay apart: 九栋幺五零三 八月账单 is no room 15038.
_NUMBER_BEFORE, _NUMBER_AFTER = rf"(?<=[0-9{_NUMERALS}])", rf"(?=[0-9{_NUMERALS}])"
_WIDE = rf"[{_HAN}{re.escape(_PUNCTUATION)}]"
_SPACE_TO_DROP = re.compile(rf"(?!{_NUMBER_BEFORE} +{_NUMBER_AFTER})(?: +(?={_WIDE})|(?<={_WIDE}) +)|(?<= ) +|^ +| +$")
_REPEATS = (
    # keep one of the same punctuation mark
    (re.compile(r"([!?,。、~;:…—._·-])\1+"), 1),
    # keep two of the same character (哈哈哈哈哈 -> 哈哈); letters only from four on, so that www stays
    (re.compile(rf"((?![{_NUMERALS}])[{_HAN}])\1{{2,}}"), 2),
    (re.compile(r"([a-z])\1{3,}"), 2),
    # keep two of the same word (救命救命救命 -> 救命救命)
    (re.compile(rf"((?:(?![{_NUMERALS}])[{_HAN}]){{2,4}})\1{{2,}}"), 2),
)


@dataclass(frozen=True)
class Normalised:
    """A normalised text and, for each of its characters, the half-open range it came from in the text as typed."""

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def raw_span(self, start: int, end: int) -> tuple[int, int]:
        """The span in the typed text of the normalised span `start`..`end` (half-open, in characters)."""
        if start >= end:
            position = self.starts[start] if start < len(self.starts) else (self.ends[-1] if self.ends else 0)
            return position, position
        return self.starts[start], self.ends[end - 1]

    def span_of_raw(self, start: int, end: int) -> tuple[int, int] | None:
        """The normalised span that covers the typed span `start`..`end`, or None when nothing of it is left."""
        kept = [i for i, (s, e) in enumerate(zip(self.starts, self.ends, strict=True)) if s < end and e > start]
        return (kept[0], kept[-1] + 1) if kept else None


@lru_cache(maxsize=1)
def _converter() -> opencc.OpenCC:
    # t2s and, besides, the variants of Taiwan and Hong Kong (著火 is 着火): plain t2s leaves 著 alone.
    return opencc.OpenCC("tw2s")


def _invisible(char: str) -> bool:
    # Cf: zero-width, directional marks and the like; Cc: control; variation selectors are marks (Mn) without meaning.
    return unicodedata.category(char) in {"Cf", "Cc", "Co", "Cn", "Cs"} or "\ufe00" <= char <= "\ufe0f"


def _compatible(text: str) -> tuple[list[str], list[int], list[int]]:
    """NFKC cluster by cluster (a base with its combining marks), so that origins stay known."""
    chars: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    while at < len(text):
        end = at + 1
        while end < len(text) and unicodedata.combining(text[end]):
            end += 1
        cluster = _BREAK.sub(",", text[at:end])
        for char in unicodedata.normalize("NFKC", cluster):
            if char.isspace():
                char = " "
            elif _invisible(char):
                continue
            chars.append(char)
            starts.append(at)
            ends.append(end)
        at = end
    return chars, starts, ends


def _simplified(chars: list[str], starts: list[int], ends: list[int]) -> tuple[list[str], list[int], list[int]]:
    before = "".join(chars)
    if before.isascii():
        return chars, starts, ends
    after = _converter().convert(before)
    if len(after) == len(before):
        return list(after), starts, ends
    new_starts: list[int] = []
    new_ends: list[int] = []
    for _, a0, a1, b0, b1 in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        same = a1 - a0 == b1 - b0
        for offset in range(b1 - b0):
            if same:
                new_starts.append(starts[a0 + offset])
                new_ends.append(ends[a0 + offset])
            else:
                new_starts.append(starts[min(a0, len(starts) - 1)])
                new_ends.append(ends[max(a1 - 1, 0)])
    return list(after), new_starts, new_ends


def _without(pattern: re.Pattern[str], keep: int | None, text: str, kept: list[int]) -> tuple[str, list[int]]:
    """Drop the matches of `pattern` (or all but the first `keep` repetitions of its group) and follow the indices."""
    dropped: set[int] = set()
    for match in pattern.finditer(text):
        first = match.start() if keep is None else match.start() + keep * len(match.group(1))
        dropped.update(range(first, match.end()))
    if not dropped:
        return text, kept
    left = [i for i in range(len(text)) if i not in dropped]
    return "".join(text[i] for i in left), [kept[i] for i in left]


def normalise_aligned(text: str) -> Normalised:
    """Normalise `text` and keep where each character came from."""
    chars, starts, ends = _simplified(*_compatible(text))
    result = "".join(chars)
    kept = list(range(len(result)))
    result, kept = _without(_SPACE_TO_DROP, None, result, kept)
    for pattern, keep in _REPEATS:
        result, kept = _without(pattern, keep, result, kept)
    edge = len(result) - len(result.lstrip(", "))
    stop = max(edge, len(result.rstrip(", ")))
    result, kept = result[edge:stop], kept[edge:stop]
    return Normalised(result, tuple(starts[i] for i in kept), tuple(ends[i] for i in kept))


def normalise(text: str) -> str:
    """The message in one spelling: NFKC, simplified characters, no invisible characters, spaces between Han characters
    removed, repetitions squeezed. Digits are never squeezed and the case of letters stays."""
    return normalise_aligned(text).text
