"""Whatever the reason is why a message was not delivered, the desk says in Chinese what it means for the agent."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from integrations.gateway.reasons import REASONS
from integrations.tencent.errors import Refusal
from integrations.wecom.events import _REASONS as TOLD_LATER

ROOT = Path(__file__).resolve().parents[3]
TEXTS = ROOT / "integrations" / "desk" / "frontend" / "src" / "texts.delivery.ts"
_ENTRY = re.compile(r'^    (\w+): "(.+)",$', re.MULTILINE)
GIVE_A_REASON = frozenset(
    {"Receipt", "NothingLeft", "fail", "sent", "wait", "not_arrived", "delivery_failed", "_set_messages"}
)
ABOUT_PUSHES = ("templates.py", "push_outbox.py")


def sentences() -> dict[str, str]:
    """The desk's sentences by code."""
    block = TEXTS.read_text(encoding="utf-8").split("  reasons: {\n")[1].split("  } as Record")[0]
    return dict(_ENTRY.findall(block))


def written_in(file: Path) -> Iterator[str]:
    """The codes that a module gives as a message's reason in so many words; those of `push` are about news."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    news = {id(node) for found in ast.walk(tree) if _named(found, "push") for node in ast.walk(found)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or id(node) in news:
            continue
        if getattr(node.func, "attr", getattr(node.func, "id", "")) in GIVE_A_REASON:
            for argument in (*node.args, *(keyword.value for keyword in node.keywords if keyword.arg == "reason")):
                yield from _words(argument)


def _named(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.AsyncFunctionDef) and node.name == name


def _words(node: ast.expr) -> list[str]:
    """The strings an expression may become; not those it only compares with."""
    if isinstance(node, ast.Constant):
        return [node.value] if isinstance(node.value, str) and node.value else []
    if isinstance(node, ast.IfExp):
        return _words(node.body) + _words(node.orelse)
    return [word for value in node.values for word in _words(value)] if isinstance(node, ast.BoolOp) else []


def test_every_reason_has_a_sentence_and_every_sentence_a_reason() -> None:
    assert set(sentences()) == REASONS


def test_every_refusal_of_a_platform_is_a_reason() -> None:
    assert {refusal.value for refusal in Refusal} <= REASONS
    assert set(TOLD_LATER.values()) <= REASONS


def test_every_reason_in_the_code_is_a_reason() -> None:
    folders = (ROOT / "integrations", ROOT / "property_db" / "channels", ROOT / "property_db" / "conversations")
    files = [file for folder in folders for file in folder.rglob("*.py") if file.name not in ABOUT_PUSHES]
    found = {word for file in files for word in written_in(file)}
    assert {"unreachable", "gave_up", "conversation_over", "unconfirmed", "failed", "quota_used"} <= found
    assert found <= REASONS
