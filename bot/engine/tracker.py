"""Rasa's own store of running conversations: a SQLite file that is quick to write and soon forgotten.

The property database is the record; this file only has to bring a running conversation over a restart. It holds
residents' words, so the file is readable by its owner alone, and a conversation leaves it ``GUANJIA_TRACKER_DAYS``
days (default 7) after its last turn, or at once where its resident has to be forgotten.
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import event
from sqlalchemy.engine import Engine

if TYPE_CHECKING:
    from rasa.core.tracker_store import TrackerStore

DEFAULT_DAYS = 7.0
SECONDS_A_DAY = 86_400
PRUNE_EVERY = 6 * 3600
"""Seconds between two prunings of a running engine."""

FORGET = (
    "DELETE FROM events WHERE sender_id IN (SELECT sender_id FROM events GROUP BY sender_id HAVING max(timestamp) < ?)"
)


def prepare(path: Path) -> None:
    """Make the file's folder and let every connection write ahead: a turn then costs no disk flush (12 -> 3 ms)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not event.contains(Engine, "connect", _quick_writes):
        event.listen(Engine, "connect", _quick_writes)


def prune(path: Path, now: float | None = None) -> int:
    """Forget conversations without a turn for some days.

    Returns:
        The number of rows removed.
    """
    days = float(os.environ.get("GUANJIA_TRACKER_DAYS", DEFAULT_DAYS))
    oldest = (time.time() if now is None else now) - days * SECONDS_A_DAY
    with closing(sqlite3.connect(path, timeout=5)) as connection, connection:
        known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'events'").fetchone()
        return connection.execute(FORGET, (oldest,)).rowcount if known else 0


def forget(store: TrackerStore, sender: str) -> None:
    """Remove a conversation from Rasa's store, which has no way of its own to do so; an unknown one is no error.

    Whoever calls holds the conversation's lock, so that no turn is saved half an instant later.

    Raises:
        TypeError: another kind of store than ``endpoints.yml`` names, and the one Rasa falls back to.
    """
    from rasa.core.tracker_store import FailSafeTrackerStore, InMemoryTrackerStore, SQLTrackerStore

    if isinstance(store, FailSafeTrackerStore):
        # Turns that the file did not take lie in the second one; asking for it the public way would make it.
        forget(store._tracker_store, sender)
        if store._fallback_tracker_store is not None:
            forget(store._fallback_tracker_store, sender)
    elif isinstance(store, SQLTrackerStore):
        with store.session_scope() as session:
            session.query(store.SQLEvent).filter(store.SQLEvent.sender_id == sender).delete(synchronize_session=False)
            session.commit()
    elif isinstance(store, InMemoryTrackerStore):
        store.store.pop(sender, None)
    else:
        raise TypeError(f"{type(store).__name__} cannot forget")


def _quick_writes(connection: object, _: object) -> None:
    if isinstance(connection, sqlite3.Connection):
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=5000"):
            connection.execute(f"PRAGMA {pragma}")
