"""The hotline's words for answers (``spoken.yml``), and what makes a written text fit to be heard."""

import re
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from integrations.sentences import Sentences
from integrations.voice.reading import readable
from integrations.voice.spoken.answer import Sentence

_sentences = Sentences(Path(__file__).parents[1] / "spoken.yml")
CATALOGUE = _sentences.path
say = _sentences.say
has = _sentences.has
options = _sentences.options

_SENTENCE = re.compile(r"[^。！？!?\n]*[。！？!?]+[”」）)]?|[^。！？!?\n]+")


@cache
def rewrites(key: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """The table ``key`` of patterns and what is said instead."""
    entries: list[dict[str, str]] = entry(key)
    return tuple((re.compile(found["match"]), found["say"]) for found in entries)


@cache
def entry(key: str) -> Any:
    """One entry of ``spoken.yml`` as it stands there."""
    return yaml.safe_load(CATALOGUE.read_text(encoding="utf-8"))[key]


def rewritten(text: str, key: str) -> str:
    """The text with everything the table ``key`` finds replaced."""
    for found, instead in rewrites(key):
        text = found.sub(instead, text)
    return text.strip()


def for_the_ear(text: str) -> str:
    """A text without the words that only make sense before a screen."""
    return rewritten(text, "screen_words")


def sentences(text: str, now: date | None) -> list[Sentence]:
    """The sentences of a text, those with nothing to say left out."""
    found = ((piece.strip(), readable(piece, now)) for piece in _SENTENCE.findall(text))
    return [Sentence(piece, read) for piece, read in found if read]
