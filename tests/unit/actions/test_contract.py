"""The domain, the rules, the actions and the property database agree about names."""

import importlib
import pkgutil
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from rasa_sdk.executor import ActionExecutor
from rasa_sdk.utils import all_subclasses

import property_db
from actions import base, catalogue
from actions.base import DomainAction
from actions.company import NEXT, TOPICS
from actions.interruption import ALWAYS, ANSWERS, STATEMENTS
from actions.repair_changes import WHAT
from actions.task_ends import Completion
from actions.tasks import Task
from property_db.catalogue import load
from property_db.errors import DomainError
from property_db.fees.models import Method

ROOT = Path(__file__).parents[3]

INTENTS = set(
    """
    query_arrears query_payment_history explain_bill ask_fee_standard ask_how_to_pay ask_late_fee dispute_fee
    request_invoice ask_vacancy_discount ask_utility ask_deposit_refund report_repair ask_repair_guide
    query_repair_progress urge_repair change_repair cancel_repair ask_repair_responsibility ask_repair_price
    rate_service report_emergency ask_outage ask_notice complain_service complain_neighbor query_complaint_progress
    give_feedback ask_parking_rental report_parking_problem request_visitor_pass ask_access_card ask_renovation
    request_move_out_pass ask_office_info bind_household request_human inform greet goodbye thank affirm deny stop
    ask_bot chitchat out_of_scope
    """.split()  # noqa: SIM905 - a list of 46 quoted words is no easier to compare with the contract
)
"""The intents of the project's contract."""

TALK = {"inform", "greet", "goodbye", "thank", "affirm", "deny", "stop", "ask_bot", "chitchat", "out_of_scope"}


def _merged(folder: str) -> dict[str, Any]:
    merged: dict[str, Any] = {"intents": [], "entities": [], "actions": [], "slots": {}, "forms": {}, "responses": {}}
    for file in sorted((ROOT / folder).glob("*.yml")):
        for key, value in yaml.safe_load(file.read_text(encoding="utf-8")).items():
            if isinstance(value, list):
                merged.setdefault(key, []).extend(value)
            elif isinstance(value, dict) and key != "session_config":
                twice = merged[key].keys() & value.keys()
                assert not twice, f"{file.name} repeats {twice}"
                merged[key].update(value)
    return merged


DOMAIN = _merged("bot/domain")
RULES: list[dict[str, Any]] = _merged("bot/rules")["rules"]
RESPONSES: dict[str, list[dict[str, Any]]] = DOMAIN["responses"]
DOMAIN_INTENTS = {name for entry in DOMAIN["intents"] for name in entry}
CODE = {file.name: file.read_text(encoding="utf-8") for file in sorted((ROOT / "actions").glob("*.py"))}


def actions() -> dict[str, DomainAction]:
    executor = ActionExecutor()
    executor.register_package("actions")
    return {name: base.action_named(name) for name in executor.actions}


def forms() -> list[Task]:
    return [action for action in actions().values() if isinstance(action, Task)]


def refusals() -> set[type[DomainError]]:
    for module in pkgutil.walk_packages(property_db.__path__, "property_db."):
        if ".migrations" not in module.name:
            importlib.import_module(module.name)
    found: set[type[DomainError]] = {DomainError, *all_subclasses(DomainError)}
    # Imports are the command line's business, which has sentences of its own; tests make refusals for themselves.
    homes = {refusal: refusal.__module__ for refusal in found}
    return {r for r, home in homes.items() if home.startswith("property_db.") and "property_db.imports" not in home}


def steps(rule: dict[str, Any], kind: str) -> list[str]:
    return [step[kind] for step in rule["steps"] if kind in step]


def test_the_domain_has_the_intents_of_the_contract_and_no_others() -> None:
    assert DOMAIN_INTENTS == INTENTS


def test_every_intent_has_exactly_one_rule() -> None:
    told = [intent for rule in RULES for intent in steps(rule, "intent")]
    assert sorted(told) == sorted([*INTENTS, "nlu_fallback"])


def test_every_training_message_has_an_intent_of_the_contract() -> None:
    for file in sorted((ROOT / "nlu_data").glob("*.yml")):
        for entry in yaml.safe_load(file.read_text(encoding="utf-8")).get("nlu", []):
            if "intent" in entry:
                assert entry["intent"] in INTENTS, file.name


def test_rules_name_actions_and_responses_that_exist() -> None:
    known = set(DOMAIN["actions"]) | RESPONSES.keys() | DOMAIN["forms"].keys()
    assert {action for rule in RULES for action in steps(rule, "action")} <= known


def test_no_rule_combines_an_interruption_with_a_form() -> None:
    for rule in RULES:
        if rule.get("condition"):
            assert not steps(rule, "intent"), rule["rule"]


def test_the_domain_lists_exactly_the_actions_there_are() -> None:
    assert sorted(DOMAIN["actions"]) == sorted(actions())


def test_every_form_has_a_validation_an_end_and_a_title() -> None:
    ends = {condition["active_loop"] for rule in RULES for condition in rule.get("condition", [])}
    assert {form.form for form in forms()} == DOMAIN["forms"].keys() == ends == catalogue.section("tasks").keys()


