"""The kinds of pipeline that `benchmarks.pipelines` compares; each can be trained into a folder and loaded from it.

`product` is the intent classifier itself under some configuration. `parts` puts the same parts together otherwise:
views and vectors side by side under one linear model. `diet` is Rasa's neural classifier (bot/full).
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.nlu.constants import TOKENS_NAMES
from rasa.shared.nlu.constants import INTENT, INTENT_NAME_KEY, INTENT_RANKING_KEY, PREDICTED_CONFIDENCE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from rasa.shared.utils.io import read_yaml_file

from benchmarks.pipeline_data import PROJECT, SEED, only_measures
from bot.components.normaliser import Normaliser
from bot.components.tokenizer import ChineseTokenizer

if TYPE_CHECKING:
    from rasa.nlu.classifiers.diet_classifier import DIETClassifier
    from rasa.nlu.featurizers.sparse_featurizer.count_vectors_featurizer import CountVectorsFeaturizer

    from bot.components.intent_classifier import IntentClassifier
    from bot.components.linear import Linear
    from bot.components.meaning import Meaning
    from bot.components.ngrams import Features

Understand = Callable[[list[Message]], Any]
LOGISTIC_C = 30.0
"""Best of 1, 3, 10 and 30 on the messages held out of an eighth of the data; 100 is no better."""
CONTEXT = ExecutionContext(GraphSchema({}), "benchmark", node_name="benchmark")


def tokenizer(granularity: str) -> ChineseTokenizer:
    """The product's."""
    return ChineseTokenizer({**ChineseTokenizer.get_default_config(), "granularity": granularity})


def understanding(kind: str, config: dict[str, Any], folder: Path) -> Callable[[str], dict[str, float]]:
    """The trained pipeline in `folder`: the text of a message -> each intent's probability."""
    normaliser, cutter = Normaliser(), tokenizer(KINDS[kind].granularity)
    classify = KINDS[kind].load(config, folder)

    def understand(text: str) -> dict[str, float]:
        messages = cutter.process(normaliser.process([Message({TEXT: text})]))
        classify(messages)
        return {one[INTENT_NAME_KEY]: one[PREDICTED_CONFIDENCE_KEY] for one in messages[0].get(INTENT_RANKING_KEY)}

    return understand


# ------------------------------------------------------------------------------------------------------ the product


def _product(config: dict[str, Any], folder: Path, make: str) -> IntentClassifier:
    from bot.components.intent_classifier import IntentClassifier

    pipeline = read_yaml_file(PROJECT / "bot/config.yml")["pipeline"]
    own = next(step for step in pipeline if step["name"].endswith(".IntentClassifier"))
    whole = {**IntentClassifier.get_default_config(), **own, **config, "ranking_length": 0}
    component: IntentClassifier = getattr(IntentClassifier, make)(
        whole, LocalModelStorage(folder), Resource("intents"), CONTEXT
    )
    return component


def _train_product(config: dict[str, Any], data: TrainingData, folder: Path) -> None:
    _product(config, folder, "create").train(data)


def _load_product(config: dict[str, Any], folder: Path) -> Understand:
    return _product(config, folder, "load").process


# ------------------------------------------------------------------------------------------------ parts side by side


@dataclass
class Parts:
    """N-grams and vectors side by side, either may be missing, under one linear model.

    Attributes:
        trust: the factor that makes probabilities of scores; measured for a support vector machine, 1 for logistic
            regression, whose scores are meant so.
        scale: of the vectors, such that they are penalised as the product's second model penalises them.
    """

    features: Features
    meaning: Meaning | None
    scale: float
    intents: list[str] = field(default_factory=list)
    linear: Linear | None = None
    trust: float = 1.0

    def matrix(self, data: TrainingData) -> Any:
        """One row for each message."""
        messages = data.intent_examples
        blocks: list[Any] = []
        if self.features.views:
            found = [_units(message) for message in messages]
            self.features.learn(found)
            blocks.append(self.features.matrix(found))
        if self.meaning is not None:
            blocks.append(self.scale * self.meaning.learn([message.get(TEXT) for message in messages]))
        return blocks[0] if len(blocks) == 1 else scipy.sparse.hstack([*map(scipy.sparse.csr_matrix, blocks)], "csr")

    def process(self, messages: list[Message]) -> None:
        """Set the ranking, all intents."""
        from scipy.special import softmax

        assert self.linear is not None
        for message in messages:
            scores = self.linear.bias.astype(float)
            if self.features.views:
                columns, values = self.features.row(_units(message))
                scores = scores + np.asarray(values, np.float32) @ self.linear.weights[columns]
            if self.meaning is not None:
                row = self.scale * self.meaning.row(message.get(TEXT))
                scores = scores + row @ self.linear.weights[self.features.width :]
            shares = softmax(self.trust * scores)
            ranking = [
                {INTENT_NAME_KEY: self.intents[i], PREDICTED_CONFIDENCE_KEY: float(shares[i])}
                for i in np.argsort(-shares, kind="stable")
            ]
            message.set(INTENT_RANKING_KEY, ranking)


