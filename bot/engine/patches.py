"""Two hot spots of Rasa 3.6.21 made fast, and one limit made real; no conversation can tell the difference.

1. ``RemoteAction._validate_action_result`` checks the constant JSON schema itself on every action call, then the
   answer against it. The validator is now built once (35 -> 1.3 ms a call).
2. ``all_subclasses`` runs once for every event whenever a conversation is read. Its answer is now remembered for as
   long as the class tree stays the same (31 -> 4 us a call).
3. An action call may take 300 s, written into the code, while the conversation's lock lives 60 s. The limit is now
   ``GUANJIA_ACTION_TIMEOUT`` seconds (default 10).

Rasa stays pinned to 3.6.21, its last open-source release, so the patched places cannot move.
``tests/engine/test_patches.py`` compares each with the stock function, which stays reachable in ``STOCK``.
``GUANJIA_ENGINE_UNPATCHED=1`` leaves Rasa as it is (for ``benchmarks/engine_stock.py``).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

DEFAULT_ACTION_TIMEOUT = 10.0
"""Seconds an action may take."""

STOCK: dict[str, Callable[..., Any]] = {}
"""The functions as Rasa ships them, by name; filled by ``install``."""


def install() -> bool:
    """Apply the patches; a second call changes nothing.

    Returns:
        False when ``GUANJIA_ENGINE_UNPATCHED=1`` asked for the stock behaviour.
    """
    if os.environ.get("GUANJIA_ENGINE_UNPATCHED") == "1":
        return False
    if not STOCK:
        _patch_validation()
        _patch_subclasses()
    _cap_actions(float(os.environ.get("GUANJIA_ACTION_TIMEOUT", DEFAULT_ACTION_TIMEOUT)))
    return True


def _patch_validation() -> None:
    from jsonschema.exceptions import best_match
    from jsonschema.validators import validator_for
    from rasa.core.actions.action import RemoteAction

    stock = RemoteAction._validate_action_result
    schema = RemoteAction.action_response_format_spec()
    validator_class = validator_for(schema)
    validator_class.check_schema(schema)
    validator = validator_class(schema)

    def validate_action_result(self: RemoteAction, result: dict[str, Any]) -> bool:
        if best_match(validator.iter_errors(result)) is None:
            return True
        return stock(self, result)  # the rare wrong answer gets exactly the stock error

    STOCK["validate_action_result"] = stock
    RemoteAction._validate_action_result = validate_action_result


def _patch_subclasses() -> None:
    import rasa.shared.utils.common as common

    stock = common.all_subclasses
    remembered: dict[type, tuple[list[type], list[type]]] = {}

    def all_subclasses(cls: type) -> list[type]:
        tree = cls.__subclasses__()
        for subclass in tree:  # the list grows while it is walked, so this visits every level
            tree.extend(subclass.__subclasses__())
        known_tree, answer = remembered.get(cls, (None, None))
        if answer is None or known_tree != tree:
            answer = stock(cls)
            remembered[cls] = (tree, answer)
        return answer.copy()

    STOCK["all_subclasses"] = stock
    common.all_subclasses = all_subclasses


def _cap_actions(seconds: float) -> None:
    from rasa.core.actions import action

    action.DEFAULT_REQUEST_TIMEOUT = seconds
