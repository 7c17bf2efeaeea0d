"""The other wishes of a message: 厨房水龙头漏水，另外物业费怎么交. One is answered; the others must not be dropped.

The engine tells in `wishes` how each part of such a message is understood by itself (bot/components/second_wish.py).
A plain question is answered at once, after the first answer. Everything else is offered in one sentence; while a form
is open it is kept in the slot `second_wish` and offered when the form is done.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from rasa_sdk.events import SlotSet

from actions.catalogue import section
from actions.offers import make_offer
from actions.turn import Event, Message, Turn

Wish = dict[str, Any]
"""`intent`, `message` (what the engine read in that part), and `turn`: in which message it was offered, or None."""

SLOT = "second_wish"
TAKEN = "second_wish"
"""What a button carries as its choice, so that the part is read again as it was said."""

_BETWEEN = "，"

LEAST = 0.35
"""Below this confidence a part is no wish to speak of."""
SURE = 0.6
"""From this confidence on a plain question is answered without asking whether it was meant."""

NEEDS_HOME = frozenset(
    {"query_arrears", "query_payment_history", "explain_bill", "query_repair_progress", "query_complaint_progress"}
)
"""Plain questions whose answer belongs to a household."""
PLAIN = NEEDS_HOME | {
    "ask_fee_standard", "ask_how_to_pay", "ask_late_fee", "request_invoice", "ask_vacancy_discount", "ask_utility",
    "ask_deposit_refund", "ask_repair_guide", "ask_repair_responsibility", "ask_repair_price", "ask_outage",
    "ask_notice", "ask_parking_rental", "report_parking_problem", "request_visitor_pass", "ask_access_card",
    "ask_renovation", "request_move_out_pass", "ask_office_info",
}  # fmt: skip
"""Intents that are answered without a form and change nothing."""

_SAME_REPAIR = frozenset({"urge_repair", "query_repair_progress", "change_repair", "cancel_repair", "rate_service"})
_COMPLAINTS = frozenset({"complain_service", "complain_neighbor", "give_feedback", "query_complaint_progress"})
SAME_MATTER: dict[str, frozenset[str]] = {
    "report_repair": _SAME_REPAIR,
    **dict.fromkeys(_SAME_REPAIR, _SAME_REPAIR),
    **dict.fromkeys(_COMPLAINTS, _COMPLAINTS),
    "explain_bill": frozenset({"dispute_fee"}),
    "dispute_fee": frozenset({"explain_bill"}),
}
"""Intents that, beside this one, are more of the same: 水龙头漏水，什么时候能来修."""
TELLS_OF_A_FAULT = frozenset(
    {
        "ask_repair_guide", "ask_repair_responsibility", "ask_repair_price", "ask_outage", "ask_access_card",
        "report_emergency", "report_parking_problem", "urge_repair", "query_repair_progress", "change_repair",
        "complain_service", "complain_neighbor",
    }
)  # fmt: skip
"""Beside these a report is one of its own only if it names another thing."""


def others(message: Message, own: frozenset[str] = frozenset()) -> list[Wish]:
    """Return the wishes of the message beside the one its intent stands for.

    Args:
        message: the resident's message.
        own: intents that belong to an open task.
    """
    parts: list[dict[str, Any]] = message.parsed.get("wishes") or []
    found: dict[str, Wish] = {}
    for part in parts:
        intent = str(part["intent"]["name"])
        known = intent in section("intents") and intent not in {"report_emergency", message.intent, *own, *found}
        if known and float(part["intent"]["confidence"]) >= LEAST and not _same_matter(message.intent, part, parts):
            found[intent] = {"intent": intent, "message": {**part, "wishes": []}, "turn": None}
    return list(found.values())


def _same_matter(intent: str, part: dict[str, Any], parts: list[dict[str, Any]]) -> bool:
    second = part["intent"]["name"]
    if second == "report_repair" and intent in TELLS_OF_A_FAULT:
        elsewhere = {facility for other in parts if other is not part for facility in _facilities(other)}
        return not set(_facilities(part)) - elsewhere
    return second in SAME_MATTER.get(intent, ())


def _facilities(part: dict[str, Any]) -> list[str]:
    return [entity["value"] for entity in part["entities"] if entity["entity"] == "facility"]


def focus(turn: Turn, beside: list[Wish]) -> None:
    """Let the answer read only what belongs to it: 明天停水吗 beside a fault is no time for the visit."""
    if not beside:
        return
    text, entities = "", []
    for part in turn.parsed["wishes"]:
        if any(wish["message"]["text"] == part["text"] for wish in beside):
            # A telephone number is the resident's wherever it stands.
            entities += [{"entity": "phone", "value": e["value"]} for e in part["entities"] if e["entity"] == "phone"]
            continue
        text += _BETWEEN if text else ""
        entities += [
            {**entity, "start": entity["start"] + len(text), "end": entity["end"] + len(text)}
            for entity in part["entities"]
        ]
        text += part["text"]
    if text:
        _read(turn, {"text": text, "entities": entities})


@contextmanager
def reading(turn: Turn, beginning: str) -> Iterator[None]:
    """Let only the beginning of the message be read, as a bare value, while the block runs."""
    before = turn.tracker
    inside = [entity for entity in turn.found if entity.get("end", len(turn.text)) <= len(beginning)]
    bare = {"name": "inform", "confidence": 1.0}
    _read(turn, {"text": beginning, "entities": inside, "intent": bare, "wishes": []})
    try:
        yield
    finally:
        turn.tracker = before


def _read(turn: Turn, message: dict[str, Any]) -> None:
    turn.tracker = turn.tracker.copy()
    turn.tracker.latest_message = {**turn.parsed, **message}


def is_plain(wish: Wish, message: Turn) -> bool:
    """Whether it is a question that can be answered at once."""
    intent = wish["intent"]
    sure = float(wish["message"]["intent"]["confidence"]) >= SURE
    return sure and intent in PLAIN and (bool(message.homes) or intent not in NEEDS_HOME)


def name_of(wish: Wish) -> str:
    """Return what residents call it."""
    return str(section("intents")[wish["intent"]])


def kept(message: Message, events: Iterable[Event] = ()) -> list[Wish]:
    """Return the wishes that wait, as they are after these events."""
    waiting = message.slot(SLOT)
    for event in events:
        if event["event"] == "slot" and event["name"] == SLOT:
            waiting = event["value"]
    return list(waiting or [])


def keep(message: Message, events: Iterable[Event], wishes: list[Wish]) -> list[Event]:
    """Return the event that keeps these wishes for later."""
    new = {wish["intent"] for wish in wishes}
    waiting = [wish for wish in kept(message, events) if wish["intent"] not in new]
    return [SlotSet(SLOT, [*waiting, *wishes])] if wishes else []


def offer(message: Message, dispatcher: Any, events: list[Event], wishes: Iterable[Wish] = ()) -> list[Event]:
    """Offer these wishes and those that waited for a form's end, each only once."""
    waiting = kept(message, [*events, *keep(message, events, list(wishes))])
    due = [wish for wish in waiting if wish["turn"] is None]
    if not due:
        return []
    separator = section("short")["list_separator"]
    dispatcher.utter_message(
        response="utter_second_wish",
        what=separator.join(name_of(wish) for wish in due),
        buttons=[{"title": name_of(wish), "payload": f'/{wish["intent"]}{{"choice":"{TAKEN}"}}'} for wish in due],
    )
    accepts = [] if _offers_already(events) else [SlotSet("offer", make_offer(message, due[0]["intent"]))]
    return [SlotSet(SLOT, [{**wish, "turn": message.turn_number} for wish in waiting]), *accepts]


