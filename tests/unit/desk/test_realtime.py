"""What is pushed to which page of the desk."""

from typing import Any, cast

import pytest
import socketio

from integrations.desk import realtime
from integrations.desk.presence import PresenceSweeper
from integrations.gateway.hub import AlarmRaised, ConversationChanged, MessageStored, TypingChanged
from tests.unit.desk.conftest import Arrive, Browser, World


class Pages(realtime.DeskNamespace):
    """The namespace with rooms that can be looked at."""

    def __init__(self, world: World) -> None:
        super().__init__(world.services)
        self.rooms_of: dict[str, set[str]] = {}
        self.kept: dict[str, dict[str, Any]] = {}
        self.gone: list[str] = []

    async def enter_room(self, sid: str, room: str, namespace: str | None = None) -> None:
        self.rooms_of.setdefault(sid, set()).add(room)

    async def leave_room(self, sid: str, room: str, namespace: str | None = None) -> None:
        self.rooms_of[sid].discard(room)

    async def save_session(self, sid: str, session: Any, namespace: str | None = None) -> None:
        self.kept[sid] = session

    async def get_session(self, sid: str, namespace: str | None = None) -> dict[str, Any]:
        return self.kept.get(sid, {})

    async def disconnect(self, sid: str, namespace: str | None = None) -> None:
        self.gone.append(sid)

    def session(self, sid: str, namespace: str | None = None) -> Any:
        kept = self.kept[sid]

        class Open:
            async def __aenter__(self) -> dict[str, Any]:
                return kept

            async def __aexit__(self, *_: object) -> None:
                return None

        return Open()


@pytest.fixture
def pages(world: World) -> Pages:
    return Pages(world)


def environ(agent: Browser, **more: str) -> dict[str, str]:
    return {
        "HTTP_COOKIE": f"other=1; guanjia_desk={agent.http.cookies['guanjia_desk']}",
        "HTTP_HOST": "desk.test",
        **more,
    }


async def test_a_page_comes_in_by_its_cookie(pages: Pages, xiaoli: Browser) -> None:
    await pages.on_connect("page", environ(xiaoli, HTTP_ORIGIN="http://desk.test"))
    assert {"agents", f"agent:{xiaoli.id}"} < pages.rooms_of["page"]


@pytest.mark.parametrize(
    "change",
    [
        {"HTTP_COOKIE": ""},
        {"HTTP_COOKIE": "guanjia_desk=" + "A" * 43},
        {"HTTP_COOKIE": "guanjia_desk=%00; ;;=;"},
        {"HTTP_ORIGIN": "http://evil.test"},
        {"HTTP_ORIGIN": "http://desk.test.evil.test"},
        {"HTTP_ORIGIN": "null"},
    ],
)
async def test_any_other_page_is_refused(pages: Pages, xiaoli: Browser, change: dict[str, str]) -> None:
    with pytest.raises(socketio.exceptions.ConnectionRefusedError):
        await pages.on_connect("page", environ(xiaoli) | change)
    assert pages.rooms_of == {}


async def test_a_page_watches_one_conversation_at_a_time(pages: Pages, xiaoli: Browser) -> None:
    await pages.on_connect("page", environ(xiaoli))
    for public_id in ("a" * 32, "b" * 32):
        await pages.on_watch("page", {"conversation_id": public_id})
    assert {room for room in pages.rooms_of["page"] if room.startswith("conversation")} == {"conversation:" + "b" * 32}
    for nonsense in ({"conversation_id": "x"}, {"conversation_id": 5}):
        await pages.on_watch("page", nonsense)
    await pages.on_watch("page", {"conversation_id": None})
    assert not {room for room in pages.rooms_of["page"] if room.startswith("conversation")}


async def test_a_heartbeat_is_a_sign_of_life_and_does_not_prolong_the_session(
    world: World, pages: Pages, xiaoli: Browser
) -> None:
    await pages.on_connect("page", environ(xiaoli))
    sweeper = PresenceSweeper(world.services, world.realtime)
    for _ in range(5):
        world.clock.advance(seconds=100)
        assert await pages.on_heartbeat("page") == {"ok": True}
        await sweeper.sweep()
    assert (await xiaoli.get("/me"))["agent"]["status"] == "online"
    world.clock.advance(hours=12)
    assert await pages.on_heartbeat("page") == {"ok": False}
    assert pages.gone == ["page"]


async def test_an_agent_whose_desk_fell_silent_is_off_duty(world: World, xiaoli: Browser) -> None:
    world.clock.advance(seconds=121)
    await PresenceSweeper(world.services, world.realtime).sweep()
    assert (await xiaoli.get("/me"))["agent"]["status"] == "offline"
    assert world.realtime.names() == ["overview"]


