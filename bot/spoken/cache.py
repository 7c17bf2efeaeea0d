"""What was heard so far: JSON lines, appended row by row, so that a stopped run goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bot.spoken.plan import Job

Key = tuple[str, str, int | None]


@dataclass(frozen=True)
class Row:
    """A message as written and as heard. `noise_db` is None for a clean line; `logprob` is the average natural
    log-probability of a token."""

    said: str
    heard: str
    intent: str
    voice: str
    speed: float
    noise_db: int | None
    prompted: bool
    logprob: float


class Cache:
    """Hearings to train on (heard.jsonl) and, beside them, those no gate let through (unheard.jsonl)."""

    def __init__(self, folder: Path) -> None:
        """Read what `folder` has, made if missing. Raises OSError; a line cut short by a kill is taken off."""
        folder.mkdir(parents=True, exist_ok=True)
        self._heard = folder / "heard.jsonl"
        self._unheard = folder / "unheard.jsonl"
        self._known: set[Key] = set()
        for path in (self._heard, self._unheard):
            self._known.update((row["said"], row["voice"], row["noise_db"]) for row in _rows(path))

    def has(self, job: Job) -> bool:
        """Whether `job` was heard before; its two hearings may have become one row."""
        return any((job.message.text, job.voice, call.noise_db) in self._known for call in job.calls)

    def add(self, kept: Iterable[Row], refused: Iterable[tuple[Row, str]]) -> int:
        """Append a job's rows, those `refused` with the gate that did it. The number kept. Raises OSError."""
        rows = [asdict(row) for row in kept]
        _append(self._unheard, [{**asdict(row), "gate": gate} for row, gate in refused])
        _append(self._heard, rows)
        return len(rows)


def _rows(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if len(whole) < len(data):
        with path.open("r+b") as file:
            file.truncate(len(whole))
    return [json.loads(line) for line in whole.splitlines() if line]


def _append(path: Path, rows: list[dict[str, Any]]) -> None:
    if rows:
        # One write, so that a kill leaves both hearings of a job or none.
        with path.open("a", encoding="utf-8") as file:
            file.write("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
