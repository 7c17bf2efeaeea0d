"""What an agent may still send on a channel that allows so many messages for so long."""

import asyncio
from datetime import timedelta

from integrations.gateway.hub import MessageStored
from property_db.channels import parts, windows
from property_db.channels.models import OutboundPart, PartState
from property_db.conversations.models import Message, MessageState
from tests.unit.desk.conftest import Arrive, Browser, Resident, World

WORKER = "worker-1"


async def held(agent: Browser, arrive: Arrive, channel: str = "wechat") -> Resident:
    """A conversation on a limited channel whose taking-over has been told already."""
    resident = await arrive("王建国", channel=channel)
    await agent.post(f"/queue/{await resident.asks_for_a_person()}/take")
    await settle(resident)
    return resident


async def settle(resident: Resident, state: MessageState = MessageState.DELIVERED, reason: str | None = None) -> None:
    """The channel has dealt with everything stored so far; nothing of it counted."""
    async with resident.world.database.transaction() as session:
        for row in await resident.messages():
            message = await session.get_one(Message, row.id)
            message.state, message.reason = state, reason


async def writes(resident: Resident, allowed: int = 5) -> None:
    """The resident makes contact, which opens a window of 48 hours."""
    world = resident.world
    async with world.database.transaction() as session:
        await windows.open_window(
            session,
            resident.conversation.identity_id,
            "message",
            at=world.clock.now(),
            allowed=allowed,
            lasts=timedelta(hours=48),
            clock=world.clock,
        )


async def part(resident: Resident, state: PartState) -> None:
    """One rendered message, in some state."""
    world = resident.world
    async with world.database.transaction() as session:
        row = await parts.add(
            session, resident.conversation.id, resident.conversation.identity_id, {}, [], None, world.clock
        )
        row.state = state
        row.wired_at = world.clock.now() if state in (PartState.ON_THE_WIRE, PartState.SENT) else None


async def reply(agent: Browser, resident: Resident, n: int, text: str = "您好", expect: int = 201) -> dict[str, object]:
    """Answer."""
    answer: dict[str, object] = await agent.post(
        f"/conversations/{resident.id}/reply", expect=expect, client_message_id=f"reply-{n:04}", text=text
    )
    return answer


async def reach(agent: Browser, resident: Resident) -> dict[str, object]:
    """What the desk shows."""
    shown: dict[str, object] = (await agent.get(f"/conversations/{resident.id}"))["reach"]
    page = await agent.get(f"/conversations/{resident.id}/messages?after_seq=1")
    assert page["reach"] == shown, "a page of messages brings it up to date"
    return shown


async def test_the_web_chat_has_no_limit(xiaoli: Browser, arrive: Arrive) -> None:
    wang = await held(xiaoli, arrive, "webchat")
    assert await reach(xiaoli, wang) == {
        "limited": False,
        "left": None,
        "closes_at": None,
        "can_reply": True,
        "template": False,
        "phone": True,
        "part_bytes": None,
        "invite_again_at": None,
        "invite": None,
    }
    for n in range(8):
        await reply(xiaoli, wang, n)


async def test_a_limited_channel_shows_how_many_are_left_and_until_when(xiaoli: Browser, arrive: Arrive) -> None:
    wang = await held(xiaoli, arrive)
    await writes(wang)
    await part(wang, PartState.SENT)
    await part(wang, PartState.ON_THE_WIRE)
    shown = await reach(xiaoli, wang)
    closes_at = (wang.world.clock.now() + timedelta(hours=48)).isoformat().replace("+00:00", "Z")
    assert (shown["limited"], shown["left"], shown["closes_at"], shown["can_reply"]) == (True, 3, closes_at, True)
    assert (shown["template"], shown["phone"], shown["part_bytes"]) == (True, True, 2048)
    detail = await xiaoli.get(f"/conversations/{wang.id}")
    assert detail["conversation"]["channel"] == "wechat"


async def test_what_is_stored_and_has_not_left_counts(xiaoli: Browser, arrive: Arrive) -> None:
    wang = await held(xiaoli, arrive)
    await writes(wang)
    await reply(xiaoli, wang, 1)
    await part(wang, PartState.PENDING)
    await part(wang, PartState.WAITING)
    await part(wang, PartState.FAILED)
    assert (await reach(xiaoli, wang))["left"] == 2


async def test_a_note_counts_for_nothing_and_is_possible_when_nothing_else_is(xiaoli: Browser, arrive: Arrive) -> None:
    wang = await held(xiaoli, arrive)
    await xiaoli.post(f"/conversations/{wang.id}/notes", client_message_id="note-0001", text="窗口已关，改打电话")
    await writes(wang)
    assert (await reach(xiaoli, wang))["left"] == 5


async def test_after_the_window_a_reply_is_refused_and_not_stored(
    world: World, xiaoli: Browser, arrive: Arrive
) -> None:
    wang = await held(xiaoli, arrive)
    await writes(wang)
    await reply(xiaoli, wang, 1)
    world.clock.advance(hours=48)
    await xiaoli.login()
    before, told = len(await wang.messages()), list(world.told)
    refused = await xiaoli.post(
        f"/conversations/{wang.id}/reply", expect=409, client_message_id="reply-0002", text="还在吗"
    )
    assert refused["error"]["code"] == "reply_window_closed"
    assert "电话" in refused["error"]["message"]
    assert len(await wang.messages()) == before
    assert world.told == told, "nobody is told of a message that is not there"
    shown = await reach(xiaoli, wang)
    assert (shown["left"], shown["closes_at"], shown["can_reply"]) == (0, None, False)


