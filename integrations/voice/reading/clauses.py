"""A text cut for the voice: the first clause short, so that it is heard while the next one renders."""

import re

FIRST = 12
"""Most characters of the first clause where a mark allows: about two seconds of speech."""
OTHERS = 28
"""Further clauses are joined up to this length, so that the voice keeps its melody."""
LONGEST = 60
"""Cut even where there is no mark."""
_ENDS = "。！？"
_AT_MARKS = re.compile("[^，。！？：；]*[，。！？：；]|[^，。！？：；]+")
_AT_COMMAS_OF_LISTS = re.compile("[^、]*、|[^、]+")


def clauses(read: str) -> list[str]:
    """Cut what :func:`readable` made; joined again the pieces are the text."""
    joined: list[str] = []
    for piece in _pieces(read):
        most = FIRST if len(joined) == 1 else OTHERS
        if joined and joined[-1][-1] not in _ENDS and len(joined[-1]) + len(piece) <= most:
            joined[-1] += piece
        else:
            joined.append(piece)
    return joined


def _pieces(read: str) -> list[str]:
    pieces: list[str] = []
    for clause in _AT_MARKS.findall(read):
        most = OTHERS if pieces else FIRST
        parts = _AT_COMMAS_OF_LISTS.findall(clause) if len(clause) > most else [clause]
        for part in parts:
            pieces += [part[at : at + LONGEST] for at in range(0, len(part), LONGEST)]
    return pieces
