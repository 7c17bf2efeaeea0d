"""The intent classifier learns, tells how sure it is, and comes back from its files unchanged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("rasa")

EXAMPLES = {
    "query_arrears": ["我欠多少钱", "我家还欠多少物业费", "查一下欠费", "有没有没交的费用", "欠费多少", "我要查欠款"],
    "report_repair": ["水龙头漏水", "马桶堵了", "灯坏了叫人来修", "门锁打不开要修", "下水道堵了", "空调不制冷"],
    "greet": ["你好", "您好", "早上好", "在吗", "晚上好", "哈喽"],
}


@pytest.fixture
def storage(tmp_path: Path) -> Any:
    from rasa.engine.storage.local_model_storage import LocalModelStorage

    return LocalModelStorage(tmp_path)


def message(text: str, intent: str | None = None) -> Any:
    from rasa.shared.nlu.constants import INTENT, TEXT
    from rasa.shared.nlu.training_data.message import Message

    from bot.components.tokenizer import ChineseTokenizer

    made = Message({TEXT: text, **({INTENT: intent} if intent else {})})
    return ChineseTokenizer(ChineseTokenizer.get_default_config()).process([made])[0] if text else made


def classifier(storage: Any, **config: Any) -> Any:
    from rasa.engine.storage.resource import Resource

    from bot.components.linear_classifier import LinearClassifier

    return LinearClassifier({**LinearClassifier.get_default_config(), **config}, storage, Resource("classifier"))


def train(made: Any, examples: dict[str, list[str]] = EXAMPLES) -> Any:
    from rasa.shared.nlu.training_data.training_data import TrainingData

    made.train(TrainingData([message(text, intent) for intent, texts in examples.items() for text in texts]))
    return made


def ranking(made: Any, text: str) -> list[tuple[str, float]]:
    done = made.process([message(text)])[0]
    assert done.get("intent") == done.get("intent_ranking")[0]
    return [(entry["name"], entry["confidence"]) for entry in done.get("intent_ranking")]


@pytest.mark.parametrize(
    ("text", "intent"), [("我家欠多少钱", "query_arrears"), ("厨房水龙头漏水了", "report_repair"), ("你好呀", "greet")]
)
def test_messages_it_has_not_seen_are_understood(storage: Any, text: str, intent: str) -> None:
    assert ranking(train(classifier(storage)), text)[0][0] == intent


def test_a_homophone_is_understood_by_its_sound(storage: Any) -> None:
    assert ranking(train(classifier(storage)), "我牵多少前")[0][0] == "query_arrears"


def test_the_ranking_is_a_distribution_in_descending_order(storage: Any) -> None:
    confidences = [confidence for _, confidence in ranking(train(classifier(storage)), "水管漏水")]
    assert sum(confidences) == pytest.approx(1)
    assert confidences == sorted(confidences, reverse=True)


def test_the_ranking_is_as_long_as_configured(storage: Any) -> None:
    assert len(ranking(train(classifier(storage, ranking_length=2)), "你好")) == 2


@pytest.mark.parametrize("text", ["", "😀😀", "zzz"])
def test_where_nothing_is_known_no_intent_is_likelier_than_another(storage: Any, text: str) -> None:
    made = train(classifier(storage))
    assert [confidence for _, confidence in ranking(made, text)] == pytest.approx([1 / 3] * 3)


def test_a_slash_payload_gets_a_ranking_that_rasas_own_handler_replaces(storage: Any) -> None:
    assert len(ranking(train(classifier(storage)), "/greet")) == 3


def test_two_intents_are_enough_and_one_is_not(storage: Any) -> None:
    from rasa.shared.exceptions import InvalidConfigException

    two = {name: EXAMPLES[name] for name in ("greet", "report_repair")}
    assert ranking(train(classifier(storage), two), "灯坏了")[0][0] == "report_repair"
    with pytest.raises(InvalidConfigException, match="two intents"):
        train(classifier(storage), {"greet": EXAMPLES["greet"]})


def test_an_intent_with_a_single_example_does_not_stop_the_training(storage: Any) -> None:
    made = train(classifier(storage), {**EXAMPLES, "goodbye": ["再见"]})
    assert ranking(made, "再见")[0][0] == "goodbye"


def test_it_comes_back_from_its_files_unchanged(storage: Any) -> None:
    from rasa.engine.storage.resource import Resource

    made = train(classifier(storage))
    loaded = type(made).load(made._config, storage, Resource("classifier"), None)
    for text in ("水龙头漏水", "欠费", "没见过的话"):
        assert ranking(loaded, text) == pytest.approx(ranking(made, text))


def test_training_twice_gives_the_same_model(storage: Any) -> None:
    assert ranking(train(classifier(storage)), "门坏了") == ranking(train(classifier(storage)), "门坏了")


def test_damaged_files_fail_loudly(storage: Any, tmp_path: Path) -> None:
    from rasa.engine.storage.resource import Resource

    from bot.components.linear_classifier import VOCABULARY_FILE

    made = train(classifier(storage))
    next(tmp_path.rglob(VOCABULARY_FILE)).write_text("{", "utf-8")
    with pytest.raises(ValueError):
        type(made).load(made._config, storage, Resource("classifier"), None)


def test_a_view_that_does_not_exist_is_refused(storage: Any) -> None:
    from rasa.shared.exceptions import InvalidConfigException

    with pytest.raises(InvalidConfigException, match="smell"):
        type(classifier(storage)).validate_config({"views": {"smell": 1.0}})


def test_particulars_are_replaced_by_their_kinds() -> None:
    from bot.components.concepts import concepts

    assert concepts("厨房水龙头漏水3天了") == ["<place>", "<facility>", "<fault>", "<time>", "了"]
    assert concepts("2300号") == concepts("9号")
