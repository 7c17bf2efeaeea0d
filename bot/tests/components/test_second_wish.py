"""Several wishes in one message are understood one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from rasa.shared.nlu.training_data.message import Message


def through(*texts: str) -> list[Message]:
    """Send messages through both steps, with the extractor and a classifier of two words between them."""
    from rasa.shared.nlu.training_data.message import Message

    from bot.components.entities import EntityExtractor
    from bot.components.normaliser import Normaliser
    from bot.components.second_wish import WishCollector, WishSplitter

    messages = WishSplitter().process([Message({"text": text, "metadata": {"message_id": 7}}) for text in texts])
    messages = Normaliser().process(messages)
    for message in messages:
        name = "request_invoice" if "发票" in message.get("text").split("另外")[0] else "report_repair"
        message.set("intent", {"name": name, "confidence": 0.9}, add_to_output=True)
    return WishCollector().process(EntityExtractor().process(messages))


def test_each_wish_has_its_own_intent_and_entities(rasa: None) -> None:
    (message,) = through("厨房水龍頭漏水，快修，另外发票怎么开")
    first, second = message.get("wishes")
    assert (first["text"], first["intent"]["name"]) == ("厨房水龍頭漏水，快修", "report_repair")
    assert {entity["value"] for entity in first["entities"]} >= {"水龙头", "厨房"}
    assert (second["text"], second["intent"]["name"]) == ("发票怎么开", "request_invoice")
    assert message.get("text") == "厨房水龍頭漏水，快修，另外发票怎么开"
    assert message.as_dict(only_output_properties=True)["wishes"] == [first, second]


def test_the_messages_come_out_as_they_came_in(rasa: None) -> None:
    texts = ["水龙头漏水，另外发票怎么开", "灯坏了", "发票怎么开？灯坏了怎么办？"]
    messages = through(*texts)
    assert [message.get("text") for message in messages] == texts
    assert [len(message.get("wishes") or []) for message in messages] == [2, 0, 2]


@pytest.mark.parametrize("text", ["", "灯坏了", "谢谢！辛苦了！", '/report_repair{"facility":"灯"}'])
def test_a_single_wish_has_no_list(rasa: None, text: str) -> None:
    (message,) = through(text)
    assert message.get("wishes") is None


def test_a_long_story_is_not_taken_apart(rasa: None) -> None:
    (message,) = through("灯坏了怎么办？" * 20)
    assert message.get("wishes") is None
