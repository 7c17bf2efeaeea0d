"""The model's cache: what makes a new model, and which file is trusted."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.engine import models
from bot.engine.events import EngineError
from bot.tests.engine import tiny


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return tiny.write(tmp_path)


@pytest.mark.parametrize(
    "changed",
    [
        "nlu_data/tiny.yml",
        "nlu_data/lexicon/words.txt",
        "bot/domain/tiny.yml",
        "bot/rules/tiny.yml",
        "bot/config.yml",
        "bot/components/intent_classifier.py",
        "bot/language/deep/numerals.py",
        "bot/requirements.lock",
    ],
)
def test_a_change_of_any_input_asks_for_a_new_model(project: Path, changed: str) -> None:
    before = models.fingerprint(project)
    file = project / changed
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as stream:
        stream.write("# one more line\n")
    assert models.fingerprint(project) != before


@pytest.mark.parametrize(
    "other", ["nlu_data/README.md", "bot/endpoints.yml", "bot/tests/test_x.py", "bot/language/x.pyc", "README.md"]
)
def test_a_change_of_another_file_asks_for_nothing(project: Path, other: str) -> None:
    before = models.fingerprint(project)
    file = project / other
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("changed", "utf-8")
    assert models.fingerprint(project) == before


def test_a_renamed_input_asks_for_a_new_model(project: Path) -> None:
    before = models.fingerprint(project)
    (project / "nlu_data/tiny.yml").rename(project / "nlu_data/small.yml")
    assert models.fingerprint(project) != before


def publish(folder: Path, contents: str, name: str) -> models.Model:
    folder.mkdir(exist_ok=True)
    trained = folder / "half.tar.gz"
    trained.write_text(contents, "utf-8")
    return models.publish(folder, trained, name)


def test_a_published_model_is_the_current_one_and_passes_the_check(tmp_path: Path) -> None:
    model = publish(tmp_path / "models", "weights", "abc")
    assert models.current(tmp_path / "models") == model
    assert models.checked(tmp_path / "models", model).read_text("utf-8") == "weights"


@pytest.mark.parametrize("tampered", ["guanjia-abc.tar.gz", "guanjia-abc.tar.gz.sha256"])
def test_a_model_that_was_touched_is_not_loaded(tmp_path: Path, tampered: str) -> None:
    model = publish(tmp_path / "models", "weights", "abc")
    (tmp_path / "models" / tampered).write_text("0" * 64 + "  guanjia-abc.tar.gz\n", "utf-8")
    with pytest.raises(EngineError) as refused:
        models.checked(tmp_path / "models", model)
    assert refused.value.code == "model_changed"


def test_a_model_without_its_hash_is_not_loaded(tmp_path: Path) -> None:
    model = publish(tmp_path / "models", "weights", "abc")
    (tmp_path / "models/guanjia-abc.tar.gz.sha256").unlink()
    with pytest.raises(EngineError):
        models.checked(tmp_path / "models", model)


@pytest.mark.parametrize("words", ["", "{", "[]", '{"file": "gone.tar.gz", "sha256": "", "fingerprint": ""}'])
def test_a_broken_record_counts_as_no_model(tmp_path: Path, words: str) -> None:
    (tmp_path / "current.json").write_text(words, "utf-8")
    assert models.current(tmp_path) is None


def test_old_models_are_forgotten_but_the_last_few(tmp_path: Path) -> None:
    for number in range(6):
        publish(tmp_path / "models", f"weights {number}", f"m{number}")
    kept = list((tmp_path / "models").glob("*.tar.gz"))
    assert len(kept) == models.KEPT_MODELS
    assert models.current(tmp_path / "models").fingerprint == "m5"
