"""The intent classifier learns, tells how sure it is, and comes back from its files unchanged."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from bot.encoder.folder import TOKENIZER, write_card

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


def message(text: str, intent: str | None = None, said: str | None = None) -> Any:
    from rasa.shared.nlu.constants import INTENT, TEXT
    from rasa.shared.nlu.training_data.message import Message

    from bot.components.tokenizer import ChineseTokenizer

    made = Message({TEXT: text, **({INTENT: intent} if intent else {})})
    if said:
        made.set("metadata", {"example": {"said": said}})  # as Rasa's reader of training files keeps it
    tokenizer = ChineseTokenizer({**ChineseTokenizer.get_default_config(), "granularity": "word"})
    return tokenizer.process([made])[0] if text else made


def classifier(storage: Any, **config: Any) -> Any:
    from rasa.engine.storage.resource import Resource

    from bot.components.intent_classifier import IntentClassifier

    return IntentClassifier({**IntentClassifier.get_default_config(), **config}, storage, Resource("classifier"))


def train(made: Any, examples: dict[str, list[str]] = EXAMPLES, heard: tuple[Any, ...] = ()) -> Any:
    from rasa.shared.nlu.training_data.training_data import TrainingData

    typed = [message(text, intent) for intent, texts in examples.items() for text in texts]
    made.train(TrainingData([*typed, *heard]))
    return made


def reloaded(made: Any, storage: Any, **config: Any) -> Any:
    from rasa.engine.storage.resource import Resource

    return type(made).load({**made._config, **config}, storage, Resource("classifier"), None)


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
    made = train(classifier(storage))
    loaded = reloaded(made, storage)
    for text in ("水龙头漏水", "欠费", "没见过的话"):
        assert ranking(loaded, text) == pytest.approx(ranking(made, text))


def test_training_twice_gives_the_same_model(storage: Any) -> None:
    assert ranking(train(classifier(storage)), "门坏了") == ranking(train(classifier(storage)), "门坏了")


@pytest.mark.parametrize("name", ["LEARNED_FILE", "WEIGHTS_FILE"])
def test_damaged_files_fail_loudly(storage: Any, tmp_path: Path, name: str) -> None:
    from bot.components import intent_classifier

    made = train(classifier(storage))
    next(tmp_path.rglob(getattr(intent_classifier, name))).write_text("{", "utf-8")
    with pytest.raises(ValueError):
        reloaded(made, storage)


def test_a_view_that_does_not_exist_is_refused(storage: Any) -> None:
    from rasa.shared.exceptions import InvalidConfigException

    with pytest.raises(InvalidConfigException, match="smell"):
        classifier(storage, views={"smell": 1.0})


# ----------------------------------------------------------------------------------------------- copies and hearings


def test_it_learns_from_a_copy_of_each_typed_message_too(storage: Any) -> None:
    from bot.components.mishearing import misheard

    text = "下水道堵了"
    character = next(char for char in misheard(text) if char not in str(EXAMPLES))
    with_copies = train(classifier(storage))._features.vocabularies["character"]
    without = train(classifier(storage, misheard=False))._features.vocabularies["character"]
    assert character in with_copies
    assert character not in without


def test_what_was_heard_gets_no_copy(storage: Any) -> None:
    one = {"greet": ["你好"], "report_repair": ["灯坏了"]}
    heard = message("下水道堵乐叫人来修马桶堵", "report_repair", said="下水道堵了叫人来修马桶堵了")
    made = classifier(storage)
    train(made, one, (heard,))
    assert [example.text for example in made._examples(training_data(heard))] == [heard.get("text")]


def test_what_was_heard_only_measures_where_what_was_said_does(storage: Any) -> None:
    from bot.encoder.split import is_held_out

    made = classifier(storage)
    said = next(f"灯坏了{number}" for number in range(100) if is_held_out(f"灯坏了{number}"))
    texts = [f"等坏了{number}" for number in range(100)]
    found = made._examples(training_data(*(message(text, "report_repair", said=said) for text in texts)))
    assert {example.held_out for example in found} == {True}


def test_a_copy_only_measures_where_its_message_does(storage: Any) -> None:
    from bot.encoder.split import is_held_out

    texts = [f"水管漏水{number}" for number in range(60)]
    found = classifier(storage)._examples(training_data(*(message(text, "report_repair") for text in texts)))
    assert [example.held_out for example in found] == [is_held_out(text) for text in texts for _ in range(2)]


def test_slash_payloads_are_not_learned(storage: Any) -> None:
    assert classifier(storage)._examples(training_data(message("/greet", "greet"))) == []


def training_data(*messages: Any) -> Any:
    from rasa.shared.nlu.training_data.training_data import TrainingData

    return TrainingData(list(messages))


def test_how_sure_it_is_is_measured_where_there_is_enough_to_measure_on(storage: Any) -> None:
    few = train(classifier(storage))
    many = {intent: [f"{text}{number}" for text in texts for number in range(50)] for intent, texts in EXAMPLES.items()}
    enough = train(classifier(storage), many)
    assert few._trust_alone == 4.0
    assert enough._trust_alone != 4.0


# -------------------------------------------------------------------------------------------------------- the encoder


def test_with_an_encoder_messages_it_has_not_seen_are_understood(storage: Any, encoder_folder: Path) -> None:
    made = train(classifier(storage, encoder=str(encoder_folder)))
    for text, intent in (("我家欠多少钱", "query_arrears"), ("水龙头漏水了", "report_repair"), ("你好你好", "greet")):
        assert ranking(made, text)[0][0] == intent


def test_the_encoder_has_its_say(storage: Any, encoder_folder: Path) -> None:
    alone = train(classifier(storage))
    both = train(classifier(storage, encoder=str(encoder_folder)))
    assert ranking(both, "门坏了") != pytest.approx(ranking(alone, "门坏了"))


def test_with_an_encoder_it_comes_back_from_its_files_unchanged(storage: Any, encoder_folder: Path) -> None:
    made = train(classifier(storage, encoder=str(encoder_folder)))
    loaded = reloaded(made, storage)
    for text in ("水龙头漏水", "欠费", "没见过的话"):
        assert ranking(loaded, text) == ranking(made, text)


def test_with_an_encoder_training_twice_gives_the_same_model(storage: Any, encoder_folder: Path) -> None:
    first, second = (ranking(train(classifier(storage, encoder=str(encoder_folder))), "门坏了") for _ in range(2))
    assert first == second


def test_vectors_from_the_cache_make_the_same_model(
    storage: Any, encoder_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.encoder.cache import FOLDER

    fresh = ranking(train(classifier(storage, encoder=str(encoder_folder))), "门坏了")
    monkeypatch.setenv(FOLDER, str(tmp_path / "cache"))
    for _ in range(2):
        assert ranking(train(classifier(storage, encoder=str(encoder_folder))), "门坏了") == fresh


def test_a_model_is_not_used_with_another_encoder_than_it_was_trained_with(
    storage: Any, encoder_folder: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(encoder_folder, tmp_path / "encoder")
    made = train(classifier(storage, encoder=str(folder)))
    text = (folder / TOKENIZER).read_text("utf-8")
    (folder / TOKENIZER).write_text(text + "\n", "utf-8")
    write_card(folder, made._meaning.encoder.hidden)
    with pytest.raises(ValueError, match="train again"):
        reloaded(made, storage)


def test_a_model_is_not_used_without_the_encoder_it_was_trained_with(storage: Any, encoder_folder: Path) -> None:
    made = train(classifier(storage, encoder=str(encoder_folder)))
    with pytest.raises(ValueError, match="train again"):
        reloaded(made, storage, encoder=None)


def test_a_folder_that_holds_no_encoder_is_refused_before_training(storage: Any, tmp_path: Path) -> None:
    from rasa.shared.exceptions import InvalidConfigException

    with pytest.raises(InvalidConfigException, match="nothing_here"):
        classifier(storage, encoder=str(tmp_path / "nothing_here"))


def test_the_encoder_is_not_asked_where_the_words_alone_are_sure_enough(storage: Any, encoder_folder: Path) -> None:
    alone = train(classifier(storage))
    certain, doubtful = "水龙头漏水", "好的门多少"
    sure = (ranking(alone, certain)[0][1] + ranking(alone, doubtful)[0][1]) / 2
    made = train(classifier(storage, encoder=str(encoder_folder), sure=sure))
    asked = note_questions(made)
    assert ranking(made, certain) == pytest.approx(ranking(alone, certain))
    assert ranking(made, doubtful) != pytest.approx(ranking(alone, doubtful))
    assert asked == [doubtful]


@pytest.mark.parametrize("text", ["/greet", "", "😀"])
def test_the_encoder_is_not_asked_about_payloads_and_what_is_unknown(
    storage: Any, encoder_folder: Path, text: str
) -> None:
    made = train(classifier(storage, encoder=str(encoder_folder)))
    asked = note_questions(made)
    ranking(made, text)
    assert asked == []


def note_questions(made: Any) -> list[str]:
    """The texts that the encoder is asked about from now on."""
    asked: list[str] = []
    answer = made._meaning.row

    def row(text: str) -> Any:
        asked.append(text)
        return answer(text)

    made._meaning.row = row
    return asked


# ---------------------------------------------------------------------------------------------------------- concepts


def test_particulars_are_replaced_by_their_kinds() -> None:
    from bot.components.concepts import concepts

    assert concepts("厨房水龙头漏水3天了") == ["<place>", "<facility>", "<fault>", "<time>", "了"]
    assert concepts("2300号") == concepts("9号")
