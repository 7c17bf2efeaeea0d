"""What every action can rely on: refusals become sentences, failures apologies, and nothing happens twice."""

import asyncio
from typing import Any

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy import func, select, text

from actions import base
from actions.base import DomainAction
from actions.turn import Event, Turn
from property_db.complaints.models import Complaint
from property_db.database import Database
from property_db.errors import DomainError
from tests.unit.actions.conftest import Resident


class _Probe(DomainAction):
    """An action whose work a test decides; the executor passes over modules of its own package."""

    __module__ = "rasa_sdk.probe"
    writes = True

    def __init__(self, work: Any = None) -> None:
        self._work = work

    def name(self) -> str:
        return "action_probe"

    async def work(self, turn: Turn) -> list[Event]:
        result: list[Event] = await self._work(turn)
        return result


async def run(resident: Resident, work: Any) -> tuple[list[str], list[Event]]:
    tracker = Tracker(resident.sender_id, {}, resident.latest, resident.events, False, None, {}, None)
    dispatcher = CollectingDispatcher()
    events = await _Probe(work).run(dispatcher, tracker, {})
    return [said["response"] for said in dispatcher.messages], events


async def test_a_refusal_becomes_its_sentence_and_undoes_what_was_said(wang: Resident) -> None:
    async def work(turn: Turn) -> list[Event]:
        turn.say("utter_too_early")
        raise DomainError(number="WX1")

    await wang.says("x")
    assert await run(wang, work) == (["utter_refused"], [])


async def test_the_engines_port_answers_about_no_conversation_but_the_engines_own(
    wang: Resident, stranger: Resident
) -> None:
    async def work(turn: Turn) -> list[Event]:
        turn.say("utter_too_early")
        return []

    await wang.says("我家欠费吗")
    stranger.latest = wang.latest
    assert await run(wang, work) == (["utter_too_early"], [])
    assert (await run(stranger, work))[0] != ["utter_too_early"]


async def test_any_other_error_becomes_an_apology_and_never_leaves_the_action(
    wang: Resident, capsys: pytest.CaptureFixture[str]
) -> None:
    async def work(turn: Turn) -> list[Event]:
        raise ValueError("王建国 13800138000")

    await wang.says("我叫王建国")
    assert await run(wang, work) == (["utter_internal_error"], [])
    logged = capsys.readouterr().out
    assert "ValueError" in logged
    assert "王建国" not in logged
    assert "13800138000" not in logged


async def test_a_message_without_a_conversation_is_answered_with_an_apology(wang: Resident) -> None:
    async def work(turn: Turn) -> list[Event]:
        raise AssertionError("must not get here")

    await wang.says("x")
    wang.latest["metadata"] = {}
    assert (await run(wang, work))[0] == ["utter_internal_error"]


async def test_an_action_that_takes_too_long_apologises(wang: Resident, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(turn: Turn) -> list[Event]:
        await asyncio.Event().wait()
        return []

    monkeypatch.setattr(base, "LIMIT_S", 0.01)
    await wang.says("x")
    assert (await run(wang, work))[0] == ["utter_too_slow"]


async def test_a_busy_database_is_said_so(wang: Resident, database: Database) -> None:
    async def work(turn: Turn) -> list[Event]:
        return []

    await wang.says("x")
    async with database.transaction() as other_writer:
        await other_writer.execute(text("SELECT 1"))
        assert (await run(wang, work))[0] == ["utter_database_busy"]


async def test_the_same_message_is_done_once_and_answered_alike(wang: Resident) -> None:
    done = []

    async def work(turn: Turn) -> list[Event]:
        done.append(1)
        turn.say("utter_thank", number=len(done))
        return [{"event": "slot", "name": "offer", "value": len(done), "timestamp": None}]

    await wang.says("x")
    first = await run(wang, work)
    assert await run(wang, work) == first
    assert done == [1]


async def test_what_fails_is_not_remembered_as_done(wang: Resident) -> None:
    async def fails(turn: Turn) -> list[Event]:
        raise ValueError

    async def works(turn: Turn) -> list[Event]:
        turn.say("utter_thank")
        return []

    await wang.says("x")
    await run(wang, fails)
    assert (await run(wang, works))[0] == ["utter_thank"]


async def test_a_message_the_engine_sees_twice_gets_what_was_done_for_it_whatever_rule_now_fits(
    wang: Resident, database: Database
) -> None:
    await wang.begins("complaint_form", "楼上半夜装修吵得睡不着", "complain_neighbor")
    await wang.answers("不用说了", "deny")
    await wang.answers("确认提交", "affirm")
    wang.form = None
    filed = await wang.gets("action_file_complaint")
    wang.hears_again()
    again = await wang.gets("action_affirm")
    assert again.said == filed.said
    async with database.reading() as session:
        count = await session.scalar(
            select(func.count()).select_from(Complaint).where(Complaint.conversation_id == wang.conversation_id)
        )
    assert count == 1


async def test_a_message_the_engine_sees_twice_in_a_form_is_not_taken_for_the_next_answer(wang: Resident) -> None:
    await wang.begins("report_repair_form", "报修马桶", "report_repair", facility="马桶")
    await wang.answers("堵了", "report_repair")
    assert wang.asked == "repair_place"
    wang.hears_again()
    await wang.gets("validate_report_repair_form")
    assert wang.asked == "repair_place"
    assert wang.slots.get("repair_place") is None


async def test_braces_and_brackets_in_a_residents_words_do_not_break_the_sentence(wang: Resident) -> None:
    async def work(turn: Turn) -> list[Event]:
        turn.say("utter_thank", what="A10[坏] {number}")
        return []

    await wang.says("x")
    tracker = Tracker(wang.sender_id, {}, wang.latest, wang.events, False, None, {}, None)
    dispatcher = CollectingDispatcher()
    await _Probe(work).run(dispatcher, tracker, {})
    assert "0[" not in dispatcher.messages[0]["what"]
