"""A toy server that answers pushes as a test tells it, the peer in front of it, and residents' phones."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from integrations.wechat.accounts import Account, Accounts
from tests.local_wechat.client import Phone
from tests.local_wechat.crypto import Seal
from tests.local_wechat.pushxml import build, read
from tests.local_wechat.server import LocalWechat

KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
OLD_KEY = "0123456789ABCDEFGabcdefghijklmnopqrstuvwxyz"
APP_ID = "wx00000000000000a1"
ORIGINAL_ID = "gh_0123456789ab"
THING, ONCE = "template-thing", "template-once"
RAW = {
    "name": "spring",
    "token": "spamtest",
    "aes_key": KEY,
    "previous_aes_key": OLD_KEY,
    "app_id": APP_ID,
    "app_secret": "a-secret",
    "original_id": ORIGINAL_ID,
    "templates": {"ticket_progress": {"id": THING, "fields": {"thing2": "state", "character_string1": "number"}}},
    "one_time_templates": {"ticket_progress": {"id": ONCE, "fields": {"phrase3": "state"}}},
}
PEER = "http://peer.test"


@dataclass
class Toy:
    """A server of one callback address: what it was asked, and what it answers."""

    seals: list[Seal]
    asked: list[dict[str, Any]] = field(default_factory=list)
    queries: list[httpx.QueryParams] = field(default_factory=list)
    answer: Callable[[dict[str, Any]], Awaitable[httpx.Response]] | None = None

    async def handle(self, request: httpx.Request) -> httpx.Response:
        """What the peer calls."""
        if request.method == "GET":
            return httpx.Response(200, text=request.url.params["echostr"])
        fields = self.opened(request)
        if fields is None:
            return httpx.Response(403)
        self.asked.append(fields)
        self.queries.append(request.url.params)
        return httpx.Response(200, text="success") if self.answer is None else await self.answer(fields)

    def opened(self, request: httpx.Request) -> dict[str, Any] | None:
        """The message in a request, None where it is not the platform's."""
        outer, query = read(request.content), request.url.params
        for seal in self.seals:
            try:
                return read(seal.open(outer["Encrypt"], query["msg_signature"], query["timestamp"], query["nonce"]))
            except Exception:  # noqa: BLE001, PERF203, RUF100  # whatever is wrong, it is refused
                continue
        return None

    def reply(self, fields: dict[str, Any], content: str, **other: str) -> httpx.Response:
        """A passive reply as it should be; `other` replaces fields of it."""
        inner = {
            "ToUserName": fields["FromUserName"],
            "FromUserName": fields["ToUserName"],
            "CreateTime": 1,
            "MsgType": "text",
            "Content": content,
            **other,
        }
        return httpx.Response(200, content=sealed(self.seals[0], build(inner)))


def sealed(seal: Seal, content: bytes) -> bytes:
    """An encrypted answer."""
    encrypted = seal.seal(content)
    return build({"Encrypt": encrypted, "MsgSignature": seal.sign("1", "2", encrypted), "TimeStamp": 1, "Nonce": "2"})


@pytest.fixture
def account() -> Account:
    """An Official Account in secure mode, whose key is being changed."""
    return Accounts.model_validate({"accounts": [{**RAW, "api_url": PEER}]}).accounts[0]


@pytest.fixture
def toy() -> Toy:
    """The server."""
    return Toy([Seal("spamtest", key, APP_ID) for key in (KEY, OLD_KEY)])


@pytest.fixture
async def peer(account: Account, toy: Toy) -> AsyncIterator[LocalWechat]:
    """The peer, which waits for nothing between deliveries."""
    made = LocalWechat([account], ["http://toy.test"], pause=0, transport=httpx.MockTransport(toy.handle))
    made.world.url = PEER
    yield made
    await made.close()


Arrive = Callable[[], Awaitable[Phone]]


@pytest.fixture
async def arrive(peer: LocalWechat) -> AsyncIterator[Arrive]:
    """Somebody with a phone who follows the account."""
    async with AsyncExitStack() as all_of_them:

        async def one() -> Phone:
            phone = Phone(PEER, "spring", transport=httpx.ASGITransport(peer.app))
            await all_of_them.enter_async_context(phone)
            await phone.follow(answers=0)
            return phone

        yield one


@pytest.fixture
async def phone(arrive: Arrive) -> Phone:
    """One of them."""
    return await arrive()


@pytest.fixture
async def api(peer: LocalWechat) -> AsyncIterator["Api"]:
    """The server's side of the platform's API, with a valid token."""
    async with httpx.AsyncClient(base_url=PEER, transport=httpx.ASGITransport(peer.app)) as http:
        made = Api(http)
        await made.fetch_token()
        yield made


@dataclass
class Api:
    """Calls the platform as our server would."""

    http: httpx.AsyncClient
    token: str = ""

    async def fetch_token(self, *, force: bool = False, secret: str = "a-secret") -> dict[str, Any]:
        """Ask for a token and use it from now on."""
        wanted = {"grant_type": "client_credential", "appid": APP_ID, "secret": secret, "force_refresh": force}
        got: dict[str, Any] = (await self.http.post("/cgi-bin/stable_token", json=wanted)).json()
        self.token = got.get("access_token", self.token)
        return got

    async def call(self, path: str, body: dict[str, Any] | None = None, **query: str) -> dict[str, Any]:
        """One call; GET where there is no body."""
        params = {"access_token": self.token, **query}
        if body is None:
            answer = await self.http.get(path, params=params)
        else:
            answer = await self.http.post(path, params=params, json=body)
        got: dict[str, Any] = answer.json()
        return got

    async def send(self, open_id: str, content: str) -> int:
        """A customer-service text; its error code."""
        body = {"touser": open_id, "msgtype": "text", "text": {"content": content}}
        code: int = (await self.call("/cgi-bin/message/custom/send", body))["errcode"]
        return code