def test_every_form_lists_its_questions_and_each_can_be_asked() -> None:
    for form in forms():
        asked = [question.slot for question in form.questions]
        assert DOMAIN["forms"][form.form]["required_slots"] == asked, form.form
        for slot in [*asked, *([form.correction] if form.correction else [])]:
            assert f"utter_ask_{slot}" in RESPONSES or f"action_ask_{slot}" in DOMAIN["actions"], slot


def test_an_asking_response_is_not_shadowed_by_its_action() -> None:
    """The engine takes action_ask_<slot> before utter_ask_<slot>, which the action then says."""
    for slot in DOMAIN["slots"]:
        if f"action_ask_{slot}" in DOMAIN["actions"]:
            assert f"utter_ask_{slot}" in RESPONSES


def test_every_slot_of_a_form_is_in_the_domain_and_influences_nothing() -> None:
    for form in forms():
        assert set(form.slots()) <= DOMAIN["slots"].keys(), form.form
    for name, slot in DOMAIN["slots"].items():
        assert slot["influence_conversation"] is False, name
        assert slot["mappings"] == [{"type": "custom"}], name


def test_slots_that_actions_set_or_read_are_in_the_domain() -> None:
    used = {
        name
        for code in CODE.values()
        for pattern in (r'\.slot\("(\w+)"\)', r'SlotSet\("(\w+)"', r"set_slots\((\w+)=")
        for name in re.findall(pattern, code)
    }
    assert used - {"requested_slot"} <= DOMAIN["slots"].keys()


def test_every_form_has_one_action_that_carries_it_out() -> None:
    carried_out = [action.task for action in actions().values() if isinstance(action, Completion)]
    assert sorted(task.__name__ for task in carried_out) == sorted(type(form).__name__ for form in forms())


def _said() -> set[str]:
    named = {name for code in CODE.values() for name in re.findall(r'"(utter_\w+)"', code)}
    built = {f"utter_explain_{method.value}" for method in Method} | {
        f"utter_fee_standard_{method.value}" for method in Method
    }
    built |= {f"utter_explain_{more}" for more in ("more", "less", "same")} | {f"utter_{what}_done" for what, _ in WHAT}
    return named | built


def test_every_response_that_actions_say_exists() -> None:
    assert _said() <= RESPONSES.keys()


def test_every_response_is_said_by_somebody() -> None:
    by_rules = {action for rule in RULES for action in steps(rule, "action")}
    by_forms = {f"utter_ask_{slot}" for slot in DOMAIN["slots"]}
    by_refusals = {f"utter_{refusal.code}" for refusal in refusals()}
    by_the_engine = {"utter_default"}
    assert set(RESPONSES) - _said() - by_rules - by_forms - by_refusals - by_the_engine == set()


def test_every_refusal_has_its_sentence() -> None:
    for refusal in refusals():
        assert f"utter_{refusal.code}" in RESPONSES, refusal


def test_choices_lead_to_intents_and_carry_entities_of_the_domain() -> None:
    for name, variants in RESPONSES.items():
        for button in (button for variant in variants for button in variant.get("buttons", [])):
            found = re.fullmatch(r"/(\w+)(?:\{\{(.*)\}\})?", button["payload"])
            assert found, name
            assert found[1] in INTENTS, name
            for entity in re.findall(r'"(\w+)":', found[2] or ""):
                assert entity in DOMAIN["entities"], name


def test_no_parameter_of_a_sentence_has_a_name_that_the_engine_uses_itself() -> None:
    """utter_message(text=…) would replace the sentence instead of filling it."""
    for name, variants in RESPONSES.items():
        for variant in variants:
            fields = set(re.findall(r"(?<!\{)\{(\w+)\}", str(variant.get("text", ""))))
            assert not fields & {"text", "image", "buttons", "custom", "attachment", "elements", "template"}, name


def test_the_sentences_keep_to_the_tone() -> None:
    for name, variants in RESPONSES.items():
        for variant in variants:
            sentence = variant.get("text", "")
            for word in ("亲", "工单", "断水断电", "停止供水", "限制", "门禁权限", "失信", "起诉", "NLU", "ID"):
                assert word not in sentence.replace("母亲", ""), f"{name}: {word}"


def test_every_topic_has_a_default_text() -> None:
    assert TOPICS.keys() | NEXT.keys() <= INTENTS
    written = {entry["topic"] for entry in load("company/default_company_info.yml")}
    assert set(TOPICS.values()) <= written


def test_the_interruption_lists_and_the_titles_name_intents() -> None:
    assert (ALWAYS | ANSWERS | STATEMENTS) - {"nlu_fallback"} <= INTENTS
    assert catalogue.section("intents").keys() == INTENTS - TALK


@pytest.mark.parametrize("name", sorted(CODE))
def test_no_sentence_is_buried_in_an_action(name: str) -> None:
    without_comments = re.sub(r'"""[\s\S]*?"""|#.*', "", CODE[name])
    assert not re.search(r"[\u4e00-\u9fff]{2,}", without_comments)
