"""The channel in the whole server against the local platform, over real HTTP; without an engine."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from PIL import Image
from sqlalchemy import select

from integrations.gateway.hub import MessageStored
from integrations.wecom.texts import options
from property_db.conversations import blocks as b
from property_db.conversations import service as conversations
from property_db.conversations.models import Author, Conversation, Direction, Message, MessageState
from property_db.database import Database
from tests.local_wechat.client import CustomerPhone
from tests.local_wechat.server import LocalWechat
from tests.local_wechat.server import serve as serve_peer
from tests.support.stack import Server, free_port, serve, settings_for
from tests.unit.wecom.platform import AES_KEY, CORP, KF, account

DANGER = "厨房煤气泄漏了，味道很大"
SEND = "/qyapi/cgi-bin/kf/send_msg"


@dataclass
class Estate:
    """The server, the platform, and a resident's phone."""

    server: Server
    peer: LocalWechat
    phone: CustomerPhone

    async def desk_says(self, *said: b.Block) -> int:
        """Something goes to the resident without being asked for; the stored message's id."""
        services = self.server.services
        async with services.database.transaction() as session:
            conversation = (await session.scalars(select(Conversation))).one()
            message = await conversations.append(
                session,
                conversation.id,
                direction=Direction.OUT,
                author=Author.SYSTEM,
                blocks=b.dump(said),
                clock=services.clock,
            )
        services.hub.publish(MessageStored(conversation.id, message.id))
        return message.id

    async def messages(self, direction: Direction) -> Sequence[Message]:
        async with self.server.services.database.reading() as session:
            found = await session.scalars(select(Message).where(Message.direction == direction).order_by(Message.id))
            return found.all()

    async def until(self, there: Callable[[], Awaitable[bool]]) -> None:
        """Wait until the database says so."""
        async with asyncio.timeout(20):
            while not await there():
                await self.phone.answers(0)

    async def last_one_waits(self) -> bool:
        """Whether what the resident was to get last waits for the resident."""
        return (await self.messages(Direction.OUT))[-1].state is MessageState.WAITING

    def calls(self, path: str) -> list[int]:
        """How the platform answered the calls of this path."""
        return [call.errcode for call in self.peer.world.calls if call.path == path]


@pytest.fixture
async def estate(database: Database, tmp_path: Path) -> AsyncIterator[Estate]:
    port = free_port()
    company = account(estate=None)
    async with serve_peer(LocalWechat([], [f"http://127.0.0.1:{port}"], pause=0, wecom=[company])) as peer:
        fields = {
            "name": "cuihu",
            "token": "callbackToken",
            "aes_key": AES_KEY,
            "corp_id": CORP,
            "secret": "not-a-real-secret",
            "open_kfids": [KF],
            "api_url": f"{peer.url}/qyapi",
            "callback_addresses": "platform",
        }
        file = tmp_path / "wecom.yml"
        file.write_text(yaml.safe_dump({"accounts": [fields]}), encoding="utf-8")
        file.chmod(0o600)
        url = database.engine.url.render_as_string(hide_password=False)
        settings = settings_for(tmp_path, port, "http://127.0.0.1:9", url, wecom_file=file)
        async with serve(settings) as server, CustomerPhone(peer.url, "cuihu") as phone:
            yield Estate(server, peer, phone)


async def test_the_platform_accepts_the_callback_and_no_other_signature(estate: Estate) -> None:
    company = estate.peer.kf.company("cuihu")
    assert await estate.peer.kf.verify(company)
    assert not await estate.peer.kf.verify(company, flaw=True)


async def test_a_resident_who_opens_the_chat_is_greeted_with_what_can_be_done(estate: Estate) -> None:
    greeting = await estate.phone.enters()
    assert greeting.choices == options("welcome_options")
    assert await estate.messages(Direction.IN) == []


async def test_a_danger_is_answered_in_the_chat_by_the_assistant_and_once(estate: Estate) -> None:
    estate.peer.kf.company("cuihu").gaps = 3
    answer = await estate.phone.says(DANGER)
    assert "燃气" in answer.text or "煤气" in answer.text
    customer = estate.peer.kf.customers[estate.phone.open_id]
    assert customer.state == 1
    assert estate.calls(SEND) == [0]
    assert estate.calls("/qyapi/cgi-bin/gettoken") == [0]


async def test_what_is_offered_can_be_pressed(estate: Estate) -> None:
    await estate.phone.says(DANGER)
    before = len(await estate.phone.chat())
    offered = b.Choices(options=[b.Choice(id="human", title="转人工", payload="/request_human")])
    message_id = await estate.desk_says(b.Text(text="请选择。"), offered)
    assert (await estate.phone.answers(1, after=before)).offers("转人工")
    await estate.phone.chooses("转人工", answers=0)
    await estate.peer.kf.settled()
    async with estate.server.services.database.reading() as session:
        offer = await session.get_one(Message, message_id)

    async def arrived() -> bool:
        return len(await estate.messages(Direction.IN)) == 2

    await estate.until(arrived)
    assert (await estate.messages(Direction.IN))[1].choice == {
        "id": "human",
        "title": "转人工",
        "payload": "/request_human",
    }
    assert offer.state is MessageState.DELIVERED


async def test_the_sixth_message_waits_until_the_resident_writes_again(estate: Estate) -> None:
    await estate.phone.says(DANGER)
    before = len(await estate.phone.chat())
    for number in range(2, 7):
        await estate.desk_says(b.Text(text=f"第{number}条"))
        if number < 6:
            await estate.phone.answers(number - 1, after=before)
    await estate.until(estate.last_one_waits)
    assert len(await estate.phone.received("custom")) == 5
    assert estate.calls(SEND) == [0] * 5
    again = await estate.phone.says("又有煤气味了", answers=1)
    assert "第6条" in again.text
    assert set(estate.calls(SEND)) == {0}


async def test_a_session_that_somebody_ends_is_rated(estate: Estate) -> None:
    await estate.phone.says(DANGER)
    rating = await estate.phone.is_ended()
    assert rating.choices == options("rating_options")


async def test_a_session_that_somebody_took_with_the_wecom_app_is_left_to_them(estate: Estate) -> None:
    await estate.phone.says(DANGER)
    await estate.phone.is_served()
    await estate.desk_says(b.Text(text="还有事吗？"))
    await estate.until(estate.last_one_waits)
    assert (await estate.messages(Direction.OUT))[-1].reason == "wrong_state"
    assert len(await estate.phone.received("custom")) == 1


async def test_a_picture_is_fetched_and_kept_with_its_message(estate: Estate) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (40, 30), "navy").save(picture, "JPEG")
    await estate.phone.sends_picture(picture.getvalue(), answers=0)

    async def kept() -> bool:
        return any(message.upload_ids for message in await estate.messages(Direction.IN))

    await estate.until(kept)
    assert estate.calls("/qyapi/cgi-bin/media/get") == [0]
