"""WeCom customer service: the callback only tells, the log is pulled, and messages obey the session."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from integrations.wecom.accounts import Accounts
from tests.local_wechat.client import CustomerPhone
from tests.local_wechat.crypto import Seal
from tests.local_wechat.pushxml import read
from tests.local_wechat.server import LocalWechat
from tests.unit.local_wechat.conftest import KEY, PEER

CORP, KF = "ww00000000000000a1", "wkAAAAAAAAAA"
RAW = {"name": "corp", "token": "spamtest", "aes_key": KEY, "corp_id": CORP, "secret": "s", "open_kfids": [KF]}


@dataclass
class Callback:
    """The server's callback: what it was told, and the status it answers with."""

    seal: Seal = field(default_factory=lambda: Seal("spamtest", KEY, CORP))
    told: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200

    def handle(self, request: httpx.Request) -> httpx.Response:
        """What the peer calls."""
        query = request.url.params
        signed = (query["msg_signature"], query["timestamp"], query["nonce"])
        if request.method == "GET":
            return httpx.Response(200, content=self.seal.open(query["echostr"], *signed))
        self.told.append(read(self.seal.open(read(request.content)["Encrypt"], *signed)))
        return httpx.Response(self.status, text="success")


@dataclass
class Api:
    """The server's side of the API."""

    http: httpx.AsyncClient
    token: str = ""

    async def fetch_token(self) -> dict[str, Any]:
        """Ask for a token and use it from now on."""
        query = {"corpid": CORP, "corpsecret": "s"}
        got: dict[str, Any] = (await self.http.get("/cgi-bin/gettoken", params=query)).json()
        self.token = got["access_token"]
        return got

    async def call(self, path: str, **body: Any) -> dict[str, Any]:
        """One call."""
        answer = await self.http.post(f"/cgi-bin/kf/{path}", params={"access_token": self.token}, json=body)
        got: dict[str, Any] = answer.json()
        return got

    async def send(self, customer: CustomerPhone, text: str = "您好", **more: Any) -> int:
        """A text; its error code."""
        body = {"touser": customer.open_id, "open_kfid": KF, "msgtype": "text", "text": {"content": text}, **more}
        code: int = (await self.call("send_msg", **body))["errcode"]
        return code

    async def pull(self, cursor: str = "", **more: Any) -> dict[str, Any]:
        """One page of the log."""
        return await self.call("sync_msg", open_kfid=KF, cursor=cursor, **more)

    async def change(self, customer: CustomerPhone, state: int) -> dict[str, Any]:
        """Put the session into another state."""
        whose = {"open_kfid": KF, "external_userid": customer.open_id}
        return await self.call("service_state/trans", **whose, service_state=state)


@pytest.fixture
def callback() -> Callback:
    """The server."""
    return Callback()


@pytest.fixture
async def peer(callback: Callback) -> AsyncIterator[LocalWechat]:
    """The peer with one company."""
    companies = Accounts.model_validate({"accounts": [{**RAW, "api_url": PEER}]}).accounts
    transport = httpx.MockTransport(callback.handle)
    made = LocalWechat([], ["http://toy.test"], pause=0, transport=transport, wecom=companies)
    yield made
    await made.close()


@pytest.fixture
async def api(peer: LocalWechat) -> AsyncIterator[Api]:
    """The server's side of the API, with a token."""
    async with httpx.AsyncClient(base_url=f"{PEER}/qyapi", transport=httpx.ASGITransport(peer.app)) as http:
        made = Api(http)
        await made.fetch_token()
        yield made


@pytest.fixture
async def customer(peer: LocalWechat) -> AsyncIterator[CustomerPhone]:
    """Somebody with WeChat."""
    async with CustomerPhone(PEER, "corp", transport=httpx.ASGITransport(peer.app)) as phone:
        yield phone


async def test_the_callback_carries_a_token_and_no_message(
    callback: Callback, api: Api, customer: CustomerPhone
) -> None:
    await customer.says("水管漏了", answers=0)
    (told,) = callback.told
    assert (told["Event"], told["OpenKfId"], told["ToUserName"]) == ("kf_msg_or_event", KF, CORP)
    page = await api.pull(token=told["Token"])
    (entry,) = page["msg_list"]
    assert entry["text"]["content"] == "水管漏了" and entry["origin"] == 3
    assert (await api.pull(page["next_cursor"]))["msg_list"] == []
    assert (await api.pull(token="another"))["errcode"] == 95007


async def test_a_callback_that_fails_is_sent_three_times(callback: Callback, customer: CustomerPhone) -> None:
    callback.status = 500
    await customer.says("在吗", answers=0)
    assert len(callback.told) == 3


async def test_a_lost_callback_loses_no_message(callback: Callback, api: Api, customer: CustomerPhone) -> None:
    await customer.http.put("/local/wecom/manner", json={"silent": True})
    await customer.says("在吗", answers=0)
    assert callback.told == [] and len((await api.pull())["msg_list"]) == 1


