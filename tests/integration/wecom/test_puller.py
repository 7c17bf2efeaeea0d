"""Pulling into a real database: nothing is lost and nothing is there twice, whatever happens in between."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from integrations.tencent.errors import ApiRefused, ApiUnreachable
from integrations.wecom.puller import SMALL_PAGE, LeaseLost
from property_db.channels.models import ContactWindow
from property_db.clock import SettableClock
from property_db.database import Database
from tests.integration.wecom.pulling import Crash, Server, cursor_of, page, text, texts
from tests.unit.wecom.platform import KF, Platform


async def test_what_residents_wrote_is_stored_and_the_cursor_kept(
    server: Server, platform: Platform, database: Database
) -> None:
    platform.will_answer("kf/sync_msg", page(text(1), text(2), cursor="C1"))
    assert await server.puller.pull()
    assert await texts(database) == ["第1件事", "第2件事"]
    assert await cursor_of(database) == ("C1", None)
    assert platform.bodies("kf/sync_msg") == [{"open_kfid": KF, "limit": 1000, "voice_format": 0}]


async def test_a_message_opens_the_window_of_five_for_its_resident(
    server: Server, platform: Platform, database: Database
) -> None:
    platform.will_answer("kf/sync_msg", page(text(1), cursor="C1"))
    await server.puller.pull()
    async with database.reading() as session:
        window = (await session.execute(select(ContactWindow))).scalar_one()
    assert (window.contact, window.allowed) == ("message", 5)
    assert (window.closes_at - window.opened_at).total_seconds() == 48 * 3600


async def test_an_empty_page_does_not_end_a_pull_that_has_more(
    server: Server, platform: Platform, database: Database
) -> None:
    platform.will_answer(
        "kf/sync_msg",
        page(cursor="C1", more=True),
        page(text(1), cursor="C2", more=True),
        page(cursor="C3", more=True),
        page(text(2), cursor="C4"),
    )
    await server.puller.pull()
    assert await texts(database) == ["第1件事", "第2件事"]
    assert [body.get("cursor") for body in platform.bodies("kf/sync_msg")] == [None, "C1", "C2", "C3"]
    assert (await cursor_of(database))[0] == "C4"


async def test_a_cursor_that_does_not_move_ends_the_pull(server: Server, platform: Platform) -> None:
    platform.will_answer("kf/sync_msg", *[page(cursor="C1", more=True)] * 5)
    await server.puller.pull()
    assert len(platform.bodies("kf/sync_msg")) == 2


async def test_a_crash_between_a_message_and_the_cursor_repeats_and_loses_nothing(
    server: Server, platform: Platform, database: Database, clock: SettableClock
) -> None:
    whole = page(text(1), text(2), text(3), cursor="C1")
    platform.will_answer("kf/sync_msg", whole, whole)
    server.fails_at = "m2"
    with pytest.raises(Crash):
        await server.puller.pull()
    assert await texts(database) == ["第1件事", "第2件事"]
    assert (await cursor_of(database))[0] == ""
    after = Server(platform, database, clock, "two")
    await after.puller.pull()
    assert await texts(database) == ["第1件事", "第2件事", "第3件事"]
    assert (await cursor_of(database))[0] == "C1"


async def test_a_message_that_comes_again_is_there_once(server: Server, platform: Platform, database: Database) -> None:
    platform.will_answer(
        "kf/sync_msg", page(text(1), text(1), cursor="C1", more=True), page(text(1), text(2), cursor="C2")
    )
    await server.puller.pull()
    assert await texts(database) == ["第1件事", "第2件事"]


async def test_the_same_id_from_two_residents_is_two_messages(
    server: Server, platform: Platform, database: Database
) -> None:
    platform.will_answer("kf/sync_msg", page(text(1, "wmA"), text(1, "wmB"), cursor="C1"))
    await server.puller.pull()
    assert await texts(database) == ["第1件事", "第1件事"]


async def test_while_one_process_pulls_another_lets_it(
    server: Server, platform: Platform, database: Database, clock: SettableClock
) -> None:
    platform.will_answer("kf/sync_msg", page(text(1), cursor="C1"))
    pulling, go_on = asyncio.Event(), asyncio.Event()

    async def take(raw: Mapping[str, Any], begun_at: datetime) -> None:
        pulling.set()
        await go_on.wait()
        await server.intake.take(raw, begun_at)

    first = asyncio.create_task(server.pulling("one", take).pull())
    await pulling.wait()
    assert not await Server(platform, database, clock, "two").puller.pull()
    go_on.set()
    assert await first
    assert await texts(database) == ["第1件事"]


async def test_two_pullers_at_once_after_a_lease_ran_out_store_each_message_once(
    server: Server, platform: Platform, database: Database, clock: SettableClock
) -> None:
    whole = page(text(1), text(2), cursor="C1")
    platform.will_answer("kf/sync_msg", whole, whole)
    slow, go_on = asyncio.Event(), asyncio.Event()

    async def take(raw: Mapping[str, Any], begun_at: datetime) -> None:
        slow.set()
        await go_on.wait()
        await server.intake.take(raw, begun_at)

    first = asyncio.create_task(server.pulling("one", take).pull())
    await slow.wait()
    clock.advance(seconds=61)
    second = Server(platform, database, clock, "two")
    go_on.set()
    results = await asyncio.gather(first, second.puller.pull(), return_exceptions=True)
    assert isinstance(results[0], LeaseLost) or results[0] is True
    assert results[1] is True
    assert await texts(database) == ["第1件事", "第2件事"]
    assert await cursor_of(database) == ("C1", None)


async def test_the_callbacks_token_is_used_while_it_is_good(
    server: Server, platform: Platform, clock: SettableClock
) -> None:
    server.puller.wake("TOKEN")
    platform.will_answer("kf/sync_msg", page(cursor="C1"), page(cursor="C2"))
    await server.puller.pull()
    clock.advance(minutes=11)
    await server.puller.pull()
    assert [body.get("token") for body in platform.bodies("kf/sync_msg")] == ["TOKEN", None]


async def test_a_token_that_is_refused_is_left_out(server: Server, platform: Platform, database: Database) -> None:
    server.puller.wake("TOKEN")
    platform.will_answer("kf/sync_msg", {"errcode": 95007, "errmsg": "invalid msg token"}, page(text(1), cursor="C1"))
    await server.puller.pull()
    assert await texts(database) == ["第1件事"]


async def test_a_page_that_is_too_large_is_asked_for_in_smaller_ones(
    server: Server, platform: Platform, database: Database
) -> None:
    too_large = httpx.Response(200, headers={"Content-Length": str(10**8)}, content=b"{}")
    platform.will_answer("kf/sync_msg", too_large, page(text(1), cursor="C1"))
    await server.puller.pull()
    assert platform.bodies("kf/sync_msg")[1]["limit"] == SMALL_PAGE
    assert await texts(database) == ["第1件事"]


@pytest.mark.parametrize("answer", [{"errcode": -1, "errmsg": "busy"}, httpx.ConnectError("down")])
async def test_a_platform_that_fails_leaves_the_lease_to_the_next_pull(
    server: Server, platform: Platform, database: Database, answer: Any
) -> None:
    platform.will_answer("kf/sync_msg", page(text(1), cursor="C1", more=True), answer, page(text(2), cursor="C2"))
    with pytest.raises((ApiRefused, ApiUnreachable)):
        await server.puller.pull()
    assert await cursor_of(database) == ("C1", None)
    await server.puller.pull()
    assert await texts(database) == ["第1件事", "第2件事"]
