"""The network in PyTorch, and its tuning on a few messages."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from bot.encoder.folder import NETWORK, TOKENIZER, opened, write_card
from bot.encoder.session import Encoder
from bot.encoder.split import is_held_out
from bot.encoder.workshop import e5, graph, vocabulary
from bot.encoder.workshop.__main__ import main
from bot.encoder.workshop.examples import Example, examples
from bot.encoder.workshop.network import Network
from bot.encoder.workshop.recipe import Recipe
from bot.encoder.workshop.tune import Tuning
from bot.tests.encoder import tiny

torch.set_num_threads(1)

MESSAGES = {
    "query_arrears": (
        "我欠多少钱 我家还欠多少物业费 查一下欠费 有没有没交的费用 欠费多少 "
        "我要查欠款 还要交多少 费用查一下 多少钱没交 我家欠费吗"
    ),
    "report_repair": (
        "水龙头漏水 马桶堵了 灯坏了叫人来修 门锁打不开要修 下水道堵了 空调不制冷 空调坏了 道上灯不开 门打不开 龙头没水"
    ),
    "greet": "你好 您好 早上好 在吗 晚上好 哈喽 您早 你在吗 晚好 早",
}
EPOCHS = 2
RECIPE = Recipe(epochs=EPOCHS, batch=8, rate=2e-3, misspelled=0.5)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write(tmp_path_factory.mktemp("weights") / "tiny.bin")


@pytest.fixture(scope="module")
def source(weights: Path) -> e5.E5:
    return e5.read(weights)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with thirty messages."""
    folder = tmp_path_factory.mktemp("data")
    nlu = [
        {"intent": intent, "examples": "".join(f"- {text}\n" for text in texts.split())}
        for intent, texts in MESSAGES.items()
    ]
    (folder / "all.yml").write_text(json.dumps({"nlu": nlu}), "utf-8")
    return folder


@pytest.fixture(scope="module")
def found(data: Path) -> list[Example]:
    return [dataclasses.replace(example, held_out=number % 10 == 0) for number, example in enumerate(examples(data))]


@pytest.fixture
def tuning(source: e5.E5, found: list[Example]) -> Callable[..., Tuning]:
    """Begins a tuning, always from the same weights."""

    def begin(recipe: Recipe = RECIPE) -> Tuning:
        torch.manual_seed(1)
        network = Network(source.tensors, range(source.layers), source.heads, source.epsilon, len(MESSAGES))
        tokenizer = Tokenizer.from_str(vocabulary.tokenizer(source.pieces, source.scores.tolist()))
        return Tuning(network, tokenizer, found, recipe)

    return begin


def weights_of(tuning: Tuning) -> dict[str, bytes]:
    return {name: tensor.numpy().tobytes() for name, tensor in tuning.network.state_dict().items()}


# ------------------------------------------------------------------------------------------------------- the network


@pytest.mark.parametrize("layers", [[0, 1], [1], [1, 0]])
def test_the_network_computes_what_the_weights_say(source: e5.E5, layers: list[int]) -> None:
    network = Network(source.tensors, layers, source.heads, source.epsilon, 3).eval()
    rows = [[0, 4, 9, 30, 2], [0, 50, 12, 2], [0, 4, 9, 30, 40, 41, 42, 7, 2]]
    ids = torch.ones((3, 9), dtype=torch.long)
    mask = torch.zeros((3, 9), dtype=torch.bool)
    for number, row in enumerate(rows):
        ids[number, : len(row)], mask[number, : len(row)] = torch.tensor(row), True
    with torch.no_grad():
        vectors = network(ids, mask).numpy()
    for row, vector in zip(rows, vectors, strict=True):
        assert vector == pytest.approx(tiny.mean(source.tensors, row, layers), abs=1e-4)


def test_the_network_gives_its_weights_back(source: e5.E5) -> None:
    tensors = Network(source.tensors, [1], source.heads, source.epsilon, 3).tensors()
    for name, tensor in e5.with_layers(source.tensors, [1]).items():
        if name not in {"emb.pos", "emb.type"}:
            assert np.array_equal(tensors[name], tensor), name
    assert np.array_equal(
        tensors["emb.pos"] + tensors["emb.type"], source.tensors["emb.pos"] + source.tensors["emb.type"]
    )


# -------------------------------------------------------------------------------------------------------- the tuning


def test_tuning_lowers_the_loss(tuning: Callable[..., Tuning]) -> None:
    first, *_, last = list(tuning().epochs())
    assert last.loss < first.loss


def test_tuning_finds_the_intents_of_messages_that_only_measure(tuning: Callable[..., Tuning]) -> None:
    *_, last = tuning(dataclasses.replace(RECIPE, epochs=8)).epochs()
    assert last.held_out is not None
    assert last.held_out > 0.6
    assert last.held_out_spoken is None  # there is none


def test_the_rows_of_the_vocabulary_stay_as_they_are(tuning: Callable[..., Tuning], source: e5.E5) -> None:
    running = tuning()
    list(running.epochs())
    tensors = running.network.tensors()
    assert np.array_equal(tensors["emb.word"], source.tensors["emb.word"])
    assert not np.array_equal(tensors["l1.fo.w"], source.tensors["l1.fo.w"])


