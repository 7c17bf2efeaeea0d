"""The peer on a real port: pushes arrive, a connection breaks where a test wants it, the page has a strict policy."""

from collections.abc import AsyncIterator

import httpx
import pytest

from integrations.wechat.accounts import Accounts
from tests.local_wechat.client import Phone
from tests.local_wechat.server import LocalWechat, serve
from tests.unit.local_wechat.conftest import APP_ID, RAW

SEND = "/cgi-bin/message/custom/send"


@pytest.fixture
async def peer() -> AsyncIterator[LocalWechat]:
    """A running peer; its pushes come back to itself, to an address that answers nothing useful."""
    accounts = Accounts.model_validate({"accounts": [{**RAW, "api_url": "http://127.0.0.1"}]}).accounts
    made = LocalWechat(accounts, ["http://127.0.0.1:1"], pause=0)
    async with serve(made):
        yield made


async def test_an_answer_may_be_lost_after_the_work_was_done(peer: LocalWechat) -> None:
    async with Phone(peer.url, "spring") as phone, httpx.AsyncClient(base_url=peer.url, trust_env=False) as http:
        await phone.http.post(f"/local/residents/{phone.open_id}/follow", json={})
        token, _ = peer.world.tokens.issue(APP_ID)
        body = {"touser": phone.open_id, "msgtype": "text", "text": {"content": "您好"}}
        for lost in ("before", "after"):
            await http.post("/local/faults", json={"path": SEND, "lost": lost})
            with pytest.raises(httpx.RemoteProtocolError):
                await http.post(SEND, params={"access_token": token}, json=body)
        assert [entry["text"] for entry in await phone.received()] == ["您好"]
        await peer.pushes.settled()
        (push,) = await phone.pushes()
        assert [delivery["verdict"] for delivery in push["deliveries"]] == ["unreachable"] * 3
        assert len(await phone.notices()) == 1


async def test_the_page_loads_nothing_from_elsewhere(peer: LocalWechat) -> None:
    async with httpx.AsyncClient(base_url=peer.url, trust_env=False) as http:
        page = await http.get("/")
        assert page.status_code == 200
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "script-src 'self'" in policy
        assert "://" not in page.text
