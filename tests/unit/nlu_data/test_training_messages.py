"""The training messages: in the contract, varied, told apart, and not copied from what measures them."""

import difflib
import json
import re
from collections import Counter, defaultdict
from pathlib import Path

import pytest
import yaml

from bot.language.normalise import normalise

PROJECT = Path(__file__).resolve().parents[3]
VALIDATION = PROJECT.parent / "shared" / "validation.jsonl"
OWN_TEST = PROJECT / "tests" / "understanding" / "messages.jsonl"
TALK = frozenset({"inform", "greet", "goodbye", "thank", "affirm", "deny", "stop", "ask_bot", "chitchat"})
FEWEST, FEWEST_OF_TALK, FEWEST_OUT_OF_SCOPE = 200, 120, 600
NEARLY_EQUAL = 0.88

CONTRACT = frozenset(
    {
        *("query_arrears", "query_payment_history", "explain_bill", "ask_fee_standard", "ask_how_to_pay"),
        *("ask_late_fee", "dispute_fee", "request_invoice", "ask_vacancy_discount", "ask_utility"),
        *("ask_deposit_refund", "report_repair", "ask_repair_guide", "query_repair_progress", "urge_repair"),
        *("change_repair", "cancel_repair", "ask_repair_responsibility", "ask_repair_price", "rate_service"),
        *("report_emergency", "ask_outage", "ask_notice", "complain_service", "complain_neighbor"),
        *("query_complaint_progress", "give_feedback", "ask_parking_rental", "report_parking_problem"),
        *("request_visitor_pass", "ask_access_card", "ask_renovation", "request_move_out_pass", "ask_office_info"),
        *("bind_household", "request_human", "inform", "greet", "goodbye", "thank", "affirm", "deny", "stop"),
        *("ask_bot", "chitchat", "out_of_scope"),
    }
)


def training_messages() -> dict[str, list[str]]:
    """Intent → messages, as Rasa reads them."""
    messages: dict[str, list[str]] = {}
    for path in sorted((PROJECT / "nlu_data").glob("*.yml")):
        for item in yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]:
            if "intent" in item:
                lines = [line.removeprefix("- ").strip() for line in item["examples"].splitlines() if line.strip()]
                messages.setdefault(item["intent"], []).extend(lines)
    return messages


def bare(text: str) -> str:
    """The text without punctuation, for comparing."""
    return re.sub(r"\W", "", normalise(text)).lower()


MESSAGES = training_messages()


def test_the_labels_are_exactly_the_contracts() -> None:
    assert MESSAGES.keys() == CONTRACT


@pytest.mark.parametrize("intent", sorted(CONTRACT))
def test_an_intent_has_enough_messages(intent: str) -> None:
    fewest = FEWEST_OF_TALK if intent in TALK else FEWEST_OUT_OF_SCOPE if intent == "out_of_scope" else FEWEST
    assert len(MESSAGES[intent]) >= fewest


def test_no_message_stands_twice_and_none_under_two_intents() -> None:
    seen: dict[str, str] = {}
    twice = []
    for intent, messages in MESSAGES.items():
        for message in messages:
            if (first := seen.get(bare(message))) is not None:
                twice.append((message, first, intent))
            seen[bare(message)] = intent
    assert twice == []


def test_no_message_would_be_a_command_to_the_engine() -> None:
    assert [message for messages in MESSAGES.values() for message in messages if message[0] in "/／"] == []


def pairs_of(text: str) -> frozenset[str]:
    """The pairs of neighbouring characters."""
    return frozenset(text[i : i + 2] for i in range(len(text) - 1))


def nearly_equal(one: str, other: str) -> bool:
    """Whether two bare texts say the same in nearly the same characters."""
    if one == other:
        return True
    if min(len(one), len(other)) < 4:
        return False  # of two or three characters one is already another word
    return difflib.SequenceMatcher(None, one, other, autojunk=False).ratio() > NEARLY_EQUAL


def copied_from(measuring: list[str]) -> list[str]:
    """The training messages that are nearly equal to one of these."""
    measured = [(text, pairs_of(text)) for text in map(bare, measuring)]
    with_pair: dict[str, list[int]] = defaultdict(list)
    for number, (_, pairs) in enumerate(measured):
        for pair in pairs:
            with_pair[pair].append(number)
    equal = {text for text, _ in measured}
    copied = []
    for message in (message for messages in MESSAGES.values() for message in messages):
        text, pairs = bare(message), pairs_of(bare(message))
        shared = Counter(number for pair in pairs for number in with_pair.get(pair, ()))
        # Texts that are nearly equal share most of their pairs; comparing the others would take minutes.
        close = (
            measured[number][0] for number, count in shared.items() if 3 * count >= len(pairs | measured[number][1])
        )
        if text in equal or any(nearly_equal(text, other) for other in close):
            copied.append(message)
    return copied


def texts_of(path: Path) -> list[str]:
    """The messages of a file of JSON lines."""
    return [json.loads(line)["text"] for line in path.read_text(encoding="utf-8").splitlines()]


def test_nothing_is_copied_from_the_projects_own_test_messages() -> None:
    assert copied_from(texts_of(OWN_TEST)) == []


@pytest.mark.may_skip
def test_nothing_is_copied_from_the_messages_that_measure() -> None:
    if not VALIDATION.exists():
        pytest.skip(f"the measuring messages are not on this machine ({VALIDATION.name})")
    assert copied_from(texts_of(VALIDATION)) == []
