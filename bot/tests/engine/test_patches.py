"""The patched places answer exactly as Rasa's own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.engine import patches

PROJECT = Path(__file__).parents[3]

ACCEPTED: list[dict[str, Any]] = [
    {"events": [], "responses": []},
    {"events": [{"event": "slot", "timestamp": None, "name": "room", "value": "501"}], "responses": [{"text": "好"}]},
    {
        "events": [{"event": "followup", "name": "action_listen", "timestamp": 1.5}],
        "responses": [{"custom": {"kind": "text"}}],
    },
    {"events": [{"event": "rewind"}], "responses": [{"response": "utter_x", "number": "WX261121-0042", "buttons": []}]},
    {},
]
REFUSED: list[Any] = [
    {"events": [{"event": "no such event"}], "responses": []},
    {"events": {}, "responses": []},
    {"events": [], "responses": ["text"]},
    {"events": [{"name": "an event without its kind"}]},
    [],
    None,
]


@pytest.fixture
def action(rasa: None) -> Any:
    from rasa.core.actions.action import RemoteAction

    return RemoteAction("action_test", None)


def outcome(function: Callable[..., Any], *arguments: Any) -> tuple[Any, ...]:
    """What a call returned or raised, comparable."""
    try:
        return "returned", function(*arguments)
    except Exception as error:
        return type(error), str(error), list(getattr(error, "absolute_path", ()))


@pytest.mark.parametrize("answer", [*ACCEPTED, *REFUSED])
def test_an_actions_answer_is_judged_as_by_stock_rasa(action: Any, answer: Any) -> None:
    stock = patches.STOCK["validate_action_result"]
    assert outcome(action._validate_action_result, answer) == outcome(stock, action, answer)


@pytest.mark.parametrize("answer", REFUSED)
def test_a_wrong_answer_of_an_action_is_refused(action: Any, answer: Any) -> None:
    assert outcome(action._validate_action_result, answer)[0] != "returned"


def test_subclasses_are_found_as_by_stock_rasa_also_when_new_ones_appear(rasa: None) -> None:
    import rasa.shared.utils.common as common
    from rasa.shared.core.events import Event, UserUttered
    from rasa.shared.core.slots import Slot

    stock = patches.STOCK["all_subclasses"]
    assert common.all_subclasses is not stock
    for base in (Event, Slot):
        assert common.all_subclasses(base) == stock(base) == common.all_subclasses(base)

    class Direct(Event):
        type_name = "direct"

    class Nested(UserUttered):
        type_name = "nested"

    assert common.all_subclasses(Event) == stock(Event)
    assert Nested in common.all_subclasses(Event)


def test_a_caller_may_change_the_list_it_gets(rasa: None) -> None:
    import rasa.shared.utils.common as common
    from rasa.shared.core.slots import Slot

    common.all_subclasses(Slot).clear()
    assert common.all_subclasses(Slot)


def test_rasa_is_the_version_the_patches_were_written_for(rasa: None) -> None:
    import rasa as package

    assert package.__version__ == "3.6.21"


@pytest.mark.parametrize(
    ("environment", "expected"),
    [({}, "10.0 2"), ({"GUANJIA_ACTION_TIMEOUT": "4"}, "4.0 2"), ({"GUANJIA_ENGINE_UNPATCHED": "1"}, "300 0")],
)
def test_the_environment_chooses_patches_and_the_limit_of_an_action(environment: dict[str, str], expected: str) -> None:
    script = (
        "from bot.engine.setup import prepare_rasa; prepare_rasa()\n"
        "from bot.engine import patches; from rasa.core.actions import action\n"
        "print(action.DEFAULT_REQUEST_TIMEOUT, len(patches.STOCK))"
    )
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GUANJIA_")}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=PROJECT,
        env={**clean, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == expected
