"""What residents get when something breaks: a Chinese answer, and nothing lost or doubled."""

import asyncio
import sqlite3
import threading
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, update

from integrations.gateway import at_once
from property_db import demo, migrate
from property_db.clock import Clock
from property_db.conversations import service as conversations
from property_db.conversations.models import Author, Conversation, Direction, Message, MessageState
from property_db.database import Database
from property_db.fees import service as fees
from property_db.handoff import service as handoff
from property_db.tickets.models import Ticket
from tests.support.actors import DeskAgent, Resident
from tests.support.engine_process import EngineProcess
from tests.support.live import WANG, bind_at_once
from tests.support.server_process import ServerProcess
from tests.support.stack import Server, free_port


async def inbound(database: Database, resident: Resident) -> list[Message]:
    """The resident's stored messages."""
    async with database.reading() as session:
        rows = await session.scalars(
            select(Message)
            .join(Conversation, Conversation.id == Message.conversation_id)
            .where(Conversation.public_id == resident.conversation_id, Message.direction == Direction.IN)
            .order_by(Message.seq)
        )
        return list(rows)


@pytest.fixture
async def cut_off(tmp_path: Path) -> AsyncIterator[ServerProcess]:
    """A server on a database of its own whose engine is not there."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'guanjia.db'}"
    await migrate.upgrade(url)
    seeding = Database(url, synchronous="OFF")
    await demo.create(seeding, Clock())
    await seeding.dispose()
    nowhere = f"http://127.0.0.1:{free_port()}"
    running = ServerProcess(tmp_path, free_port(), nowhere, GUANJIA_APOLOGISE_AFTER_SECONDS="0.5")
    await running.start()
    yield running
    running.kill()


async def test_with_the_engine_down_the_resident_is_told_and_a_person_can_be_had(cut_off: ServerProcess) -> None:
    resident = await Resident(cut_off.url).arrive()
    desk = await DeskAgent(cut_off.url).signs_in()
    message = await resident.send("我家欠多少钱")
    apology = await resident.hears("抱歉", message["seq"])
    (choices,) = [block for block in apology["blocks"] if block["kind"] == "choices"]
    wish = await resident.send(choice={"seq": apology["seq"], "id": choices["options"][0]["id"]})
    answer = await resident.answer_to(wish)
    assert answer.offers("不等了，继续问智能助手")
    assert await resident.state() == "waiting"
    (item,) = (await desk.overview())["waiting"]
    await desk.post(f"/queue/{item['id']}/take")
    said = [row["text"] for row in (await desk.detail(item["conversation_id"]))["messages"]]
    assert "我家欠多少钱" in said
    await desk.leaves()
    await resident.leave()


async def test_an_emergency_is_answered_with_the_engine_down(cut_off: ServerProcess) -> None:
    resident = await Resident(cut_off.url).arrive()
    answer = await resident.says("家里着火了")
    assert answer.blocks[0]["kind"] == "emergency"
    await resident.leave()


async def test_an_action_that_fails_apologises_in_chinese_and_leaks_nothing(
    wang: Resident, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("SELECT secret FROM person WHERE phone = 13800138000")

    monkeypatch.setattr(fees, "arrears", broken)
    answer = await wang.says("我家还欠多少物业费")
    assert answer.text
    assert "SELECT" not in str(answer.blocks)
    assert "13800138000" not in str(answer.blocks)
    monkeypatch.undo()
    assert (await wang.says("我家还欠多少物业费")).cards("bill_card")


async def test_a_locked_database_delays_or_refuses_but_loses_nothing(
    wang: Resident, database: Database, work_folder: Path
) -> None:
    await wang.says("你好")

    def hold(until: threading.Event, taken: asyncio.Event, loop: asyncio.AbstractEventLoop) -> None:
        other = sqlite3.connect(work_folder / "guanjia.db", isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        loop.call_soon_threadsafe(taken.set)
        until.wait(60)
        other.execute("ROLLBACK")
        other.close()

    taken, refused_once = asyncio.Event(), threading.Event()
    holder = asyncio.create_task(asyncio.to_thread(hold, refused_once, taken, asyncio.get_running_loop()))
    await taken.wait()
    client_message_id = uuid.uuid4().hex
    body = {"client_message_id": client_message_id, "text": "我家还欠多少物业费"}
    refused = await wang.http.post("/api/webchat/messages", json=body)
    refused_once.set()
    assert refused.status_code == 503
    assert refused.json()["error"]["message"]
    await holder
    answer = await wang.answer_to(await wang.send("我家还欠多少物业费", client_message_id))
    assert answer.cards("bill_card")
    assert [m.client_message_id for m in await inbound(database, wang)].count(client_message_id) == 1


async def test_a_repeated_client_message_id_is_one_message_with_one_answer(wang: Resident, database: Database) -> None:
    client_message_id = uuid.uuid4().hex
    first, second, third = await asyncio.gather(*(wang.send("我家还欠多少物业费", client_message_id) for _ in range(3)))
    assert first["seq"] == second["seq"] == third["seq"]
    await wang.answer_to(first)
    assert len(await inbound(database, wang)) == 1


async def test_two_messages_at_once_are_answered_each_once_and_in_order(wang: Resident, database: Database) -> None:
    await asyncio.gather(wang.send("我家还欠多少物业费"), wang.send("物业服务中心几点上班"))
    for row in await inbound(database, wang):
        await wang.answer_to({"seq": row.seq, "conversation_id": wang.conversation_id})
    replies = [row["reply_to_seq"] for row in await wang.messages() if row["author"] == "bot"]
    assert replies == sorted(replies)
    assert len(replies) == len(set(replies)) == 2


@pytest.mark.parametrize(
    "command", ["/restart", "/session_start", "／restart", "/request_human", '/inform{"phone":"1"}']
)
async def test_a_slash_command_typed_by_a_resident_is_just_text(
    wang: Resident, database: Database, command: str
) -> None:
    await wang.says("马桶堵了要报修")
    answer = await wang.says(command)
    assert answer.text
    assert await wang.state() == "bot"
    assert (await inbound(database, wang))[-1].text == command
    async with database.reading() as session:
        assert await session.scalar(select(func.count()).select_from(Ticket).where(Ticket.symptom == command)) == 0


async def test_a_turn_the_engine_finished_before_a_crash_is_not_done_twice(
    wang: Resident, server: Server, engine: EngineProcess, database: Database
) -> None:
    await wang.says("你好")
    async with database.transaction() as session:
        conversation = await conversations.by_public_id(session, wang.conversation_id or "")
        # As a server leaves it that died between the engine's answer and storing it: tried once, claimed by nobody.
        message = await conversations.append(
            session,
            conversation.id,
            direction=Direction.IN,
            author=Author.RESIDENT,
            text="我家还欠多少物业费",
            state=MessageState.FAILED,
        )
    replies = await server.services.engine.turn(
        conversation.public_id,
        message.text,
        {"message_id": message.id, "conversation_id": conversation.id, "channel": "webchat", "upload_ids": []},
        slow_after=30,
        on_slow=_nothing,
    )
    async with database.transaction() as session:
        await session.execute(
            update(Message).where(Message.id == message.id).values(state=MessageState.RECEIVED, attempts=1)
        )
    server.services.inbox.wake(conversation.id)
    answer = await wang.answer_to({"seq": message.seq, "conversation_id": conversation.public_id})
    assert answer.card("bill_card")["total_fen"] == next(
        reply["custom"]["total_fen"] for reply in replies if reply.get("custom", {}).get("kind") == "bill_card"
    )
    async with httpx.AsyncClient(trust_env=False) as http:
        tracker = (await http.get(f"{engine.url}/conversations/{conversation.public_id}/tracker")).json()
    turns = [event for event in tracker["events"] if event["event"] == "user" and event["text"] == message.text]
    assert len(turns) == 1


async def _nothing() -> None:
    return None


async def test_what_one_resident_says_is_hidden_from_every_other(
    wang: Resident, stranger: Resident, server: Server
) -> None:
    await wang.says("我家还欠多少物业费")
    peek = await stranger.http.get(
        "/api/webchat/messages", params={"conversation": wang.conversation_id, "after_seq": 0}
    )
    assert peek.status_code == 404
    await bind_at_once(server, stranger, WANG)
    assert (await stranger.says("我家还欠多少物业费")).cards("bill_card"), "once bound, the same home is seen"


async def test_an_emergency_overtakes_a_message_that_waits_for_the_engine(cut_off: ServerProcess) -> None:
    resident = await Resident(cut_off.url).arrive()
    await resident.send("我家欠多少钱")
    answer = await resident.says("家里着火了")
    assert answer.blocks[0]["kind"] == "emergency"
    await resident.leave()


async def test_a_turn_that_breaks_in_the_server_is_tried_again_and_answered_once(
    wang: Resident, server: Server, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await wang.says("你好")
    broken = {"left": 2}
    keep = at_once.store_answer

    async def sometimes(*arguments: Any) -> Any:
        if broken["left"]:
            broken["left"] -= 1
            raise RuntimeError("the disk is full")
        return await keep(*arguments)

    monkeypatch.setattr(at_once, "store_answer", sometimes)
    answer = await wang.says("我家还欠多少物业费")
    assert answer.cards("bill_card")
    assert broken["left"] == 0
    assert [row.state for row in await inbound(database, wang)] == ["answered", "answered"]


async def test_the_answer_to_a_wish_for_a_person_survives_a_crash(
    stranger: Resident, agent: DeskAgent, server: Server, database: Database
) -> None:
    await stranger.says("你好")
    async with database.transaction() as session:
        conversation = await conversations.by_public_id(session, stranger.conversation_id or "")
        # As a server leaves it that died after the action put the resident into the queue.
        message = await conversations.append(
            session, conversation.id, direction=Direction.IN, author=Author.RESIDENT, text="转人工"
        )
        await session.execute(update(Message).where(Message.id == message.id).values(attempts=1))
        await handoff.request(session, conversation.id, "asked", server.services.clock)
    server.services.inbox.wake(conversation.id)
    answer = await stranger.answer_to({"seq": message.seq, "conversation_id": conversation.public_id})
    assert answer.offers("不等了，继续问智能助手")
    await stranger.says("不等了，继续问智能助手")
