"""The engine forgets a conversation when it is told to: in its store, and after the turn that still runs."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.engine import tracker
from bot.tests.engine.test_serve import (  # noqa: F401 - fixtures are found by their names
    DEBT,
    ActionServer,
    Engine,
    _wait_for,
    actions,
    fresh,
    running,
)

if TYPE_CHECKING:
    from rasa.core.tracker_store import FailSafeTrackerStore, TrackerStore


@pytest.fixture
def store(rasa: None, tmp_path: Path) -> FailSafeTrackerStore:
    """Rasa's store as the engine makes it, over a file of the test."""
    from rasa.core.tracker_store import FailSafeTrackerStore, SQLTrackerStore
    from rasa.shared.core.domain import Domain

    tracker.prepare(tmp_path / "tracker.db")
    return FailSafeTrackerStore(SQLTrackerStore(domain=Domain.empty(), db=str(tmp_path / "tracker.db")))


def say(store: TrackerStore, *senders: str) -> None:
    from rasa.shared.core.events import UserUttered

    async def all_of_them() -> None:
        for sender in senders:
            spoken = await store.get_or_create_tracker(sender)
            spoken.update(UserUttered("我家漏水"))
            await store.save(spoken)

    asyncio.run(all_of_them())


def knows(store: TrackerStore, sender: str) -> bool:
    return asyncio.run(store.retrieve_full_tracker(sender)) is not None


def rows_of(file: Path, sender: str) -> int:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute("SELECT count(*) FROM events WHERE sender_id = ?", (sender,)).fetchone()[0]


def test_a_conversation_leaves_the_file_and_others_stay(store: FailSafeTrackerStore, tmp_path: Path) -> None:
    say(store, "gone", "stays", "gone")
    tracker.forget(store, "gone")
    assert (rows_of(tmp_path / "tracker.db", "gone"), knows(store, "gone"), knows(store, "stays")) == (0, False, True)


def test_what_the_file_did_not_take_is_forgotten_too(store: FailSafeTrackerStore) -> None:
    say(store.fallback_tracker_store, "gone", "stays")
    tracker.forget(store, "gone")
    assert not knows(store.fallback_tracker_store, "gone")
    assert knows(store.fallback_tracker_store, "stays")


def test_an_unknown_conversation_is_no_error(store: FailSafeTrackerStore) -> None:
    tracker.forget(store, "never seen")
    tracker.forget(store, "never seen")
    assert not knows(store, "never seen")


def test_a_store_that_cannot_forget_says_so(rasa: None) -> None:
    with pytest.raises(TypeError):
        tracker.forget(object(), "somebody")


def kept(engine: Engine, sender: str) -> int:
    return rows_of(engine.log.parent / "tracker/tracker.db", sender)


def forgets(engine: Engine, sender: str) -> int:
    return engine.ask("DELETE", f"/webhooks/rest/conversations/{sender}")[0]


def test_over_the_route_one_conversation_is_forgotten_and_begins_anew(running: Engine) -> None:  # noqa: F811
    running.says("你好", "a" * 32)
    running.says("早上好", "b" * 32)
    assert kept(running, "a" * 32) > 0
    assert forgets(running, "a" * 32) == 204
    assert kept(running, "a" * 32) == 0
    assert kept(running, "b" * 32) > 0
    running.says("在吗", "a" * 32)
    assert running.texts_of("a" * 32) == ["在吗"]


def test_an_unknown_conversation_is_as_good_as_forgotten(running: Engine) -> None:  # noqa: F811
    assert forgets(running, "c" * 32) == 204
    assert forgets(running, "c" * 32) == 204


def test_a_turn_that_runs_is_forgotten_when_it_is_over(
    running: Engine,  # noqa: F811
    actions: ActionServer,  # noqa: F811
) -> None:
    actions.pause = 1.0
    answers: list[int] = []
    turn = threading.Thread(target=lambda: answers.append(running.says(DEBT, "d" * 32)[0]))
    turn.start()
    _wait_for(lambda: actions.calls)
    assert forgets(running, "d" * 32) == 204
    turn.join(20)
    assert answers == [200]
    assert kept(running, "d" * 32) == 0


def test_a_page_in_a_browser_cannot_make_it_forget(running: Engine) -> None:  # noqa: F811
    running.says("你好", "e" * 32)
    assert running.ask("DELETE", f"/webhooks/rest/conversations/{'e' * 32}", Origin="http://example.org")[0] == 403
    assert running.ask("DELETE", f"/conversations/{'e' * 32}")[0] == 404
    assert kept(running, "e" * 32) > 0
