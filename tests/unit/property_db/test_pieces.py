"""Masks, clocks, refusals, states, blocks and texts."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from property_db import catalogue
from property_db.clock import SHANGHAI, Clock, SettableClock
from property_db.conversations import blocks
from property_db.emergencies.service import phones_for, safety_text
from property_db.errors import DomainError
from property_db.estates.models import Estate
from property_db.estates.settings import settings_of
from property_db.handoff.passwords import hash_password, verify_password
from property_db.people import codes
from property_db.people.masking import is_mobile, mask_name, mask_phone
from property_db.tickets.lifecycle import OPEN, RESIDENT_CHANGES, WAYS, may_move
from property_db.tickets.models import TicketState

ROOT = Path(__file__).parents[3]
KINDS = ["gas", "fire", "lift", "electric", "water", "falling", "people", "medical", "unknown"]


@pytest.mark.parametrize(
    ("name", "masked"), [("王建国", "王**"), ("李明", "李*"), ("欧", "欧"), ("", ""), ("欧阳娜娜", "欧***")]
)
def test_a_name_keeps_its_first_character(name: str, masked: str) -> None:
    assert mask_name(name) == masked


@pytest.mark.parametrize(
    ("phone", "masked"), [("13800138000", "138****8000"), ("88001800", "******00"), ("1", "1"), ("", "")]
)
def test_a_number_keeps_its_ends(phone: str, masked: str) -> None:
    assert mask_phone(phone) == masked


def test_mobile_numbers_have_eleven_digits_and_a_mobile_beginning() -> None:
    assert is_mobile("13800138000")
    for wrong in ("12800138000", "1380013800", "138001380000", "13800138000\n", "１３８００１３８０００"):
        assert not is_mobile(wrong)


def test_a_code_matches_itself_only() -> None:
    code = codes.new_code()
    assert len(code) == 6
    assert code.isdecimal()
    hashed = codes.hash_code("012345")
    assert codes.matches("012345", hashed)
    assert not codes.matches("12345", hashed)
    assert codes.hash_code("012345") != hashed


async def test_a_password_is_verified_and_nobody_has_none() -> None:
    hashed = await hash_password("guanjia-demo")
    assert await verify_password(hashed, "guanjia-demo")
    assert not await verify_password(hashed, "guanjia")
    assert not await verify_password("not a hash", "guanjia-demo")
    assert not await verify_password(None, "nobody has this password")


def test_a_clock_that_was_set_stands_still_until_it_is_moved() -> None:
    clock = SettableClock(datetime(2026, 11, 21, 23, 30, tzinfo=SHANGHAI))
    assert clock.now() == datetime(2026, 11, 21, 15, 30, tzinfo=UTC)
    assert clock.today().isoformat() == "2026-11-21"
    clock.advance(hours=1)
    assert clock.today().isoformat() == "2026-11-22"
    with pytest.raises(ValueError, match="aware"):
        clock.set(datetime(2026, 11, 21))
    assert Clock().now().tzinfo is UTC


def test_a_refusal_carries_what_its_sentence_needs_as_text() -> None:
    refusal = DomainError(count=3, number="WX261121-0001")
    assert refusal.params == {"count": "3", "number": "WX261121-0001"}
    assert (refusal.code, refusal.status) == ("refused", 409)


def test_every_state_of_a_repair_can_be_reached_and_has_a_word() -> None:
    reached = {TicketState.NEW} | {to for ways in WAYS.values() for to in ways}
    assert reached == set(TicketState)
    assert set(WAYS) == set(TicketState)
    texts = catalogue.load("tickets/texts.yml")
    assert set(texts["states"]) == {state.value for state in TicketState}
    assert set(texts["moves"]) == {state.value for state in TicketState} - {"new"}


def test_a_finished_repair_is_never_open_and_an_open_one_always_has_an_end() -> None:
    ends = {TicketState.DONE, TicketState.CANCELLED}
    for state in OPEN:
        seen, todo = set(), [state]
        while todo:
            here = todo.pop()
            seen.add(here)
            todo += [to for to in WAYS[here] if to not in seen]
        assert ends & seen
    assert RESIDENT_CHANGES < OPEN
    assert not may_move(TicketState.CLOSED, TicketState.REOPENED)
    assert all(may_move(state, TicketState.CANCELLED) for state in RESIDENT_CHANGES)


ANSWER = [
    blocks.Text(text="您好"),
    blocks.Choices(options=[blocks.Choice(id="1", title="转人工", payload="/request_human")]),
    blocks.BillCard(
        title="物业费",
        home="3栋2单元501",
        total_fen=25060,
        lines=[blocks.BillLine(label="物业费 2026-10", amount_fen=25060, state="unpaid", due_on="2026-10-31")],
    ),
    blocks.TicketCard(number="WX261121-0042", title="水龙头 漏水", state="new", state_text="已受理", home="501"),
    blocks.NoticeCard(title="停水", body="检修", notice_kind="outage"),
    blocks.Picture(url="/x.png", alt="阀门"),
    blocks.Link(title="缴费", url="https://example.com"),
    blocks.RatingRequest(prompt="请评价", subject="conversation", reference="abc"),
    blocks.Ask(value="phone"),
    blocks.Bind(prompt="请先绑定房屋"),
    blocks.Emergency(text="请离开", phones=[blocks.EmergencyPhone(label="火警", number="119")]),
    blocks.System(text="客服已接入", event="agent_joined"),
]


def test_every_block_survives_being_kept() -> None:
    assert blocks.parse(blocks.dump(ANSWER)) == ANSWER
    assert [blocks.parse_one(stored) for stored in blocks.dump(ANSWER)] == ANSWER


def test_a_resident_never_gets_a_payload() -> None:
    stored = blocks.dump(ANSWER)
    shown = blocks.for_resident(stored)
    assert "payload" not in str(shown)
    assert "request_human" not in str(shown)
    assert blocks.choice_in(stored, "1") == blocks.Choice(id="1", title="转人工", payload="/request_human")
    assert blocks.choice_in(stored, "2") is None


def test_an_unknown_or_malformed_block_is_refused() -> None:
    for wrong in ([{"kind": "script"}], [{"kind": "text"}], [{"kind": "text", "text": "x", "extra": 1}], "x"):
        with pytest.raises(ValidationError):
            blocks.parse(wrong)


def test_the_plain_text_of_an_answer_is_its_sentences() -> None:
    assert blocks.plain_text(blocks.dump(ANSWER)) == "您好\n请离开\n客服已接入"


@pytest.mark.parametrize("kind", KINDS)
def test_every_danger_has_a_text_and_a_number_even_where_the_estate_is_unknown(kind: str) -> None:
    assert "{" not in safety_text(kind)
    assert phones_for(kind)
    estate = Estate(settings={"gas_phone": "0571-96177", "emergency_phone": "0571-88001800"})
    assert "{" not in safety_text(kind, estate)
    assert "0571-88001800" in safety_text(kind, estate)


def test_the_texts_say_what_the_law_of_safety_says() -> None:
    """The order and the prohibitions of domain.md; a change of wording must keep them."""
    gas = safety_text("gas")
    assert gas.index("离开") < gas.index("总阀") < gas.index("室外安全处后再拨打")
    assert "不要开关" in gas
    assert "不要点火" in gas
    assert "不要在屋内打电话" in gas
    lift = safety_text("lift")
    assert "不要扒门" in lift
    assert "报警按钮" in lift
    fire = safety_text("fire")
    assert fire.index("离开") < fire.index("119")
    assert "不要乘电梯" in fire
    assert "低姿" in fire
    electric = safety_text("electric")
    assert "断电之前不要用手碰" in electric
    assert "120" in electric
    assert "不要踏进水里" in safety_text("water")
    assert "110" in safety_text("people")


def test_every_kind_the_detector_knows_has_a_text() -> None:
    from typing import get_args

    from bot.language.emergency import EmergencyKind

    assert set(get_args(EmergencyKind)) == set(catalogue.load("emergencies/safety_texts.yml")["kinds"]) == set(KINDS)


def _guides() -> list[dict[str, object]]:
    guides: list[dict[str, object]] = catalogue.load("guides/default_guides.yml")
    return guides


def test_there_are_enough_guides_and_each_is_whole() -> None:
    guides = _guides()
    assert len(guides) >= 30
    assert len({guide["facility"] for guide in guides}) >= 25
    assert len({(guide["facility"], guide["fault"]) for guide in guides}) == len(guides)
    for guide in guides:
        assert guide["keywords"], guide
        assert 2 <= len(guide["steps"]) <= 6, guide  # type: ignore[arg-type]
        assert len(str(guide["warning"])) <= 500


def test_guides_name_facilities_of_the_repair_catalogue() -> None:
    lexicon = yaml.safe_load((ROOT / "nlu_data/lexicon/facilities.yml").read_text(encoding="utf-8"))
    assert {guide["facility"] for guide in _guides()} <= {entry["name"] for entry in lexicon["facilities"]}


@pytest.mark.parametrize("facility", ["燃气管道", "配电箱", "插座", "电线", "电梯", "外墙", "燃气报警器"])
def test_what_can_kill_is_left_to_professionals_and_warned_of(facility: str) -> None:
    guides = [guide for guide in _guides() if guide["facility"] == facility]
    assert guides
    assert all(guide.get("professional_only") and guide["warning"] for guide in guides)


def test_there_is_a_text_for_every_service_intent() -> None:
    topics = {entry["topic"] for entry in catalogue.load("company/default_company_info.yml")}
    assert topics >= {
        "office_info", "how_to_pay", "late_fee", "invoice", "vacancy_discount", "utility", "deposit_refund",
        "repair_responsibility", "repair_price", "parking_rental", "parking_problem", "visitor_pass", "access_card",
        "renovation", "move_out_pass",
    }  # fmt: skip


def test_nothing_the_company_says_threatens_to_cut_anybody_off() -> None:
    """民法典 944: no cutting of water, power, gas or heating to collect, nor of access, lifts or parking."""
    late = next(e for e in catalogue.load("company/default_company_info.yml") if e["topic"] == "late_fee")
    assert "不会影响您家正常用水用电用气和乘坐电梯" in late["body"]


def test_an_estate_without_settings_has_safe_defaults() -> None:
    settings = settings_of(None)
    assert (settings.late_fee_rate, settings.max_urges, settings.gas_phone) == (0, 3, "")


def test_the_tables_are_complete_after_importing_any_one_subject() -> None:
    """Foreign keys name tables of other subjects, so whoever uses one subject alone must not miss them."""
    program = (
        "from property_db.database import Database\n"
        "from property_db.fees import service\n"
        "from property_db.base import Base\n"
        "from sqlalchemy.orm import configure_mappers\n"
        "configure_mappers()\n"
        "assert len(Base.metadata.sorted_tables) == 44, len(Base.metadata.sorted_tables)\n"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program], cwd=ROOT, check=True)