async def test_asking_for_the_lists_is_a_sign_of_life_too(world: World, xiaoli: Browser) -> None:
    for _ in range(5):
        world.clock.advance(seconds=60)
        await xiaoli.get("/overview")
        await PresenceSweeper(world.services, world.realtime).sweep()
    assert (await xiaoli.get("/me"))["agent"]["status"] == "online"


async def test_typing_reaches_the_resident_of_ones_own_conversation_only(
    world: World, pages: Pages, xiaoli: Browser, arrive: Arrive
) -> None:
    wang, stranger = await arrive("王建国"), await arrive()
    await xiaoli.post(f"/queue/{await wang.asks_for_a_person()}/take")
    await pages.on_connect("page", environ(xiaoli))
    world.told.clear()
    for data in (
        {"conversation_id": wang.id, "on": True},
        {"conversation_id": stranger.id, "on": True},
        {"conversation_id": "f" * 32, "on": True},
        {"conversation_id": wang.id, "on": "yes"},
        {"conversation_id": ["x"], "on": True},
        "nonsense",
    ):
        await pages.on_typing("page", data)
    assert world.told == [TypingChanged(wang.conversation.id, "agent", True)]


async def test_a_message_goes_to_its_agent_and_to_who_has_it_open(
    world: World, xiaoli: Browser, arrive: Arrive
) -> None:
    wang = await arrive("王建国")
    await xiaoli.post(f"/queue/{await wang.asks_for_a_person()}/take")
    message = await wang.says("在吗")
    await realtime.Pusher(world.realtime, world.services).on_event(MessageStored(wang.conversation.id, message.id))
    (name, payload, rooms), (overview, _, everybody) = world.realtime.sent
    assert (name, payload["text"], payload["seq"]) == ("message", "在吗", message.seq)
    assert rooms == [f"conversation:{wang.id}", f"agent:{xiaoli.id}"]
    assert (overview, everybody) == ("overview", "agents")


async def test_what_is_said_to_the_bot_is_pushed_to_nobody_who_does_not_look(world: World, arrive: Arrive) -> None:
    wang = await arrive("王建国")
    message = await wang.says("你好")
    pusher = realtime.Pusher(world.realtime, world.services)
    await pusher.on_event(MessageStored(wang.conversation.id, message.id))
    await pusher.on_event(ConversationChanged(wang.conversation.id))
    assert [(name, rooms) for name, _, rooms in world.realtime.sent] == [
        ("message", [f"conversation:{wang.id}"]),
        ("conversation", [f"conversation:{wang.id}"]),
    ]


async def test_entering_and_leaving_the_queue_reaches_every_desk(world: World, xiaoli: Browser, arrive: Arrive) -> None:
    wang = await arrive("王建国")
    pusher = realtime.Pusher(world.realtime, world.services)
    item = await wang.asks_for_a_person()
    await pusher.on_event(ConversationChanged(wang.conversation.id))
    await xiaoli.post(f"/queue/{item}/take")
    await xiaoli.post(f"/conversations/{wang.id}/return")
    await pusher.on_event(ConversationChanged(wang.conversation.id))
    assert world.realtime.names().count("overview") == 2
    world.clock.advance(minutes=2)
    await pusher.on_event(ConversationChanged(wang.conversation.id))
    assert world.realtime.names().count("overview") == 2, "by now it is the bot's alone"


async def test_an_alarm_reaches_every_desk_at_once(world: World, xiaoli: Browser, arrive: Arrive) -> None:
    wang = await arrive("王建国")
    alarm = await wang.reports_gas()
    await realtime.Pusher(world.realtime, world.services).on_event(AlarmRaised(wang.conversation.id))
    (name, payload, room), _ = world.realtime.sent
    assert (name, payload["id"], room) == ("alarm", alarm, ["agents"])
    assert "王建国" not in str(payload)


async def test_with_nobody_at_a_desk_nothing_is_read_or_sent(world: World, arrive: Arrive) -> None:
    wang = await arrive("王建国")
    world.realtime.manager.basic_leave_room("page", "/desk", "agents")
    await realtime.Pusher(world.realtime, world.services).on_event(ConversationChanged(wang.conversation.id))
    assert world.realtime.sent == []


async def test_signing_out_closes_the_sessions_pages(world: World, xiaoli: Browser) -> None:
    dropped: list[str] = []

    class Manager:
        def get_participants(self, namespace: str, room: str) -> list[tuple[str, str]]:
            assert room.startswith("session:")
            assert xiaoli.http.cookies["guanjia_desk"] not in room
            return [("page", "x")]

    async def disconnect(sid: str, namespace: str) -> None:
        dropped.append(sid)

    fake = cast(Any, world.realtime)
    fake.manager, fake.disconnect = Manager(), disconnect
    await xiaoli.http.post("/logout", json={})
    assert dropped == ["page"]
