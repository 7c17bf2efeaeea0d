"""Following, scanning and leaving, each taken in once."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.gateway.channel import Allowance
from integrations.gateway.hub import Event, MessageStored
from integrations.gateway.services import Services
from integrations.wechat.follow import Followers
from integrations.wechat.messages import AccountEvent
from property_db.channels import windows
from property_db.channels.models import ContactWindow
from property_db.clock import SettableClock
from property_db.conversations.models import Conversation, ConversationState, Message
from property_db.database import Database
from property_db.estates.models import Building, Estate
from property_db.people.forget import Forgotten, forget
from property_db.people.models import ChannelIdentity, ChannelOrigin
from tests.unit.wechat.made import OPEN_ID, account


class Hub:
    """Keeps what was published."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def publish(self, *events: Event) -> None:
        self.events += events


class Door:
    """The account's events, as the webhook hands them on."""

    def __init__(self, database: Database, clock: SettableClock, public_url: str | None = "https://wy.test") -> None:
        self.database, self.clock = database, clock
        self.hub = Hub()
        self.before: list[tuple[int, int, int]] = []
        self.cleaned: list[Forgotten] = []
        services = SimpleNamespace(
            database=database,
            clock=clock,
            hub=self.hub,
            settings=SimpleNamespace(company_name="安居物业", public_url=public_url),
            forgetting=self,
        )
        self.followers = Followers(cast(Services, services), Allowance(3, timedelta(minutes=1)))

    async def within(self, session: AsyncSession, identity_id: int) -> Forgotten:
        return await forget(session, identity_id, self.clock)

    async def finish(self, forgotten: Forgotten) -> None:
        self.cleaned.append(forgotten)

    def event(self, name: str, building_id: int | None = None, key: str = "1") -> AccountEvent:
        return AccountEvent(name, OPEN_ID, key.rjust(64, "0"), self.clock.now(), building_id)

    async def came(self, name: str, building_id: int | None = None, key: str = "1") -> None:
        def before(conversation: Conversation, message: Message) -> None:
            self.before.append((conversation.id, message.id, len(self.hub.events)))

        await self.followers.came(account(), self.event(name, building_id, key), before)

    async def left(self, key: str = "9") -> None:
        await self.followers.left(account(), self.event("unsubscribe", key=key))

    async def blocks(self) -> list[dict[str, Any]]:
        async with self.database.reading() as session:
            rows = await session.scalars(select(Message).order_by(Message.id))
            return [block for row in rows for block in row.blocks]

    async def count(self, table: Any) -> int:
        async with self.database.reading() as session:
            return await session.scalar(select(func.count()).select_from(table)) or 0


@pytest.fixture
async def door(database: Database, clock: SettableClock) -> Door:
    async with database.transaction() as session:
        estate = Estate(code="cuihu", name="翠湖花园")
        other = Estate(code="other", name="别处")
        session.add_all([estate, other])
        await session.flush()
        session.add(Building(id=3, estate_id=estate.id, name="3", display="3栋"))
        session.add(Building(id=4, estate_id=other.id, name="4", display="4栋"))
    return Door(database, clock)


async def test_a_follower_is_greeted_shown_what_can_be_asked_and_offered_to_bind(door: Door) -> None:
    await door.came("subscribe")
    blocks = await door.blocks()
    assert [block["kind"] for block in blocks] == ["text", "text", "bind", "choices"]
    assert "安居物业" in blocks[0]["text"]
    assert [option["title"] for option in blocks[-1]["options"]] == ["查欠费", "报修", "停水停电", "转人工"]


async def test_without_a_public_address_the_greeting_does_not_offer_to_bind(
    database: Database, clock: SettableClock
) -> None:
    door = Door(database, clock, public_url=None)
    await door.came("subscribe")
    assert [block["kind"] for block in await door.blocks()] == ["text", "text", "choices"]


async def test_the_greeting_can_be_carried_back_before_anybody_hears_of_it(door: Door) -> None:
    await door.came("subscribe")
    ((conversation_id, message_id, published_before),) = door.before
    assert published_before == 0
    assert door.hub.events == [MessageStored(conversation_id, message_id)]


async def test_the_same_event_greets_once(door: Door) -> None:
    await door.came("subscribe")
    await door.came("subscribe")
    assert await door.count(Message) == 1
    assert len(door.before) == 1


async def test_a_building_s_code_is_named_and_remembered(door: Door) -> None:
    await door.came("subscribe", 3)
    assert any("翠湖花园3栋" in block.get("text", "") for block in await door.blocks())
    async with door.database.reading() as session:
        origin = (await session.scalars(select(ChannelOrigin))).one()
    assert origin.building_id == 3


@pytest.mark.parametrize("building_id", [4, 999])
async def test_a_code_of_another_estate_or_of_no_building_names_none(door: Door, building_id: int) -> None:
    await door.came("scan", building_id)
    (block,) = await door.blocks()
    assert block["text"] == "您好，有什么事，直接打字告诉我。"


async def test_following_permits_three_messages_for_a_minute(door: Door) -> None:
    await door.came("subscribe")
    async with door.database.reading() as session:
        window = (await session.scalars(select(ContactWindow))).one()
        reach = await windows.reach(session, window.identity_id, door.clock)
    assert window.contact == "action"
    assert (reach.left, reach.closes_at) == (3, door.clock.now() + timedelta(minutes=1))


async def test_scanning_again_does_not_end_a_conversation_that_waits_for_stars(door: Door) -> None:
    await door.came("subscribe")
    async with door.database.transaction() as session:
        (await session.scalars(select(Conversation))).one().state = ConversationState.RATING
    await door.came("scan", 3, key="2")
    assert await door.count(Conversation) == 1


async def test_who_leaves_is_forgotten(door: Door) -> None:
    await door.came("subscribe", 3)
    async with door.database.reading() as session:
        public_id = (await session.scalars(select(Conversation))).one().public_id
    await door.left()
    for table in (ChannelIdentity, Conversation, Message, ContactWindow, ChannelOrigin):
        assert await door.count(table) == 0
    assert [forgotten.conversation_public_ids for forgotten in door.cleaned] == [[public_id]]


async def test_a_late_repeat_of_leaving_does_not_delete_who_came_back(door: Door) -> None:
    await door.came("subscribe")
    await door.left()
    await door.came("subscribe", key="2")
    await door.left()
    assert await door.count(ChannelIdentity) == 1
    assert len(door.cleaned) == 1


async def test_a_stranger_may_leave(door: Door) -> None:
    await door.left()
    assert door.cleaned == []
