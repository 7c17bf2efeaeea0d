"""The callback: what is refused, what is stored, and what the response carries back."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from integrations.gateway.channel import InboundMessage
from integrations.gateway.errors import ApiError
from integrations.gateway.receiving import Received
from integrations.tencent import xml
from integrations.tencent.allow_list import AllowList
from integrations.tencent.envelope import Envelope
from integrations.wechat import slots as slots_module
from integrations.wechat import webhook as webhook_module
from integrations.wechat.accounts import Account
from integrations.wechat.door import Door
from integrations.wechat.follow import BeforeAnswer
from integrations.wechat.messages import AccountEvent
from integrations.wechat.slots import Key, PassiveSlots
from integrations.wechat.webhook import Webhook
from property_db.conversations.models import Conversation, ConversationState, Message, MessageState
from tests.unit.wechat.made import APP_ID, KEY, OLD_KEY, OPEN_ID, ORIGINAL_ID, TOKEN, account

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC).timestamp()
Params = dict[str, str]
BeforeReceived = Callable[[Received], None] | None


def envelope(*keys: str, token: str = TOKEN, receiver: str = APP_ID, now: float = NOW) -> Envelope:
    return Envelope(token, keys or (KEY,), receiver, replay_window=300, now=lambda: now)


def body_of(**fields: Any) -> str:
    head: dict[str, Any] = {
        "ToUserName": ORIGINAL_ID,
        "FromUserName": OPEN_ID,
        "CreateTime": int(NOW),
        "MsgType": "text",
    }
    return xml.build(head | {"Content": "漏水了", "MsgId": 24512345678901234} | fields)


def sealed(content: str, by: Envelope, key: str = KEY, nonce: str = "n1") -> tuple[Params, str]:
    """Query and body of a delivery in secure mode."""
    outer = xml.parse(by.seal(content, key=key, nonce=nonce).encode())
    query = {
        "timestamp": outer["TimeStamp"], "nonce": nonce, "encrypt_type": "aes", "msg_signature": outer["MsgSignature"],
        "openid": OPEN_ID,
    }  # fmt: skip
    return query, xml.build({"ToUserName": ORIGINAL_ID, "Encrypt": outer["Encrypt"]})


class Inbox:
    """Stands for the inbox and what follows: commits, then answers if told to."""

    def __init__(self, slots: PassiveSlots) -> None:
        self.slots = slots
        self.messages: list[InboundMessage] = []
        self.state = ConversationState.BOT
        self.message_state = MessageState.PROCESSING
        self.is_new = True
        self.error: Exception | None = None
        self.busy: asyncio.Event | None = None
        self.answers = True
        self.arrived: list[bool] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def receive(
        self, message: InboundMessage, before_answer: BeforeReceived = None, until: float | None = None
    ) -> Received:
        self.messages.append(message)
        if self.busy is not None:
            await self.busy.wait()
        if self.error is not None:
            raise self.error
        row = Message(id=7, conversation_id=1, state=self.message_state, choice=None)
        received = Received(Conversation(id=1, state=self.state), row, is_new=self.is_new)
        assert before_answer is not None
        before_answer(received)
        if self.answers:
            self.tasks.append(asyncio.create_task(self.answer(7)))
        return received

    async def answer(self, key: Key, text: str = "马上派人]]><b>") -> None:
        slot = self.slots.take(key)
        if slot is not None:
            self.arrived.append(await slot.answer(text))


class Followers:
    """Notes who came and went, and greets."""

    def __init__(self, inbox: Inbox) -> None:
        self.inbox = inbox
        self.events: list[AccountEvent] = []

    async def came(self, account: Account, event: AccountEvent, before_answer: BeforeAnswer) -> None:
        self.events.append(event)
        before_answer(Conversation(id=1, state=ConversationState.BOT), Message(id=9))
        self.inbox.tasks.append(asyncio.create_task(self.inbox.answer(("out", 9), "欢迎")))

    async def left(self, account: Account, event: AccountEvent) -> None:
        self.events.append(event)


class Server:
    """One server with one account."""

    def __init__(self, given: Account, addresses: AllowList | None = None) -> None:
        self.slots = PassiveSlots()
        self.inbox = Inbox(self.slots)
        self.followers = Followers(self.inbox)
        self.news: list[AccountEvent] = []
        self.over: list[int] = []

        async def ask(path: str) -> dict[str, Any]:
            return {}

        async def news(of: Account, event: AccountEvent) -> None:
            self.news.append(event)

        door = Door(given, addresses or AllowList(given.callback_addresses, ask), lambda: NOW)
        webhook = Webhook({given.name: door}, self.inbox, self.followers, news, self.slots, self.over.append)
        self.app = FastAPI()
        self.app.include_router(webhook.router())
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://server.test")

    async def post(self, query: Params, body: str | bytes, name: str = "cuihu", **more: Any) -> httpx.Response:
        return await self.http.post(f"/wechat/{name}", params=query, content=body, **more)

    async def deliver(self, **fields: Any) -> httpx.Response:
        return await self.post(*sealed(body_of(**fields), envelope()))


@pytest.fixture
async def server() -> Server:
    return Server(account())


def told(response: httpx.Response, by: Envelope | None = None) -> dict[str, Any]:
    """The decrypted answer."""
    outer = xml.parse(response.content)
    opened = (by or envelope()).open(
        signature=outer["MsgSignature"], timestamp=outer["TimeStamp"], nonce=outer["Nonce"], encrypted=outer["Encrypt"]
    )
    return xml.parse(opened.content)


async def test_an_answer_that_is_quick_goes_back_encrypted_to_the_sender(server: Server) -> None:
    response = await server.deliver()
    assert response.status_code == 200
    assert told(response) == {
        "ToUserName": OPEN_ID,
        "FromUserName": ORIGINAL_ID,
        "CreateTime": str(int(NOW)),
        "MsgType": "text",
        "Content": "马上派人]]><b>",
    }
    await asyncio.gather(*server.inbox.tasks)
    assert server.inbox.arrived == [True]
    assert [message.text for message in server.inbox.messages] == ["漏水了"]


async def test_while_keys_change_the_answer_goes_out_with_the_key_that_came_in() -> None:
    server = Server(account(aes_key=KEY, previous_aes_key=OLD_KEY))
    old = envelope(OLD_KEY)
    response = await server.post(*sealed(body_of(), old, key=OLD_KEY))
    assert told(response, old)["ToUserName"] == OPEN_ID


async def test_without_a_quick_answer_the_response_is_empty_handed_and_the_typing_sign_is_told(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slots_module, "WAITS_SECONDS", 0.05)
    server.inbox.answers = False
    response = await server.deliver()
    assert (response.status_code, response.text) == (200, "success")
    assert server.over == [1]


@pytest.mark.parametrize("state", [ConversationState.WAITING, ConversationState.HUMAN])
async def test_nobody_waits_for_a_person_s_answer(server: Server, state: ConversationState) -> None:
    server.inbox.state = state
    assert (await server.deliver()).text == "success"


async def test_what_is_answered_at_once_while_a_person_has_the_conversation_goes_back(server: Server) -> None:
    server.inbox.state, server.inbox.message_state = ConversationState.HUMAN, MessageState.ANSWERED
    assert told(await server.deliver())["Content"].startswith("马上派人")


async def test_a_message_that_is_answered_already_is_only_acknowledged(server: Server) -> None:
    server.inbox.is_new, server.inbox.message_state = False, MessageState.ANSWERED
    assert (await server.deliver()).text == "success"


async def test_a_message_delivered_again_before_its_answer_takes_the_answer_back(server: Server) -> None:
    server.inbox.is_new = False
    assert told(await server.deliver())["ToUserName"] == OPEN_ID


async def test_a_second_delivery_while_the_first_waits_is_only_acknowledged(server: Server) -> None:
    server.inbox.answers = False
    first = asyncio.create_task(server.deliver())
    while not server.slots.is_open_in(1):
        await asyncio.sleep(0)
    assert (await server.deliver()).text == "success"
    await server.inbox.answer(7)
    assert told(await first)["ToUserName"] == OPEN_ID


async def test_a_message_that_cannot_be_stored_in_time_is_to_be_delivered_again(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook_module, "STORED_WITHIN_SECONDS", 0.05)
    monkeypatch.setattr(slots_module, "WAITS_SECONDS", 0.05)
    server.inbox.busy = asyncio.Event()
    response = await server.deliver()
    assert (response.status_code, response.content) == (503, b"")
    server.inbox.busy.set()  # it is stored after all, and answered by itself
    while not server.inbox.tasks:
        await asyncio.sleep(0)
    assert not server.slots.is_open_in(1)


async def test_a_message_that_cannot_be_stored_is_to_be_delivered_again(server: Server) -> None:
    server.inbox.error = RuntimeError("database is gone")
    assert (await server.deliver()).status_code == 503


async def test_a_message_that_is_too_long_is_told_so(server: Server) -> None:
    server.inbox.error = ApiError(422, "message_too_long", limit=2000)
    assert "2000 个字" in told(await server.deliver())["Content"]


async def test_a_message_with_nothing_in_it_is_only_acknowledged(server: Server) -> None:
    server.inbox.error = ApiError(422, "message_empty")
    assert (await server.deliver()).text == "success"


async def test_following_is_greeted_in_the_same_request(server: Server) -> None:
    response = await server.deliver(MsgType="event", Event="subscribe", EventKey="qrscene_b3")
    assert told(response)["Content"] == "欢迎"
    assert server.followers.events[0].building_id == 3


async def test_events_go_where_they_belong_and_unknown_ones_nowhere(server: Server) -> None:
    for name in ("unsubscribe", "VIEW", "LOCATION", "TEMPLATESENDJOBFINISH", "subscribe_msg_popup_event", "new_event"):
        assert (await server.deliver(MsgType="event", Event=name)).text == "success"
    assert [event.name for event in server.followers.events] == ["unsubscribe"]
    assert [event.name for event in server.news] == ["templatesendjobfinish", "subscribe_msg_popup_event"]
    assert server.inbox.messages == []


async def test_a_menu_is_answered_like_a_message(server: Server) -> None:
    assert told(await server.deliver(MsgType="event", Event="CLICK", EventKey="报修"))["ToUserName"] == OPEN_ID
    assert server.inbox.messages[0].contact == "action"


async def test_the_platform_s_check_of_the_address_is_echoed(server: Server) -> None:
    stamp = str(int(NOW))
    signature = hashlib.sha1("".join(sorted([TOKEN, stamp, "n1"])).encode()).hexdigest()
    query = {"signature": signature, "timestamp": stamp, "nonce": "n1", "echostr": "<b>5837</b>"}
    response = await server.http.get("/wechat/cuihu", params=query)
    assert (response.status_code, response.text) == (200, "<b>5837</b>")
    assert response.headers["content-type"].startswith("text/plain")
    wrong = await server.http.get("/wechat/cuihu", params=query | {"signature": "0" * 40})
    assert (wrong.status_code, wrong.content) == (403, b"")


async def test_an_account_that_is_none_is_refused(server: Server) -> None:
    response = await server.post(*sealed(body_of(), envelope()), name="other")
    assert (response.status_code, response.content) == (403, b"")


def _unencrypted() -> tuple[Params, str]:
    stamp = str(int(NOW))
    signature = hashlib.sha1("".join(sorted([TOKEN, stamp, "n1"])).encode()).hexdigest()
    return {"signature": signature, "timestamp": stamp, "nonce": "n1"}, body_of()


def _changed(**changes: str) -> tuple[Params, str]:
    query, body = sealed(body_of(), envelope())
    return query | changes, body


DTD = '<!DOCTYPE xml [<!ENTITY a "b">]><xml><Encrypt>x</Encrypt></xml>'


@pytest.mark.parametrize(
    "delivery",
    [
        pytest.param(_unencrypted(), id="not encrypted, although its signature is good"),
        pytest.param(_changed(msg_signature="0" * 40), id="another signature"),
        pytest.param(_changed(nonce="n2"), id="another nonce"),
        pytest.param(_changed(timestamp=str(int(NOW) + 1)), id="another time"),
        pytest.param(_changed(encrypt_type="raw"), id="not said to be encrypted"),
        pytest.param(sealed(body_of(), envelope(now=NOW - 301)), id="too old"),
        pytest.param(sealed(body_of(), envelope(now=NOW + 301)), id="from the future"),
        pytest.param(sealed(body_of(), envelope(receiver="wxffffffffffffffff")), id="for another app"),
        pytest.param(sealed(body_of(ToUserName="gh_ffffffffffff"), envelope()), id="for another account"),
        pytest.param(sealed(body_of(FromUserName=""), envelope()), id="from nobody"),
        pytest.param(sealed(DTD, envelope()), id="with a DTD inside"),
        pytest.param((_changed()[0], DTD), id="with a DTD outside"),
        pytest.param((_changed()[0], "no xml"), id="no XML"),
        pytest.param((_changed()[0], "<xml></xml>"), id="nothing encrypted in it"),
        pytest.param(({}, ""), id="nothing at all"),
    ],
)
async def test_what_is_not_the_platform_s_is_refused_without_a_word(
    server: Server, delivery: tuple[Params, str]
) -> None:
    response = await server.post(*delivery)
    assert (response.status_code, response.content) == (403, b"")
    assert server.inbox.messages == []


async def test_a_large_body_is_refused_before_it_is_read(server: Server) -> None:
    query, _ = sealed(body_of(), envelope())
    assert (await server.post(query, b"x" * (64 * 1024 + 1))).status_code == 413

    async def endless() -> Any:
        for _ in range(100):
            yield b"x" * 1024
        raise AssertionError("read on after the limit")

    response = await server.http.post("/wechat/cuihu", params=query, content=endless())
    assert (response.status_code, response.content) == (413, b"")


async def test_a_caller_from_elsewhere_is_refused() -> None:
    server = Server(account(callback_addresses=["10.0.0.0/8"]))
    assert (await server.deliver()).status_code == 403  # the test's own address is 127.0.0.1
    assert (await Server(account(callback_addresses=["127.0.0.0/8"])).deliver()).status_code == 200


async def test_while_the_platform_s_addresses_are_unknown_it_is_asked_to_deliver_again() -> None:
    server = Server(account(callback_addresses="platform"))
    assert (await server.deliver()).status_code == 503


async def test_a_test_account_without_secure_mode_works_in_the_clear() -> None:
    server = Server(account(encryption="plain"))
    response = await server.post(*_unencrypted())
    assert xml.parse(response.content)["Content"] == "马上派人]]><b>"
    query, body = _unencrypted()
    assert (await server.post(query | {"signature": "0" * 40}, body)).status_code == 403
    assert told(await server.deliver())["ToUserName"] == OPEN_ID  # encrypted is always right


async def _by_hand(
    server: Server, receive_more: Callable[[], Awaitable[dict[str, Any]]], send: Callable[[Any], Awaitable[None]]
) -> None:
    """A request whose connection behaves as the test wants."""
    query, body = sealed(body_of(), envelope())
    sent = [{"type": "http.request", "body": body.encode(), "more_body": False}]

    async def receive() -> dict[str, Any]:
        return sent.pop() if sent else await receive_more()

    scope = {
        "type": "http", "method": "POST", "path": "/wechat/cuihu", "raw_path": b"/wechat/cuihu", "headers": [],
        "query_string": str(httpx.QueryParams(query)).encode(), "client": ("127.0.0.1", 1), "root_path": "",
        "scheme": "http", "server": ("server.test", 80), "http_version": "1.1",
    }  # fmt: skip
    await server.app(scope, receive, send)


async def test_an_answer_for_a_request_whose_sender_has_gone_goes_its_own_way(server: Server) -> None:
    async def gone() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    responses: list[Any] = []

    async def send(message: Any) -> None:
        responses.append(message)

    await _by_hand(server, gone, send)
    await asyncio.gather(*server.inbox.tasks)
    assert server.inbox.arrived == [False]
    assert not any(b"Encrypt" in message.get("body", b"") for message in responses)


async def test_an_answer_for_a_connection_that_breaks_while_it_is_sent_goes_its_own_way(server: Server) -> None:
    never = asyncio.Event()

    async def quiet() -> dict[str, Any]:
        await never.wait()
        return {}

    async def broken(message: Any) -> None:
        raise OSError

    with pytest.raises(OSError):
        await _by_hand(server, quiet, broken)
    await asyncio.gather(*server.inbox.tasks)
    assert server.inbox.arrived == [False]


def test_the_response_s_times_leave_room_before_the_platform_hangs_up() -> None:
    assert slots_module.WAITS_SECONDS < webhook_module.STORED_WITHIN_SECONDS < slots_module.LATEST_SECONDS < 4.0
