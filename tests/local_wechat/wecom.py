"""WeCom customer service as the platform keeps it: customers, the log that is pulled, sessions, and the callback."""

import asyncio
import secrets
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from integrations.wecom.accounts import Account
from tests.local_wechat.clock import DAY, HOUR
from tests.local_wechat.crypto import Seal, nonce
from tests.local_wechat.errcodes import PlatformError
from tests.local_wechat.pushes import DELIVERIES, Pushes
from tests.local_wechat.pushxml import build
from tests.local_wechat.texts import text
from tests.local_wechat.users import Resident
from tests.local_wechat.world import World

CODE_LASTS = 20.0
CALLBACK_TOKEN_LASTS = 600.0
HISTORY_LASTS = 3 * DAY
WELCOME_AGAIN_AFTER = 48 * HOUR
NEW, ASSISTANT, QUEUE, SERVED, ENDED = range(5)


class Customer(Resident):
    """Somebody who writes to one customer-service account."""

    def __init__(self, user_id: str, corp_id: str, open_kfid: str, name: str) -> None:
        super().__init__(user_id, corp_id, name)
        self.open_kfid = open_kfid
        self.state = NEW
        self.welcomed_at = float("-inf")


@dataclass
class Item:
    """One entry of the log that `sync_msg` gives."""

    at: float
    content: dict[str, Any]


@dataclass
class Code:
    """A code of an event: one response within 20 seconds."""

    customer: Customer
    made_at: float
    used: bool = False


@dataclass
class Company:
    """One company of the account file."""

    settings: Account
    logs: dict[str, list[Item]] = field(default_factory=lambda: defaultdict(list))
    tokens: dict[str, float] = field(default_factory=dict)
    gaps: int = 0

    @property
    def corp_id(self) -> str:
        """The company's id."""
        return self.settings.corp_id

    def seal(self) -> Seal:
        """Its current key."""
        settings = self.settings
        return Seal(settings.token.get_secret_value(), settings.aes_keys[0], settings.corp_id)

    def checked_kf(self, open_kfid: str) -> str:
        """The id of one of its customer-service accounts.

        Raises:
            PlatformError: 95000, it is not the company's.
        """
        if self.settings.kf(open_kfid) is None:
            raise PlatformError(95000)
        return open_kfid


