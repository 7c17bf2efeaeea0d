"""A message's vector depends on its text and on nothing else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from bot.encoder.folder import opened
from bot.encoder.session import LONGEST, Encoder
from bot.tests.encoder import tiny

TEXTS = ["水龙头漏水了", "你好", "我家还欠多少物业费", "门锁打不开，叫人来修", "wifi坏了", ""]


@pytest.fixture(scope="module")
def encoder(encoder_folder: Path) -> Encoder:
    return Encoder(opened(encoder_folder))


def test_a_vector_does_not_depend_on_the_company_it_is_computed_in(encoder: Encoder) -> None:
    alone = np.stack([encoder.vector(text) for text in TEXTS])
    assert np.array_equal(encoder.vectors(TEXTS), alone)
    assert np.array_equal(encoder.vectors(TEXTS[::-1]), alone[::-1])


def test_a_vector_has_length_1(encoder: Encoder) -> None:
    vectors = encoder.vectors(TEXTS)
    assert (vectors.shape, vectors.dtype) == ((len(TEXTS), tiny.HIDDEN), np.float32)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)


def test_different_texts_have_different_vectors(encoder: Encoder) -> None:
    vectors = encoder.vectors(TEXTS)
    assert (vectors @ vectors.T - np.eye(len(TEXTS))).max() < 0.99


def test_capital_letters_change_nothing(encoder: Encoder) -> None:
    assert np.array_equal(encoder.vector("WiFi坏了"), encoder.vector("wifi坏了"))


def test_several_threads_get_the_same(encoder: Encoder) -> None:
    asked = TEXTS * 20
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(encoder.vector, asked))
    assert np.array_equal(found, [encoder.vector(text) for text in asked])


def test_a_long_text_is_cut(encoder: Encoder) -> None:
    long = "漏" * LONGEST
    assert np.array_equal(encoder.vector(long + "你好"), encoder.vector(long))
    assert not np.array_equal(encoder.vector(long[: LONGEST // 2] + "你好"), encoder.vector(long[: LONGEST // 2]))


def test_a_text_of_unknown_characters_has_a_vector_too(encoder: Encoder) -> None:
    assert np.isfinite(encoder.vector("😀" * 3)).all()


def test_no_texts_are_no_vectors(encoder: Encoder) -> None:
    assert encoder.vectors([]).shape == (0, tiny.HIDDEN)
