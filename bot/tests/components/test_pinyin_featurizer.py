"""Messages that sound alike look alike to the classifier."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest


def make(folder: Path, **config: Any) -> tuple[Any, Any, Any]:
    from rasa.engine.storage.local_model_storage import LocalModelStorage
    from rasa.engine.storage.resource import Resource

    from bot.components.pinyin_featurizer import PinyinFeaturizer

    storage, resource = LocalModelStorage(folder), Resource("pinyin")
    settings = {**PinyinFeaturizer.get_default_config(), **config}
    return PinyinFeaturizer(settings, "pinyin", storage, resource), storage, resource


def messages(*texts: str) -> list[Any]:
    from rasa.shared.nlu.training_data.message import Message

    return [Message(data={"text": text}) for text in texts]


def sentence(message: Any) -> Any:
    _, features = message.get_sparse_features("text")
    return features.features.toarray()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("物业费", "无业费"),
        ("起火了", "起活了"),
        ("四栋", "是栋"),
        ("暖气", "卵气"),
        ("物業費", "物业费"),
        ("水管", "随管"),
        ("电梯", "电体"),
    ],
)
def test_what_sounds_alike_has_alike_syllables(rasa: None, one: str, other: str) -> None:
    from bot.components.pinyin_featurizer import syllables

    assert syllables(one) == syllables(other)


def test_numbers_and_latin_words_stay_and_marks_go(rasa: None) -> None:
    from bot.components.pinyin_featurizer import syllables

    assert syllables("WiFi，501!") == ["wifi", "501"]
    assert syllables("是", fuzzy=False) == ["shi"]


def test_a_trained_featurizer_is_the_same_after_loading(rasa: None, tmp_path: Path) -> None:
    from rasa.engine.graph import ExecutionContext, GraphSchema
    from rasa.shared.nlu.training_data.training_data import TrainingData

    from bot.components.pinyin_featurizer import PinyinFeaturizer

    featurizer, storage, resource = make(tmp_path)
    featurizer.train(TrainingData(messages("物业费怎么交", "水管漏水", "/greet")))
    (trained,) = featurizer.process(messages("无业费怎么教"))
    context = ExecutionContext(GraphSchema({}), node_name="pinyin")
    loaded = PinyinFeaturizer.load(PinyinFeaturizer.get_default_config(), storage, resource, context)
    (again,) = loaded.process(messages("无业费怎么教"))
    assert sentence(trained).sum() > 0
    assert (sentence(trained) == sentence(again)).all()
    with storage.read_from(resource) as folder:
        assert [file.name for file in folder.iterdir()] == ["vocabulary.json"]
        assert "wu ye fei" in json.loads((folder / "vocabulary.json").read_text(encoding="utf-8"))


def test_a_missing_vocabulary_fails_loudly(rasa: None, tmp_path: Path) -> None:
    from rasa.engine.graph import ExecutionContext, GraphSchema

    from bot.components.pinyin_featurizer import PinyinFeaturizer

    _, storage, resource = make(tmp_path)
    with pytest.raises(ValueError, match="pinyin"):
        PinyinFeaturizer.load(
            PinyinFeaturizer.get_default_config(), storage, resource, ExecutionContext(GraphSchema({}), node_name="x")
        )


def test_lengths_that_make_no_sense_are_refused(rasa: None, tmp_path: Path) -> None:
    from rasa.shared.exceptions import InvalidConfigException

    with pytest.raises(InvalidConfigException, match="min_ngram"):
        make(tmp_path, min_ngram=3, max_ngram=1)


def test_an_untrained_featurizer_and_an_empty_message_add_nothing(rasa: None, tmp_path: Path) -> None:
    featurizer, _, _ = make(tmp_path)
    (message,) = featurizer.process(messages("物业费"))
    assert message.get_sparse_features("text") == (None, None)
