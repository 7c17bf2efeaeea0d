"""Where the classifier is not sure, the dialogue asks back."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("rasa")

IN_CONVERSATION = {"message_id": 7}


def asked(confidence: float, intent: str = "query_arrears", text: str = "看看", **metadata: Any) -> Any:
    from rasa.shared.nlu.training_data.message import Message

    from bot.components.ask_back import AskBack

    ranking = [{"name": intent, "confidence": confidence}, {"name": "explain_bill", "confidence": 0.1}]
    message = Message({"text": text, "intent": dict(ranking[0]), "intent_ranking": ranking, "metadata": metadata})
    return AskBack(threshold=0.3, in_conversation=0.6).process([message])[0]


@pytest.mark.parametrize(
    ("confidence", "metadata", "intent"),
    [
        (0.29, {}, "nlu_fallback"),
        (0.3, {}, "query_arrears"),
        (0.59, {}, "query_arrears"),
        (0.29, IN_CONVERSATION, "nlu_fallback"),
        (0.59, IN_CONVERSATION, "nlu_fallback"),
        (0.6, IN_CONVERSATION, "query_arrears"),
    ],
)
def test_a_resident_who_waits_is_asked_earlier(confidence: float, metadata: dict[str, Any], intent: str) -> None:
    assert asked(confidence, **metadata).get("intent")["name"] == intent


@pytest.mark.parametrize("intent", ["inform", "affirm", "chitchat", "report_emergency"])
def test_talk_values_and_dangers_are_taken_as_they_are(intent: str) -> None:
    assert asked(0.4, intent, **IN_CONVERSATION).get("intent")["name"] == intent


def test_the_likely_wishes_stay_behind_the_fallback() -> None:
    ranking = asked(0.2).get("intent_ranking")
    assert [one["name"] for one in ranking] == ["nlu_fallback", "query_arrears", "explain_bill"]


def test_a_payload_is_never_asked_about() -> None:
    assert asked(0.01, text="/query_arrears", **IN_CONVERSATION).get("intent")["name"] == "query_arrears"


def test_the_threshold_in_a_conversation_is_never_the_lower_one() -> None:
    from bot.components.ask_back import AskBack

    assert AskBack(threshold=0.5, in_conversation=0.2)._in_conversation == 0.5
