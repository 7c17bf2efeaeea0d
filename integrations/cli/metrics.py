"""Figures of understanding: how often the right intent came out. Pure arithmetic, no I/O."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

FALLBACK = "nlu_fallback"
OUT_OF_SCOPE = "out_of_scope"
EMERGENCY = "report_emergency"


@dataclass(frozen=True)
class Judged:
    """One labelled message and what came out, the likeliest intent first."""

    expected: str
    ranking: tuple[str, ...]

    @property
    def predicted(self) -> str:
        """The intent that came out."""
        return self.ranking[0] if self.ranking else OUT_OF_SCOPE


@dataclass(frozen=True)
class Figures:
    """All figures are shares between 0 and 1; None where there was nothing to measure.

    Attributes:
        top3: the right intent was among the three likeliest.
        macro_f1: mean F1 over the intents that occur in the labels.
        out_of_scope_precision: of what was called out of scope, how much was.
        emergency_recall: of the emergencies, how many were recognised.
        confusions: expected intent, predicted intent, how often; the most frequent first.
    """

    messages: int
    accuracy: float | None
    top3: float | None
    macro_f1: float | None
    out_of_scope_precision: float | None
    out_of_scope_recall: float | None
    emergency_recall: float | None
    f1_by_intent: dict[str, float]
    confusions: list[tuple[str, str, int]]


def contract_name(intent: str | None) -> str:
    """An intent as the contract counts it: falling back is saying "out of scope"."""
    return OUT_OF_SCOPE if intent in (None, "", FALLBACK) else str(intent)


def ranking_of(parsed: dict[str, object]) -> tuple[str, ...]:
    """The intents of an answer of ``/model/parse``, the likeliest first, each once."""
    intent = parsed.get("intent")
    others = parsed.get("intent_ranking")
    names = [intent] if isinstance(intent, dict) else []
    names += [other for other in others if isinstance(other, dict)] if isinstance(others, list) else []
    return tuple(dict.fromkeys(contract_name(name.get("name")) for name in names))


def figures(judged: Sequence[Judged]) -> Figures:
    """Compute all figures."""
    expected = Counter(one.expected for one in judged)
    predicted = Counter(one.predicted for one in judged)
    right = Counter(one.expected for one in judged if one.expected == one.predicted)
    f1 = {name: 2 * right[name] / (expected[name] + predicted[name]) for name in sorted(expected)}
    confusions = Counter((one.expected, one.predicted) for one in judged if one.expected != one.predicted)
    return Figures(
        messages=len(judged),
        accuracy=_share(right.total(), len(judged)),
        top3=_share(sum(one.expected in one.ranking[:3] for one in judged), len(judged)),
        macro_f1=_share(sum(f1.values()), len(f1)),
        out_of_scope_precision=_share(right[OUT_OF_SCOPE], predicted[OUT_OF_SCOPE]),
        out_of_scope_recall=_share(right[OUT_OF_SCOPE], expected[OUT_OF_SCOPE]),
        emergency_recall=_share(right[EMERGENCY], expected[EMERGENCY]),
        f1_by_intent=f1,
        confusions=[(*pair, count) for pair, count in confusions.most_common()],
    )


def _share(part: float, whole: int) -> float | None:
    return part / whole if whole else None
