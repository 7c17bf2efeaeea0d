"""A message as counts of what it is written and spoken with: the classifier's sparse features.

Views: characters and pairs of them, words (the tokenizer's), syllables and pairs of them (``pinyin``: what voice
input confuses sounds the same), and the message with its particulars replaced by kinds (``concepts``). Each view is
weighted by the logarithm of its counts and scaled to length 1, so that no view drowns another. The features stay
sparse and are looked up in plain dictionaries: a message costs about a millisecond.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

import numpy as np
import scipy.sparse

from bot.components.concepts import concepts
from bot.components.pinyin import syllables

Units = dict[str, list[str]]
View = Callable[[Units], list[str]]


def units(text: str, words: Sequence[str]) -> Units:
    """What the views count in a normalised text with these words."""
    text = text.lower()
    return {
        "character": list(text),
        "word": [word.lower() for word in words],
        "syllable": syllables(text),
        "concept": concepts(text),
    }


def _pairs(single: Sequence[str]) -> list[str]:
    edged = ["^", *single, "$"]
    return [f"{first} {second}" for first, second in pairwise(edged)]


VIEWS: dict[str, View] = {
    "character": lambda found: found["character"],
    "character_pair": lambda found: _pairs(found["character"]),
    "word": lambda found: found["word"],
    "syllable": lambda found: found["syllable"],
    "syllable_pair": lambda found: _pairs(found["syllable"]),
    "concept": lambda found: found["concept"],
    "concept_pair": lambda found: _pairs(found["concept"]),
}
DEFAULT_VIEWS = {**dict.fromkeys(VIEWS, 1.0), "concept": 1.5, "concept_pair": 1.5}


class Features:
    """Messages as rows of one sparse matrix: the views side by side."""

    def __init__(self, views: dict[str, float], vocabularies: dict[str, dict[str, int]] | None = None) -> None:
        """Views with their weights; the columns of each view's n-grams once they are learned."""
        self.views = views
        self.vocabularies = vocabularies or {}

    def learn(self, messages: Iterable[Units]) -> None:
        """Number every n-gram that occurs, in order of first sight."""
        self.vocabularies = {view: {} for view in self.views}
        column = 0
        for message in messages:
            for view, vocabulary in self.vocabularies.items():
                for ngram in VIEWS[view](message):
                    if ngram not in vocabulary:
                        vocabulary[ngram] = column
                        column += 1

    @property
    def width(self) -> int:
        """The number of columns."""
        return sum(map(len, self.vocabularies.values()))

    def row(self, message: Units) -> tuple[list[int], list[float]]:
        """Columns and values of one message; no column when nothing is known."""
        columns: list[int] = []
        values: list[float] = []
        for view, weight in self.views.items():
            vocabulary = self.vocabularies[view]
            counts = Counter(vocabulary[ngram] for ngram in VIEWS[view](message) if ngram in vocabulary)
            if counts:
                raw = 1 + np.log(np.fromiter(counts.values(), float, len(counts)))
                columns += counts
                values += (weight * raw / np.linalg.norm(raw)).tolist()
        return columns, values

    def matrix(self, messages: Sequence[Units]) -> scipy.sparse.csr_matrix:
        """All messages."""
        rows = [self.row(message) for message in messages]
        ends = np.cumsum([0, *(len(columns) for columns, _ in rows)])
        columns = np.fromiter((column for row in rows for column in row[0]), np.int32, ends[-1])
        values = np.fromiter((value for row in rows for value in row[1]), float, ends[-1])
        return scipy.sparse.csr_matrix((values, columns, ends), shape=(len(rows), self.width))
