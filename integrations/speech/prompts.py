"""What the telephone says again and again, to be rendered before anybody calls."""

import re
from pathlib import Path
from typing import Any

import structlog
import yaml

from integrations.gateway.answers import logical_answer
from integrations.gateway.engine_client import Reply
from integrations.speech.clauses import clauses
from integrations.speech.errors import Unspeakable
from integrations.voice.configuration import VoiceSettings, load
from integrations.voice.prompts import Prompts
from integrations.voice.spoken import spoken_answer

_AT_MARKS = re.compile(r"[^，。！？；：]*[，。！？；：]+|[^，。！？；：]+")

_PLACEHOLDER = re.compile(r"\{[^}]*\}")
_VALUE = "某某某"
_WITHOUT_DATA = frozenset({"ask", "bind"})
DOMAIN = Path(__file__).resolve().parents[2] / "bot" / "domain"

log = structlog.get_logger()


def fixed_parts(text: str, company: str) -> str:
    """The clauses of a prompt that are the same each time, in one text; empty where there are none."""
    return "".join(piece for piece in _AT_MARKS.findall(text.replace("{company}", company)) if "{" not in piece)


def of_hotline(data_dir: Path, company: str) -> list[str]:
    """The prompts of this installation that are not recorded, their fixed parts."""
    texts = (fixed_parts(prompt.text, company) for prompt in Prompts(data_dir).all() if not prompt.recorded)
    return [text for text in texts if _can_be_said(text)]


def of_dialogue(domain: Path = DOMAIN) -> list[str]:
    """What the dialogue always says in the same words: the clauses of its responses that hold no value.

    Most answers begin with one of them, so that the caller hears something while the rest is rendered.
    """
    found: dict[str, None] = {}
    for file in sorted(domain.glob("*.yml")):
        responses = yaml.safe_load(file.read_text(encoding="utf-8")).get("responses") or {}
        for response in responses.values():
            blocks = logical_answer([_without_values(variant) for variant in response])
            if not blocks:
                continue
            for sentence in spoken_answer(blocks).sentences:
                found |= dict.fromkeys(piece for piece in _AT_MARKS.findall(sentence.read) if _VALUE not in piece)
    return [text for text in found if _can_be_said(text)]


def _without_values(variant: dict[str, Any]) -> Reply:
    """A response as a reply of the engine, each of its values a mark that is found again."""
    reply: Reply = {}
    if text := variant.get("text"):
        reply["text"] = _PLACEHOLDER.sub(_VALUE, text)
    if buttons := variant.get("buttons"):
        reply["buttons"] = [{**button, "title": _PLACEHOLDER.sub(_VALUE, button["title"])} for button in buttons]
    custom = variant.get("custom")
    if custom and not _PLACEHOLDER.search(str(custom.get("prompt", ""))) and custom.get("kind") in _WITHOUT_DATA:
        reply["custom"] = custom
    return reply


def of_file(path: Path) -> list[str]:
    """A text a line."""
    return [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def voice_of(hotline_file: Path) -> VoiceSettings:
    """How the hotline is to speak; a file that cannot be used is the server's to complain about."""
    try:
        hotline = load(hotline_file)
    except Exception as error:
        log.warning("speech.hotline_file_wrong", kind=type(error).__name__)
        hotline = None
    return VoiceSettings() if hotline is None else hotline.voice


def _can_be_said(text: str) -> bool:
    try:
        return bool(clauses(text))
    except Unspeakable:
        return False
