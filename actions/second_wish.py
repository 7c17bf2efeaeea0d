"""The second wish of a message: 厨房水龙头漏水，另外物业费怎么交. The first is answered; this one must not be dropped.

The engine gives one intent per message, so the second wish is read from the entities: what was named, and belongs to a
subject other than the intent's.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from actions.catalogue import clauses, names_fault, section
from actions.turn import Turn

FEES = frozenset(
    {
        "query_arrears", "query_payment_history", "explain_bill", "ask_fee_standard", "ask_how_to_pay", "ask_late_fee",
        "dispute_fee", "request_invoice", "ask_vacancy_discount", "ask_utility", "ask_deposit_refund",
    }
)  # fmt: skip
REPAIRS = frozenset(
    {
        "report_repair", "ask_repair_guide", "query_repair_progress", "urge_repair", "change_repair", "cancel_repair",
        "ask_repair_responsibility", "ask_repair_price", "rate_service", "report_emergency", "ask_outage",
        "complain_service", "complain_neighbor", "dispute_fee", "ask_access_card", "report_parking_problem",
        "give_feedback", "query_complaint_progress",
    }
)  # fmt: skip
"""Besides repairs, intents in which a broken thing may be named without a wish to have it repaired."""


@dataclass(frozen=True)
class _Sign:
    """What shows a wish, the intents among which it is no second one, and the intent it stands for."""

    shown: Callable[[Turn], bool]
    among: frozenset[str]
    intent: str


_SIGNS = (
    _Sign(lambda turn: turn.entity("facility") is not None and names_fault(turn.typed), REPAIRS, "report_repair"),
    _Sign(lambda turn: turn.entity("fee_type") is not None, FEES, "query_arrears"),
)


def second_wishes(turn: Turn) -> Iterator[tuple[str, str]]:
    """Yield title and payload of every wish beside the one that is answered."""
    if len(clauses(turn.typed)) < 2 or turn.intent not in section("intents"):
        return
    for sign in _SIGNS:
        if turn.intent not in sign.among and sign.shown(turn):
            facility = turn.entity("facility")
            with_value = f'{{"facility":"{facility}"}}' if sign.intent == "report_repair" else ""
            yield section("intents")[sign.intent], f"/{sign.intent}{with_value}"


def mention(turn: Turn) -> None:
    """Offer what else the message wished for."""
    options = list(second_wishes(turn))
    if options:
        turn.offer("utter_second_wish", options)
