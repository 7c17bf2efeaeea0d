"""Figures of a ranking: those of `guanjia evaluate` (integrations/cli/metrics.py), from matrices of probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

OUT_OF_SCOPE = "out_of_scope"
EMERGENCY = "report_emergency"
BINS = 10


@dataclass(frozen=True)
class Ranked:
    """What a pipeline said of each message of a file.

    Attributes:
        intents: what the columns stand for.
        probabilities: (messages, intents).
    """

    intents: list[str]
    probabilities: np.ndarray

    def save(self, file: Path) -> None:
        """Keep it for the ensembles."""
        np.savez(file, intents=np.array(self.intents), probabilities=self.probabilities)

    @classmethod
    def load(cls, file: Path) -> Ranked:
        """What was kept."""
        with np.load(file, allow_pickle=False) as arrays:
            return cls(arrays["intents"].tolist(), arrays["probabilities"])


def mean_of(several: Sequence[Ranked]) -> Ranked:
    """An ensemble: the mean of the probabilities."""
    intents = sorted({intent for one in several for intent in one.intents})
    total = np.zeros((len(several[0].probabilities), len(intents)))
    for one in several:
        total[:, np.searchsorted(intents, one.intents)] += one.probabilities / len(several)
    return Ranked(intents, total)


def figures(ranked: Ranked, labels: Sequence[str]) -> dict[str, float | None]:
    """Shares between 0 and 1; None where there was nothing to measure."""
    best = np.argsort(-ranked.probabilities, axis=1, kind="stable")[:, :3]
    names = np.array(ranked.intents)[best]
    own = np.array(labels)
    called, confidence = names[:, 0], ranked.probabilities.max(1)
    right = called == own
    return {
        "top1": float(right.mean()),
        "top3": float((names == own[:, None]).any(1).mean()),
        "macro_f1": float(np.mean([_f1(own, called, intent) for intent in sorted(set(labels))])),
        "out_of_scope_precision": _share(right, called == OUT_OF_SCOPE),
        "out_of_scope_recall": _share(right, own == OUT_OF_SCOPE),
        "calibration_error": _calibration_error(confidence, right),
        "emergency_recall": _share(right, own == EMERGENCY),
    }


def _share(right: np.ndarray, among: np.ndarray) -> float | None:
    return float(right[among].mean()) if among.any() else None


def _f1(own: np.ndarray, called: np.ndarray, intent: str) -> float:
    return float(2 * ((own == intent) & (called == intent)).sum() / ((own == intent).sum() + (called == intent).sum()))


def _calibration_error(confidence: np.ndarray, right: np.ndarray) -> float:
    places = np.minimum((confidence * BINS).astype(int), BINS - 1)
    apart = [
        (places == place).sum() * abs(right[places == place].mean() - confidence[places == place].mean())
        for place in np.unique(places)
    ]
    return float(sum(apart) / len(right))
