"""The entities of the intent contract, found by dictionaries and rules; the last step of the pipeline.

Division of labour: spaCy's PhraseMatcher over a blank Chinese pipeline (character segmentation, so a term may begin
anywhere) finds the dictionaries' terms; everything with a shape of its own (times, rooms, sums) is the business of the
pure modules of `bot.language`, which also give the values and settle overlaps, so that the server, which has no spaCy,
extracts the same way. A test holds the matcher and the server's own search together.

Values are normalised; `start`, `end` and `text` are of the text as typed, which is put back as the message's text.
"""

from __future__ import annotations

import os
from datetime import datetime, timezone

import spacy
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.constants import TOKENS_NAMES
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.nlu.tokenizers.tokenizer import Token
from rasa.shared.nlu.constants import (
    ENTITIES,
    ENTITY_ATTRIBUTE_END,
    ENTITY_ATTRIBUTE_START,
    ENTITY_ATTRIBUTE_TYPE,
    ENTITY_ATTRIBUTE_VALUE,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message
from spacy.matcher import PhraseMatcher

from bot.components.by_sound import by_sound
from bot.components.normaliser import ALIGNMENT, RAW_TEXT, is_command
from bot.components.step import Step
from bot.language.extract import extract
from bot.language.lexicon import Term, TermMatch, lexicon, longest

METADATA = "metadata"
SENT_AT = "sent_at"
NOW_VARIABLE = "GUANJIA_NOW"
"""Environment: the moment that relative times count from when a message carries none, ISO 8601; for evaluations."""


class TermMatcher:
    """Finds the dictionaries' terms with spaCy."""

    def __init__(self) -> None:
        """Fill the matcher from the lexicon."""
        self._nlp = spacy.blank("zh")
        self._matcher = PhraseMatcher(self._nlp.vocab, attr="LOWER")
        self._meanings: dict[int, tuple[str, str | None]] = {}
        patterns: dict[tuple[str, str | None], list[str]] = {}
        for term in lexicon().terms:
            patterns.setdefault((term.kind, term.value), []).append(term.word)
        for (kind, value), words in patterns.items():
            key = f"{kind}/{value or '-'}"
            self._matcher.add(key, [self._nlp.make_doc(word) for word in words])
            self._meanings[self._nlp.vocab.strings[key]] = (kind, value)

    def __call__(self, text: str) -> list[TermMatch]:
        """The terms of a normalised text, leftmost-longest within each dictionary."""
        document = self._nlp.make_doc(text)
        found = []
        for key, first, last in self._matcher(document):
            span = document[first:last]
            kind, value = self._meanings[key]
            found.append(TermMatch(span.start_char, span.end_char, Term(span.text.lower(), kind, value)))
        return longest(found)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class EntityExtractor(Step, EntityExtractorMixin):
    """Adds the entities and puts the typed text back."""

    def __init__(self) -> None:
        """Build the matcher once for the life of the process."""
        self._terms = TermMatcher()

    def _terms_of(self, text: str) -> list[TermMatch]:
        written = self._terms(text)
        return [*written, *by_sound(text, written)]

    @staticmethod
    def required_packages() -> list[str]:
        """Rasa checks these before training."""
        return ["spacy", "pypinyin"]

    def process(self, messages: list[Message]) -> list[Message]:
        """Find the entities of each message."""
        for message in messages:
            typed = message.get(RAW_TEXT) or message.get(TEXT)
            if not typed or is_command(typed):
                continue
            found = [
                {
                    ENTITY_ATTRIBUTE_TYPE: span.entity,
                    ENTITY_ATTRIBUTE_START: span.start,
                    ENTITY_ATTRIBUTE_END: span.end,
                    "text": span.text,
                    ENTITY_ATTRIBUTE_VALUE: span.value,
                }
                for span in extract(typed, moment_of(message), terms=self._terms_of)
            ]
            message.set(ENTITIES, (message.get(ENTITIES) or []) + self.add_extractor_name(found), add_to_output=True)
            _restore(message, typed)
        return messages


def moment_of(message: Message) -> datetime:
    """When the message was sent: its metadata's `sent_at`, else `GUANJIA_NOW`, else now."""
    metadata = message.get(METADATA) or {}
    for stated in (metadata.get(SENT_AT), os.environ.get(NOW_VARIABLE)):
        if not stated:
            continue
        try:
            moment = datetime.fromisoformat(str(stated).replace("Z", "+00:00"))
        except ValueError:
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    return datetime.now(timezone.utc)


def _restore(message: Message, typed: str) -> None:
    """Make the typed text the message's text again, with tokens that point into it."""
    aligned = message.get(ALIGNMENT)
    message.set(TEXT, typed)
    if aligned is None:
        return
    tokens = [
        Token(token.text, *aligned.raw_span(token.start, token.end))
        for token in message.get(TOKENS_NAMES[TEXT]) or []
        if token.end <= len(aligned.text)
    ]
    message.set(TOKENS_NAMES[TEXT], tokens)
