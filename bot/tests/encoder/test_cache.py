"""Vectors are computed once for each text and version of the encoder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from bot.encoder.cache import VectorCache


class Computer:
    """Makes vectors and notes of which texts."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        self.asked += texts
        return np.array([[len(text), ord(text[0])] for text in texts], np.float32).reshape(len(texts), 2)


@pytest.fixture
def compute() -> Computer:
    return Computer()


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    VectorCache(tmp_path / "cache", "v1").vectors(["水", "电", "燃气"], Computer())
    return tmp_path / "cache"


def test_only_texts_that_are_missing_are_computed(filled: Path, compute: Computer) -> None:
    VectorCache(filled, "v1").vectors(["水", "门", "电"], compute)
    assert compute.asked == ["门"]


def test_vectors_come_in_the_order_of_the_texts(filled: Path, compute: Computer) -> None:
    texts = ["门禁", "燃气", "水", "门禁", "电"]
    assert np.array_equal(VectorCache(filled, "v1").vectors(texts, compute), Computer()(texts))


def test_a_text_that_comes_twice_is_computed_once(tmp_path: Path, compute: Computer) -> None:
    VectorCache(tmp_path, "v1").vectors(["水", "水"], compute)
    assert compute.asked == ["水"]


def test_another_version_knows_nothing_of_it_and_leaves_it_alone(filled: Path, compute: Computer) -> None:
    VectorCache(filled, "v2").vectors(["水"], compute)
    assert compute.asked == ["水"]
    VectorCache(filled, "v1").vectors(["水"], compute)
    assert compute.asked == ["水"]


def test_what_is_not_asked_for_any_more_is_forgotten_when_something_new_is_kept(
    filled: Path, compute: Computer
) -> None:
    VectorCache(filled, "v1").vectors(["水", "门"], compute)
    VectorCache(filled, "v1").vectors(["水", "门", "电"], compute)
    assert compute.asked == ["门", "电"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: b"no archive",
        lambda data: data[: len(data) // 2],
        lambda data: data[:60] + bytes(20) + data[80:],
        lambda data: data.replace(b"vectors.npy", b"numbers.npy"),
    ],
    ids=["empty", "something else", "cut short", "overwritten", "other arrays"],
)
def test_a_damaged_file_is_made_anew(filled: Path, compute: Computer, damage: Callable[[bytes], bytes]) -> None:
    (file,) = filled.iterdir()
    file.write_bytes(damage(file.read_bytes()))
    VectorCache(filled, "v1").vectors(["水", "电"], compute)
    assert compute.asked == ["水", "电"]
    VectorCache(filled, "v1").vectors(["水", "电"], compute)
    assert compute.asked == ["水", "电"]


def test_one_file_is_left_for_a_version(filled: Path) -> None:
    assert [file.name for file in filled.iterdir()] == ["vectors-v1.npz"]


def test_without_a_folder_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compute: Computer) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        VectorCache(None, "v1").vectors(["水"], compute)
    assert compute.asked == ["水", "水"]
    assert list(tmp_path.iterdir()) == []


def test_no_texts_are_no_vectors(tmp_path: Path, compute: Computer) -> None:
    assert VectorCache(tmp_path, "v1").vectors([], compute).shape == (0, 2)
