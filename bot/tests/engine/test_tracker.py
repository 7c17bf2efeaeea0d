"""The engine's store of conversations forgets."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.engine import tracker

NOW = 1_800_000_000.0
DAY = 86_400


@pytest.fixture
def store(tmp_path: Path) -> Path:
    file = tmp_path / "deep/tracker.db"
    tracker.prepare(file)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE events (sender_id TEXT, timestamp REAL)")
        rows = [("old", NOW - 9 * DAY), ("old", NOW - 8 * DAY), ("running", NOW - 9 * DAY), ("running", NOW - DAY)]
        connection.executemany("INSERT INTO events VALUES (?, ?)", rows)
    return file


def senders(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        return [row[0] for row in connection.execute("SELECT sender_id FROM events")]


def test_a_conversation_without_a_turn_for_a_week_is_forgotten_whole_and_others_stay_whole(store: Path) -> None:
    assert tracker.prune(store, NOW) == 2
    assert senders(store) == ["running", "running"]


def test_the_number_of_days_is_a_setting(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUANJIA_TRACKER_DAYS", "0.5")
    tracker.prune(store, NOW)
    assert senders(store) == []


def test_a_new_store_has_nothing_to_forget(tmp_path: Path) -> None:
    assert tracker.prune(tmp_path / "new.db", NOW) == 0


def test_rasas_connections_write_ahead(rasa: None, tmp_path: Path) -> None:
    from rasa.core.tracker_store import SQLTrackerStore

    tracker.prepare(tmp_path / "t.db")
    store = SQLTrackerStore(db=str(tmp_path / "t.db"))
    with store.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 1
