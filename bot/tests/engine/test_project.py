"""The engine's own files keep the promises of its environment."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

BOT = Path(__file__).parents[2]
LOCKS = ["requirements.lock", "requirements-dev.lock", "full/requirements.lock"]


def pinned(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==([^ \\]+)", (BOT / lock).read_text("utf-8"), re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_every_package_by_hash_and_names_no_host(lock: str) -> None:
    text = (BOT / lock).read_text("utf-8")
    assert "://" not in text
    assert "--index-url" not in text
    assert "--find-links" not in text
    entries = re.split(r"^(?=\S)", text, flags=re.MULTILINE)[1:]
    assert all("==" in entry and "--hash=sha256:" in entry for entry in entries)


def test_the_lean_environment_has_what_it_needs_and_not_what_it_replaces() -> None:
    lean = pinned("requirements.lock")
    assert {name: lean[name] for name in ("rasa", "numpy", "scikit-learn", "spacy")} == {
        "rasa": "3.6.21",
        "numpy": "1.24.4",
        "scikit-learn": "1.1.3",
        "spacy": "3.4.4",
    }
    assert lean.keys().isdisjoint({"tensorflow", "tensorflow-hub", "boto3", "pymongo", "slack-sdk", "matplotlib"})


def test_the_development_lock_only_adds_to_the_other() -> None:
    assert pinned("requirements.lock").items() <= pinned("requirements-dev.lock").items()


def test_the_full_lock_restores_the_stock_engine() -> None:
    full = pinned("full/requirements.lock")
    assert (full["tensorflow"], full["rasa"]) == ("2.12.0", "3.6.21")


def test_both_pythons_are_named_the_engines_own_first() -> None:
    assert (BOT / ".python-version").read_text("utf-8").split() == ["3.10", "3.12"]


def test_the_pipeline_trains_without_chance_and_the_dialogue_is_rules_alone() -> None:
    config = yaml.safe_load((BOT / "config.yml").read_text("utf-8"))
    assert config["language"] == "zh"
    assert [policy["name"] for policy in config["policies"]] == ["RulePolicy"]
    names = [step["name"].rpartition(".")[2] for step in config["pipeline"]]
    assert names[:2] == ["WishSplitter", "Normaliser"]
    assert names[-1] == "WishCollector"
    assert names.index("AskBack") < names.index("EmergencyDetector")


def test_addresses_and_secrets_come_from_the_environment() -> None:
    endpoints = yaml.safe_load((BOT / "endpoints.yml").read_text("utf-8"))
    assert endpoints["action_endpoint"]["url"] == "${GUANJIA_ACTION_URL}"
    assert endpoints["action_endpoint"]["headers"] == {"X-Guanjia-Secret": "${GUANJIA_ACTION_SECRET}"}
    assert endpoints["action_endpoint"]["enable_selective_domain"] is False
    assert endpoints["tracker_store"]["db"] == "${GUANJIA_TRACKER_DB}"
