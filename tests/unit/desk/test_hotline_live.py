"""The calls of this moment, and a supervisor who listens in."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select

from property_db.audit.models import AuditEntry
from property_db.calls import service as calls
from property_db.calls.models import Call, CallState
from property_db.handoff.models import AgentRole
from tests.unit.desk.conftest import Arrive, Browser, World
from tests.unit.desk.telephone import Page, carry, hangs_up, hears, rings, somebody


@pytest.fixture
async def supervisor(world: World) -> AsyncIterator[Browser]:
    """The supervisor, signed in."""
    browser = await somebody(world, "wangzhuren", "王主任", AgentRole.SUPERVISOR)
    yield browser
    await browser.http.aclose()


async def listened(world: World) -> list[AuditEntry]:
    async with world.database.reading() as session:
        return list(await session.scalars(select(AuditEntry).where(AuditEntry.action == "call.listened")))


def address(call: Call) -> str:
    return f"/calls/{call.public_id}/listen"


async def test_an_agent_sees_the_calls_that_go_on(world: World, xiaoli: Browser, arrive: Arrive) -> None:
    caller = await arrive(channel="voice")
    call, over = await rings(world, caller), await rings(world)
    await hangs_up(world, over, seconds=0)
    await hears(world, call, "厨房漏水", record=False)
    async with world.database.transaction() as session:
        await calls.set_state(session, call.id, CallState.WITH_AGENT, world.clock, agent_id=xiaoli.id)
    carry(world, call)
    (shown,) = (await xiaoli.get("/hotline/live"))["calls"]
    assert (shown["id"], shown["state"], shown["agent_name"]) == (call.public_id, "with_agent", "小李")
    assert (shown["number_masked"], shown["last_heard"]) == ("138****8000", "厨房漏水")
    assert (shown["conversation_id"], shown["can_listen"]) == (caller.id, False)


async def test_a_supervisor_may_listen_to_what_this_process_carries(world: World, supervisor: Browser) -> None:
    here, elsewhere = await rings(world), await rings(world)
    carry(world, here)
    shown = {call["id"]: call["can_listen"] for call in (await supervisor.get("/hotline/live"))["calls"]}
    assert shown == {here.public_id: True, elsewhere.public_id: False}


async def test_without_a_telephone_the_page_says_so(supervisor: Browser) -> None:
    live = await supervisor.get("/hotline/live")
    assert (live["enabled"], live["calls"]) == (False, [])


async def test_a_supervisor_hears_the_call_until_it_ends_and_is_noted(world: World, supervisor: Browser) -> None:
    call = await rings(world)
    carry(world, call).pieces = [b"\x01\x00" * 160, b"\x02\x00" * 160]
    page = Page(world, supervisor, address(call))
    said = [await page.next() for _ in range(4)]
    assert [one["type"] for one in said] == [
        "websocket.accept",
        "websocket.send",
        "websocket.send",
        "websocket.close",
    ]
    assert said[1]["bytes"] == b"\x01\x00" * 160
    assert said[3]["code"] == 1000
    await page.running
    (entry,) = await listened(world)
    assert (entry.actor, entry.subject) == (f"agent:{supervisor.id}", f"call:{call.id}")


async def test_a_listener_who_leaves_is_let_go(world: World, supervisor: Browser) -> None:
    call = await rings(world)
    switchboard = carry(world, call)
    switchboard.pieces, switchboard.endless = [b"\x01\x00"], True
    page = Page(world, supervisor, address(call))
    assert [(await page.next())["type"] for _ in range(2)] == ["websocket.accept", "websocket.send"]
    await page.leaves()
    assert switchboard.left


async def test_nobody_but_a_supervisor_on_our_own_page_listens(
    world: World, xiaoli: Browser, supervisor: Browser
) -> None:
    call = await rings(world)
    carry(world, call)
    for page in (
        Page(world, None, address(call)),
        Page(world, xiaoli, address(call)),
        Page(world, supervisor, address(call), origin="http://elsewhere.test"),
    ):
        assert (await page.next())["type"] == "websocket.close"
        await page.running
    assert await listened(world) == []


async def test_a_call_that_is_over_cannot_be_listened_to(world: World, supervisor: Browser) -> None:
    call = await rings(world)
    carry(world)
    page = Page(world, supervisor, address(call))
    assert (await page.next())["type"] == "websocket.close"
    await page.running
    assert await listened(world) == []