class KfWorld:
    """All companies and their customers; time, tokens, media and faults are the world's."""

    def __init__(self, accounts: Sequence[Account], world: World, pushes: Pushes) -> None:
        self.world = world
        self._pushes = pushes
        self.companies = {account.corp_id: Company(account) for account in accounts}
        self.customers: dict[str, Customer] = {}
        self.codes: dict[str, Code] = {}
        self.notified: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.silent = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._http: httpx.AsyncClient | None = None

    async def close(self) -> None:
        """Stop the notifications that are on their way."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._http is not None:
            await self._http.aclose()

    def company(self, name_or_id: str) -> Company:
        """A company by its name in the file, its corp id, or the id of one of its accounts.

        Raises:
            KeyError: there is none.
        """
        for company in self.companies.values():
            if name_or_id in (company.corp_id, company.settings.name) or company.settings.kf(name_or_id):
                return company
        raise KeyError(name_or_id)

    def add(self, company: Company, open_kfid: str, name: str | None = None, user_id: str | None = None) -> Customer:
        """A new customer."""
        made_up = "wm" + secrets.token_hex(15)
        shown = name or text("resident_name", number=len(self.customers) + 1)
        customer = Customer(user_id or made_up, company.corp_id, open_kfid, shown)
        self.customers[customer.open_id] = customer
        return customer

    def customer(self, company: Company, open_kfid: str, user_id: str) -> Customer:
        """A customer of one account.

        Raises:
            PlatformError: 40096, no such customer.
        """
        found = self.customers.get(user_id)
        if found is None or (found.account, found.open_kfid) != (company.corp_id, open_kfid):
            raise PlatformError(40096)
        return found

    def code_for(self, customer: Customer) -> str:
        """A code for responding to an event."""
        made = secrets.token_hex(16)
        self.codes[made] = Code(customer, self.world.clock.now())
        return made

    def redeem(self, company: Company, code: str) -> Customer:
        """Whose event a code belongs to.

        Raises:
            PlatformError: 40029, unknown, used or older than 20 seconds.
        """
        known = self.codes.get(code)
        over = known is not None and (known.used or self.world.clock.now() > known.made_at + CODE_LASTS)
        if known is None or over or known.customer.account != company.corp_id:
            raise PlatformError(40029)
        known.used = True
        return known.customer

    def log(self, customer: Customer, kind: str, content: dict[str, Any], *, origin: int = 3) -> str:
        """Write an entry into the log and notify the server; the entry's msgid."""
        company = self.companies[customer.account]
        msgid = secrets.token_hex(16)
        entry = {
            "msgid": msgid,
            "open_kfid": customer.open_kfid,
            "external_userid": customer.open_id,
            "send_time": int(self.world.clock.real()),
            "origin": origin,
            "msgtype": kind,
            kind: content,
        }
        if kind == "event":
            del entry["external_userid"]
            content |= {"open_kfid": customer.open_kfid, "external_userid": customer.open_id}
        company.logs[customer.open_kfid].append(Item(self.world.clock.now(), entry))
        self.notify(customer)
        return msgid

    def notify(self, customer: Customer) -> None:
        """Tell the server that there is something to pull; not while `silent`, as callbacks can be lost."""
        if self.silent:
            return
        push: dict[str, Any] = {"what": "kf_msg_or_event", "state": "in_flight", "deliveries": []}
        self.notified[customer.open_id].append(push)
        task = asyncio.create_task(self._notify(customer, push))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def touch_all(self) -> None:
        """Something changed that every phone shows."""
        for customer in self.customers.values():
            customer.touch()

    async def settled(self) -> None:
        """Wait until no notification is on its way."""
        while self._tasks:
            await asyncio.wait(self._tasks)
            await asyncio.sleep(0)  # lets the tasks that are over leave the set

    async def _notify(self, customer: Customer, push: dict[str, Any]) -> None:
        company = self.companies[customer.account]
        token = secrets.token_urlsafe(24)
        company.tokens[token] = self.world.clock.now()
        fields = {
            "ToUserName": company.corp_id,
            "CreateTime": int(self.world.clock.real()),
            "MsgType": "event",
            "Event": "kf_msg_or_event",
            "Token": token,
            "OpenKfId": customer.open_kfid,
        }
        for _ in range(DELIVERIES):
            began = time.monotonic()
            verdict = await self._deliver(company, build(fields))
            seconds = time.monotonic() - began
            push["deliveries"].append({"verdict": verdict, "reason": "", "seconds": seconds})
            if verdict == "silent":
                break
            if verdict != "late":
                await asyncio.sleep(self._pushes.pause)
        push["state"] = "accepted" if verdict == "silent" else "unavailable"
        customer.touch()

    async def _deliver(self, company: Company, content: bytes) -> str:
        seal, stamp, number = company.seal(), str(int(self.world.clock.real())), nonce()
        encrypted = seal.seal(content)
        query = {"msg_signature": seal.sign(stamp, number, encrypted), "timestamp": stamp, "nonce": number}
        body = build({"ToUserName": company.corp_id, "Encrypt": encrypted, "AgentID": ""})
        address = f"{self._pushes.next_server()}/wecom/{company.settings.name}"
        try:
            async with asyncio.timeout(self._pushes.limit):
                answer = await self.client().post(address, params=query, content=body)
        except TimeoutError:
            return "late"
        except httpx.HTTPError:
            return "unreachable"
        return "silent" if answer.status_code == 200 else "status"

    async def verify(self, company: Company, *, flaw: bool = False) -> bool:
        """The platform's check of the address: the server must give back what was sent encrypted."""
        seal, stamp, number, echo = company.seal(), str(int(self.world.clock.real())), nonce(), secrets.token_hex(8)
        encrypted = seal.seal(echo.encode())
        signed = "0" * 40 if flaw else seal.sign(stamp, number, encrypted)
        query = {"msg_signature": signed, "timestamp": stamp, "nonce": number, "echostr": encrypted}
        address = f"{self._pushes.next_server()}/wecom/{company.settings.name}"
        try:
            answer = await self.client().get(address, params=query, timeout=self._pushes.limit)
        except httpx.HTTPError:
            return False
        return answer.status_code == 200 and answer.text == echo

    def client(self) -> httpx.AsyncClient:
        """The connection to the server."""
        if self._http is None:
            self._http = self._pushes.new_client()
        return self._http
