"""Linear models, and how far each is trusted."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from bot.components.linear import fitted, trust

ROWS = np.array([[1, 0, 0], [0.9, 0.1, 0], [0, 1, 0], [0.1, 0.9, 0], [0, 0, 1], [0, 0.1, 0.9]])
INTENTS = np.array(["fees", "fees", "greet", "greet", "repairs", "repairs"])
ORDER = ["fees", "greet", "repairs"]


def test_every_message_is_nearest_its_own_intent() -> None:
    scores = fitted(ROWS, INTENTS, ORDER, 1.0).scores(ROWS)
    assert [ORDER[i] for i in scores.argmax(1)] == INTENTS.tolist()


def test_of_two_intents_each_has_its_scores() -> None:
    scores = fitted(ROWS[:4], INTENTS[:4], ["fees", "greet"], 1.0).scores(ROWS[:4])
    assert scores.shape == (4, 2)
    assert scores.argmax(1).tolist() == [0, 0, 1, 1]
    assert scores[:, 0] == pytest.approx(-scores[:, 1])


def test_an_intent_without_a_message_is_never_the_answer() -> None:
    scores = fitted(ROWS, INTENTS, ["fees", "greet", "nobody_said_it", "repairs"], 1.0).scores(ROWS)
    assert scores.argmin(1).tolist() == [2] * len(ROWS)
    assert scores.argmax(1).tolist() == [0, 0, 1, 1, 3, 3]


def test_a_single_row_gives_a_single_row() -> None:
    model = fitted(ROWS, INTENTS, ORDER, 1.0)
    assert model.scores(ROWS[0]).shape == (3,)
    assert model.scores(ROWS[0]) == pytest.approx(model.scores(ROWS)[0])


def test_sparse_rows_count_like_others() -> None:
    dense, sparse = fitted(ROWS, INTENTS, ORDER, 1.0), fitted(csr_matrix(ROWS), INTENTS, ORDER, 1.0)
    assert sparse.scores(csr_matrix(ROWS)) == pytest.approx(dense.scores(ROWS), abs=1e-3)


def scores_of(quality: float, own: np.ndarray, seed: int) -> np.ndarray:
    """Noise, and so much of the right answer."""
    return np.random.default_rng(seed).normal(0, 0.5, (len(own), 3)) + quality * np.eye(3)[own]


@pytest.fixture
def own() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 3, 600)


@pytest.mark.parametrize("better", [0, 1])
def test_the_better_model_is_trusted_more(own: np.ndarray, better: int) -> None:
    qualities = [1.0, 0.2] if better == 0 else [0.2, 1.0]
    factors = trust([scores_of(quality, own, seed) for seed, quality in enumerate(qualities, 1)], own)
    assert factors[better] > 3 * factors[1 - better]


def test_no_model_is_trusted_to_be_wrong(own: np.ndarray) -> None:
    factors = trust([scores_of(1.0, own, 1), scores_of(-1.0, own, 2)], own)
    assert all(factor > 0 for factor in factors)
    assert factors[1] < 0.1


def test_one_model_alone_is_trusted_as_far_as_it_is_right(own: np.ndarray) -> None:
    good, poor = (trust([scores_of(quality, own, 1)], own) for quality in (1.0, 0.3))
    assert len(good) == 1
    assert good[0] > 2 * poor[0]


def test_scores_of_twice_the_size_are_trusted_half_as_far(own: np.ndarray) -> None:
    scores = scores_of(1.0, own, 1)
    assert trust([scores * 2], own)[0] * 2 == pytest.approx(trust([scores], own)[0], rel=1e-3)
