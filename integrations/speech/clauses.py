"""A text in clauses, each spoken in one breath, with the pause after it.

Finer than :func:`integrations.voice.reading.clauses`: the first sound comes after the first mark, and the more often a
clause recurs word for word the more often it is on disk already.
"""

import re
from dataclasses import dataclass

from integrations.speech.errors import Unspeakable
from integrations.voice.reading import SAYABLE, readable

LONGEST = 36
"""Characters; eight seconds of speech. The voice loses its breath in longer ones."""
SHORTEST = 2
"""A single syllable between two marks comes out clipped."""
_PAUSES = {"、": 0.08, "，": 0.16, "：": 0.2, "；": 0.26, "。": 0.38, "！": 0.38, "？": 0.42}
_AT_MARKS = re.compile(r"[^，。！？；：]*[，。！？；：]+|[^，。！？；：]+")
_AT_LIST_MARKS = re.compile(r"[^、]*、|[^、]+")
_MARKS = "，。！？；：、"


@dataclass(frozen=True, slots=True)
class Clause:
    """One breath.

    Attributes:
        text: with its mark, which gives it its melody.
        pause: seconds of silence after it.
    """

    text: str
    pause: float


def clauses(text: str) -> list[Clause]:
    """The clauses of a text; what is not written out yet (digits, Latin words) is read as a reader would.

    Raises:
        Unspeakable: nothing in it can be said.
    """
    said = text if SAYABLE.fullmatch(text) else readable(text)
    found: list[str] = []
    for piece in _AT_MARKS.findall(said):
        for part in _short_enough(piece):
            if not _syllables(part):
                continue
            if found and min(_syllables(part), _syllables(found[-1])) < SHORTEST:
                found[-1] += part
            else:
                found.append(part)
    if not found:
        raise Unspeakable(f"{len(text)} characters")
    return [Clause(part, _PAUSES.get(part[-1], 0.0)) for part in found]


def _syllables(part: str) -> int:
    return sum(character not in _MARKS for character in part)


def _short_enough(piece: str) -> list[str]:
    if len(piece) <= LONGEST:
        return [piece]
    parts = [""]
    for item in _AT_LIST_MARKS.findall(piece):
        if parts[-1] and len(parts[-1]) + len(item) > LONGEST:
            parts.append("")
        parts[-1] += item
    return [part[at : at + LONGEST] for part in parts for at in range(0, len(part), LONGEST)]
