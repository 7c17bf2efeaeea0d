"""A puller that runs: woken by callbacks, by the sweep, after failures, and stopped."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest

from integrations.wecom import puller as puller_module
from integrations.wecom.puller import Puller
from property_db.clock import SettableClock
from property_db.database import Database
from tests.integration.wecom.pulling import KEY, Server, cursor_of, page, text, texts
from tests.unit.wecom.platform import KF, Platform


async def test_a_started_puller_pulls_at_once_and_again_when_woken(
    server: Server, platform: Platform, database: Database
) -> None:
    arrived: asyncio.Queue[str] = asyncio.Queue()

    async def take(raw: Mapping[str, Any], begun_at: datetime) -> None:
        await server.intake.take(raw, begun_at)
        arrived.put_nowait(raw["msgid"])

    puller = server.pulling("one", take)
    platform.will_answer("kf/sync_msg", page(text(1), cursor="C1"))
    await puller.start()
    assert await asyncio.wait_for(arrived.get(), 10) == "m1"
    platform.will_answer("kf/sync_msg", page(text(2), cursor="C2"))
    puller.wake()
    assert await asyncio.wait_for(arrived.get(), 10) == "m2"
    await puller.stop()
    assert await texts(database) == ["第1件事", "第2件事"]


async def test_a_lost_callback_is_made_up_for_by_the_sweep(
    server: Server, platform: Platform, database: Database, clock: SettableClock
) -> None:
    arrived: asyncio.Queue[str] = asyncio.Queue()

    async def take(raw: Mapping[str, Any], begun_at: datetime) -> None:
        arrived.put_nowait(raw["msgid"])

    platform.will_answer("kf/sync_msg", page(cursor="C1"), page(cursor="C2"), page(text(1), cursor="C3"))
    puller = Puller(KF, KEY, platform.api(), database, clock, take, "one", sweep_seconds=0.01)
    await puller.start()
    assert await asyncio.wait_for(arrived.get(), 10) == "m1"
    await puller.stop()


async def test_a_pull_that_fails_is_tried_again(
    server: Server, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(puller_module, "FIRST_BACK_OFF", 0.01)
    arrived: asyncio.Queue[str] = asyncio.Queue()

    async def take(raw: Mapping[str, Any], begun_at: datetime) -> None:
        arrived.put_nowait(raw["msgid"])

    platform.will_answer("kf/sync_msg", {"errcode": -1, "errmsg": "busy"}, page(text(1), cursor="C1"))
    puller = server.pulling("one", take)
    await puller.start()
    assert await asyncio.wait_for(arrived.get(), 10) == "m1"
    await puller.stop()


async def test_a_callback_that_comes_while_another_process_pulls_is_not_forgotten(
    server: Server, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(puller_module, "BUSY_PAUSE", 0.01)
    pulling, go_on = asyncio.Event(), asyncio.Event()
    arrived: asyncio.Queue[str] = asyncio.Queue()

    async def slowly(raw: Mapping[str, Any], begun_at: datetime) -> None:
        pulling.set()
        await go_on.wait()

    async def take(raw: Mapping[str, Any], begun_at: datetime) -> None:
        arrived.put_nowait(raw["msgid"])

    platform.will_answer("kf/sync_msg", page(text(1), cursor="C1"), page(text(2), cursor="C2"))
    first = asyncio.create_task(server.pulling("one", slowly).pull())
    await pulling.wait()
    second = server.pulling("two", take)
    await second.start()
    second.wake("TOKEN")
    go_on.set()
    assert await first
    assert await asyncio.wait_for(arrived.get(), 10) == "m2"
    await second.stop()


async def test_a_puller_that_is_stopped_in_the_middle_leaves_its_lease_to_the_next(
    server: Server, platform: Platform, database: Database
) -> None:
    pulling = asyncio.Event()

    async def take(raw: Mapping[str, Any], begun_at: datetime) -> None:
        pulling.set()
        await asyncio.Event().wait()

    platform.will_answer("kf/sync_msg", page(text(1), cursor="C1"))
    puller = server.pulling("one", take)
    await puller.start()
    await pulling.wait()
    await puller.stop()
    assert await cursor_of(database) == ("", None)
