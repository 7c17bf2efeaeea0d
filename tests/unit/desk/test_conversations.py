"""Taking, answering, giving back and closing conversations."""

import asyncio

import pytest

from integrations.gateway.hub import ConversationChanged, MessageStored
from property_db.audit import service as audit
from property_db.conversations import service as conversations
from property_db.conversations.models import Author, MessageState
from tests.unit.desk.conftest import Arrive, Browser, World

REPLY = {"client_message_id": "reply-0001", "text": "您好"}


async def take(agent: Browser, item: int) -> None:
    await agent.post(f"/queue/{item}/take")


async def test_taking_tells_the_resident_and_everybody_who_listens(
    world: World, xiaoli: Browser, arrive: Arrive
) -> None:
    wang = await arrive("王建国")
    item = await wang.asks_for_a_person()
    card = await xiaoli.post(f"/queue/{item}/take")
    assert (card["state"], card["agent_name"], card["queue_item_id"]) == ("human", "小李", None)
    (told,) = await wang.messages()
    assert told.blocks == [
        {"kind": "system", "text": "客服小李已接入，正在查看您前面的对话。", "event": "agent_joined"}
    ]
    assert told.state is MessageState.PENDING, "the outbox delivers it"
    assert world.told == [MessageStored(wang.conversation.id, told.id), ConversationChanged(wang.conversation.id)]
    assert (await xiaoli.get("/me"))["agent"]["active"] == 1


async def test_taking_ones_own_again_says_nothing_twice(xiaoli: Browser, arrive: Arrive) -> None:
    wang = await arrive("王建国")
    item = await wang.asks_for_a_person()
    for _ in range(3):
        await take(xiaoli, item)
    assert len(await wang.messages()) == 1
    assert (await xiaoli.get("/me"))["agent"]["active"] == 1


async def test_of_two_agents_at_once_one_gets_it(xiaoli: Browser, xiaozhang: Browser, arrive: Arrive) -> None:
    wang = await arrive("王建国")
    item = await wang.asks_for_a_person()
    answers = await asyncio.gather(*(agent.http.post(f"/queue/{item}/take") for agent in (xiaoli, xiaozhang)))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    refused = next(answer for answer in answers if answer.status_code == 409)
    assert refused.json()["error"]["message"] == "这个会话已被其他客服接走。"
    assert len(await wang.messages()) == 1


async def test_no_more_than_the_agent_may_hold(xiaoli: Browser, arrive: Arrive) -> None:
    items = [await (await arrive()).asks_for_a_person() for _ in range(3)]
    await take(xiaoli, items[0])
    await take(xiaoli, items[1])
    refused = await xiaoli.post(f"/queue/{items[2]}/take", expect=409)
    assert refused["error"]["code"] == "at_capacity"
    assert [item["id"] for item in (await xiaoli.get("/overview"))["waiting"]] == [items[2]]


async def test_a_call_back_follows_the_resident_into_the_next_conversation(
    world: World, xiaoli: Browser, arrive: Arrive
) -> None:
    await xiaoli.http.put("/me/status", json={"status": "offline"})
    wang = await arrive("王建国")
    item = await wang.asks_for_a_person()
    assert await wang.state() == "bot", "nobody is on duty"
    world.clock.advance(hours=13)
    async with world.database.transaction() as session:
        wang.conversation = await conversations.open_for(session, "webchat", wang.conversation.identity_id, world.clock)
    await xiaoli.login()
    (waiting,) = (await xiaoli.get("/overview"))["waiting"]
    assert (waiting["kind"], waiting["conversation_id"]) == ("callback", wang.id)
    await take(xiaoli, item)
    assert await wang.state() == "human"


async def test_a_reply_is_stored_once_for_its_id(world: World, xiaoli: Browser, arrive: Arrive) -> None:
    wang = await arrive("王建国")
    await take(xiaoli, await wang.asks_for_a_person())
    first = await xiaoli.post(f"/conversations/{wang.id}/reply", expect=201, **REPLY)
    again = await xiaoli.post(f"/conversations/{wang.id}/reply", expect=201, **REPLY)
    assert first == again
    assert first["blocks"] == [{"kind": "text", "text": "您好", "spoken": None}]
    assert (first["author"], first["author_name"], first["delivery"], first["note"]) == (
        "agent",
        "小李",
        "pending",
        False,
    )
    stored = (await wang.messages())[-1]
    assert MessageStored(wang.conversation.id, stored.id) in world.told
    assert len(await wang.messages()) == 2


async def test_a_reply_whose_answer_was_lost_is_not_refused_after_the_end(xiaoli: Browser, arrive: Arrive) -> None:
    wang = await arrive("王建国")
    await take(xiaoli, await wang.asks_for_a_person())
    await xiaoli.post(f"/conversations/{wang.id}/reply", **REPLY)
    await xiaoli.post(f"/conversations/{wang.id}/close")
    await xiaoli.post(f"/conversations/{wang.id}/reply", expect=201, **REPLY)
    refused = await xiaoli.post(
        f"/conversations/{wang.id}/reply", expect=403, client_message_id="reply-0002", text="还有"
    )
    assert refused["error"]["message"] == "这个会话现在不由您接待。"


async def test_only_who_holds_a_conversation_answers_in_it(xiaoli: Browser, xiaozhang: Browser, arrive: Arrive) -> None:
    wang = await arrive("王建国")
    item = await wang.asks_for_a_person()
    await xiaozhang.post(f"/conversations/{wang.id}/reply", expect=403, **REPLY)
    await take(xiaoli, item)
    for act in ("reply", "return", "close"):
        body = REPLY if act == "reply" else {}
        await xiaozhang.post(f"/conversations/{wang.id}/{act}", expect=403, **body)
    assert await wang.state() == "human"
    await xiaozhang.post(f"/conversations/{wang.id}/notes", expect=201, client_message_id="note-0001", text="我认识他")