async def test_pages_are_as_long_as_wanted_and_may_be_empty_in_between(api: Api, customer: CustomerPhone) -> None:
    for number in range(5):
        await customer.says(str(number), answers=0)
    await customer.http.put("/local/wecom/manner", json={"gaps": 1})
    cursor, texts, pages = "", [], 0
    while True:
        page = await api.pull(cursor, limit=2)
        assert page["next_cursor"] != cursor
        cursor, pages = page["next_cursor"], pages + 1
        texts += [entry["text"]["content"] for entry in page["msg_list"]]
        if not page["has_more"]:
            break
    assert (texts, pages) == (["0", "1", "2", "3", "4"], 4)


async def test_the_log_reaches_back_three_days(peer: LocalWechat, api: Api, customer: CustomerPhone) -> None:
    await customer.says("旧", answers=0)
    peer.clock.move(3 * 86400 + 1)
    await customer.says("新", answers=0)
    await api.fetch_token()
    assert [entry["text"]["content"] for entry in (await api.pull())["msg_list"]] == ["新"]


async def test_five_messages_within_two_days(peer: LocalWechat, api: Api, customer: CustomerPhone) -> None:
    await customer.says("在吗", answers=0)
    assert [await api.send(customer) for _ in range(6)] == [0] * 5 + [95001]
    peer.clock.move(48 * 3600 + 1)
    await api.fetch_token()
    assert await api.send(customer) == 95002


async def test_messages_go_out_only_while_the_session_is_ours(api: Api, customer: CustomerPhone) -> None:
    await customer.says("在吗", answers=0)
    assert (await api.change(customer, 1))["errcode"] == 0
    assert await api.send(customer) == 0
    await customer.is_served()
    assert await api.send(customer) == 95018
    assert (await api.change(customer, 1))["errcode"] == 95016
    await customer.is_ended(answers=0)
    assert await api.send(customer) == 95013
    await customer.says("还有一件事", answers=0)
    assert await api.send(customer) == 0


async def test_who_comes_in_is_greeted_once_in_two_days_and_within_twenty_seconds(
    peer: LocalWechat, api: Api, customer: CustomerPhone
) -> None:
    async def code() -> str | None:
        await customer.enters(answers=0)
        event = (await api.pull())["msg_list"][-1]["event"]
        assert event["external_userid"] == customer.open_id
        found: str | None = event.get("welcome_code")
        return found

    async def greet(with_code: str | None) -> int:
        words = {"msgtype": "text", "text": {"content": "欢迎"}}
        errcode: int = (await api.call("send_msg_on_event", code=with_code, **words))["errcode"]
        return errcode

    late = await code()
    peer.clock.move(21)
    assert await greet(late) == 40029
    in_time = await code()
    assert [await greet(in_time), await greet(in_time)] == [0, 40029]
    assert await code() is None
    assert [entry["text"] for entry in await customer.received()] == ["欢迎"]


async def test_a_menu_is_offered_and_its_choice_comes_back(api: Api, customer: CustomerPhone) -> None:
    await customer.says("在吗", answers=0)
    entries = [{"type": "click", "click": {"id": "c1.human", "content": "转人工"}}]
    menu = {"msgtype": "msgmenu", "msgmenu": {"head_content": "请选择", "list": entries}}
    await api.call("send_msg", touser=customer.open_id, open_kfid=KF, **menu)
    assert (await customer.answers(1)).choices == ["转人工"]
    await customer.chooses("转人工", answers=0)
    assert (await api.pull())["msg_list"][-1]["text"] == {"content": "转人工", "menu_id": "c1.human"}


async def test_wrong_calls_are_refused_by_their_mistake(api: Api, customer: CustomerPhone) -> None:
    await customer.says("在吗", answers=0)
    assert await api.send(customer, "水" * 683) == 45002
    assert await api.send(customer, open_kfid="wkBBBBBBBBBB") == 95000
    assert await api.send(customer, touser="wm-nobody") == 40096
    assert [await api.send(customer, msgid="own_1"), await api.send(customer, msgid="own_1")] == [0, 40058]
    assert await api.send(customer, msgid="own.1") == 40058
    menu = {"list": [{"type": "click", "click": {"id": "1", "content": "一"}}] * 11}
    sent = await api.call("send_msg", touser=customer.open_id, open_kfid=KF, msgtype="msgmenu", msgmenu=menu)
    assert sent["errcode"] == 95008
    api.token = "12_" + "a" * 130
    assert await api.send(customer) == 40014


async def test_a_picture_can_be_fetched(api: Api, customer: CustomerPhone) -> None:
    await customer.sends_picture(b"\xff\xd8\xffpicture", answers=0)
    media_id = (await api.pull())["msg_list"][0]["image"]["media_id"]
    query = {"access_token": api.token, "media_id": media_id}
    assert (await api.http.get("/cgi-bin/media/get", params=query)).content == b"\xff\xd8\xffpicture"


async def test_the_address_is_checked_by_its_decrypted_echo(peer: LocalWechat) -> None:
    assert await peer.kf.verify(peer.kf.company("corp"))
