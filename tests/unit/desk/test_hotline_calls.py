"""The telephone in a conversation: what was heard and how surely, the recordings, and calling back."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select

from integrations.voice.wav import as_wav
from property_db.audit.models import AuditEntry
from property_db.calls import voicemail
from property_db.calls.models import OutboundKind, OutboundState, OutboundTask, RecordingKind
from property_db.handoff.models import AgentRole
from tests.unit.desk.conftest import Arrive, Browser, World
from tests.unit.desk.telephone import NUMBER, SOUND, carry, dials_out, hangs_up, hears, records, rings, somebody


@pytest.fixture
async def supervisor(world: World) -> AsyncIterator[Browser]:
    """The supervisor, signed in."""
    browser = await somebody(world, "wangzhuren", "王主任", AgentRole.SUPERVISOR)
    yield browser
    await browser.http.aclose()


async def audited(world: World, action: str) -> list[AuditEntry]:
    async with world.database.reading() as session:
        return list(await session.scalars(select(AuditEntry).where(AuditEntry.action == action)))


async def planned(world: World) -> list[OutboundTask]:
    async with world.database.reading() as session:
        return list(await session.scalars(select(OutboundTask)))


async def test_what_was_heard_stands_by_its_message_with_how_sure_it_is(
    world: World, xiaoli: Browser, arrive: Arrive
) -> None:
    caller = await arrive(channel="voice")
    call = await rings(world, caller)
    sure, unsure = await caller.says("厨房漏水"), await caller.says("三号罗尔丹元")
    recording = await hears(world, call, "厨房漏水", 0.93, sure.id)
    await hears(world, call, "三号罗尔丹元", 0.41, unsure.id, record=False)
    telephone = await xiaoli.get(f"/conversations/{caller.id}/calls")
    assert recording is not None
    shown = [(one["seq"], one["low"], one["recording_id"]) for one in telephone["heard"]]
    assert shown == [(sure.seq, False, recording.public_id), (unsure.seq, True, None)]
    (row,) = telephone["calls"]
    assert (row["id"], row["state"], row["ended_at"]) == (call.public_id, "talking", None)


async def test_a_call_that_is_over_says_how_it_ended_and_masks_the_number(
    world: World, xiaoli: Browser, arrive: Arrive
) -> None:
    caller = await arrive(channel="voice")
    await hangs_up(world, await rings(world, caller))
    answer = await xiaoli.http.get(f"/conversations/{caller.id}/calls")
    (row,) = answer.json()["calls"]
    assert (row["state"], row["outcome"]) == ("ended", "self_served")
    assert answer.json()["number_masked"] == row["number_masked"] == "138****8000"
    assert NUMBER not in answer.text


async def test_a_conversation_of_another_channel_has_no_telephone(xiaoli: Browser, arrive: Arrive) -> None:
    telephone = await xiaoli.get(f"/conversations/{(await arrive()).id}/calls")
    assert (telephone["calls"], telephone["heard"], telephone["number_masked"]) == ([], [], None)


async def test_an_agent_plays_a_recording_and_is_noted(world: World, xiaoli: Browser, arrive: Arrive) -> None:
    recording = await hears(world, await rings(world, await arrive(channel="voice")), "漏水")
    assert recording is not None
    answer = await xiaoli.http.get(f"/recordings/{recording.public_id}")
    assert (answer.headers["content-type"], answer.content) == ("audio/wav", as_wav(SOUND))
    assert "no-store" in answer.headers["cache-control"]
    (entry,) = await audited(world, "recording.played")
    assert (entry.actor, entry.subject) == (f"agent:{xiaoli.id}", f"recording:{recording.id}")


async def test_the_pieces_a_browser_asks_for_are_one_act_of_listening(
    world: World, xiaoli: Browser, arrive: Arrive
) -> None:
    recording = await hears(world, await rings(world, await arrive(channel="voice")), "漏水")
    assert recording is not None
    for asked in ("bytes=1-", "bytes=1000-"):
        piece = await xiaoli.http.get(f"/recordings/{recording.public_id}", headers={"Range": asked})
        assert piece.status_code == 206
    assert len(await audited(world, "recording.played")) == 1
    world.clock.advance(minutes=6)
    await xiaoli.http.get(f"/recordings/{recording.public_id}")
    assert len(await audited(world, "recording.played")) == 2


async def test_nobody_outside_the_desk_hears_a_recording(world: World, arrive: Arrive) -> None:
    recording = await hears(world, await rings(world, await arrive(channel="voice")), "漏水")
    assert recording is not None
    stranger = Browser(world, "nobody")
    assert (await stranger.http.get(f"/recordings/{recording.public_id}")).status_code == 401
    assert await audited(world, "recording.played") == []
    await stranger.http.aclose()


async def test_a_recording_whose_file_is_gone_or_elsewhere_is_not_found(
    world: World, xiaoli: Browser, arrive: Arrive
) -> None:
    call = await rings(world, await arrive(channel="voice"))
    gone, elsewhere = [await records(world, call, RecordingKind.UTTERANCE) for _ in range(2)]
    (world.services.settings.data_dir / "recordings" / gone.file).unlink()
    async with world.database.transaction() as session:
        (await session.merge(elsewhere)).file = "../guanjia.db"
    for one in (gone, elsewhere):
        assert (await xiaoli.http.get(f"/recordings/{one.public_id}")).status_code == 404
    assert await audited(world, "recording.played") == []


async def test_a_voicemail_is_there_with_its_words_and_its_ticket(
    world: World, xiaoli: Browser, arrive: Arrive
) -> None:
    caller = await arrive(channel="voice")
    call = await rings(world, caller)
    recording = await records(world, call, RecordingKind.VOICEMAIL)
    async with world.database.transaction() as session:
        await session.refresh(row := await session.merge(call))
        ticket = await voicemail.file(session, row, recording, "电梯坏了", "13900139000", world.clock)
    telephone = await xiaoli.get(f"/conversations/{caller.id}/calls")
    (left,) = telephone["voicemails"]
    assert (left["id"], left["transcript"], left["ticket_number"]) == (recording.public_id, "电梯坏了", ticket.number)
    assert telephone["number_masked"] == "139****9000"
    (waiting,) = (await xiaoli.get("/overview"))["waiting"]
    assert (waiting["kind"], waiting["reason"]) == ("callback", "voicemail")


async def test_an_agent_sets_and_removes_the_own_telephone(world: World, xiaoli: Browser, xiaozhang: Browser) -> None:
    assert (await xiaoli.get("/me/phone"))["number"] is None
    assert (await xiaoli.http.put("/me/phone", json={"number": "8001"})).json() == {"number": "8001"}
    assert (await xiaoli.get("/me/phone"))["number"] == "8001"
    assert (await xiaozhang.get("/me/phone"))["number"] is None
    assert (await xiaoli.http.put("/me/phone", json={"number": None})).json() == {"number": None}


@pytest.mark.parametrize("number", ["", "1", "电话", "138-0013", "1" * 21])
async def test_what_is_no_number_is_refused(xiaoli: Browser, number: str) -> None:
    assert (await xiaoli.http.put("/me/phone", json={"number": number})).status_code == 422


async def test_calling_back_rings_by_a_released_task(world: World, xiaoli: Browser, arrive: Arrive) -> None:
    caller = await arrive(channel="voice")
    await hangs_up(world, await rings(world, caller))
    dials_out(world)
    await xiaoli.http.put("/me/phone", json={"number": "8001"})
    task = await xiaoli.post("/calls/back", conversation_id=caller.id)
    assert (task["kind"], task["state"], task["number_masked"]) == ("callback", "released", "138****8000")
    (row,) = await planned(world)
    assert (row.number, row.state, row.kind) == (NUMBER, OutboundState.RELEASED, OutboundKind.CALLBACK)
    assert (row.created_by, row.released_by, row.at_night) == (xiaoli.id, xiaoli.id, True)
    assert row.conversation_id == caller.conversation.id


async def test_calling_back_needs_a_telephone_of_the_agent_and_a_number(
    world: World, xiaoli: Browser, arrive: Arrive
) -> None:
    dials_out(world)
    hidden = await arrive(channel="voice")
    await hangs_up(world, await rings(world, hidden, number=None))
    refused = await xiaoli.post("/calls/back", expect=409, conversation_id=hidden.id)
    assert refused["error"]["code"] == "agent_phone_missing"
    assert "我的电话" in refused["error"]["message"]
    await xiaoli.http.put("/me/phone", json={"number": "8001"})
    refused = await xiaoli.post("/calls/back", expect=409, conversation_id=hidden.id)
    assert refused["error"]["code"] == "call_back_number_unknown"
    await xiaoli.post("/calls/back", expect=422)
    assert await planned(world) == []


async def test_nobody_calls_back_a_number_of_their_own_choice(world: World, xiaoli: Browser, arrive: Arrive) -> None:
    dials_out(world)
    await xiaoli.http.put("/me/phone", json={"number": "8001"})
    caller = await arrive(channel="voice")
    await hangs_up(world, await rings(world, caller))
    await xiaoli.post("/calls/back", expect=422, number="13900139000")
    await xiaoli.post("/calls/back", expect=422, number="13900139000", conversation_id=caller.id)
    assert await planned(world) == []


@pytest.mark.parametrize("number", ["0085212345678", "+85212345678"])
async def test_nobody_abroad_is_called_back_unless_the_hotline_may(
    world: World, xiaoli: Browser, arrive: Arrive, number: str
) -> None:
    dials_out(world)
    await xiaoli.http.put("/me/phone", json={"number": "8001"})
    caller = await arrive(channel="voice")
    await hangs_up(world, await rings(world, caller, number=number))
    refused = await xiaoli.post("/calls/back", expect=422, conversation_id=caller.id)
    assert refused["error"]["code"] == "number_abroad"
    assert "international: true" in refused["error"]["message"]
    assert await planned(world) == []
    dials_out(world, international=True)
    await xiaoli.post("/calls/back", conversation_id=caller.id)
    assert [task.number for task in await planned(world)] == [number]


@pytest.mark.parametrize("number", ["0085212345678", "+85212345678"])
async def test_an_agent_s_telephone_is_not_abroad_unless_the_hotline_may_call_there(
    world: World, xiaoli: Browser, number: str
) -> None:
    for _ in range(2):  # without a hotline, and with one
        refused = await xiaoli.http.put("/me/phone", json={"number": number})
        assert (refused.status_code, refused.json()["error"]["code"]) == (422, "number_abroad")
        dials_out(world)
    assert (await xiaoli.http.put("/me/phone", json={"number": "+8613800138000"})).json() == {"number": NUMBER}
    dials_out(world, international=True)
    assert (await xiaoli.http.put("/me/phone", json={"number": number})).json() == {"number": number}
    assert [entry.detail["number"] for entry in await audited(world, "agent_phone.set")] == [
        "138****8000",
        f"{number[:3]}****5678",
    ]


async def test_where_no_calls_are_placed_a_call_back_is_refused(world: World, xiaoli: Browser, arrive: Arrive) -> None:
    carry(world)
    await xiaoli.http.put("/me/phone", json={"number": "8001"})
    caller = await arrive(channel="voice")
    await hangs_up(world, await rings(world, caller))
    refused = await xiaoli.post("/calls/back", expect=409, conversation_id=caller.id)
    assert refused["error"]["code"] == "call_back_off"
    assert "hotline.yml" in refused["error"]["message"]
    assert await planned(world) == []


async def test_every_write_carries_the_token(world: World, supervisor: Browser) -> None:
    del supervisor.http.headers["X-CSRF-Token"]
    writes = [
        ("PUT", "/me/phone", {"number": "8001"}),
        ("POST", "/calls/back", {"conversation_id": "a" * 32}),
        ("POST", "/hotline/outbound", {"kind": "outage", "number": "13900139000", "text": "停水"}),
        ("POST", f"/hotline/outbound/{'a' * 32}/release", {}),
        ("POST", f"/hotline/outbound/{'a' * 32}/cancel", {}),
        ("POST", "/hotline/opt-outs", {"number": "13900139000"}),
        ("DELETE", "/hotline/opt-outs/1", None),
        ("PUT", "/hotline/prompts/greeting", {"text": "您好"}),
        ("DELETE", "/hotline/prompts/greeting/recording", None),
    ]
    for method, path, body in writes:
        answer = await supervisor.http.request(method, path, json=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "csrf"), path
