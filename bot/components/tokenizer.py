"""Chinese tokens whose borders never run through a word of the property domain.

`granularity: character` (the default) makes every Han character a token and keeps numbers and Latin words whole, so
that word n-grams of 1 to 3 are true character n-grams. `granularity: word` cuts with jieba, its dictionary enriched by
nlu_data/lexicon, and cuts again wherever a term of the lexicon begins or ends: jieba alone makes 灯不亮 one word.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.nlu.tokenizers.tokenizer import Token, Tokenizer
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.training_data.message import Message

from bot.language.lexicon import FOLDER, find_terms, lexicon

if TYPE_CHECKING:
    import jieba

_CHARACTERS = re.compile(r"[A-Za-z]+|\d+|\S")
_USER_DICTIONARY = FOLDER / "jieba.txt"
# Above every frequency of jieba's own dictionary, so that a term of the lexicon stays whole.
_TERM_FREQUENCY = 200_000


@lru_cache(maxsize=1)
def segmenter() -> jieba.Tokenizer:
    """Jieba with this project's words; an instance of its own, jieba's global one stays as it is."""
    import jieba

    jieba.setLogLevel(logging.WARNING)
    cutter = jieba.Tokenizer()
    cache = Path(os.environ.get("GUANJIA_MODEL_DIR", "data/models"))
    if cache.is_dir():
        # Not the temporary folder, where another user of the machine could put a cache of his own making.
        cutter.tmp_dir = str(cache)
    with _USER_DICTIONARY.open("rb") as file:
        cutter.load_userdict(file)
    for word in lexicon().words():
        if len(word) > 1:
            cutter.add_word(word, _TERM_FREQUENCY)
    return cutter


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, is_trainable=False)
class ChineseTokenizer(Tokenizer):
    """Characters or words of a normalised message."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """`granularity`: `character` or `word`; the rest is Rasa's."""
        return {
            "granularity": "character",
            "intent_tokenization_flag": False,
            "intent_split_symbol": "_",
            "token_pattern": None,
            "prefix_separator_symbol": None,
        }

    @staticmethod
    def supported_languages() -> list[str]:
        """Chinese only."""
        return ["zh"]

    @staticmethod
    def required_packages() -> list[str]:
        """Rasa checks these before training."""
        return ["jieba"]

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        """The dictionaries are inputs too: a changed word must not be answered from Rasa's cache."""
        digest = hashlib.sha256()
        for file in sorted(FOLDER.iterdir()):
            digest.update(file.read_bytes())
        return digest.hexdigest()

    def __init__(self, config: dict[str, Any]) -> None:
        """Check the granularity.

        Raises:
            InvalidConfigException: it is neither `character` nor `word`.
        """
        super().__init__(config)
        self._granularity = config["granularity"]
        if self._granularity not in {"character", "word"}:
            raise InvalidConfigException(
                f"ChineseTokenizer: granularity must be 'character' or 'word', not {self._granularity!r}."
            )

    def tokenize(self, message: Message, attribute: str) -> list[Token]:
        """The tokens of one attribute of a message."""
        text = message.get(attribute)
        spans = words(text) if self._granularity == "word" else characters(text)
        return self._apply_token_pattern([Token(text[start:end], start, end) for start, end in spans])


def characters(text: str) -> list[tuple[int, int]]:
    """Every Han character and mark by itself, numbers and Latin words whole."""
    return [match.span() for match in _CHARACTERS.finditer(text)]


def words(text: str) -> list[tuple[int, int]]:
    """Jieba's words, cut again at the borders of the lexicon's terms; spaces are no words."""
    cuts = {0, len(text)}
    for _, start, end in segmenter().tokenize(text):
        cuts |= {start, end}
    terms = find_terms(text)
    for term in terms:
        cuts -= {cut for cut in cuts if term.start < cut < term.end}
    for term in terms:
        cuts |= {term.start, term.end}
    borders = sorted(cuts)
    return [(a, b) for a, b in pairwise(borders) if text[a:b].strip()]
