"""Every code that the hotline's interface sends has a word at the desk."""

import string
from pathlib import Path

import pytest

from integrations.voice.prompts import standard
from property_db.calls.models import CallOutcome, CallState, OutboundKind, OutboundState

ROOT = Path(__file__).resolve().parents[3]
TEXTS = ROOT / "integrations" / "desk" / "frontend" / "src" / "texts.hotline.ts"


def _words(table: str, after: str = "") -> str:
    text = TEXTS.read_text(encoding="utf-8")
    begin = text.index(f"{table}: {{", text.index(after))
    return text[begin : text.index("}", begin)]


@pytest.mark.parametrize(
    ("codes", "table", "after"),
    [
        (CallState, "states", "call: {"),
        (CallOutcome, "outcomes", "call: {"),
        (OutboundKind, "kinds", "outbound: {"),
        (OutboundState, "states", "outbound: {"),
        (["sip", "asterisk", "audiosocket", "browser"], "transports", "call: {"),
        (["registered", "registering", "not_listening", "listening", "refused", "unreachable"], "details", "state: {"),
    ],
)
def test_every_code_has_a_word(codes: list[str], table: str, after: str) -> None:
    words = _words(table, after)
    assert [str(code) for code in codes if f"{code}: " not in words] == []


def test_every_value_of_a_prompt_has_a_name() -> None:
    names = {name for text in standard().values() for _, name, _, _ in string.Formatter().parse(text) if name}
    words = _words("values", "prompts: {")
    assert [name for name in sorted(names) if f"{name}: " not in words] == []
