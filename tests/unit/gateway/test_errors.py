"""Every refusal has its own sentence."""

import ast
import re
from pathlib import Path

import yaml

from integrations.gateway import errors

PROJECT = Path(__file__).resolve().parents[3]


def codes_in_use() -> set[str]:
    """The codes that the Python sources raise through the HTTP interface."""
    codes: set[str] = set()
    for path in (PROJECT / "integrations").rglob("*.py"):
        if "node_modules" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "ApiError"
            if called and len(node.args) > 1 and isinstance(node.args[1], ast.Constant):  # type: ignore[attr-defined]
                codes.add(node.args[1].value)  # type: ignore[attr-defined]
    return codes


def test_every_code_that_is_raised_has_a_sentence_in_chinese() -> None:
    texts = yaml.safe_load(errors.CATALOGUE.read_text(encoding="utf-8"))
    codes = codes_in_use()
    assert codes
    assert codes <= texts.keys()
    assert all(re.search("[\u4e00-\u9fff]", text) for text in texts.values())


def test_a_sentence_whose_value_is_missing_falls_back_to_the_general_one() -> None:
    assert errors.sentence("message_too_long") == errors.sentence("refused")
    assert "2000" in errors.sentence("message_too_long", limit=2000)
