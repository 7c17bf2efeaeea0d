"""Figures of understanding: how often the right intent came out, and what it cost. Pure arithmetic, no I/O.

All shares lie between 0 and 1 and are None where there was nothing to measure. Entities have figures of their own
(``entity_metrics``); ``evaluation`` puts both together.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

FALLBACK = "nlu_fallback"
OUT_OF_SCOPE = "out_of_scope"
EMERGENCY = "report_emergency"
BINS = 10
"""Equal steps of confidence for the calibration error."""
EXAMPLES = 3
"""Messages kept for each confusion."""

type Entities = Sequence[tuple[str, str]]
"""Type and value of each entity of a message."""


@dataclass(frozen=True)
class Judged:
    """One labelled message and what came out.

    Attributes:
        ranking: intents, the likeliest first.
        confidence: of the first of them.
        labelled: the entities it should have; None where the label says nothing about entities.
        found: the entities that came out.
        second_expected: the second wish's intent, where the label has one.
        second_predicted: what came out for the rest of the message.
        parse_ms: what understanding it took.
    """

    expected: str
    ranking: tuple[str, ...]
    text: str = ""
    style: str | None = None
    confidence: float | None = None
    labelled: Entities | None = None
    found: Entities = ()
    second_expected: str | None = None
    second_predicted: str | None = None
    parse_ms: float | None = None

    @property
    def predicted(self) -> str:
        """The intent that came out."""
        return self.ranking[0] if self.ranking else OUT_OF_SCOPE

    @property
    def right(self) -> bool:
        """Whether it is the one of the label."""
        return self.predicted == self.expected


@dataclass(frozen=True)
class Confusion:
    """How often one intent was taken for another, with some of the messages."""

    expected: str
    predicted: str
    count: int
    examples: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Bin:
    """The answers given with a confidence from ``low`` to ``high``."""

    low: float
    high: float
    n: int
    confidence: float | None
    accuracy: float | None


def contract_name(intent: object) -> str:
    """An intent as the contract counts it: falling back is saying "out of scope"."""
    return OUT_OF_SCOPE if intent in (None, "", FALLBACK) else str(intent)


def ranking_of(parsed: Mapping[str, object]) -> tuple[str, ...]:
    """The intents of a parsed message, the likeliest first, each once."""
    intent = parsed.get("intent")
    others = parsed.get("intent_ranking")
    names = [intent] if isinstance(intent, dict) else []
    names += [other for other in others if isinstance(other, dict)] if isinstance(others, list) else []
    return tuple(dict.fromkeys(contract_name(name.get("name")) for name in names))


def share(part: float, whole: float) -> float | None:
    """A part of a whole; None of nothing."""
    return part / whole if whole else None


def accuracy(judged: Sequence[Judged]) -> float | None:
    """How often the intent that came out is the right one."""
    return share(sum(one.right for one in judged), len(judged))


def top3(judged: Sequence[Judged]) -> float | None:
    """How often the right intent is among the three likeliest."""
    return share(sum(one.expected in one.ranking[:3] for one in judged), len(judged))


def f1_by_intent(judged: Sequence[Judged]) -> dict[str, float]:
    """F1 of each intent that occurs in the labels."""
    expected = Counter(one.expected for one in judged)
    predicted = Counter(one.predicted for one in judged)
    right = Counter(one.expected for one in judged if one.right)
    return {name: 2 * right[name] / (expected[name] + predicted[name]) for name in sorted(expected)}


def macro_f1(judged: Sequence[Judged]) -> float | None:
    """The mean F1 over the intents that occur in the labels, each weighing the same."""
    f1 = f1_by_intent(judged)
    return share(sum(f1.values()), len(f1))


def precision(judged: Sequence[Judged], intent: str) -> float | None:
    """Of the messages that were called ``intent``, how many are."""
    called = [one for one in judged if one.predicted == intent]
    return share(sum(one.right for one in called), len(called))


def recall(judged: Sequence[Judged], intent: str) -> float | None:
    """Of the messages that are ``intent``, how many were called so."""
    labelled = [one for one in judged if one.expected == intent]
    return share(sum(one.right for one in labelled), len(labelled))


def false_alarms(judged: Sequence[Judged], intent: str = EMERGENCY) -> float | None:
    """Of the messages that are not ``intent``, how many were called so."""
    others = [one for one in judged if one.expected != intent]
    return share(sum(one.predicted == intent for one in others), len(others))


def second_recall(judged: Sequence[Judged]) -> float | None:
    """Of the labelled second wishes, how many were found and understood."""
    labelled = [one for one in judged if one.second_expected is not None]
    return share(sum(one.second_predicted == one.second_expected for one in labelled), len(labelled))


def reliability(judged: Sequence[Judged]) -> list[Bin]:
    """Confidence beside accuracy, in equal steps of confidence; answers without a confidence are left out."""
    filled: list[list[Judged]] = [[] for _ in range(BINS)]
    for one in judged:
        if one.confidence is not None:
            filled[min(int(one.confidence * BINS), BINS - 1)].append(one)
    return [
        Bin(
            low=place / BINS,
            high=(place + 1) / BINS,
            n=len(ones),
            confidence=share(sum(one.confidence or 0.0 for one in ones), len(ones)),
            accuracy=accuracy(ones),
        )
        for place, ones in enumerate(filled)
    ]


def calibration_error(bins: Sequence[Bin]) -> float | None:
    """The expected calibration error: how far confidence and accuracy lie apart, each step weighed by its messages."""
    apart = sum(one.n * abs((one.accuracy or 0.0) - (one.confidence or 0.0)) for one in bins)
    return share(apart, sum(one.n for one in bins))


def confusions(judged: Sequence[Judged]) -> list[Confusion]:
    """Which intents are taken for which, the most frequent first."""
    texts: dict[tuple[str, str], list[str]] = {}
    for one in judged:
        if not one.right:
            texts.setdefault((one.expected, one.predicted), []).append(one.text)
    found = [Confusion(*pair, len(its), its[:EXAMPLES]) for pair, its in texts.items()]
    return sorted(found, key=lambda one: (-one.count, one.expected, one.predicted))


def matrix(judged: Sequence[Judged]) -> dict[tuple[str, str], int]:
    """How often each intent came out for each label, the right ones too."""
    return dict(Counter((one.expected, one.predicted) for one in judged))


def percentile(values: Iterable[float], part: float) -> float | None:
    """The smallest value that at least ``part`` of the values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(math.ceil(part * len(ordered)), 1) - 1] if ordered else None