async def test_an_id_of_somebody_elses_message_does_not_swallow_a_reply(
    xiaoli: Browser, xiaozhang: Browser, arrive: Arrive
) -> None:
    wang = await arrive("王建国")
    await take(xiaoli, await wang.asks_for_a_person())
    await xiaozhang.post(f"/conversations/{wang.id}/notes", **REPLY)
    refused = await xiaoli.post(f"/conversations/{wang.id}/reply", expect=409, **REPLY)
    assert refused["error"]["code"] == "message_id_taken"


async def test_a_note_is_for_agents_only_and_needs_no_delivery(xiaoli: Browser, arrive: Arrive) -> None:
    wang = await arrive("王建国")
    note = await xiaoli.post(f"/conversations/{wang.id}/notes", client_message_id="note-0001", text=" 老客户 ")
    assert (note["note"], note["text"], note["delivery"]) == (True, "老客户", None)
    (stored,) = await wang.messages()
    assert stored.visible_to_resident is False
    assert stored.state is MessageState.DELIVERED


async def test_giving_back_lets_the_bot_go_on_and_frees_the_agent(
    world: World, xiaoli: Browser, arrive: Arrive
) -> None:
    wang = await arrive("王建国")
    await take(xiaoli, await wang.asks_for_a_person())
    card = await xiaoli.post(f"/conversations/{wang.id}/return")
    assert (card["state"], card["agent_id"]) == ("bot", None)
    assert (await wang.messages())[-1].blocks[0]["event"] == "returned_to_bot"
    assert (await xiaoli.get("/me"))["agent"]["active"] == 0
    async with world.database.reading() as session:
        entries = await audit.about(session, f"conversation:{wang.conversation.id}")
    assert [entry.action for entry in entries] == ["queue.taken", "queue.handed_back"]


async def test_closing_asks_for_stars(xiaoli: Browser, arrive: Arrive) -> None:
    wang = await arrive("王建国")
    await take(xiaoli, await wang.asks_for_a_person())
    card = await xiaoli.post(f"/conversations/{wang.id}/close")
    assert card["state"] == "rating"
    ending = (await wang.messages())[-1]
    assert [block["kind"] for block in ending.blocks] == ["system", "rating"]
    assert ending.blocks[1]["reference"] == wang.id
    assert ending.author is Author.SYSTEM
    assert (await xiaoli.get("/me"))["agent"]["active"] == 0


async def test_after_an_alarm_an_agent_steps_in_without_the_queue(xiaoli: Browser, arrive: Arrive) -> None:
    wang = await arrive("王建国")
    refused = await xiaoli.post(f"/conversations/{wang.id}/join", expect=409)
    assert refused["error"]["code"] == "join_refused"
    alarm = await wang.reports_gas()
    assert (await xiaoli.get(f"/conversations/{wang.id}"))["conversation"]["may_join"] is True
    await xiaoli.post(f"/alarms/{alarm}/acknowledge")
    card = await xiaoli.post(f"/conversations/{wang.id}/join")
    assert (card["state"], card["may_join"]) == ("human", False)
    await xiaoli.post(f"/conversations/{wang.id}/join")
    assert len(await wang.messages()) == 1, "the resident is told once"


async def test_stepping_in_beyond_ones_capacity_leaves_nothing_behind(xiaoli: Browser, arrive: Arrive) -> None:
    for _ in range(2):
        await take(xiaoli, await (await arrive()).asks_for_a_person())
    wang = await arrive("王建国")
    await wang.reports_gas()
    await xiaoli.post(f"/conversations/{wang.id}/join", expect=409)
    assert await wang.state() == "bot"
    assert (await xiaoli.get("/overview"))["waiting"] == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"client_message_id": "reply-0001", "text": "  \n "}, "message_empty"),
        ({"client_message_id": "reply-0001", "text": "长" * 2001}, "message_too_long"),
        ({"client_message_id": "short", "text": "x"}, "invalid_request"),
        ({"client_message_id": "reply 0001", "text": "x"}, "invalid_request"),
        ({"client_message_id": "r" * 65, "text": "x"}, "invalid_request"),
        ({"client_message_id": "reply-0001", "text": 5}, "invalid_request"),
        ({"client_message_id": "reply-0001", "text": "x", "author": "bot"}, "invalid_request"),
        ({"text": "x"}, "invalid_request"),
    ],
)
async def test_a_bad_reply_is_refused_with_a_sentence(
    xiaoli: Browser, arrive: Arrive, body: dict[str, object], code: str
) -> None:
    wang = await arrive("王建国")
    await take(xiaoli, await wang.asks_for_a_person())
    refused = await xiaoli.post(f"/conversations/{wang.id}/reply", expect=422, **body)
    assert refused["error"]["code"] == code
    assert len(await wang.messages()) == 1


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/queue/0/take", 422),
        ("/queue/x/take", 422),
        (f"/queue/{2**63}/take", 422),
        ("/queue/999/take", 404),
        ("/alarms/999/acknowledge", 404),
        ("/conversations/12/close", 422),
        ("/conversations/..%2f..%2fetc/close", 404),
        (f"/conversations/{'f' * 32}/close", 404),
        (f"/conversations/{'f' * 32}/join", 404),
    ],
)
async def test_ids_are_checked(xiaoli: Browser, path: str, status: int) -> None:
    refused = await xiaoli.post(path, expect=status)
    assert refused["error"]["message"].endswith("。")
