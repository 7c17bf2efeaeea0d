"""客服小李 at the desk of the town."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher

from integrations.desk import presence
from integrations.wechat import slots, webhook
from property_db.handoff import passwords
from tests.integration.wechat.town import PASSWORD, Town, until
from tests.support.actors import DeskAgent
from tests.support.stack import Server


class Agent(DeskAgent):
    """客服小李 at the desk, with one conversation at a time."""

    conversation = ""

    async def takes(self) -> "Agent":
        """Take who waits."""

        async def waiting() -> dict[str, Any] | None:
            items = (await self.overview())["waiting"]
            return items[0] if items else None

        item = await until(waiting, "nobody waits at the desk")
        self.conversation = (await self.post(f"/queue/{item['id']}/take"))["id"]
        return self

    async def returns(self) -> "Agent":
        """Sign in again, as after a weekend."""
        await self.signs_in("xiaoli", PASSWORD)
        return self

    async def tries(self, text: str) -> httpx.Response:
        """Send a reply; it may be refused."""
        body = {"client_message_id": uuid.uuid4().hex, "text": text}
        return await self.http.post(f"/conversations/{self.conversation}/reply", json=body)

    async def replies(self, text: str) -> None:
        """Send a reply, which must be taken."""
        answer = await self.tries(text)
        assert answer.status_code == 201, answer.text

    async def is_refused(self, text: str) -> dict[str, Any]:
        """Try to send a reply that must be refused; the error."""
        answer = await self.tries(text)
        assert answer.status_code == 409, answer.text
        error: dict[str, Any] = answer.json()["error"]
        return error

    async def reach(self) -> dict[str, Any]:
        """What may still be sent."""
        reach: dict[str, Any] = (await self.detail(self.conversation))["reach"]
        return reach

    async def messages(self) -> list[dict[str, Any]]:
        """The middle pane."""
        messages: list[dict[str, Any]] = (await self.detail(self.conversation))["messages"]
        return messages

    async def sees(self, text: str, delivery: str, reason: str | None = None) -> None:
        """Wait until a message stands there like this; before that it may be on its way, and nothing else."""

        async def stands_so() -> bool | None:
            (shown,) = [m for m in await self.messages() if any(b.get("text") == text for b in m["blocks"])]
            assert shown["delivery"] in ("pending", delivery), shown
            if shown["delivery"] != delivery:
                return None
            assert shown["reason"] == reason, shown
            return True

        await until(stands_so, f"「{text}」 is not {delivery}")


@asynccontextmanager
async def desk_of(server: Server) -> AsyncIterator[Agent]:
    """小李's browser at one process of the server, signed in and online."""
    agent = Agent(server.url)
    await agent.returns()
    yield agent
    await agent.leaves()


def keep_desk_calm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords cost next to nothing, and nobody is swept off duty when a test moves the clock by days."""
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    monkeypatch.setattr(presence, "SWEEP_SECONDS", 3600.0)


def take_time(monkeypatch: pytest.MonkeyPatch, town: Town) -> None:
    """Nobody hangs up on a slow machine: what can be answered in the response is, and does not count as a message."""
    monkeypatch.setattr(slots, "WAITS_SECONDS", 40.0)
    monkeypatch.setattr(slots, "LATEST_SECONDS", 45.0)
    monkeypatch.setattr(slots, "HUNG_UP_SECONDS", 60.0)
    monkeypatch.setattr(webhook, "STORED_WITHIN_SECONDS", 40.0)
    town.peer.pushes.limit = 60.0
