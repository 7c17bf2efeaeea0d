"""Agents who vanish: nobody stays with one who is gone, and nobody waits before an empty desk."""

from integrations.desk.presence import PresenceSweeper
from integrations.gateway.hub import ConversationChanged, MessageStored
from property_db.handoff import service as handoff
from property_db.handoff.models import AgentStatus, QueueItem, QueueKind, QueueState
from tests.unit.desk.conftest import Arrive, Browser, Resident, World


async def sweep(world: World) -> None:
    await PresenceSweeper(world.services, world.realtime).sweep()


async def is_there(world: World, agent: Browser) -> None:
    async with world.database.transaction() as session:
        await handoff.seen(session, agent.id, world.clock)


async def item_of(world: World, item: int) -> QueueItem:
    async with world.database.reading() as session:
        return await session.get_one(QueueItem, item)


async def active(agent: Browser) -> int:
    return int((await agent.get("/me"))["agent"]["active"])


async def last_event(resident: Resident) -> object:
    return (await resident.messages())[-1].blocks[0]["event"]


async def test_whoever_a_vanished_agent_held_waits_before_all_others(
    world: World, xiaoli: Browser, xiaozhang: Browser, arrive: Arrive
) -> None:
    wang, li = await arrive("王建国"), await arrive()
    item = await wang.asks_for_a_person()
    await xiaoli.post(f"/queue/{item}/take")
    waits_longer = await li.asks_for_a_person()
    version = (await item_of(world, item)).version
    world.clock.advance(minutes=4)
    await is_there(world, xiaozhang)
    await sweep(world)
    assert await wang.state() == "human", "a closed lid or a lost line is no reason yet"
    world.clock.advance(minutes=2)
    await is_there(world, xiaozhang)
    world.told.clear()
    await sweep(world)
    row = await item_of(world, item)
    assert (await wang.state(), row.state, row.kind) == ("waiting", QueueState.WAITING, QueueKind.CHAT)
    assert (row.agent_id, row.version) == (None, version + 1)
    assert await active(xiaoli) == 0
    told = (await wang.messages())[-1]
    assert await last_event(wang) == "requeued"
    assert world.told == [MessageStored(wang.conversation.id, told.id), ConversationChanged(wang.conversation.id)]
    waiting = [row["id"] for row in (await xiaozhang.get("/overview"))["waiting"]]
    assert waiting == [item, waits_longer]
    await sweep(world)
    assert (await wang.messages())[-1].id == told.id, "said once"
    await xiaozhang.post(f"/queue/{item}/take")
    assert await wang.state() == "human"
    assert await last_event(wang) == "agent_joined"


async def test_with_nobody_left_who_waits_is_called_back(world: World, xiaoli: Browser, arrive: Arrive) -> None:
    wang, li = await arrive(), await arrive()
    held, waits = await wang.asks_for_a_person(), await li.asks_for_a_person()
    await xiaoli.post(f"/queue/{held}/take")
    world.clock.advance(minutes=6)
    await sweep(world)
    for resident, item in ((wang, held), (li, waits)):
        row = await item_of(world, item)
        assert (await resident.state(), row.state, row.kind) == ("bot", QueueState.WAITING, QueueKind.CALLBACK)
        assert await last_event(resident) == "nobody_left"
    count = len(await wang.messages())
    await sweep(world)
    assert len(await wang.messages()) == count
    await xiaoli.login()
    await xiaoli.post(f"/queue/{held}/take")
    assert await wang.state() == "human"


async def test_signing_out_hands_everybody_back(
    world: World, xiaoli: Browser, xiaozhang: Browser, arrive: Arrive
) -> None:
    wang = await arrive()
    await xiaoli.post(f"/queue/{await wang.asks_for_a_person()}/take")
    assert (await xiaoli.http.post("/logout", json={})).status_code == 204
    assert await wang.state() == "waiting"
    assert (await xiaozhang.http.post("/logout", json={})).status_code == 204
    assert await wang.state() == "bot"
    assert await last_event(wang) == "nobody_left"


async def test_a_conversation_handed_back_halfway_is_found_by_the_next_look(
    world: World, xiaoli: Browser, xiaozhang: Browser, arrive: Arrive
) -> None:
    wang = await arrive()
    await xiaoli.post(f"/queue/{await wang.asks_for_a_person()}/take")
    async with world.database.transaction() as session:  # the server died between signing out and handing back
        await handoff.sign_out(session, xiaoli.http.cookies["guanjia_desk"])
    await sweep(world)
    assert await wang.state() == "waiting"


async def test_an_agent_who_is_there_but_takes_no_more_keeps_whom_they_hold(
    world: World, xiaoli: Browser, arrive: Arrive
) -> None:
    wang = await arrive()
    await xiaoli.post(f"/queue/{await wang.asks_for_a_person()}/take")
    async with world.database.transaction() as session:
        await handoff.set_status(session, xiaoli.id, AgentStatus.OFFLINE, world.clock)
    await sweep(world)
    assert await wang.state() == "human"


async def test_after_an_alarm_somebody_steps_in_where_the_agent_has_vanished(
    world: World, xiaoli: Browser, xiaozhang: Browser, arrive: Arrive
) -> None:
    wang = await arrive()
    await wang.reports_gas()
    await xiaoli.post(f"/queue/{await wang.asks_for_a_person()}/take")
    world.clock.advance(minutes=6)
    await sweep(world)
    assert await wang.state() == "bot"
    await xiaozhang.login()
    await xiaozhang.post(f"/conversations/{wang.id}/join")
    assert await wang.state() == "human"
    assert (await active(xiaoli), await active(xiaozhang)) == (0, 1)
