"""The rules predict what bot/stories promises. Only rules and domain are trained, so this takes seconds."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
CONFIG = {
    "recipe": "default.v1",
    "language": "zh",
    "assistant_id": "stories",
    "pipeline": [],
    "policies": [{"name": "RulePolicy", "core_fallback_action_name": "action_fallback"}],
}
NLU = {"version": "3.1", "nlu": [{"intent": "greet", "examples": "- 您好\n- 你好\n"}]}


@pytest.fixture(scope="session")
def agent(rasa: None, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The engine with the project's rules and domain and next to no language."""
    from rasa.core.agent import Agent
    from rasa.model_training import train

    folder = tmp_path_factory.mktemp("stories")
    (folder / "config.yml").write_text(yaml.safe_dump(CONFIG), encoding="utf-8")
    (folder / "nlu.yml").write_text(yaml.safe_dump(NLU), encoding="utf-8")
    trained = train(
        domain=str(ROOT / "bot/domain"),
        config=str(folder / "config.yml"),
        training_files=[str(ROOT / "bot/rules"), str(folder / "nlu.yml")],
        output=str(folder),
    )
    return Agent.load(trained.model)


def run(agent: Any, stories: Path, folder: Path) -> Any:
    from rasa.core.test import test

    running = test(
        str(stories), agent, out_directory=str(folder), fail_on_prediction_errors=True, disable_plotting=True
    )
    return asyncio.run(running)


def test_the_rules_predict_every_story(agent: Any, tmp_path: Path) -> None:
    report = run(agent, ROOT / "bot/stories/test_dialogue.yml", tmp_path)
    assert len(report["actions"]) > 40


def test_a_story_that_does_not_hold_is_noticed(agent: Any, tmp_path: Path) -> None:
    from rasa.core.test import WrongPredictionException

    wrong = {"story": "wrong", "steps": [{"intent": "greet"}, {"action": "utter_goodbye"}]}
    file = tmp_path / "test_wrong.yml"
    file.write_text(yaml.safe_dump({"version": "3.1", "stories": [wrong]}), encoding="utf-8")
    with pytest.raises(WrongPredictionException):
        run(agent, file, tmp_path)
