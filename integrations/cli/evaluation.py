"""All figures of an evaluation under the names that `guanjia evaluate --json` prints. No I/O."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from integrations.cli import entity_metrics, metrics
from integrations.cli.entity_metrics import EntityFigures, Same
from integrations.cli.metrics import EMERGENCY, OUT_OF_SCOPE, Bin, Confusion, Judged


@dataclass(frozen=True)
class Slice:
    """The messages of one style."""

    n: int
    accuracy: float | None
    top3: float | None
    macro_f1: float | None
    entity_f1: float | None


@dataclass(frozen=True)
class Evaluation:
    """Every share is between 0 and 1, or None where there was nothing to measure.

    Attributes:
        n: the messages.
        entity_f1: of the contract's scored types together.
        second_intent_recall: of the labelled second wishes, how many were found and understood.
        parse_ms_p50: milliseconds of understanding alone, in the engine's process.
        matrix: how often each intent (second) came out for each label (first).
    """

    n: int
    accuracy: float | None
    top3: float | None
    macro_f1: float | None
    oos_precision: float | None
    oos_recall: float | None
    emergency_recall: float | None
    emergency_false_alarms: float | None
    calibration_error: float | None
    entities: EntityFigures
    entities_by_type: dict[str, EntityFigures]
    second_intent_n: int
    second_intent_recall: float | None
    parse_ms_p50: float | None
    parse_ms_p95: float | None
    by_style: dict[str, Slice]
    f1_by_intent: dict[str, float]
    confusions: list[Confusion]
    reliability: list[Bin]
    matrix: dict[tuple[str, str], int]

    @property
    def entity_f1(self) -> float | None:
        """Micro F1 over the scored types."""
        return self.entities.f1

    def as_json(self) -> dict[str, Any]:
        """What a program reads."""
        plain = asdict(self)
        del plain["matrix"], plain["entities"]
        return plain | {
            "entity_precision": self.entities.precision,
            "entity_recall": self.entities.recall,
            "entity_f1": self.entities.f1,
            "entities_by_type": {
                kind: asdict(one) | {"precision": one.precision, "recall": one.recall, "f1": one.f1}
                for kind, one in self.entities_by_type.items()
            },
        }


def evaluate(judged: Sequence[Judged], same: Same = entity_metrics.equal) -> Evaluation:
    """Compute all figures; ``same`` says when two values of an entity mean the same."""
    by_type = entity_metrics.by_type(judged, same)
    bins = metrics.reliability(judged)
    times = [one.parse_ms for one in judged if one.parse_ms is not None]
    return Evaluation(
        n=len(judged),
        accuracy=metrics.accuracy(judged),
        top3=metrics.top3(judged),
        macro_f1=metrics.macro_f1(judged),
        oos_precision=metrics.precision(judged, OUT_OF_SCOPE),
        oos_recall=metrics.recall(judged, OUT_OF_SCOPE),
        emergency_recall=metrics.recall(judged, EMERGENCY),
        emergency_false_alarms=metrics.false_alarms(judged, EMERGENCY),
        calibration_error=metrics.calibration_error(bins),
        entities=entity_metrics.scored(by_type),
        entities_by_type=by_type,
        second_intent_n=sum(one.second_expected is not None for one in judged),
        second_intent_recall=metrics.second_recall(judged),
        parse_ms_p50=metrics.percentile(times, 0.5),
        parse_ms_p95=metrics.percentile(times, 0.95),
        by_style=_styles(judged, same),
        f1_by_intent=metrics.f1_by_intent(judged),
        confusions=metrics.confusions(judged),
        reliability=bins,
        matrix=metrics.matrix(judged),
    )


def _styles(judged: Sequence[Judged], same: Same) -> dict[str, Slice]:
    """The figures of each style, the most frequent first; messages without one are in none."""
    groups: dict[str, list[Judged]] = {}
    for one in judged:
        if one.style is not None:
            groups.setdefault(one.style, []).append(one)
    return {
        style: Slice(
            n=len(ones),
            accuracy=metrics.accuracy(ones),
            top3=metrics.top3(ones),
            macro_f1=metrics.macro_f1(ones),
            entity_f1=entity_metrics.scored(entity_metrics.by_type(ones, same)).f1,
        )
        for style, ones in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    }
