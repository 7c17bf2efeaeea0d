"""Messages as rows of numbers around what they all share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bot.components.meaning import Meaning, folder_of
from bot.encoder.cache import FOLDER
from bot.encoder.folder import OWN, BadFolder
from bot.encoder.session import Encoder

TEXTS = ["水龙头漏水", "我家欠多少物业费", "你好", "门锁打不开"]


@pytest.fixture
def meaning(encoder_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Meaning:
    monkeypatch.delenv(FOLDER, raising=False)
    return Meaning(Encoder(folder_of(str(encoder_folder))))


def test_a_message_has_the_same_row_in_training_and_in_use(meaning: Meaning) -> None:
    learned = meaning.learn(TEXTS)
    assert np.allclose([meaning.row(text) for text in TEXTS], learned, atol=1e-6)


def test_rows_have_length_1_and_lie_around_their_mean(meaning: Meaning) -> None:
    rows = meaning.learn(TEXTS)
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-5)
    assert (rows @ rows.T).min() < 0


def test_a_message_that_is_the_mean_itself_gets_finite_numbers(meaning: Meaning) -> None:
    assert np.isfinite(meaning.learn(["你好", "你好"])).all()


def test_a_mean_that_was_kept_gives_the_same_rows(meaning: Meaning) -> None:
    meaning.learn(TEXTS)
    assert np.array_equal(Meaning(meaning.encoder, meaning.mean).row("漏水"), meaning.row("漏水"))


def test_vectors_are_kept_where_the_environment_says(
    meaning: Meaning, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path / "cache"))
    meaning.learn(TEXTS)
    assert [file.name for file in (tmp_path / "cache").iterdir()] == [f"vectors-{meaning.encoder.version}.npz"]


def test_own_is_the_encoder_that_comes_with_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Path] = []
    monkeypatch.setattr("bot.components.meaning.opened", asked.append)
    folder_of("own")
    folder_of("/elsewhere")
    assert asked == [OWN, Path("/elsewhere")]


def test_a_folder_without_an_encoder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFolder):
        folder_of(str(tmp_path))