def _units(message: Message) -> Any:
    from bot.components.ngrams import units

    return units(message.get(TEXT), [token.text for token in message.get(TOKENS_NAMES[TEXT]) or []])


def _parts(config: dict[str, Any]) -> Parts:
    from bot.components.intent_classifier import IntentClassifier
    from bot.components.meaning import Meaning, folder_of
    from bot.components.ngrams import Features
    from bot.encoder.session import Encoder

    views = config.get("views", {})
    usual = IntentClassifier.get_default_config()
    meaning = Meaning(Encoder(folder_of(config["encoder"]))) if config.get("encoder") else None
    return Parts(Features(views), meaning, (usual["encoder_C"] / usual["C"]) ** 0.5 if views else 1.0)


def _train_parts(config: dict[str, Any], data: TrainingData, folder: Path) -> None:
    from bot.components.intent_classifier import FEWEST_HELD_OUT, USUAL_TRUST, IntentClassifier
    from bot.components.linear import fitted, trust

    parts = _parts(config)
    rows = parts.matrix(data)
    intents = np.array([message.get(INTENT) for message in data.intent_examples])
    parts.intents = sorted(set(intents))
    if config["model"] == "logistic":
        parts.linear = _logistic(rows, intents)
    else:
        usual = IntentClassifier.get_default_config()
        strength = usual["C"] if parts.features.views else usual["encoder_C"]
        held_out = np.array([only_measures(message) for message in data.intent_examples])
        parts.trust = USUAL_TRUST[1][0]
        if held_out.sum() >= FEWEST_HELD_OUT and set(intents[~held_out]) == set(intents):
            scores = fitted(rows[~held_out], intents[~held_out], parts.intents, strength).scores(rows[held_out])
            parts.trust = trust([scores], np.searchsorted(parts.intents, intents[held_out]))[0]
        parts.linear = fitted(rows, intents, parts.intents, strength)
    kept = (parts.features.vocabularies, parts.intents, parts.linear, parts.trust)
    mean = None if parts.meaning is None else parts.meaning.mean
    (folder / "parts.pickle").write_bytes(pickle.dumps((*kept, mean)))


def _logistic(rows: Any, intents: np.ndarray) -> Linear:
    from sklearn.linear_model import LogisticRegression

    from bot.components.linear import Linear

    model = LogisticRegression(C=LOGISTIC_C, max_iter=300, random_state=SEED).fit(rows, intents)
    return Linear(np.ascontiguousarray(model.coef_.T, np.float32), model.intercept_.astype(np.float32))


def _load_parts(config: dict[str, Any], folder: Path) -> Understand:
    parts = _parts(config)
    kept = pickle.loads((folder / "parts.pickle").read_bytes())
    parts.features.vocabularies, parts.intents, parts.linear, parts.trust, mean = kept
    if parts.meaning is not None:
        parts.meaning.mean = mean
    return parts.process


# ------------------------------------------------------------------------------------------------------------- DIET


def _counter(folder: Path, make: str) -> CountVectorsFeaturizer:
    """Characters and pairs of them: every token is a character."""
    from rasa.nlu.featurizers.sparse_featurizer.count_vectors_featurizer import CountVectorsFeaturizer

    config = {**CountVectorsFeaturizer.get_default_config(), "analyzer": "word", "min_ngram": 1, "max_ngram": 2}
    component: CountVectorsFeaturizer = getattr(CountVectorsFeaturizer, make)(
        config, LocalModelStorage(folder), Resource("counts"), CONTEXT
    )
    return component


def _diet(config: dict[str, Any], folder: Path, make: str) -> DIETClassifier:
    from rasa.nlu.classifiers.diet_classifier import DIETClassifier
    from rasa.utils.tensorflow.environment import setup_tf_environment

    setup_tf_environment()  # one thread: the environment's TF_..._THREADS
    whole = {
        **DIETClassifier.get_default_config(),
        "entity_recognition": False,
        "constrain_similarities": True,
        "random_seed": SEED,
        "ranking_length": 0,
        **config,
    }
    component: DIETClassifier = getattr(DIETClassifier, make)(
        whole, LocalModelStorage(folder), Resource("diet"), CONTEXT
    )
    return component


def _train_diet(config: dict[str, Any], data: TrainingData, folder: Path) -> None:
    counter = _counter(folder, "create")
    counter.train(data)
    _diet(config, folder, "create").train(counter.process_training_data(data))


def _load_diet(config: dict[str, Any], folder: Path) -> Understand:
    counter, diet = _counter(folder, "load"), _diet(config, folder, "load")
    return lambda messages: diet.process(counter.process(messages))


@dataclass(frozen=True)
class Kind:
    """How a kind of pipeline is trained and loaded, and what its tokens are."""

    granularity: str
    train: Callable[[dict[str, Any], TrainingData, Path], None]
    load: Callable[[dict[str, Any], Path], Understand]


KINDS = {
    "product": Kind("word", _train_product, _load_product),
    "parts": Kind("word", _train_parts, _load_parts),
    "diet": Kind("character", _train_diet, _load_diet),
}
