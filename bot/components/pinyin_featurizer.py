"""Toneless-pinyin n-grams as sparse features.

What voice input and pinyin typing confuse sounds the same (物业费, 无业费). Sounds that whole regions do not tell apart
(zh/z, ng/n, l/n, h/f, r/l) are written alike, since speech recognition and residents mix them up. The vocabulary is
stored as JSON; nothing is pickled.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import scipy.sparse
from pypinyin import Style, lazy_pinyin
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.featurizers.sparse_featurizer.sparse_featurizer import SparseFeaturizer
from rasa.nlu.tokenizers.tokenizer import Tokenizer
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from sklearn.feature_extraction.text import CountVectorizer

from bot.components.normaliser import is_command
from bot.language.normalise import normalise

_VOCABULARY_FILE = "vocabulary.json"
_LATIN = re.compile(r"[a-z]+|\d+")
_ALIKE = (
    (re.compile(r"^([zcs])h"), r"\1"),
    (re.compile(r"^n(?=[aeiouv])"), "l"),
    (re.compile(r"^r(?=[aeiou])"), "l"),
    (re.compile(r"^f(?=u$)"), "h"),
    (re.compile(r"ng$"), "n"),
)


@lru_cache(maxsize=4096)
def _alike(syllable: str) -> str:
    for pattern, replacement in _ALIKE:
        syllable = pattern.sub(replacement, syllable)
    return syllable


def syllables(text: str, *, fuzzy: bool = True) -> list[str]:
    """The toneless syllables of a message; numbers and Latin words as they are, marks left out."""
    found: list[str] = []
    for part in lazy_pinyin(normalise(text), style=Style.NORMAL, errors=lambda other: [other.lower()]):
        if part.isascii() and part.isalpha():
            found.append(_alike(part) if fuzzy else part)
        else:
            found += _LATIN.findall(part)
    return found


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class PinyinFeaturizer(SparseFeaturizer, GraphComponent):
    """Counts syllable n-grams of a message (sentence features only: the classifiers here read nothing else)."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """`min_ngram`..`max_ngram` syllables; an n-gram of fewer than `min_df` messages is no feature."""
        return {**SparseFeaturizer.get_default_config(), "min_ngram": 1, "max_ngram": 3, "min_df": 1, "fuzzy": True}

    @classmethod
    def required_components(cls) -> list[type]:
        """A tokenizer comes first, as for every featurizer."""
        return [Tokenizer]

    @staticmethod
    def required_packages() -> list[str]:
        """Rasa checks these before training."""
        return ["pypinyin", "sklearn"]

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """Refuse n-gram lengths that make no sense.

        Raises:
            InvalidConfigException: not 1 <= min_ngram <= max_ngram.
        """
        if not 1 <= config["min_ngram"] <= config["max_ngram"]:
            raise InvalidConfigException("PinyinFeaturizer: 1 <= min_ngram <= max_ngram is required.")

    def __init__(
        self,
        config: dict[str, Any],
        name: str,
        model_storage: ModelStorage,
        resource: Resource,
        vocabulary: dict[str, int] | None = None,
    ) -> None:
        """A featurizer with the vocabulary it was trained with, if any."""
        super().__init__(name, config)
        self._model_storage = model_storage
        self._resource = resource
        self._vectorizer = self._new_vectorizer(vocabulary) if vocabulary else None

    def _new_vectorizer(self, vocabulary: dict[str, int] | None = None) -> CountVectorizer:
        ngrams = (self._config["min_ngram"], self._config["max_ngram"])
        fuzzy = self._config["fuzzy"]
        return CountVectorizer(
            tokenizer=lambda text: syllables(text, fuzzy=fuzzy),
            token_pattern=None,
            lowercase=False,
            ngram_range=ngrams,
            min_df=1 if vocabulary else self._config["min_df"],
            vocabulary=vocabulary,
        )

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> PinyinFeaturizer:
        """Rasa's constructor."""
        return cls(config, execution_context.node_name, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> PinyinFeaturizer:
        """The trained featurizer. A damaged or missing vocabulary fails loudly: Rasa would go on without features."""
        with model_storage.read_from(resource) as folder:
            vocabulary = json.loads((folder / _VOCABULARY_FILE).read_text(encoding="utf-8"))
        return cls(config, execution_context.node_name, model_storage, resource, vocabulary)

    def train(self, training_data: TrainingData) -> Resource:
        """Learn which n-grams occur."""
        texts = [e.get(TEXT) for e in training_data.training_examples if e.get(TEXT) and not is_command(e.get(TEXT))]
        vectorizer = self._new_vectorizer()
        vectorizer.fit(texts)
        vocabulary = {ngram: int(index) for ngram, index in sorted(vectorizer.vocabulary_.items())}
        self._vectorizer = self._new_vectorizer(vocabulary)
        with self._model_storage.write_to(self._resource) as folder:
            (folder / _VOCABULARY_FILE).write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
        return self._resource

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Add features to the training messages."""
        self._add_features(training_data.training_examples)
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Add features to incoming messages."""
        self._add_features(messages)
        return messages

    def _add_features(self, messages: Iterable[Message]) -> None:
        if self._vectorizer is None:
            return
        with_text = [message for message in messages if message.get(TEXT)]
        if not with_text:
            return
        counts = scipy.sparse.csr_matrix(self._vectorizer.transform([message.get(TEXT) for message in with_text]))
        for row, message in enumerate(with_text):
            self.add_features_to_message(None, scipy.sparse.coo_matrix(counts[row]), TEXT, message)