def test_the_same_seed_gives_the_same_weights(tuning: Callable[..., Tuning]) -> None:
    first, second, other = tuning(), tuning(), tuning(dataclasses.replace(RECIPE, seed=7))
    for running in (first, second, other):
        list(running.epochs())
    assert weights_of(first) == weights_of(second)
    assert weights_of(first) != weights_of(other)


def test_a_stopped_tuning_goes_on_as_if_it_had_not_been(tuning: Callable[..., Tuning], tmp_path: Path) -> None:
    whole = tuning()
    progress = list(whole.epochs())
    next(iter(tuning().epochs(tmp_path / "state.pt")))
    rest = tuning()
    assert list(rest.epochs(tmp_path / "state.pt")) == progress[1:]
    assert weights_of(rest) == weights_of(whole)
    assert rest.history == [dataclasses.asdict(step) for step in progress]


def test_a_finished_tuning_does_nothing_more(tuning: Callable[..., Tuning], tmp_path: Path) -> None:
    done = tuning()
    list(done.epochs(tmp_path / "state.pt"))
    again = tuning()
    assert list(again.epochs(tmp_path / "state.pt")) == []
    assert weights_of(again) == weights_of(done)


def test_a_state_of_another_recipe_is_refused(tuning: Callable[..., Tuning], tmp_path: Path) -> None:
    next(iter(tuning().epochs(tmp_path / "state.pt")))
    with pytest.raises(ValueError, match="another recipe"):
        next(iter(tuning(dataclasses.replace(RECIPE, rate=1e-3)).epochs(tmp_path / "state.pt")))


def test_a_state_of_other_messages_is_refused(
    tuning: Callable[..., Tuning], found: list[Example], tmp_path: Path
) -> None:
    begun = tuning()
    next(iter(begun.epochs(tmp_path / "state.pt")))
    other = Tuning(begun.network, begun.tokenizer, found[1:], RECIPE)
    with pytest.raises(ValueError, match="other messages"):
        next(iter(other.epochs(tmp_path / "state.pt")))


def test_a_long_message_is_cut_as_in_use(tuning: Callable[..., Tuning]) -> None:
    running = tuning()
    ids, _ = running._batch(["漏" * 500])
    assert ids.shape == (1, 96)
    assert ids[0, -1] == 2


# -------------------------------------------------------------------------------------------------------- the folder


def options(weights: Path, data: Path) -> list[str]:
    return ["--weights", str(weights), "--data", str(data), "--epochs", str(EPOCHS), "--batch", "8", "--rate", "2e-3"]


def test_a_tuned_folder_computes_what_the_network_does(
    source: e5.E5, tuning: Callable[..., Tuning], tmp_path: Path
) -> None:
    running = tuning()
    list(running.epochs())
    tensors = running.network.tensors()
    graph.write(tensors, source.layers, source.heads, source.epsilon, tmp_path / NETWORK)
    text = vocabulary.tokenizer(source.pieces, source.scores.tolist())
    (tmp_path / TOKENIZER).write_text(text, "utf-8")
    write_card(tmp_path, source.hidden)
    encoder = Encoder(opened(tmp_path))
    for message in " ".join(MESSAGES.values()).split()[:10]:
        expected = tiny.vector(tensors, Tokenizer.from_str(text).encode(message).ids)
        assert float(encoder.vector(message) @ expected) > 0.999  # 8-bit numbers


def test_the_card_tells_how_it_was_tuned(weights: Path, data: Path, tmp_path: Path) -> None:
    assert main(["tune", "--out", str(tmp_path), *options(weights, data)]) == 0
    card = opened(tmp_path).card
    held_out = sum(map(is_held_out, " ".join(MESSAGES.values()).split()))
    assert card["tuned_on"] == {"typed": 30 - held_out, "heard": 0}
    assert card["held_out"] == {"typed": held_out, "heard": 0}
    assert [epoch["epoch"] for epoch in card["epochs"]] == [1, 2]
    assert card["recipe"]["rate"] == 2e-3
    assert card["started_from"] == "the pretrained weights"


def test_the_same_seed_makes_the_same_folder(weights: Path, data: Path, tmp_path: Path) -> None:
    for name in ("first", "second"):
        assert main(["tune", "--out", str(tmp_path / name), *options(weights, data)]) == 0
    assert opened(tmp_path / "first").version == opened(tmp_path / "second").version


def test_a_tuning_can_begin_with_an_earlier_one(weights: Path, data: Path, tmp_path: Path) -> None:
    assert main(["tune", "--out", str(tmp_path / "first"), *options(weights, data)]) == 0
    start = ["--start", str(tmp_path / "first/state.pt"), "--start-note", "a first round"]
    assert main(["tune", "--out", str(tmp_path / "second"), *options(weights, data), *start]) == 0
    first, second = (opened(tmp_path / name).card for name in ("first", "second"))
    assert second["started_from"] == "a first round"
    assert second["epochs"][0]["loss"] < first["epochs"][0]["loss"]