async def test_of_replies_at_the_same_moment_no_more_are_taken_than_are_left(
    world: World, xiaoli: Browser, arrive: Arrive
) -> None:
    wang = await held(xiaoli, arrive)
    await writes(wang, allowed=2)
    answers = await asyncio.gather(
        *(
            xiaoli.http.post(
                f"/conversations/{wang.id}/reply", json={"client_message_id": f"reply-{n:04}", "text": f"第{n}条"}
            )
            for n in range(4)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [201, 201, 409, 409]
    codes = {answer.json()["error"]["code"] for answer in answers if answer.status_code == 409}
    assert codes == {"reply_quota_used"}
    assert len([event for event in world.told if isinstance(event, MessageStored)]) == 3, "taken over, and two replies"
    shown = await reach(xiaoli, wang)
    assert (shown["left"], shown["can_reply"]) == (0, False)
    assert shown["closes_at"] is not None


async def test_a_reply_that_is_stored_already_is_not_refused_when_it_is_repeated(
    xiaoli: Browser, arrive: Arrive
) -> None:
    wang = await held(xiaoli, arrive)
    await writes(wang, allowed=1)
    first = await reply(xiaoli, wang, 1)
    assert await reply(xiaoli, wang, 1) == first


async def test_a_long_reply_counts_for_each_message_it_becomes(xiaoli: Browser, arrive: Arrive) -> None:
    wang = await held(xiaoli, arrive)
    await writes(wang, allowed=2)
    long = "长" * 1500
    refused = await xiaoli.post(
        f"/conversations/{wang.id}/reply", expect=409, client_message_id="reply-0001", text=long
    )
    assert refused["error"]["code"] == "reply_needs_more"
    assert "3 条" in refused["error"]["message"]
    assert "2 条" in refused["error"]["message"]
    await reply(xiaoli, wang, 2, "长" * 1000)
    assert (await reach(xiaoli, wang))["left"] == 0


async def test_when_the_resident_writes_again_what_waited_comes_first(
    world: World, xiaoli: Browser, arrive: Arrive
) -> None:
    wang = await held(xiaoli, arrive)
    await part(wang, PartState.WAITING)
    await part(wang, PartState.WAITING)
    assert (await reach(xiaoli, wang))["can_reply"] is False
    world.clock.advance(minutes=5)
    await writes(wang)
    assert (await reach(xiaoli, wang))["left"] == 3


async def test_a_channel_that_is_not_served_any_more_takes_no_replies(xiaoli: Browser, arrive: Arrive) -> None:
    wang = await held(xiaoli, arrive, "fax")
    assert (await reach(xiaoli, wang))["can_reply"] is False
    refused = await xiaoli.post(
        f"/conversations/{wang.id}/reply", expect=409, client_message_id="reply-0001", text="您好"
    )
    assert refused["error"]["code"] == "reply_window_closed"


async def test_each_message_says_whether_it_arrived_and_why_not(xiaoli: Browser, arrive: Arrive) -> None:
    wang = await held(xiaoli, arrive)
    for state, reason, expected in [
        (MessageState.SENDING, None, ("pending", None)),
        (MessageState.WAITING, "window_closed", ("waiting", "window_closed")),
        (MessageState.FAILED, "unknown_user", ("failed", "unknown_user")),
        (MessageState.DELIVERED, "unconfirmed", ("delivered", "unconfirmed")),
    ]:
        await settle(wang, state, reason)
        (shown,) = (await xiaoli.get(f"/conversations/{wang.id}"))["messages"]
        assert (shown["delivery"], shown["reason"]) == expected


async def test_a_reply_counts_once_on_its_whole_way_to_the_resident(
    world: World, xiaoli: Browser, arrive: Arrive
) -> None:
    wang = await held(xiaoli, arrive)
    await writes(wang)
    await reply(xiaoli, wang, 1)
    async with world.database.transaction() as session:
        (pending,) = await parts.take_pending(session, wang.conversation.id, wang.conversation.identity_id, world.clock)
        await parts.add(
            session, wang.conversation.id, wang.conversation.identity_id, {}, [pending.id], None, world.clock
        )
    assert (await reach(xiaoli, wang))["left"] == 4, "rendered, and still one"
    async with world.database.transaction() as session:
        claimed = await parts.claim(session, wang.conversation.id, WORKER, world.clock)
        assert isinstance(claimed, OutboundPart)
        await parts.wire(session, claimed, WORKER, world.clock, counts=True)
    assert (await reach(xiaoli, wang))["left"] == 4, "on the wire, and still one"
    async with world.database.transaction() as session:
        await parts.sent(session, claimed, WORKER, world.clock)
    assert (await reach(xiaoli, wang))["left"] == 4, "sent, and still one"
