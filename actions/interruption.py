"""Is this message an answer to the open question, or a question of its own? Decided here, once, for all forms.

A form that says "of its own" rejects the message (ActionExecutionRejected). The engine then runs the ordinary rule of
the message's intent, and because that rule ends with listening, comes back to the form, which asks its question again.
"""

from typing import ClassVar, Protocol

from actions.catalogue import is_just, mentions
from actions.turn import FALLBACK, Turn

SURE = 0.7
"""From this confidence on, another intent counts against a question that any text may answer."""

FAIRLY_SURE = 0.35
"""The same where the message holds nothing the question asks for."""

CERTAIN = 0.9
"""From this confidence on a message without any word of asking may still be a question of its own."""

HINTED = 0.2
"""The same where the message also names something that belongs to other subjects only."""

HINTS = frozenset({"fee_type", "period", "amount", "plate"})
"""Entities no form asks for."""

ALWAYS = frozenset({"stop", "request_human", "report_emergency"})
"""Never an answer, whatever was asked, unless hardly believed."""

BELIEVED = 0.6
"""From this confidence on those are believed; what the emergency detector finds has 1."""

ANSWERS = frozenset({"inform", "affirm", "deny", FALLBACK, "out_of_scope", "chitchat"})
"""What answers usually look like; talk and nonsense included, which the open question itself handles better."""

STATEMENTS = frozenset(
    {
        "report_repair", "urge_repair", "change_repair", "cancel_repair", "complain_service", "complain_neighbor",
        "dispute_fee", "give_feedback", "rate_service", "report_parking_problem", "ask_repair_guide",
        "report_emergency",
    }
)  # fmt: skip
"""Intents that tell something. Where free text was asked for, a telling message is the text."""


SMALL_TALK = frozenset({"greet", "goodbye", "thank", "give_feedback", "complain_service", "complain_neighbor"})
"""Intents that short answers are easily taken for; unless certain, they are none."""


class OpenQuestion(Protocol):
    """What the decision needs to know of a question."""

    free: ClassVar[bool]
    """Whether any text may be the answer."""

    telling: ClassVar[bool]
    """Whether a message that tells of a fault or asks how to help oneself may be the answer to a free question."""

    entities: ClassVar[tuple[str, ...]]
    """Kinds of entities that answer it."""

    def recognises(self, turn: Turn) -> bool:
        """Whether the message holds a value for it."""

    def settles(self, turn: Turn) -> bool:
        """Whether the words alone are its answer, whatever the intent looks like."""


def is_interruption(turn: Turn, own_intents: frozenset[str], question: OpenQuestion) -> bool:
    """Whether the message wants something else than to answer `question`.

    Args:
        turn: the message.
        own_intents: intents that belong to the task itself (more about the same repair is no interruption).
        question: what was asked.
    """
    intent = turn.intent
    if question.settles(turn):
        return False
    if intent == "stop" and turn.confidence < BELIEVED and not turn.is_choice:
        return is_just("stop_words", turn.typed)
    if intent in ALWAYS and (turn.confidence >= BELIEVED or not question.free):
        return True
    if intent in SMALL_TALK and turn.confidence < CERTAIN and not question.free and not turn.is_choice:
        return False
    if intent == "ask_repair_guide" and not (question.free and question.telling) and turn.confidence >= FAIRLY_SURE:
        return turn.is_choice or mentions("asks", turn.typed) or not (question.free or question.recognises(turn))
    if intent in ANSWERS or intent in own_intents or turn.upload_ids:
        return False
    if turn.is_choice:
        return True
    if any(turn.entities(name) for name in HINTS) and turn.confidence >= HINTED:
        return intent not in STATEMENTS
    if turn.confidence < (SURE if question.free else FAIRLY_SURE):
        return False
    if question.free:
        asks = turn.confidence >= CERTAIN or mentions("asks", turn.typed)
        return intent not in STATEMENTS and asks
    if question.recognises(turn):
        # 明天下午三点 may look like any intent; 明天停水吗 holds a time too, but something is left without it.
        return intent not in STATEMENTS and len(turn.rest(*question.entities)) > 1
    return True
