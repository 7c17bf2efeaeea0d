"""What the components make of a message together."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest
import yaml

from bot.tests.components.conftest import Pipeline

ROOT = Path(__file__).resolve().parents[3]


def values(message: object) -> dict[str, str]:
    return {entity["entity"]: entity["value"] for entity in message.get("entities")}  # type: ignore[attr-defined]


def test_entities_carry_normalised_values_and_spans_of_the_typed_text(understand: Pipeline) -> None:
    typed = "三棟 二單元５０１ 廚房水龍頭漏水，明天下午三點"
    message = understand(typed)
    assert message.get("text") == typed
    assert values(message) == {
        "building": "3",
        "unit": "2",
        "room": "501",
        "place": "厨房",
        "area": "户内",
        "facility": "水龙头",
        "time": "2026-11-22T15:00:00+08:00",
    }
    for entity in message.get("entities"):
        assert typed[entity["start"] : entity["end"]] == entity["text"]
        assert entity["extractor"] == "EntityExtractor"


def test_tokens_point_into_the_typed_text_in_the_end(understand: Pipeline) -> None:
    typed = "樓道 燈 不亮"
    tokens = understand(typed).get("text_tokens")
    assert [token.text for token in tokens] == ["楼", "道", "灯", "不", "亮"]
    assert [typed[token.start : token.end] for token in tokens] == ["樓", "道", "燈", "不", "亮"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [("家裡瓦斯味很重", "gas"), ("电梯里困住了出不来", "lift"), ("起火了", "fire"), ("燃气费怎么交", None)],
)
def test_an_emergency_outvotes_the_classifier(understand: Pipeline, text: str, kind: str | None) -> None:
    ranking = [{"name": "ask_utility", "confidence": 0.9}, {"name": "report_emergency", "confidence": 0.1}]
    message = understand(text, intent=ranking[0], intent_ranking=ranking)
    assert message.get("emergency") == kind
    names = [ranked["name"] for ranked in message.get("intent_ranking")]
    if kind is None:
        assert message.get("intent") == ranking[0]
    else:
        assert message.get("intent") == {"name": "report_emergency", "confidence": 1.0}
        assert names == ["report_emergency", "ask_utility"]


@pytest.mark.parametrize("text", ["/request_human", '/inform{"room":"501"}'])
def test_a_payload_of_the_gateway_passes_untouched(understand: Pipeline, text: str) -> None:
    message = understand(text)
    assert message.get("text") == text
    assert message.get("entities") is None


@pytest.mark.parametrize("typed", ["／restart", "\u200b/restart"])
def test_normalising_never_makes_a_payload_of_what_a_resident_typed(rasa: None, typed: str) -> None:
    from rasa.shared.nlu.training_data.message import Message

    from bot.components.normaliser import Normaliser

    message = Message(data={"text": typed})
    Normaliser().process([message])
    assert not message.get("text").startswith("/")


def test_an_empty_message_is_nobody_s_business(understand: Pipeline) -> None:
    assert understand("").get("entities") is None


def test_now_is_the_message_s_time_then_the_environment_s_then_the_clock_s(
    rasa: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rasa.shared.nlu.training_data.message import Message

    from bot.components.entities import NOW_VARIABLE, moment_of

    monkeypatch.setenv(NOW_VARIABLE, "2026-11-21T10:00:00+08:00")
    sent = Message(data={"text": "x", "metadata": {"sent_at": "2026-01-02T03:04:05Z"}})
    assert moment_of(sent) == datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    assert moment_of(Message(data={"text": "x"})) == datetime(2026, 11, 21, 2, tzinfo=timezone.utc)
    nonsense = Message(data={"text": "x", "metadata": {"sent_at": "yesterday"}})
    assert moment_of(nonsense) == datetime(2026, 11, 21, 2, tzinfo=timezone.utc)
    monkeypatch.delenv(NOW_VARIABLE)
    assert abs((moment_of(Message(data={"text": "x"})) - datetime.now(timezone.utc)).total_seconds()) < 60


def test_training_messages_are_normalised_and_their_annotations_move_along(rasa: None) -> None:
    from rasa.shared.nlu.training_data.message import Message
    from rasa.shared.nlu.training_data.training_data import TrainingData

    from bot.components.normaliser import Normaliser

    entity = {"entity": "facility", "start": 3, "end": 4, "value": "灯具"}
    gone = {"entity": "facility", "start": 2, "end": 3, "value": "灯具"}
    message = Message(data={"text": "樓道 燈壞了", "entities": [entity, gone]})
    Normaliser().process_training_data(TrainingData([message]))
    assert message.get("text") == "楼道灯坏了"
    first, second = message.get("entities")
    assert (first["start"], first["end"]) == (2, 3)
    assert second == gone


def test_the_matcher_and_the_server_s_own_search_find_the_same_terms(rasa: None) -> None:
    from bot.components.entities import TermMatcher
    from bot.language.lexicon import find_terms
    from bot.language.normalise import normalise

    matcher = TermMatcher()
    texts = [
        line[2:]
        for file in sorted((ROOT / "nlu_data").glob("*.yml"))
        for block in yaml.safe_load(file.read_text(encoding="utf-8"))["nlu"]
        for line in block.get("examples", "").splitlines()
    ]
    assert texts
    for text in [*texts, "WiFi 坏了", "LED灯 B1 wifi", "🔥灯🔥"]:
        plain = normalise(text)
        assert matcher(plain) == find_terms(plain)
