"""The intent classifier: a linear model over several views of a message, with calibrated confidences.

Views: characters and pairs of them, words (the tokenizer's), syllables and pairs of them (``pinyin``: what
voice input confuses sounds the same), and the message with its particulars replaced by kinds (``concepts``). Each
view is weighted by the logarithm of its counts and scaled to length 1, so that no view drowns another. The features
stay sparse and are looked up in plain dictionaries: a message costs about a millisecond and the model 20 MB.

Figures (``benchmarks/intents.py``, five folds): a linear SVM equals multinomial logistic regression here and trains
in a second instead of half a minute; the views together are 6 points better than characters alone. Rasa's own
classifier counts without scaling and builds one matrix for each message.

Confidences: the SVM's scores of held-out folds are turned into probabilities by a softmax whose temperature makes
those folds most likely. Where nothing of a message is known, every intent is equally likely and the fallback takes
over.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import scipy.sparse
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.nlu.constants import TOKENS_NAMES
from rasa.nlu.tokenizers.tokenizer import Tokenizer
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import INTENT, INTENT_NAME_KEY, INTENT_RANKING_KEY, PREDICTED_CONFIDENCE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy.special import logsumexp, softmax
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import LinearSVC

from bot.components.concepts import concepts
from bot.components.normaliser import is_command
from bot.components.pinyin import syllables

WEIGHTS_FILE = "weights.npz"
VOCABULARY_FILE = "vocabulary.json"
SEED = 20261121
FOLDS = 5
TEMPERATURES = np.geomspace(0.5, 50, 200)
"""Candidates for the one number of the calibration; scores of an SVM lie around -1 and 1."""


def _pairs(units: Sequence[str]) -> list[str]:
    edged = ["^", *units, "$"]
    return [f"{first} {second}" for first, second in pairwise(edged)]


def _units(message: Message) -> dict[str, list[str]]:
    text = (message.get(TEXT) or "").lower()
    return {
        "character": list(text),
        "word": [token.text.lower() for token in message.get(TOKENS_NAMES[TEXT]) or []],
        "syllable": syllables(text),
        "concept": concepts(text),
    }


View = Callable[[dict[str, list[str]]], list[str]]
VIEWS: dict[str, View] = {
    "character": lambda units: units["character"],
    "character_pair": lambda units: _pairs(units["character"]),
    "word": lambda units: units["word"],
    "syllable": lambda units: units["syllable"],
    "syllable_pair": lambda units: _pairs(units["syllable"]),
    "concept": lambda units: units["concept"],
    "concept_pair": lambda units: _pairs(units["concept"]),
}
DEFAULT_VIEWS = {**dict.fromkeys(VIEWS, 1.0), "concept": 1.5, "concept_pair": 1.5}


class Features:
    """Messages as rows of one sparse matrix: the views side by side."""

    def __init__(self, views: dict[str, float], vocabularies: dict[str, dict[str, int]] | None = None) -> None:
        """Views with their weights; the columns of each view's n-grams once they are learned."""
        self.views = views
        self.vocabularies = vocabularies or {}

    def learn(self, messages: Iterable[Message]) -> None:
        """Number every n-gram that occurs, in order of first sight."""
        self.vocabularies = {view: {} for view in self.views}
        column = 0
        for message in messages:
            units = _units(message)
            for view, vocabulary in self.vocabularies.items():
                for ngram in VIEWS[view](units):
                    if ngram not in vocabulary:
                        vocabulary[ngram] = column
                        column += 1

    @property
    def width(self) -> int:
        """The number of columns."""
        return sum(map(len, self.vocabularies.values()))

    def row(self, message: Message) -> tuple[list[int], list[float]]:
        """Columns and values of one message; no column when nothing is known."""
        units = _units(message)
        columns: list[int] = []
        values: list[float] = []
        for view, weight in self.views.items():
            vocabulary = self.vocabularies[view]
            counts = Counter(vocabulary[ngram] for ngram in VIEWS[view](units) if ngram in vocabulary)
            if counts:
                raw = 1 + np.log(np.fromiter(counts.values(), float, len(counts)))
                columns += counts
                values += (weight * raw / np.linalg.norm(raw)).tolist()
        return columns, values

    def matrix(self, messages: Sequence[Message]) -> scipy.sparse.csr_matrix:
        """All messages."""
        rows = [self.row(message) for message in messages]
        ends = np.cumsum([0, *(len(columns) for columns, _ in rows)])
        columns = np.fromiter((column for row in rows for column in row[0]), np.int32, ends[-1])
        values = np.fromiter((value for row in rows for value in row[1]), float, ends[-1])
        return scipy.sparse.csr_matrix((values, columns, ends), shape=(len(rows), self.width))


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class LinearClassifier(GraphComponent, IntentClassifier):
    """Ranks the intents of a message."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """`views`: view -> weight; `C`: the SVM's; `ranking_length`: how many intents the answer names (0: all)."""
        return {"views": DEFAULT_VIEWS, "C": 0.3, "ranking_length": 10}

    @classmethod
    def required_components(cls) -> list[type]:
        """The words come from a tokenizer."""
        return [Tokenizer]

    @staticmethod
    def required_packages() -> list[str]:
        """Rasa checks these before training."""
        return ["sklearn", "pypinyin"]

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """Refuse views that do not exist.

        Raises:
            InvalidConfigException: a view has no definition here.
        """
        unknown = set(config.get("views") or {}) - set(VIEWS)
        if unknown:
            raise InvalidConfigException(
                f"LinearClassifier: no such views: {sorted(unknown)}; there are {sorted(VIEWS)}."
            )

    def __init__(self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource) -> None:
        """An untrained classifier."""
        self._config = config
        self._model_storage = model_storage
        self._resource = resource
        self._features = Features(config["views"])
        self._intents: list[str] = []
        self._weights = np.zeros((0, 0), np.float32)
        self._bias = np.zeros(0, np.float32)
        self._temperature = 1.0

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> LinearClassifier:
        """Rasa's constructor."""
        return cls(config, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        """Learn from the messages that have an intent, calibrate on held-out folds and store the result.

        Raises:
            InvalidConfigException: fewer than two intents.
        """
        messages = [m for m in training_data.intent_examples if m.get(TEXT) and not is_command(m.get(TEXT))]
        intents = np.array([message.get(INTENT) for message in messages])
        if len(set(intents)) < 2:
            raise InvalidConfigException("LinearClassifier: the training data needs at least two intents.")
        self._features.learn(messages)
        matrix = self._features.matrix(messages)
        model = self._fit(matrix, intents)
        self._intents = model.classes_.tolist()
        # One row for each n-gram, so that a message reads few contiguous stretches of memory.
        weights, bias = _one_column_each(model)
        self._weights, self._bias = weights.astype(np.float32), bias.astype(np.float32)
        self._temperature = self._calibrated(matrix, intents)
        self._store()
        return self._resource

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Nothing later in the pipeline learns from predictions."""
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Set the intent and the ranking of each message.

        Slash payloads get one too: Rasa's fallback wants to compare a confidence before its own handler replaces it.
        """
        length = self._config["ranking_length"] or len(self._intents)
        for message in messages:
            probabilities = self._probabilities(message)
            best = np.argsort(-probabilities, kind="stable")[:length]
            ranking = [
                {INTENT_NAME_KEY: self._intents[i], PREDICTED_CONFIDENCE_KEY: float(probabilities[i])} for i in best
            ]
            message.set(INTENT, dict(ranking[0]), add_to_output=True)
            message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)
        return messages

    def _probabilities(self, message: Message) -> np.ndarray:
        columns, values = self._features.row(message)
        if not columns:
            return np.full(len(self._intents), 1 / len(self._intents))
        scores = np.asarray(values, np.float32) @ self._weights[columns] + self._bias
        return softmax(self._temperature * scores.astype(float))

    def _fit(self, matrix: scipy.sparse.csr_matrix, intents: np.ndarray) -> LinearSVC:
        return LinearSVC(C=self._config["C"], random_state=SEED).fit(matrix, intents)

    def _calibrated(self, matrix: scipy.sparse.csr_matrix, intents: np.ndarray) -> float:
        """The temperature under which the held-out messages' own intents are most likely."""
        scores = held_out_scores(matrix, intents, self._intents, self._fit)
        if scores is None:
            return 1.0
        own = np.array([self._intents.index(intent) for intent in intents])
        rows = np.arange(len(own))
        losses = [np.mean(logsumexp(t * scores, axis=1) - t * scores[rows, own]) for t in TEMPERATURES]
        return float(TEMPERATURES[int(np.argmin(losses))])

    def _store(self) -> None:
        with self._model_storage.write_to(self._resource) as folder:
            np.savez(folder / WEIGHTS_FILE, weights=self._weights, bias=self._bias)
            learned = {
                "intents": self._intents,
                "temperature": self._temperature,
                "vocabularies": self._features.vocabularies,
            }
            (folder / VOCABULARY_FILE).write_text(json.dumps(learned, ensure_ascii=False), "utf-8")

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> LinearClassifier:
        """The trained classifier. Nothing is unpickled; a damaged or missing file fails loudly."""
        component = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as folder:
            learned = json.loads((folder / VOCABULARY_FILE).read_text("utf-8"))
            with np.load(folder / WEIGHTS_FILE, allow_pickle=False) as arrays:
                component._weights, component._bias = arrays["weights"], arrays["bias"]
        component._intents, component._temperature = learned["intents"], learned["temperature"]
        component._features = Features(config["views"], learned["vocabularies"])
        return component


def _one_column_each(model: LinearSVC) -> tuple[np.ndarray, np.ndarray]:
    """Weights (n-grams x intents) and bias of a fitted model; of two intents scikit-learn keeps only the difference."""
    weights, bias = model.coef_.T, model.intercept_
    if weights.shape[1] == 1:
        return np.hstack([-weights, weights]), np.concatenate([-bias, bias])
    return weights, bias


def held_out_scores(
    matrix: scipy.sparse.csr_matrix,
    intents: np.ndarray,
    order: list[str],
    fit: Callable[[scipy.sparse.csr_matrix, np.ndarray], LinearSVC],
) -> np.ndarray | None:
    """Scores of each message by a model that has not seen it, or None when an intent has too few messages for that."""
    folds = min(FOLDS, min(Counter(intents.tolist()).values()))
    if folds < 2:
        return None
    scores = np.zeros((matrix.shape[0], len(order)))
    for known, held_out in StratifiedKFold(folds, shuffle=True, random_state=SEED).split(matrix, intents):
        weights, bias = _one_column_each(fit(matrix[known], intents[known]))
        scores[held_out] = matrix[held_out] @ weights + bias
    return scores
