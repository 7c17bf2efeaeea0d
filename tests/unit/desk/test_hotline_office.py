"""What supervisors and administrators do with the hotline: figures, reminders, opt-outs, prompts."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from integrations.desk import hotline_office
from integrations.voice.configuration import Asterisk, Hotline, Sip
from integrations.voice.prompts import Prompts, standard
from integrations.voice.reading import readable
from integrations.voice.sip.telephone import SipState
from integrations.voice.wav import as_wav
from property_db.audit.models import AuditEntry
from property_db.calls.models import CallOutcome
from property_db.handoff.models import AgentRole
from tests.unit.desk.conftest import Arrive, Browser, World
from tests.unit.desk.telephone import NUMBER, SOUND, carry, dials_out, hangs_up, rings, somebody

REMINDER: dict[str, Any] = {"kind": "appointment", "number": NUMBER, "text": "师傅明天上午九点上门"}


@pytest.fixture
async def supervisor(world: World) -> AsyncIterator[Browser]:
    """The supervisor, signed in."""
    browser = await somebody(world, "wangzhuren", "王主任", AgentRole.SUPERVISOR)
    yield browser
    await browser.http.aclose()


@pytest.fixture
async def admin(world: World) -> AsyncIterator[Browser]:
    """The administrator, signed in."""
    browser = await somebody(world, "guanli", "管理员", AgentRole.ADMIN)
    yield browser
    await browser.http.aclose()


async def acts(world: World) -> list[str]:
    async with world.database.reading() as session:
        rows = await session.scalars(select(AuditEntry.action).order_by(AuditEntry.id))
        return [action for action in rows if not action.startswith("desk.")]


@pytest.mark.parametrize(
    "path", ["calls", "figures", "state", "prompts", "prompts/greeting/sound", "outbound", "opt-outs"]
)
async def test_an_agent_is_refused_what_is_for_supervisors(xiaoli: Browser, path: str) -> None:
    answer = await xiaoli.http.get(f"/hotline/{path}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "supervisors_only")


async def test_an_agent_plans_and_releases_nothing(xiaoli: Browser) -> None:
    for path, body in (("outbound", REMINDER), (f"outbound/{'a' * 32}/release", {}), ("opt-outs", {"number": NUMBER})):
        answer = await xiaoli.http.post(f"/hotline/{path}", json=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "supervisors_only")


async def test_the_calls_of_before_come_a_page_at_a_time(
    world: World, supervisor: Browser, arrive: Arrive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hotline_office, "PAGE", 2)
    caller = await arrive(channel="voice")
    rows = [await rings(world, caller) for _ in range(3)]
    first = await supervisor.get("/hotline/calls")
    assert [call["id"] for call in first["calls"]] == [rows[2].public_id, rows[1].public_id]
    assert first["calls"][0]["conversation_id"] == caller.id
    second = await supervisor.get(f"/hotline/calls?before={first['before']}")
    assert ([call["id"] for call in second["calls"]], second["before"]) == ([rows[0].public_id], None)


async def test_the_figures_are_of_the_days_asked_for(world: World, supervisor: Browser) -> None:
    await hangs_up(world, await rings(world))
    world.clock.advance(days=1)
    await supervisor.login()
    await hangs_up(world, await rings(world), CallOutcome.VOICEMAIL, seconds=30)
    today, week = [await supervisor.get(f"/hotline/figures?days={days}") for days in (1, 7)]
    assert (today["calls"], today["voicemail"], today["self_served"], round(today["handling_seconds"])) == (1, 1, 0, 30)
    assert (week["calls"], week["self_served"], round(week["handling_seconds"])) == (2, 0.5, 45)
    assert week["connection_rate"] == week["answered_in_time"] == 1


async def test_without_calls_no_share_is_claimed(supervisor: Browser) -> None:
    figures = await supervisor.get("/hotline/figures")
    assert (figures["calls"], figures["connection_rate"], figures["handling_seconds"]) == (0, None, None)


async def test_the_state_of_recogniser_voice_and_lines(world: World, supervisor: Browser) -> None:
    switchboard = carry(world, await rings(world))
    switchboard.settings = Hotline(sip=Sip(), asterisk=Asterisk(secret=SecretStr("0123456789abcdef")))
    switchboard.transports = {"sip": SipState(True, "registered", None, 1, 1)}
    state = await supervisor.get("/hotline/state")
    assert (state["enabled"], state["calls"], state["most_calls"]) == (True, 1, 20)
    assert (state["recogniser"], state["voice"], state["keep_days"], state["outbound"]) == ("off", "ok", 90, False)
    lines = [(line["name"], line["ok"], line["detail"]) for line in state["transports"]]
    assert lines == [("sip", True, "registered"), ("asterisk", True, "listening"), ("browser", True, "listening")]


@pytest.mark.parametrize(
    ("state", "detail"),
    [
        (SipState(False, "off", None, 0, 0), "not_listening"),
        (SipState(True, "failed", "403", 0, 0), "refused"),
        (SipState(True, "failed", "no_answer", 0, 0), "unreachable"),
        (SipState(True, "registering", None, 0, 0), "registering"),
    ],
)
async def test_a_line_that_does_not_work_says_why(
    world: World, supervisor: Browser, state: SipState, detail: str
) -> None:
    switchboard = carry(world)
    switchboard.settings, switchboard.transports = Hotline(sip=Sip(), record=False), {"sip": state}
    shown = await supervisor.get("/hotline/state")
    assert (shown["transports"][0]["ok"], shown["transports"][0]["detail"]) == (False, detail)
    assert shown["keep_days"] is None


async def test_a_reminder_is_dialled_only_after_its_release(world: World, supervisor: Browser) -> None:
    planned = await supervisor.post("/hotline/outbound", **REMINDER, not_before="2026-11-22T09:00:00+08:00")
    assert (planned["state"], planned["created_by"], planned["released_by"]) == ("draft", "王主任", None)
    released = await supervisor.post(f"/hotline/outbound/{planned['id']}/release")
    assert (released["state"], released["next_at"]) == ("released", "2026-11-22T01:00:00Z")
    cancelled = await supervisor.post(f"/hotline/outbound/{planned['id']}/cancel")
    assert cancelled["state"] == "cancelled"
    assert [task["id"] for task in await supervisor.get("/hotline/outbound")] == [planned["id"]]
    assert await acts(world) == ["outbound.planned", "outbound.released", "outbound.cancelled"]


async def test_the_audit_says_to_whom_without_the_number(world: World, supervisor: Browser) -> None:
    planned = await supervisor.post("/hotline/outbound", **REMINDER)
    await supervisor.post(f"/hotline/outbound/{planned['id']}/release")
    async with world.database.reading() as session:
        rows = await session.scalars(select(AuditEntry).where(AuditEntry.action.startswith("outbound.")))
        assert [entry.detail["number"] for entry in rows] == ["138****8000", "138****8000"]


@pytest.mark.parametrize("number", ["0085212345678", "+85212345678"])
async def test_no_call_abroad_is_planned_unless_the_hotline_may(world: World, supervisor: Browser, number: str) -> None:
    refused = await supervisor.post("/hotline/outbound", expect=422, **{**REMINDER, "number": number})
    assert refused["error"]["code"] == "number_abroad"
    assert await acts(world) == []
    dials_out(world, international=True)
    await supervisor.post("/hotline/outbound", **{**REMINDER, "number": number})
    assert await acts(world) == ["outbound.planned"]


async def test_a_call_about_a_debt_needs_the_second_yes(supervisor: Browser) -> None:
    planned = await supervisor.post("/hotline/outbound", **{**REMINDER, "kind": "debt"})
    refused = await supervisor.post(f"/hotline/outbound/{planned['id']}/release", expect=409)
    assert refused["error"]["code"] == "debt_needs_confirmation"
    released = await supervisor.post(f"/hotline/outbound/{planned['id']}/release", confirm_debt=True)
    assert released["state"] == "released"


async def test_who_wants_no_calls_gets_none(supervisor: Browser) -> None:
    planned = await supervisor.post("/hotline/outbound", **REMINDER)
    entry = await supervisor.post("/hotline/opt-outs", number=NUMBER)
    assert (entry["number_masked"], entry["source"]) == ("138****8000", "agent")
    (task,) = await supervisor.get("/hotline/outbound")
    assert (task["id"], task["state"]) == (planned["id"], "opted_out")
    refused = await supervisor.post("/hotline/outbound", expect=409, **REMINDER)
    assert refused["error"]["code"] == "outbound_opted_out"
    assert (await supervisor.http.delete(f"/hotline/opt-outs/{entry['id']}")).status_code == 204
    assert await supervisor.get("/hotline/opt-outs") == []
    assert (await supervisor.http.delete(f"/hotline/opt-outs/{entry['id']}")).status_code == 404


async def test_a_supervisor_reads_the_prompts_and_changes_none(world: World, supervisor: Browser) -> None:
    carry(world)
    prompts = {prompt["name"]: prompt for prompt in await supervisor.get("/hotline/prompts")}
    assert list(prompts) == list(standard())
    assert prompts["goodbye"] == {
        "name": "goodbye",
        "text": standard()["goodbye"],
        "original": standard()["goodbye"],
        "changed": False,
        "recorded": False,
        "recordable": True,
        "playable": True,
    }
    assert not prompts["greeting"]["recordable"]
    refused = await supervisor.http.put("/hotline/prompts/goodbye", json={"text": "再会"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "admins_only")


async def test_an_administrator_changes_a_prompt_and_takes_it_back(world: World, admin: Browser) -> None:
    changed = (await admin.http.put("/hotline/prompts/goodbye", json={"text": "再会。"})).json()
    assert (changed["text"], changed["changed"]) == ("再会。", True)
    assert Prompts(world.services.settings.data_dir).text("goodbye") == "再会。"
    back = (await admin.http.put("/hotline/prompts/goodbye", json={"text": None})).json()
    assert (back["text"], back["changed"]) == (standard()["goodbye"], False)
    assert await acts(world) == ["prompt.text", "prompt.text"]


@pytest.mark.parametrize(
    ("name", "text", "status", "code"),
    [
        ("goodbye", "{company}再见", 422, "prompt_placeholders"),
        ("goodbye", "长" * 400, 422, "prompt_too_long"),
        ("nothing", "再见", 404, "prompt_unknown"),
        ("..secret", "再见", 404, "prompt_unknown"),
    ],
)
async def test_a_wrong_prompt_is_refused(admin: Browser, name: str, text: str, status: int, code: str) -> None:
    answer = await admin.http.put(f"/hotline/prompts/{name}", json={"text": text})
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


async def test_an_administrator_uploads_a_recording_and_removes_it(world: World, admin: Browser) -> None:
    files = {"file": ("再见.wav", as_wav(SOUND), "audio/wav")}
    kept = (await admin.http.put("/hotline/prompts/goodbye/recording", files=files)).json()
    assert (kept["recorded"], kept["playable"]) == (True, True)
    played = await admin.http.get("/hotline/prompts/goodbye/sound")
    assert (played.headers["content-type"], played.content) == ("audio/wav", as_wav(SOUND))
    gone = (await admin.http.delete("/hotline/prompts/goodbye/recording")).json()
    assert (gone["recorded"], gone["playable"]) == (False, False)
    assert await acts(world) == ["prompt.recorded", "prompt.recording_removed"]


async def test_what_is_no_sound_or_stands_for_a_changing_sentence_is_refused(admin: Browser) -> None:
    for name, sound, code in (
        ("goodbye", b"no sound at all", "prompt_sound"),
        ("greeting", as_wav(SOUND), "prompt_placeholders"),
    ):
        files = {"file": ("a.wav", sound, "audio/wav")}
        answer = await admin.http.put(f"/hotline/prompts/{name}/recording", files=files)
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, code)


async def test_a_prompt_without_a_recording_is_played_by_the_voice(world: World, supervisor: Browser) -> None:
    voice = carry(world).voice
    answer = await supervisor.http.get("/hotline/prompts/greeting/sound")
    assert answer.content == as_wav(SOUND)
    assert voice.said == [readable(standard()["greeting"].format(company=world.services.settings.company_name))]
    voice.down = True
    answer = await supervisor.http.get("/hotline/prompts/greeting/sound")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "voice_down")
