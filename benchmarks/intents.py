"""How well the intent classifier does on messages it has not seen: five folds over nlu_data, fixed seed.

    bot/.venv/bin/python -m benchmarks.intents [--folds 5] [--confusions 15] [--views]

Prints accuracy, top 3, the worst intents and confusions, how honest the confidences are, and what each threshold of
the fallback would do (a fallback counts as `out_of_scope`, as in the intent contract). `--views` measures each view's
worth.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from bot.engine.setup import prepare_rasa

prepare_rasa()

from rasa.shared.nlu.constants import INTENT, TEXT  # noqa: E402
from rasa.shared.nlu.training_data.loading import load_data  # noqa: E402
from scipy.special import softmax  # noqa: E402
from sklearn.model_selection import StratifiedKFold  # noqa: E402
from sklearn.svm import LinearSVC  # noqa: E402

from bot.components.linear_classifier import (  # noqa: E402
    DEFAULT_VIEWS,
    SEED,
    TEMPERATURES,
    Features,
    _one_column_each,
    held_out_scores,
)
from bot.components.normaliser import Normaliser  # noqa: E402
from bot.components.tokenizer import ChineseTokenizer  # noqa: E402

MESSAGES = Path(__file__).parents[1] / "nlu_data"
THRESHOLDS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6)
OUT_OF_SCOPE = "out_of_scope"


def messages() -> list[Any]:
    """All training messages, normalised and cut into words as in the pipeline."""
    files = [load_data(str(file)) for file in sorted(MESSAGES.glob("*.yml"))]
    data = Normaliser().process_training_data(files[0].merge(*files[1:]))
    ChineseTokenizer({**ChineseTokenizer.get_default_config(), "granularity": "word"}).process_training_data(data)
    return [message for message in data.intent_examples if message.get(TEXT)]


def fit(matrix: Any, intents: np.ndarray) -> LinearSVC:
    """The classifier's own model."""
    return LinearSVC(C=0.3, random_state=SEED).fit(matrix, intents)


def probabilities(
    found: list[Any], intents: np.ndarray, order: list[str], views: dict[str, float], folds: int
) -> np.ndarray:
    """What the classifier would say of each message when it was trained without it, calibration included."""
    result = np.zeros((len(found), len(order)))
    own = np.searchsorted(order, intents)
    for known, unseen in StratifiedKFold(folds, shuffle=True, random_state=7).split(found, intents):
        features = Features(views)
        features.learn(found[i] for i in known)
        matrix = features.matrix([found[i] for i in known])
        scores = held_out_scores(matrix, intents[known], order, fit)
        rows = np.arange(len(known))
        losses = [-np.log(softmax(t * scores, axis=1)[rows, own[known]] + 1e-12).mean() for t in TEMPERATURES[::5]]
        temperature = TEMPERATURES[::5][int(np.argmin(losses))]
        weights, bias = _one_column_each(fit(matrix, intents[known]))
        result[unseen] = softmax(temperature * (features.matrix([found[i] for i in unseen]) @ weights + bias), axis=1)
    return result


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--confusions", type=int, default=15)
    parser.add_argument("--views", action="store_true")
    chosen = parser.parse_args()
    found = messages()
    intents = np.array([message.get(INTENT) for message in found])
    order = sorted(set(intents))
    began = time.monotonic()
    said = probabilities(found, intents, order, DEFAULT_VIEWS, chosen.folds)
    best, own = said.argmax(1), np.searchsorted(order, intents)
    right = best == own
    top3 = (np.argsort(-said, axis=1)[:, :3] == own[:, None]).any(1)
    print(f"{len(found)} messages, {len(order)} intents, {chosen.folds} folds, {time.monotonic() - began:.0f} s")
    print(f"accuracy {right.mean():.4f}  top 3 {top3.mean():.4f}")
    _print_fallback(said, right, intents == OUT_OF_SCOPE)
    _print_honesty(said.max(1), right)
    _print_confusions(order, own, best, chosen.confusions)
    if chosen.views:
        for view in DEFAULT_VIEWS:
            rest = {name: weight for name, weight in DEFAULT_VIEWS.items() if name != view}
            accuracy = (probabilities(found, intents, order, rest, chosen.folds).argmax(1) == own).mean()
            print(f"without {view:15} {accuracy:.4f}")


def _print_fallback(said: np.ndarray, right: np.ndarray, outside: np.ndarray) -> None:
    print("\nthreshold  accuracy  fallback  right when answered")
    confidence = said.max(1)
    for threshold in THRESHOLDS:
        asked = confidence < threshold
        accuracy = np.where(asked, outside, right).mean()
        print(f"{threshold:9.2f}  {accuracy:8.4f}  {asked.mean():8.4f}  {right[~asked].mean():19.4f}")


def _print_honesty(confidence: np.ndarray, right: np.ndarray) -> None:
    print("\nconfidence  messages  right")
    for low in np.arange(0, 1, 0.1):
        inside = (confidence >= low) & (confidence < low + 0.1 + 1e-9)
        if inside.any():
            print(f"{low:.1f}-{low + 0.1:.1f}     {inside.sum():8d}  {right[inside].mean():.3f}")


def _print_confusions(order: list[str], own: np.ndarray, best: np.ndarray, number: int) -> None:
    pairs = Counter((order[a], order[b]) for a, b in zip(own, best, strict=True) if a != b)
    print("\nmost frequent confusions (own intent -> answered)")
    for (wanted, answered), count in pairs.most_common(number):
        print(f"{count:4d}  {wanted} -> {answered}")
    recall = {intent: (best[own == i] == i).mean() for i, intent in enumerate(order)}
    print(
        "\nrecall, worst first: "
        + ", ".join(f"{k} {v:.2f}" for k, v in sorted(recall.items(), key=lambda item: item[1])[:12])
    )


if __name__ == "__main__":
    main()
