"""A release understands residents at least as well as the one before, less one point.

``reached.yml`` holds what was reached; when a change raises a figure, raise it there. The messages' writers had seen no
training message, and no training message may come near one of theirs (``tests/unit/nlu_data``).
"""

from pathlib import Path
from typing import Any

import pytest
import yaml

from integrations.cli import places
from integrations.cli.evaluate import evaluate
from tests.support import engine_process

FOLDER = Path(__file__).parent
MESSAGES = FOLDER / "messages.jsonl"
REACHED: dict[str, Any] = yaml.safe_load((FOLDER / "reached.yml").read_text(encoding="utf-8"))
TOLERATED = 0.01

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def figures() -> dict[str, Any]:
    """What ``guanjia evaluate`` says of the model that this tree trains."""
    engine_process.train()
    return evaluate(MESSAGES, places.ROOT / "data", now=REACHED["now"]).as_json()


@pytest.mark.parametrize("name", sorted(REACHED["at_least"]))
def test_a_figure_stays_where_it_was(figures: dict[str, Any], name: str) -> None:
    assert figures[name] >= REACHED["at_least"][name] - TOLERATED


@pytest.mark.parametrize("name", sorted(REACHED["at_most"]))
def test_an_error_stays_as_rare_as_it_was(figures: dict[str, Any], name: str) -> None:
    assert figures[name] <= REACHED["at_most"][name] + TOLERATED


def test_every_kind_of_entity_is_still_found(figures: dict[str, Any]) -> None:
    found = {kind: of["f1"] for kind, of in figures["entities_by_type"].items() if of["expected"]}
    worse = {kind: f1 for kind, f1 in found.items() if f1 < REACHED["entities_at_least"].get(kind, 0) - TOLERATED}
    assert worse == {}