def _offers_already(events: Iterable[Event]) -> bool:
    return any(event["event"] == "slot" and event["name"] == "offer" for event in events)


def form_goes_on(message: Message, events: Iterable[Event]) -> bool:
    """Whether a form is open, or begins, after these events."""
    for event in reversed(list(events)):
        if event["event"] == "active_loop":
            return event["name"] is not None
        if begins_form(event):
            return True
    return message.active_form is not None


def begins_form(event: Event) -> bool:
    """Whether the event hands over to a form."""
    return event["event"] == "followup" and str(event["name"]).endswith("_form")


def offered(message: Message, intent: str) -> Wish | None:
    """Return the wish with this intent that was offered."""
    waiting = message.slot(SLOT) or []
    return next((wish for wish in waiting if wish["intent"] == intent and wish["turn"] is not None), None)


def without(message: Message, intent: str) -> list[Event]:
    """Return the event that takes a wish off the list, if it is on it."""
    waiting = kept(message)
    left = [wish for wish in waiting if wish["intent"] != intent]
    return [SlotSet(SLOT, left or None)] if left != waiting else []


def accept(message: Message, wish: Wish) -> list[Event]:
    """Return the event that lets a form read this wish, in this very turn, instead of the 好 that accepted it."""
    left = [other for other in kept(message) if other["intent"] != wish["intent"]]
    return [SlotSet(SLOT, [*left, {**wish, "accepted": message.turn_number}])]


def take_up(turn: Turn) -> list[Event]:
    """Read an offered wish as it was said, where this message takes it up; return what takes it off the list."""
    wish = next((wish for wish in kept(turn) if wish.get("accepted") == turn.turn_number), None)
    if wish is None and turn.is_choice and turn.entity("choice") == TAKEN:
        wish = offered(turn, turn.intent)
    if wish is None:
        return []
    events = without(turn, wish["intent"])
    _read(turn, wish["message"])
    return events
