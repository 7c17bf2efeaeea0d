"""The intent classifier: two linear models over different views of a message, weighed against each other.

One counts what a message is written and sounds like (``ngrams``), the other asks the encoder what it means
(``meaning``). Each learns from every message; the first also from a copy of it as voice input might misspell it
(``mishearing``). How far each is trusted, and how sure the answer sounds, is measured on messages held out: a twelfth
of the texts, chosen by their checksum, the same ones that the encoder was not tuned on. Where nothing of a message is
known, every intent is equally likely and the fallback takes over. ``docs/nlu.md`` tells how this was chosen.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier as RasaClassifier
from rasa.nlu.constants import TOKENS_NAMES
from rasa.nlu.tokenizers.tokenizer import Tokenizer
from rasa.shared.exceptions import InvalidConfigException
from rasa.shared.nlu.constants import INTENT, INTENT_NAME_KEY, INTENT_RANKING_KEY, PREDICTED_CONFIDENCE_KEY, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from scipy.special import softmax

from bot.components.linear import Linear, fitted, trust
from bot.components.meaning import Meaning, folder_of
from bot.components.mishearing import misheard
from bot.components.ngrams import DEFAULT_VIEWS, VIEWS, Features, Units, units
from bot.components.normaliser import is_command
from bot.components.tokenizer import words
from bot.encoder.folder import BadFolder, EncoderFolder
from bot.encoder.session import Encoder
from bot.encoder.split import is_held_out, said_of
from bot.language.second_wish import first_wish

WEIGHTS_FILE = "weights.npz"
LEARNED_FILE = "learned.json"
PARTS = ("weights", "bias")
FEWEST_HELD_OUT = 100
"""With fewer messages to measure on, the usual trust is taken."""
USUAL_TRUST = {1: [4.0], 2: [3.0, 3.0]}


@dataclass(frozen=True)
class _Example:
    text: str
    units: Units
    intent: str
    held_out: bool
    copy: bool


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class IntentClassifier(GraphComponent, RasaClassifier):
    """Ranks the intents of a message."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """What can be set.

        `views`: view -> weight; `C`: the support vector machine's for n-grams; `misheard`: learn from copies too;
        `encoder`: `own`, a folder, or null for none; `encoder_C`: the machine's for its vectors; `sure`: the encoder is
        not asked where the n-grams alone are at least so sure (1: always asked); `ranking_length`: how many intents
        the answer names (0: all).
        """
        return {
            "views": DEFAULT_VIEWS,
            "C": 0.3,
            "misheard": True,
            "encoder": None,
            "encoder_C": 1.0,
            "sure": 1.0,
            "ranking_length": 10,
        }

    @classmethod
    def required_components(cls) -> list[type]:
        """The words come from a tokenizer."""
        return [Tokenizer]

    @staticmethod
    def required_packages() -> list[str]:
        """Rasa checks these before training."""
        return ["sklearn", "pypinyin", "onnxruntime", "tokenizers"]

    @classmethod
    def validate_config(cls, config: dict[str, Any]) -> None:
        """Refuse what cannot work before an hour of training.

        Raises:
            InvalidConfigException: a view has no definition here, or the encoder's folder holds none.
        """
        cls._check_views(config)
        cls._encoder_folder(config)

    @staticmethod
    def _check_views(config: dict[str, Any]) -> None:
        unknown = set(config.get("views") or {}) - set(VIEWS)
        if unknown:
            raise InvalidConfigException(f"IntentClassifier: no such views: {sorted(unknown)}; known: {sorted(VIEWS)}.")

    @staticmethod
    def _encoder_folder(config: dict[str, Any]) -> EncoderFolder | None:
        try:
            return folder_of(config["encoder"]) if config.get("encoder") else None
        except BadFolder as error:
            raise InvalidConfigException(
                f"IntentClassifier: {error}. Name another folder as `encoder`, or restore the one of the project."
            ) from error

    def __init__(self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource) -> None:
        """An untrained classifier; refuses what `validate_config` refuses."""
        self._check_views(config)
        folder = self._encoder_folder(config)  # hashes 29 MB, so only once
        self._config = config
        self._model_storage = model_storage
        self._resource = resource
        self._intents: list[str] = []
        self._features = Features(config["views"])
        self._meaning = Meaning(Encoder(folder)) if folder else None
        self._models: list[Linear] = []
        self._trust_alone = 1.0
        self._trust = [1.0]

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> IntentClassifier:
        """Rasa's constructor."""
        return cls(config, model_storage, resource)

    # ------------------------------------------------------------------------------------------------- learning

    def train(self, training_data: TrainingData) -> Resource:
        """Learn from the messages that have an intent, measure on those held out and store the result.

        Raises:
            InvalidConfigException: fewer than two intents.
        """
        examples = self._examples(training_data)
        self._intents = sorted({example.intent for example in examples})
        if len(self._intents) < 2:
            raise InvalidConfigException("IntentClassifier: the training data needs at least two intents.")
        intents = np.array([example.intent for example in examples])
        copies = np.array([example.copy for example in examples])
        held_out = np.array([example.held_out for example in examples])
        self._features.learn(example.units for example in examples)
        views: list[Any] = [self._features.matrix([example.units for example in examples])]
        teachers = [np.ones(len(examples), bool)]
        if self._meaning is not None:
            # Copies mean what their originals mean: their vectors would cost minutes and teach nothing.
            needed = ~copies | held_out
            vectors = np.zeros((len(examples), self._meaning.encoder.hidden), np.float32)
            vectors[needed] = self._meaning.learn([examples[i].text for i in np.flatnonzero(needed)])
            views.append(vectors)
            teachers.append(~copies)
        self._measure(views, intents, teachers, held_out)
        self._models = self._fit(views, intents, teachers)
        self._store()
        return self._resource

    def _examples(self, training_data: TrainingData) -> list[_Example]:
        found = []
        for message in training_data.intent_examples:
            text = message.get(TEXT)
            if not text or is_command(text):
                continue
            intent = message.get(INTENT)
            said = said_of(message)
            held_out = is_held_out(said or text)
            found.append(_Example(text, units(text, self._words_of(message)), intent, held_out, copy=False))
            if self._config["misheard"] and not said:
                copy = misheard(text)
                found.append(_Example(copy, units(copy, _cut(copy)), intent, held_out, copy=True))
        return found

    def _fit(self, views: Sequence[Any], intents: np.ndarray, teachers: Sequence[np.ndarray]) -> list[Linear]:
        """A model for each view, learned from the examples that teach it."""
        strengths = (self._config["C"], self._config["encoder_C"])
        return [
            fitted(view[teaching], intents[teaching], self._intents, strength)
            for view, teaching, strength in zip(views, teachers, strengths, strict=False)
        ]

    def _measure(
        self, views: Sequence[Any], intents: np.ndarray, teachers: Sequence[np.ndarray], held_out: np.ndarray
    ) -> None:
        """Set how far each model is trusted, by models that have not seen the messages held out."""
        self._trust, self._trust_alone = USUAL_TRUST[len(views)], USUAL_TRUST[1][0]
        known = set(intents[~held_out])
        if held_out.sum() < FEWEST_HELD_OUT or len(known) < len(self._intents):
            return
        models = self._fit(views, intents, [teaching & ~held_out for teaching in teachers])
        scores = [model.scores(view[held_out]) for model, view in zip(models, views, strict=True)]
        own = np.searchsorted(self._intents, intents[held_out])
        self._trust = trust(scores, own)
        self._trust_alone = trust(scores[:1], own)[0]

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Nothing later in the pipeline learns from predictions."""
        return training_data

    # ------------------------------------------------------------------------------------------------ answering

    def process(self, messages: list[Message]) -> list[Message]:
        """Set the intent and the ranking of each message.

        Slash payloads get one too: Rasa's fallback wants to compare a confidence before its own handler replaces it.
        """
        length = self._config["ranking_length"] or len(self._intents)
        # The first wish of a message stands behind it in the list as well (`second_wish`): each text counts once.
        known: dict[str, np.ndarray] = {}
        for message in messages:
            probabilities = self._probabilities(message, known)
            best = np.argsort(-probabilities, kind="stable")[:length]
            ranking = [
                {INTENT_NAME_KEY: self._intents[i], PREDICTED_CONFIDENCE_KEY: float(probabilities[i])} for i in best
            ]
            message.set(INTENT, dict(ranking[0]), add_to_output=True)
            message.set(INTENT_RANKING_KEY, ranking, add_to_output=True)
        return messages

    def _probabilities(self, message: Message, known: dict[str, np.ndarray]) -> np.ndarray:
        """How likely each intent is; of several wishes the first one counts, so it is asked about alone as well.

        Measured on messages with two wishes: 55 of 62 right from the whole alone, 61 with both (``docs/nlu.md``).
        """
        text = message.get(TEXT) or ""
        whole = self._likelihood(text, self._words_of(message), known)
        first = None if is_command(text) else first_wish(text)
        if first is None:
            return whole
        alone = self._likelihood(first, _cut(first), known)
        both = (whole + alone) / 2
        # The second wish halves the certainty about the whole, not about the first wish.
        return alone if alone.argmax() == both.argmax() and alone.max() > both.max() else both

    def _likelihood(self, text: str, cut: Sequence[str], known: dict[str, np.ndarray]) -> np.ndarray:
        if text not in known:
            known[text] = self._computed(text, cut)
        return known[text]

    def _computed(self, text: str, cut: Sequence[str]) -> np.ndarray:
        columns, values = self._features.row(units(text, cut))
        if not columns:
            return np.full(len(self._intents), 1 / len(self._intents))
        model = self._models[0]
        scores = (np.asarray(values, np.float32) @ model.weights[columns] + model.bias).astype(float)
        alone = softmax(self._trust_alone * scores)
        if self._meaning is None or alone.max() >= self._config["sure"] or is_command(text):
            return alone
        meant = self._models[1].scores(self._meaning.row(text))
        return softmax(self._trust[0] * scores + self._trust[1] * meant)

    @staticmethod
    def _words_of(message: Message) -> list[str]:
        return [token.text for token in message.get(TOKENS_NAMES[TEXT]) or []]

    # -------------------------------------------------------------------------------------------------- keeping

    def _store(self) -> None:
        arrays = {f"{part}{i}": getattr(model, part) for i, model in enumerate(self._models) for part in PARTS}
        if self._meaning is not None:
            arrays["mean"] = self._meaning.mean
        learned = {
            "intents": self._intents,
            "trust": self._trust,
            "trust_alone": self._trust_alone,
            "encoder": self._meaning.encoder.version if self._meaning else None,
            "vocabularies": self._features.vocabularies,
        }
        with self._model_storage.write_to(self._resource) as folder:
            np.savez(folder / WEIGHTS_FILE, **arrays)
            (folder / LEARNED_FILE).write_text(json.dumps(learned, ensure_ascii=False), "utf-8")

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> IntentClassifier:
        """The trained classifier. Nothing is unpickled.

        Raises:
            ValueError: a file is damaged, or the encoder is not the one the model was trained with.
        """
        component = cls(config, model_storage, resource)
        with model_storage.read_from(resource) as folder:
            learned = json.loads((folder / LEARNED_FILE).read_text("utf-8"))
            with np.load(folder / WEIGHTS_FILE, allow_pickle=False) as arrays:
                kept = dict(arrays)
        encoder = component._meaning.encoder.version if component._meaning else None
        if learned["encoder"] != encoder:
            raise ValueError(f"trained with encoder {learned['encoder']}, loaded with {encoder}: train again")
        component._intents, component._trust = learned["intents"], learned["trust"]
        component._trust_alone = learned["trust_alone"]
        component._features = Features(config["views"], learned["vocabularies"])
        component._models = [Linear(kept[f"weights{i}"], kept[f"bias{i}"]) for i in range(len(component._trust))]
        if component._meaning is not None:
            component._meaning.mean = kept["mean"]
        return component


def _cut(text: str) -> list[str]:
    return [text[start:end] for start, end in words(text)]
