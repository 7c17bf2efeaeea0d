"""The callback, through the real routes without a socket."""

import base64
import hashlib
import secrets
import struct
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from fastapi import FastAPI

from integrations.tencent.allow_list import AllowList
from integrations.wecom.accounts import Account
from integrations.wecom.webhook import Callback, router_for
from property_db.clock import Clock, SettableClock
from tests.unit.wecom.platform import AES_KEY, CORP, KF, account

PREVIOUS_KEY = "GFEDCBA9876543210zyxwvutsrqponmlkjihgfedcba"
ENTITY = b"<!DOCTYPE x [<!ENTITY a 'b'>]><xml><Encrypt>&a;</Encrypt></xml>"
NONCE = "1372623149"


class Sender:
    """The platform's half of the envelope, written anew so that a mistake is not made twice."""

    def __init__(self, client: httpx.AsyncClient, clock: Clock) -> None:
        self.client = client
        self.clock = clock
        self.woken: list[tuple[str, str]] = []

    def sealed(self, content: str, *, key: str = AES_KEY, receiver: str = CORP) -> str:
        raw = base64.b64decode(key + "=")
        body = content.encode()
        plain = secrets.token_bytes(16) + struct.pack(">I", len(body)) + body + receiver.encode()
        pad = 32 - len(plain) % 32
        encryptor = Cipher(algorithms.AES(raw), modes.CBC(raw[:16])).encryptor()
        return base64.b64encode(encryptor.update(plain + bytes([pad]) * pad) + encryptor.finalize()).decode()

    def query(self, encrypted: str, *, token: str = "callbackToken", age: int = 0) -> dict[str, str]:
        timestamp = str(int(self.clock.now().timestamp()) - age)
        signature = hashlib.sha1("".join(sorted([token, timestamp, NONCE, encrypted])).encode()).hexdigest()
        return {"msg_signature": signature, "timestamp": timestamp, "nonce": NONCE}

    async def post(self, encrypted: str, query: dict[str, str], name: str = "cuihu") -> httpx.Response:
        body = f"<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
        return await self.client.post(f"/wecom/{name}", params=query, content=body)

    async def notify(self, **fields: str) -> httpx.Response:
        encrypted = self.sealed(notification(**fields))
        return await self.post(encrypted, self.query(encrypted))


def notification(**changes: str) -> str:
    fields = {
        "ToUserName": CORP,
        "CreateTime": "1348831860",
        "MsgType": "event",
        "Event": "kf_msg_or_event",
        "Token": "ENCApHxnGDNAVNY4AaSJKj4Tb5mwsEMzxhFmHVGcra996NR",
        "OpenKfId": KF,
    }
    elements = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in (fields | changes).items())
    return f"<xml>{elements}</xml>"


async def _sender(company: Account, clock: SettableClock) -> AsyncIterator[Sender]:
    app = FastAPI()
    transport = httpx.ASGITransport(app, client=("101.226.103.1", 40000))
    async with httpx.AsyncClient(transport=transport, base_url="http://estate.test") as client:
        sender = Sender(client, clock)

        async def ask(path: str) -> dict[str, Any]:
            raise AssertionError(path)

        callback = Callback(
            company,
            AllowList(company.callback_addresses, ask, lambda: 0.0),
            lambda: clock.now().timestamp(),
            lambda kf, token: sender.woken.append((kf, token)),
        )
        app.include_router(router_for({company.name: callback}))
        yield sender


@pytest.fixture
async def platform(clock: SettableClock) -> AsyncIterator[Sender]:
    async for sender in _sender(account(previous_aes_key=PREVIOUS_KEY), clock):
        yield sender


@pytest.fixture
async def stranger(clock: SettableClock) -> AsyncIterator[Sender]:
    """Somebody with the keys, but from an address that is not on the list."""
    async for sender in _sender(account(callback_addresses=["10.0.0.0/8"]), clock):
        yield sender


async def test_the_platform_reads_its_echo_decrypted(platform: Sender) -> None:
    echo = platform.sealed("6402135436212453")
    answer = await platform.client.get("/wecom/cuihu", params={**platform.query(echo), "echostr": echo})
    assert (answer.status_code, answer.text) == (200, "6402135436212453")


async def test_an_echo_with_a_wrong_signature_is_refused_without_a_word(platform: Sender) -> None:
    echo = platform.sealed("6402135436212453")
    query = platform.query(echo, token="anotherToken")
    answer = await platform.client.get("/wecom/cuihu", params={**query, "echostr": echo})
    assert (answer.status_code, answer.text) == (403, "")


async def test_a_notification_wakes_the_puller_of_its_account_and_is_answered_at_once(platform: Sender) -> None:
    answer = await platform.notify()
    assert (answer.status_code, answer.text) == (200, "success")
    assert platform.woken == [(KF, "ENCApHxnGDNAVNY4AaSJKj4Tb5mwsEMzxhFmHVGcra996NR")]


async def test_the_key_before_is_still_read_while_keys_are_changed(platform: Sender) -> None:
    encrypted = platform.sealed(notification(), key=PREVIOUS_KEY)
    assert (await platform.post(encrypted, platform.query(encrypted))).status_code == 200
    assert len(platform.woken) == 1


@pytest.mark.parametrize("fields", [{"Event": "change_contact"}, {"OpenKfId": "wkSomebodyElse"}])
async def test_what_is_not_about_our_accounts_is_answered_and_wakes_nobody(
    platform: Sender, fields: dict[str, str]
) -> None:
    assert (await platform.notify(**fields)).status_code == 200
    assert platform.woken == []


async def test_a_notification_that_is_too_old_is_refused(platform: Sender) -> None:
    encrypted = platform.sealed(notification())
    assert (await platform.post(encrypted, platform.query(encrypted, age=301))).status_code == 403
    assert platform.woken == []


async def test_a_changed_nonce_is_refused(platform: Sender) -> None:
    encrypted = platform.sealed(notification())
    assert (await platform.post(encrypted, platform.query(encrypted) | {"nonce": "1"})).status_code == 403


async def test_a_notification_for_another_company_is_refused(platform: Sender) -> None:
    other = platform.sealed(notification(), receiver="wwffffffffffffffff")
    assert (await platform.post(other, platform.query(other))).status_code == 403
    inside = platform.sealed(notification(ToUserName="wwffffffffffffffff"))
    assert (await platform.post(inside, platform.query(inside))).status_code == 403
    assert platform.woken == []


@pytest.mark.parametrize("body", [b"", b"no xml", b"<xml></xml>", ENTITY])
async def test_a_body_that_is_none_of_the_platforms_is_refused(platform: Sender, body: bytes) -> None:
    assert (await platform.client.post("/wecom/cuihu", params=platform.query(""), content=body)).status_code == 403


async def test_a_body_that_is_too_large_is_refused_before_it_is_read(platform: Sender) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 1024

    assert (await platform.client.post("/wecom/cuihu", content=b"x" * 70_000)).status_code == 413
    assert (await platform.client.post("/wecom/cuihu", content=endless())).status_code == 413


async def test_an_unknown_address_of_ours_is_not_there(platform: Sender) -> None:
    assert (await platform.client.post("/wecom/nobody", content=b"")).status_code == 404


async def test_a_caller_who_is_not_on_the_list_is_refused_whatever_they_know(stranger: Sender) -> None:
    assert (await stranger.notify()).status_code == 403
    assert stranger.woken == []
