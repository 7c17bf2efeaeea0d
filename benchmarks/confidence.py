"""How far the intent classifier's confidences can be trusted, on the project's own messages that it has not seen.

    bot/.venv/bin/python -m benchmarks.confidence [--folds 3] [--encoder own|none|FOLDER] [--confusions 15]
        [--sample SHARE]

Measured are the typed messages that the encoder was not tuned on either, a twelfth of all. Each fold leaves a share of
them out of the training; the others still tell the classifier how far to trust its models. Prints what each threshold
of the fallback would do (a fallback counts as `out_of_scope`, as in the intent contract), confidence beside accuracy,
and the worst confusions and intents. Set GUANJIA_ENCODER_CACHE to a folder, or each fold computes all vectors again.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from bot.engine.setup import prepare_rasa

prepare_rasa()

from rasa.shared.nlu.constants import INTENT, TEXT  # noqa: E402
from rasa.shared.nlu.training_data.message import Message  # noqa: E402
from rasa.shared.nlu.training_data.training_data import TrainingData  # noqa: E402

from benchmarks.pipeline_data import only_measures, training_data  # noqa: E402
from benchmarks.pipeline_figures import BINS, OUT_OF_SCOPE, Ranked, figures  # noqa: E402
from benchmarks.pipeline_kinds import KINDS, tokenizer, understanding  # noqa: E402
from bot.encoder.split import HELD_OUT, said_of  # noqa: E402

THRESHOLDS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6)
WORST = 12


def fold_of(message: Message, folds: int) -> int | None:
    """Which fold leaves the message out, and with it all that was heard of it; None: it is always learned from."""
    text = said_of(message) or message.get(TEXT)
    return zlib.crc32(text.lower().encode()) // HELD_OUT % folds if only_measures(message) else None


def unseen(messages: list[Message], fold: int, folds: int, config: dict[str, Any]) -> tuple[Ranked, list[str]]:
    """What a classifier says of the fold's typed messages after it learned from the others, and their intents."""
    known = [message for message in messages if fold_of(message, folds) != fold]
    asked = [message for message in messages if fold_of(message, folds) == fold and not said_of(message)]
    kind = KINDS["product"]
    # Copies, because a component leaves its own marks in a message.
    data = TrainingData([Message(dict(message.data)) for message in known])
    tokenizer(kind.granularity).process_training_data(data)
    with tempfile.TemporaryDirectory() as folder:
        kind.train(config, data, Path(folder))
        understand = understanding("product", config, Path(folder))
        answers = [understand(message.get(TEXT)) for message in asked]
    intents = sorted(answers[0])
    rows = np.array([[answer[intent] for intent in intents] for answer in answers])
    return Ranked(intents, rows), [message.get(INTENT) for message in asked]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--encoder", default=None, help="default: as bot/config.yml says")
    parser.add_argument("--confusions", type=int, default=15)
    parser.add_argument("--sample", type=float, default=1.0, metavar="SHARE", help="of the typed messages")
    chosen = parser.parse_args()
    config: dict[str, Any] = {}
    if chosen.encoder:
        config["encoder"] = None if chosen.encoder == "none" else chosen.encoder
    messages = training_data(chosen.sample, with_heard=True, with_copies=False).intent_examples
    began = time.monotonic()
    parts = [unseen(messages, fold, chosen.folds, config) for fold in range(chosen.folds)]
    if len({tuple(ranked.intents) for ranked, _ in parts}) > 1:
        parser.error("a fold left no message of an intent to learn from: take a greater --sample")
    whole = Ranked(parts[0][0].intents, np.concatenate([ranked.probabilities for ranked, _ in parts]))
    labels = [label for _, found in parts for label in found]
    found = figures(whole, labels)
    own, best = np.array(labels), np.array(whole.intents)[whole.probabilities.argmax(1)]
    confidence = whole.probabilities.max(1)
    print(
        f"{len(labels)} messages, {len(whole.intents)} intents, {chosen.folds} folds, {time.monotonic() - began:.0f} s"
    )
    print(f"top 1 {found['top1']:.4f}  top 3 {found['top3']:.4f}  calibration error {found['calibration_error']:.4f}")
    _print_fallback(confidence, best == own, own == OUT_OF_SCOPE)
    _print_honesty(confidence, best == own)
    _print_confusions(own, best, chosen.confusions)


def _print_fallback(confidence: np.ndarray, right: np.ndarray, outside: np.ndarray) -> None:
    print("\nthreshold  accuracy  fallback  right when answered")
    for threshold in THRESHOLDS:
        asked = confidence < threshold
        answered = f"{right[~asked].mean():19.4f}" if not asked.all() else f"{'–':>19}"
        print(f"{threshold:9.2f}  {np.where(asked, outside, right).mean():8.4f}  {asked.mean():8.4f}  {answered}")


def _print_honesty(confidence: np.ndarray, right: np.ndarray) -> None:
    print("\nconfidence  messages  mean   right")
    places = np.minimum((confidence * BINS).astype(int), BINS - 1)
    for place in np.unique(places):
        inside = places == place
        ends = f"{place / BINS:.1f}-{(place + 1) / BINS:.1f}"
        print(f"{ends:10}  {inside.sum():8d}  {confidence[inside].mean():.3f}  {right[inside].mean():.3f}")


def _print_confusions(own: np.ndarray, best: np.ndarray, number: int) -> None:
    print("\nmost frequent confusions (own intent -> answered)")
    pairs = Counter((wanted, answered) for wanted, answered in zip(own, best, strict=True) if wanted != answered)
    for (wanted, answered), count in pairs.most_common(number):
        print(f"{count:4d}  {wanted} -> {answered}")
    recall = {intent: float((best[own == intent] == intent).mean()) for intent in np.unique(own)}
    worst = sorted(recall.items(), key=lambda item: item[1])[:WORST]
    print("\nrecall, worst first: " + ", ".join(f"{intent} {share:.2f}" for intent, share in worst))


if __name__ == "__main__":
    main()
