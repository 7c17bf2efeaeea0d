"""Four processes share one token: one of them fetches, all of them have it."""

import asyncio
import json
import os
import sys
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import make_url

from property_db.database import Database
from tests.integration.tencent.caller_process import AT_ONCE
from tests.integration.tencent.platform import TinyPlatform

PROCESSES = 4


class Callers:
    """Processes that do the same thing at the same time."""

    def __init__(self, processes: list[asyncio.subprocess.Process]) -> None:
        self._processes = processes

    async def all(self, command: str) -> list[Any]:
        """Let every process do `command`; the results of all."""
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.write(f"{command}\n".encode())
        answers = await asyncio.gather(*(self._answer(process) for process in self._processes))
        return [result for answer in answers for result in answer]

    async def _answer(self, process: asyncio.subprocess.Process) -> list[Any]:
        assert process.stdout is not None
        while True:
            line = await asyncio.wait_for(process.stdout.readline(), 120)
            assert line, "the process ended"
            if line.startswith(b"["):  # anything else is a log line
                answer: list[Any] = json.loads(line)
                return answer


@pytest.fixture(scope="module")
async def processes() -> AsyncIterator[Callers]:
    """Four processes that belong to no account yet."""
    command = (sys.executable, "-m", "tests.integration.tencent.caller_process")
    pipe = asyncio.subprocess.PIPE
    environment = {**os.environ, "NO_COLOR": "1"}  # a coloured log line would begin like an answer
    started = [
        await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, env=environment)
        for _ in range(PROCESSES)
    ]
    yield Callers(started)
    for process in started:
        process.kill()
        await process.wait()


@pytest.fixture
async def callers(
    keeper: str | None, processes: Callers, database: Database, platform: TinyPlatform
) -> AsyncIterator[Callers]:
    """Four processes on one database, with empty memories."""
    account = f"wechat:{uuid.uuid4().hex}"  # Redis is not emptied between tests
    url = make_url(database.url).render_as_string(hide_password=False)
    await processes.all(f"open {url} {platform.url} {account} {keeper or ''}")
    yield processes
    await processes.all("close")


async def test_a_cold_start_fetches_once_and_so_does_a_storm_of_refusals(
    callers: Callers, platform: TinyPlatform
) -> None:
    platform.slow = 0.3
    assert await callers.all("get") == ["token-1"] * PROCESSES * AT_ONCE
    assert platform.fetches == [False]

    assert platform.invalidate() == "token-1"
    assert set(await callers.all("call")) == {"token-2"}
    assert platform.fetches == [False, False]
    # Every call was refused at most once and then went through.
    assert platform.calls["token-1"] <= PROCESSES * AT_ONCE
    assert platform.calls["token-2"] == PROCESSES * AT_ONCE

    platform.invalidate()
    assert set(await callers.all("renew token-2")) == {"token-3"}
    assert platform.fetches == [False] * 3


async def test_a_token_that_the_platform_refuses_but_gives_again_is_forced_once(
    callers: Callers, platform: TinyPlatform
) -> None:
    assert set(await callers.all("get")) == {"token-1"}
    platform.hands_out, platform.slow = "token-1", 0.3
    platform.invalidate()
    assert set(await callers.all("call")) == {"token-3"}
    assert platform.fetches == [False, False, True]


async def test_when_no_token_is_good_enough_every_call_ends_after_one_repetition(
    callers: Callers, platform: TinyPlatform
) -> None:
    platform.refuses_all, platform.slow = True, 0.1
    assert set(await callers.all("call")) == {40001}
    assert sum(platform.calls.values()) <= 2 * PROCESSES * AT_ONCE
    # A cold one, then at most one by each process that hears its token refused, each with one that is forced.
    assert len(platform.fetches) <= 1 + 2 * PROCESSES
    assert platform.fetches.count(True) <= PROCESSES
