"""Training: once for each state of the inputs, errors a person can act on, the old model safe."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bot.engine import models
from bot.tests.engine import tiny

PROJECT = Path(__file__).parents[3]


def engine(project: Path, *arguments: str, **environment: str) -> tuple[int, list[dict[str, Any]], str]:
    """Run a command of the launcher; its exit status, event lines and standard error."""
    command = [
        sys.executable,
        "-m",
        "bot.engine",
        *arguments,
        "--project",
        str(project),
        "--models",
        str(project / "models"),
    ]
    done = subprocess.run(
        command, cwd=PROJECT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=240
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]], str]:
    project = tiny.write(tmp_path_factory.mktemp("trained"))
    status, events, errors = engine(project, "train")
    assert status == 0, errors
    return project, events, errors


def test_a_first_training_reports_its_steps_and_ends_with_a_checked_model(trained: Any) -> None:
    project, events, _ = trained
    assert events[0] == {"event": "training", "reason": "no model"}
    steps = [event for event in events if event["event"] == "progress"]
    assert [step["done"] for step in steps] == list(range(1, steps[0]["total"] + 1))
    last = events[-1]
    assert (last["event"], last["cached"]) == ("model", False)
    assert models.hash_of(Path(last["path"])) == last["sha256"]
    assert models.checked(project / "models", models.current(project / "models")) == Path(last["path"])


def test_training_writes_nothing_but_news_to_the_terminal(trained: Any) -> None:
    assert trained[2] == ""


def test_nothing_is_left_beside_the_model(trained: Any) -> None:
    project, events, _ = trained
    name = Path(events[-1]["path"]).name
    assert {file.name for file in (project / "models").iterdir()} == {name, f"{name}.sha256", "current.json", ".lock"}


def test_a_second_training_finds_the_model_without_loading_rasa(trained: Any) -> None:
    project, events, _ = trained
    script = (
        "import sys; from pathlib import Path; from bot.engine.train import train\n"
        f"train(Path({str(project)!r}), Path({str(project / 'models')!r})); print('rasa' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=True)
    event, loaded = done.stdout.splitlines()
    assert json.loads(event) == {**events[-1], "cached": True, "seconds": json.loads(event)["seconds"]}
    assert loaded == "False"


def test_a_damaged_model_is_trained_anew(trained: Any, tmp_path: Path) -> None:
    project = tiny.write(tmp_path)
    model = models.publish(_folder(project), _file(project, "not a model"), models.fingerprint(project))
    (project / "models" / model.file).write_text("damaged", "utf-8")
    status, events, _ = engine(project, "train")
    assert (status, events[0]["reason"], events[-1]["event"]) == (0, "model damaged", "model")


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        (
            "bot/rules/tiny.yml",
            tiny.FILES["bot/rules/tiny.yml"]
            + "- rule: contradiction\n  steps:\n  - intent: greet\n  - action: action_query_arrears\n",
            "Contradicting",
        ),
        ("bot/domain/tiny.yml", "version: '3.1'\nintents: {greet: \n", "tiny.yml"),
        (
            "bot/config.yml",
            tiny.FILES["bot/config.yml"].replace("FallbackClassifier", "DIETClassifier"),
            "DIETClassifier",
        ),
        ("nlu_data/tiny.yml", "version: '3.1'\nnlu:\n- intent: 3\n", "tiny.yml"),
    ],
    ids=["contradicting rules", "broken domain", "component of the full engine", "broken messages"],
)
def test_wrong_files_end_in_one_plain_error_and_the_old_model_stays(
    tmp_path: Path, file: str, text: str, expected: str
) -> None:
    project = tiny.write(tmp_path)
    old = models.publish(_folder(project), _file(project, "the old model"), "old")
    (project / file).write_text(text, "utf-8")
    status, events, errors = engine(project, "train")
    assert status == 1
    assert events[-1]["event"] == "error"
    assert expected in events[-1]["message"]
    assert "Traceback" not in errors
    assert models.current(project / "models") == old


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    project = tiny.write(tmp_path)
    (project / "bot/rules/tiny.yml").unlink()
    status, events, _ = engine(project, "train")
    assert (status, events[-1]["code"], events[-1]["where"]) == (1, "file_missing", str(project / "bot/rules"))


def _folder(project: Path) -> Path:
    (project / "models").mkdir(exist_ok=True)
    return project / "models"


def _file(project: Path, contents: str) -> Path:
    file = project / "models/half"
    file.write_text(contents, "utf-8")
    return file
