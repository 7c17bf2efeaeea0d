"""Figures of the entities: which came out, which were missed, which are too many. Pure arithmetic, no I/O.

Counted per message and type, on the messages whose label says something about entities (even that there are none): a
value that the label has and that came out is right, one that only came out is too many, one that did not is missed.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from integrations.cli.metrics import Judged, share

SCORED = (
    "building",
    "unit",
    "room",
    "fee_type",
    "period",
    "time",
    "phone",
    "plate",
    "amount",
    "utility",
    "rating",
)
"""The types in the figure for all; the others are one annotator's names or no part of the contract's score."""

type Same = Callable[[str, str, str], bool]
"""Whether the labelled value and the one that came out, of this type, mean the same."""


@dataclass(frozen=True)
class EntityFigures:
    """Figures of one type, or of several together; shares are None where there was nothing to measure."""

    expected: int
    found: int
    right: int

    @property
    def precision(self) -> float | None:
        """Of what came out, how much is right."""
        return share(self.right, self.found)

    @property
    def recall(self) -> float | None:
        """Of what is labelled, how much came out."""
        return share(self.right, self.expected)

    @property
    def f1(self) -> float | None:
        """The harmonic mean of the two."""
        return share(2 * self.right, self.expected + self.found)

    def __add__(self, other: "EntityFigures") -> "EntityFigures":
        """Both together."""
        return EntityFigures(self.expected + other.expected, self.found + other.found, self.right + other.right)


NOTHING = EntityFigures(0, 0, 0)


def equal(_kind: str, expected: str, found: str) -> bool:
    """Two values that are written the same."""
    return expected == found


def by_type(judged: Iterable[Judged], same: Same = equal) -> dict[str, EntityFigures]:
    """The figures of each type that was labelled or came out: the scored types first, in the contract's order."""
    expected: Counter[str] = Counter()
    found: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for one in judged:
        if one.labelled is None:
            continue
        expected.update(kind for kind, _ in one.labelled)
        found.update(kind for kind, _ in one.found)
        for kind in {kind for kind, _ in one.labelled}:
            labels = [value for name, value in one.labelled if name == kind]
            right[kind] += _pairs(labels, [value for name, value in one.found if name == kind], kind, same)
    others = sorted((expected.keys() | found.keys()).difference(SCORED))
    return {
        kind: EntityFigures(expected[kind], found[kind], right[kind])
        for kind in (*SCORED, *others)
        if expected[kind] or found[kind]
    }


def scored(figures: dict[str, EntityFigures]) -> EntityFigures:
    """The scored types together, each value weighing the same (micro average)."""
    return sum((figures.get(kind, NOTHING) for kind in SCORED), NOTHING)


def _pairs(labels: Sequence[str], values: Sequence[str], kind: str, same: Same) -> int:
    """How many labels find a value of their own."""
    left = list(values)
    count = 0
    for label in labels:
        match = next((value for value in left if same(kind, label, value)), None)
        if match is not None:
            left.remove(match)
            count += 1
    return count
