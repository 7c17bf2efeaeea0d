"""What answers the open question and what is a question of its own."""

from typing import Any

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.interruption import is_interruption
from actions.questions import FreeText, PhoneNumber, Question, VisitTime, YesOrNo
from actions.repair_questions import EstateChoice, Place, Symptom, Urgency
from actions.turn import Turn

OWN = frozenset({"report_repair", "change_repair"})
TIME = VisitTime("t", "u")
URGENCY = Urgency("u", "u", values=(("normal", "not_urgent"), ("urgent", "urgent")))


def heard(text: str, intent: str, confidence: float, entities: dict[str, str]) -> Turn:
    found = [
        {"entity": kind, "value": typed, "start": text.find(typed), "end": text.find(typed) + len(typed)}
        for kind, typed in entities.items()
    ]
    latest = {"text": text, "intent": {"name": intent, "confidence": confidence}, "entities": found, "metadata": {}}
    tracker = Tracker("test", {}, latest, [], False, None, {}, None)
    missing: Any = None
    return Turn(tracker, missing, CollectingDispatcher(), missing, missing, missing)


@pytest.mark.parametrize(
    ("text", "intent", "confidence", "entities", "question"),
    [
        ("明天停水吗", "ask_outage", 0.9, {"time": "明天", "utility": "水"}, TIME),
        ("物业费怎么交", "ask_how_to_pay", 0.9, {"fee_type": "物业费"}, Symptom("s", "u")),
        ("给我查下电费", "query_arrears", 0.25, {"fee_type": "电费"}, Symptom("s", "u")),
        ("转人工", "request_human", 0.9, {}, FreeText("x", "u")),
        ("算了", "stop", 0.9, {}, FreeText("x", "u")),
        ("谢谢", "thank", 0.9, {}, PhoneNumber("p", "u")),
        ("保安态度差", "complain_service", 0.9, {}, PhoneNumber("p", "u")),
        ("/query_arrears", "query_arrears", 1.0, {}, FreeText("x", "u")),
        ("电话多少", "ask_office_info", 0.8, {}, Place("p", "u")),
        ("马桶堵了怎么办", "ask_repair_guide", 0.8, {}, Place("p", "u")),
        ("马桶堵了怎么办", "ask_repair_guide", 0.8, {}, EstateChoice("e", "u")),
    ],
)
def test_a_question_of_its_own(
    text: str, intent: str, confidence: float, entities: dict[str, str], question: Question
) -> None:
    assert is_interruption(heard(text, intent, confidence, entities), OWN, question)


@pytest.mark.parametrize(
    ("text", "intent", "confidence", "entities", "question"),
    [
        ("明天下午三点", "ask_outage", 0.9, {"time": "明天下午三点"}, TIME),
        ("那就明天下午三点吧", "query_repair_progress", 0.9, {"time": "明天下午三点"}, TIME),
        ("保安态度差", "complain_service", 0.9, {}, FreeText("x", "u")),
        ("水漫出来了但是不严重", "report_emergency", 0.25, {}, Symptom("s", "u")),
        ("慢慢来", "request_human", 0.9, {}, URGENCY),
        ("取消", "stop", 0.9, {}, YesOrNo("c", "u", yes=("agree", "cancel_yes"))),
        ("算了不说在哪了", "stop", 0.9, {}, FreeText("x", "u", optional=True)),
        ("叽里咕噜", "nlu_fallback", 0.2, {}, TIME),
        ("今天天气不错", "chitchat", 0.9, {}, TIME),
        ("楼道灯也坏了", "report_repair", 0.9, {}, PhoneNumber("p", "u")),
        ("师傅来的时候带个梯子", "query_repair_progress", 0.77, {}, FreeText("x", "u")),
        ("雨棚那儿", "ask_repair_price", 0.49, {}, Place("p", "u")),
        ("/inform", "inform", 1.0, {}, TIME),
        ("不知道", "goodbye", 0.8, {}, PhoneNumber("p", "u")),
        ("嗯那个", "stop", 0.4, {}, TIME),
        ("什么时候都行", "query_repair_progress", 0.9, {}, TIME),
        ("随便", "give_feedback", 0.8, {}, URGENCY),
    ],
)
def test_an_answer_however_the_intent_looks(
    text: str, intent: str, confidence: float, entities: dict[str, str], question: Question
) -> None:
    assert not is_interruption(heard(text, intent, confidence, entities), OWN, question)
