"""Asking a resident back, and the telephone, where no reply reaches them any more."""

import asyncio
import json
from typing import Any

import pytest
from sqlalchemy import select

from property_db.audit.models import AuditEntry
from property_db.conversations.models import Conversation
from property_db.pushes import service as pushes
from property_db.pushes.models import Push, PushState
from tests.unit.desk.conftest import Arrive, Browser, Resident, World

PHONE = "13800138000"


async def held(agent: Browser, arrive: Arrive, channel: str = "wechat", name: str | None = "王建国") -> Resident:
    resident = await arrive(name, phone=PHONE, channel=channel)
    await agent.post(f"/queue/{await resident.asks_for_a_person()}/take")
    return resident


async def entries(world: World, action: str) -> list[AuditEntry]:
    async with world.database.reading() as session:
        return list(await session.scalars(select(AuditEntry).where(AuditEntry.action == action)))


async def pushed(world: World, state: PushState | None = None) -> list[Push]:
    async with world.database.transaction() as session:
        rows = list(await session.scalars(select(Push)))
        for row in rows:
            row.state = state or row.state
        return rows


async def test_a_resident_is_asked_back_once_an_hour(world: World, xiaoli: Browser, arrive: Arrive) -> None:
    wang = await held(xiaoli, arrive)
    reach = await xiaoli.post(f"/conversations/{wang.id}/invite")
    assert reach["invite"] == "pending"
    assert reach["invite_again_at"] is not None
    world.clock.advance(minutes=59, seconds=30)
    refused = await xiaoli.post(f"/conversations/{wang.id}/invite", expect=409)
    assert refused["error"]["code"] == "invited_lately"
    assert "1 分钟" in refused["error"]["message"]
    assert len(await pushed(world)) == 1
    world.clock.advance(seconds=30)
    await xiaoli.login()
    assert (await xiaoli.get(f"/conversations/{wang.id}"))["reach"]["invite_again_at"] is None
    await xiaoli.post(f"/conversations/{wang.id}/invite")
    assert len(await pushed(world)) == 2
    assert [entry.actor for entry in await entries(world, "resident.invited")] == [f"agent:{xiaoli.id}"] * 2


async def test_of_two_clicks_one_asks(world: World, xiaoli: Browser, arrive: Arrive) -> None:
    wang = await held(xiaoli, arrive)
    answers = await asyncio.gather(*(xiaoli.http.post(f"/conversations/{wang.id}/invite", json={}) for _ in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    assert len(await pushed(world)) == 1


@pytest.mark.parametrize(
    ("state", "shown"), [(PushState.SENT, "sent"), (PushState.FAILED, "failed"), (PushState.SKIPPED, "failed")]
)
async def test_the_desk_shows_what_became_of_it(
    world: World, xiaoli: Browser, arrive: Arrive, state: PushState, shown: str
) -> None:
    wang = await held(xiaoli, arrive)
    await xiaoli.post(f"/conversations/{wang.id}/invite")
    await pushed(world, state)
    assert (await xiaoli.get(f"/conversations/{wang.id}"))["reach"]["invite"] == shown


@pytest.mark.parametrize("channel", ["webchat", "wecom"])
async def test_a_channel_without_templates_asks_nobody_back(
    world: World, xiaoli: Browser, arrive: Arrive, channel: str
) -> None:
    wang = await held(xiaoli, arrive, channel)
    assert (await xiaoli.get(f"/conversations/{wang.id}"))["reach"]["template"] is False
    refused = await xiaoli.post(f"/conversations/{wang.id}/invite", expect=409)
    assert refused["error"]["code"] == "invite_refused"
    assert await pushed(world) == []


async def test_where_the_resident_cannot_be_told_nothing_is_kept(
    world: World, xiaoli: Browser, arrive: Arrive, monkeypatch: pytest.MonkeyPatch
) -> None:
    wang = await held(xiaoli, arrive)

    async def unreachable(session: Any, conversation: Conversation, clock: Any) -> bool:
        assert conversation.public_id == wang.id
        return False

    monkeypatch.setattr(pushes, "agent_waits", unreachable)
    refused = await xiaoli.post(f"/conversations/{wang.id}/invite", expect=409)
    assert refused["error"]["code"] == "invite_refused"
    assert await entries(world, "resident.invited") == []


async def test_the_holder_sees_the_number_and_every_look_is_recorded(
    world: World, xiaoli: Browser, arrive: Arrive
) -> None:
    wang = await held(xiaoli, arrive)
    for _ in range(2):
        assert await xiaoli.post(f"/conversations/{wang.id}/phone") == {"phone": PHONE}
    first, second = await entries(world, "phone.shown")
    assert first.actor == f"agent:{xiaoli.id}"
    assert first.subject.startswith("person:")
    assert second.detail == {"conversation": wang.conversation.id}
    assert PHONE not in json.dumps([first.detail, first.subject])


@pytest.mark.parametrize("way", ["invite", "phone"])
async def test_only_who_holds_the_conversation_may(
    world: World, xiaoli: Browser, xiaozhang: Browser, arrive: Arrive, way: str
) -> None:
    wang = await held(xiaoli, arrive)
    refused = await xiaozhang.post(f"/conversations/{wang.id}/{way}", expect=403)
    assert refused["error"]["code"] == "not_your_conversation"
    await xiaoli.post(f"/conversations/{wang.id}/return")
    await xiaoli.post(f"/conversations/{wang.id}/{way}", expect=403)
    assert await entries(world, "phone.shown") == await entries(world, "resident.invited") == []


async def test_of_somebody_not_verified_there_is_no_number(world: World, xiaoli: Browser, arrive: Arrive) -> None:
    stranger = await held(xiaoli, arrive, name=None)
    assert (await xiaoli.get(f"/conversations/{stranger.id}"))["reach"]["phone"] is False
    refused = await xiaoli.post(f"/conversations/{stranger.id}/phone", expect=409)
    assert refused["error"]["code"] == "phone_unknown"
    assert await entries(world, "phone.shown") == []
