"""The stand-ins replace all that must not be loaded, and offer all that the rest of Rasa asks of them."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.engine import stubs

PROJECT = Path(__file__).parents[3]
HEAVY = {
    "tensorflow",
    "keras",
    "matplotlib",
    "boto3.session",
    "pymongo.mongo_client",
    "slack_sdk",
    "aiogram",
    "twilio",
    "skops",
}
SERVER_IN_A_FRESH_PROCESS = """
import sys
from bot.engine.setup import prepare_rasa
prepare_rasa()
import rasa.core.run, rasa.server
print(",".join(sys.modules))
"""

pytestmark = pytest.mark.skipif(stubs.has_tensorflow(), reason="the full engine replaces nothing")


def test_a_started_engine_has_loaded_neither_tensorflow_nor_foreign_services() -> None:
    command = [sys.executable, "-c", SERVER_IN_A_FRESH_PROCESS]
    loaded = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True).stdout.strip().split(",")
    assert "rasa.server" in loaded
    assert HEAVY.isdisjoint(loaded)


def test_every_name_that_rasa_takes_from_a_replaced_module_is_offered() -> None:
    offered = stubs.placeholders()
    missing = [
        f"{file.name}: {module}.{name}"
        for file, module, name in _imports_at_the_top_of_rasa()
        if module in offered and name not in offered[module]
    ]
    assert missing == []


def test_every_replaced_module_of_rasa_exists_in_the_pinned_version() -> None:
    rasa = Path(importlib.util.find_spec("rasa").submodule_search_locations[0])
    ours = [module for module in stubs.placeholders() if module.startswith("rasa.")]
    assert all((rasa.parent / module.replace(".", "/")).with_suffix(".py").is_file() for module in ours)


def test_installing_twice_changes_nothing(rasa: None) -> None:
    before = {name: sys.modules[name] for name in stubs.placeholders()}
    assert stubs.install()
    assert before == {name: sys.modules[name] for name in stubs.placeholders()}


def test_a_component_of_the_full_engine_is_refused_by_name(rasa: None) -> None:
    from rasa.engine.recipes.default_recipe import DefaultV1Recipe
    from rasa.shared.exceptions import InvalidConfigException

    with pytest.raises(InvalidConfigException, match="DIETClassifier"):
        DefaultV1Recipe._from_registry("DIETClassifier")


def _imports_at_the_top_of_rasa() -> Iterator[tuple[Path, str, str]]:
    """File, module and name of every import that runs when a module of Rasa that we keep is loaded."""
    rasa = Path(importlib.util.find_spec("rasa").submodule_search_locations[0])
    replaced = {(rasa.parent / module.replace(".", "/")).with_suffix(".py") for module in stubs.placeholders()}
    needs_tensorflow = {rasa / "utils/tensorflow", rasa / "nlu/selectors"}
    unused = {rasa / "core/policies/unexpected_intent_policy.py"}
    for file in rasa.rglob("*.py"):
        if file in replaced | unused or needs_tensorflow & set(file.parents):
            continue
        for node in ast.parse(file.read_text("utf-8")).body:
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    yield file, node.module, alias.name
