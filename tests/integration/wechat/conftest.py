"""The town, its desk and its clock, for every test of the Official Account."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from property_db.database import Database
from tests.integration.wechat.at_the_desk import Agent, desk_of, keep_desk_calm, take_time
from tests.integration.wechat.town import SATURDAY_TEN, RunningClock, Town, open_town


@pytest.fixture
def clock() -> RunningClock:
    """Saturday, ten o'clock in Shanghai: no time at which news has to wait for the morning."""
    return RunningClock(SATURDAY_TEN)


@pytest.fixture(autouse=True)
def _calm_desk(monkeypatch: pytest.MonkeyPatch) -> None:
    keep_desk_calm(monkeypatch)


@pytest.fixture
async def town(tmp_path: Path, sqlite: Database, clock: RunningClock) -> AsyncIterator[Town]:
    """A town without a recogniser."""
    async with open_town(tmp_path, sqlite, clock) as town:
        yield town


@pytest.fixture
async def agent(town: Town, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Agent]:
    """客服小李, on duty."""
    take_time(monkeypatch, town)
    async with desk_of(town.server) as agent:
        yield agent
