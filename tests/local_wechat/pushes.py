"""Pushing what residents do to the server: five seconds, three deliveries of the same MsgId, and judging the answer."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx
from pydantic import BaseModel, Field

from tests.local_wechat.crypto import nonce, signature
from tests.local_wechat.pushxml import build
from tests.local_wechat.reply import CONTENT, Judgement, Verdict, judge
from tests.local_wechat.texts import text
from tests.local_wechat.users import Resident
from tests.local_wechat.world import PeerAccount, World

LIMIT_SECONDS = 5.0
DELIVERIES = 3
Flaw = Literal["signature", "body", "timestamp", "receiver", "unencrypted", "other_account"]


class Manner(BaseModel):
    """How a push is delivered, where a test wants it other than usual.

    Attributes:
        deliveries: at least so many, even though the first was answered.
        overlap: they begin without waiting for each other.
        spread: each begins after a random wait of up to so many seconds, which shuffles them with others.
        message_id: this MsgId instead of a new one.
        key: encrypted with the account's current or previous key.
        flaw: a request that the server must refuse; delivered once, and the phone shows nothing of it.
    """

    deliveries: int = Field(default=1, ge=1, le=20)
    overlap: bool = False
    spread: float = Field(default=0.0, ge=0, le=60)
    message_id: int | None = None
    key: Literal["current", "previous"] = "current"
    flaw: Flaw | None = None


@dataclass
class Delivery:
    """One request to the server: how it ended, and after how many seconds."""

    verdict: Verdict
    reason: str
    seconds: float


@dataclass
class Push:
    """One message or event on its way to the server.

    Attributes:
        state: `accepted`: the server answered as it should. `unavailable`: three times it did not.
            `flawed`: sent only to see it refused.
    """

    number: int
    account: str
    open_id: str
    fields: dict[str, Any]
    manner: Manner
    message_id: str | None
    state: Literal["in_flight", "accepted", "unavailable", "flawed"] = "in_flight"
    deliveries: list[Delivery] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """For tests and the page; without the content."""
        return {
            "number": self.number,
            "account": self.account,
            "open_id": self.open_id,
            "message_id": self.message_id,
            "what": self.fields.get("Event") or self.fields["MsgType"],
            "state": self.state,
            "deliveries": [vars(delivery) for delivery in self.deliveries],
        }


class Pushes:
    """Everything that is, and was, on its way to the server.

    Args:
        servers: addresses of the server's processes; deliveries go round.
        limit: seconds that an answer may take.
        pause: seconds before the next delivery when the answer was wrong, not late.
        transport: instead of real connections.
    """

    def __init__(
        self,
        world: World,
        servers: Sequence[str],
        *,
        limit: float = LIMIT_SECONDS,
        pause: float = 1.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._world = world
        self.servers = list(servers)
        self.limit = limit
        self.pause = pause
        self.usual = Manner()
        self.all: list[Push] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._turn = 0
        self._of: dict[str, list[Push]] = defaultdict(list)
        self._transport = transport
        self._http: httpx.AsyncClient | None = None

    async def close(self) -> None:
        """Stop everything that is on its way."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._http is not None:
            await self._http.aclose()

    async def settled(self) -> None:
        """Wait until nothing is on its way."""
        while self._tasks:
            await asyncio.wait(self._tasks)
            await asyncio.sleep(0)  # lets the tasks that are over leave the set

    def send(self, resident: Resident, fields: dict[str, Any], manner: Manner | None = None) -> Push:
        """Begin to push; sender, receiver and time are added here, in the platform's order."""
        manner = manner or self.usual
        account = self._world.accounts[resident.account]
        start = {
            "ToUserName": account.original_id,
            "FromUserName": resident.open_id,
            "CreateTime": int(self._world.clock.real()),
        }
        message_id = None
        if fields["MsgType"] != "event":
            number = manner.message_id or self._world.message_id()
            fields, message_id = {**fields, "MsgId": number}, str(number)
        push = Push(len(self.all) + 1, account.app_id, resident.open_id, {**start, **fields}, manner, message_id)
        self.all.append(push)
        self._of[resident.open_id].append(push)
        self._start(push)
        return push

    def again(self, push: Push) -> None:
        """Deliver a push once more, although it is over."""
        self._start(push, once=True)

    def of(self, open_id: str) -> list[Push]:
        """The pushes of one resident, oldest first."""
        return self._of[open_id]

    async def verify(self, account: PeerAccount, *, flaw: bool = False) -> bool:
        """The platform's check of the address when it is entered: it must echo what it is sent."""
        stamp, number, echo = str(int(self._world.clock.real())), nonce(), str(self._world.message_id())
        signed = signature("guessed", stamp, number) if flaw else account.seals[0].sign(stamp, number)
        query = {"signature": signed, "timestamp": stamp, "nonce": number, "echostr": echo}
        try:
            async with asyncio.timeout(self.limit):
                answer = await self._client().get(f"{self.next_server()}/wechat/{account.name}", params=query)
        except (TimeoutError, httpx.HTTPError):
            return False
        return answer.status_code == 200 and answer.text == echo

    def _start(self, push: Push, *, once: bool = False) -> None:
        task = asyncio.create_task(self._once(push) if once else self._run(push))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _once(self, push: Push) -> None:
        await self._deliver(push)

    async def _run(self, push: Push) -> None:
        manner = push.manner
        if manner.flaw is not None:
            await self._deliver(push)
            push.state = "flawed"
            self._touch(push)
            return
        content = False
        if manner.overlap:
            together = await asyncio.gather(*(self._deliver(push) for _ in range(manner.deliveries)))
            content = any(verdict in CONTENT for verdict in together)
        while len(push.deliveries) < (manner.deliveries if content else max(DELIVERIES, manner.deliveries)):
            if push.deliveries and push.deliveries[-1].verdict not in (*CONTENT, Verdict.LATE):
                await asyncio.sleep(self.pause)
            verdict = await self._deliver(push)
            content = content or verdict in CONTENT
        push.state = "accepted" if content else "unavailable"
        if not content:
            resident = self._world.resident(push.open_id)
            words = text("unavailable")
            resident.show("notice", "unavailable", "notice", words, self._world.clock.now(), message_id=push.message_id)
        self._touch(push)

    def _touch(self, push: Push) -> None:
        self._world.resident(push.open_id).touch()

    async def _deliver(self, push: Push) -> Verdict:
        if push.manner.spread:
            await asyncio.sleep(self._world.random.uniform(0, push.manner.spread))
        account = self._world.accounts[push.account]
        began = time.monotonic()
        found = await self._asked(account, push)
        push.deliveries.append(Delivery(found.verdict, found.reason, time.monotonic() - began))
        if found.verdict is Verdict.REPLY and push.manner.flaw is None:
            self._world.resident(push.open_id).show(
                "account",
                "passive",
                found.kind,
                found.text,
                self._world.clock.now(),
                message_id=push.message_id,
                details=found.details,
            )
        return found.verdict

    async def _asked(self, account: PeerAccount, push: Push) -> Judgement:
        seal = account.seals[-1 if push.manner.key == "previous" else 0]
        query, body = self.request(account, push)
        try:
            async with asyncio.timeout(self.limit):
                answer = await self._client().post(
                    f"{self.next_server()}/wechat/{account.name}",
                    params=query,
                    content=body,
                    headers={"Content-Type": "text/xml"},
                )
        except TimeoutError:
            return Judgement(Verdict.LATE)
        except httpx.HTTPError as error:
            return Judgement(Verdict.UNREACHABLE, type(error).__name__)
        return judge(account, seal, push.open_id, answer.status_code, answer.content)

    def next_server(self) -> str:
        """The address of the process whose turn it is."""
        self._turn += 1
        return self.servers[self._turn % len(self.servers)].rstrip("/")

    def new_client(self) -> httpx.AsyncClient:
        """A connection to the server without limits of its own."""
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=100)
        return httpx.AsyncClient(timeout=None, limits=limits, trust_env=False, transport=self._transport)

    def _client(self) -> httpx.AsyncClient:
        if self._http is None:
            self._http = self.new_client()
        return self._http

    def request(self, account: PeerAccount, push: Push) -> tuple[dict[str, str], bytes]:
        """The query and the body of one delivery; each is encrypted anew, as the platform does."""
        flaw = push.manner.flaw
        seal = account.seals[-1 if push.manner.key == "previous" else 0]
        seconds = int(self._world.clock.real()) - (86_400 if flaw == "timestamp" else 0)
        stamp, number = str(seconds), nonce()
        content = build(push.fields)
        query = {
            "signature": seal.sign(stamp, number),
            "timestamp": stamp,
            "nonce": number,
            "openid": push.open_id,
        }
        if not account.secure or flaw == "unencrypted":
            return query, content
        if flaw == "other_account":
            content = build({**push.fields, "ToUserName": "gh_000000000000"})
        encrypted = seal.seal(content, receiver="wx0000000000000000" if flaw == "receiver" else None)
        query |= {"encrypt_type": "aes", "msg_signature": seal.sign(stamp, number, encrypted)}
        if flaw == "signature":
            query["msg_signature"] = signature("guessed", stamp, number, encrypted)
        if flaw == "body":
            encrypted = encrypted[:40] + ("A" if encrypted[40] != "A" else "B") + encrypted[41:]
        return query, build({"ToUserName": account.original_id, "Encrypt": encrypted})
