"""Sound that no row tells of: written just before a process died, or a transaction failed. Nothing else removes it.

Recordings are promised to go after their days and with their resident; a file without a row would stay for ever.
"""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from pathlib import Path

import structlog

from integrations.gateway.every import Every
from property_db.calls import recordings
from property_db.clock import Clock
from property_db.database import Database

log = structlog.get_logger()

SWEEP_SECONDS = 24 * 3600.0
FIRST_AFTER_SECONDS = 300.0
"""Not while the server starts, and not within a restart made by mistake."""
KEPT = timedelta(days=1)
"""Longer than any transaction takes to fail."""
KEPT_VOICEMAIL = timedelta(days=7)
"""A message that could not be filed may still be found by a person, by the file's name in the log."""
BATCH = 200
"""Files that are looked up at once."""
_OURS = re.compile(r"(?:(?P<voicemail>voicemail)/)?\d{4}-\d{2}/(?P<id>[0-9a-f]{32})\.wav")
"""As `integrations.voice.recording` names them. What an operator has put there stays."""


@dataclass(frozen=True, slots=True)
class _File:
    """A recording's file; `file` below the folder of recordings."""

    file: str
    public_id: str


class StrayRecordings:
    """Removes them, once a day.

    Args:
        folder: where recordings lie.
        batch: files that are looked up at once.
    """

    def __init__(self, database: Database, clock: Clock, folder: Path, batch: int = BATCH) -> None:
        self._database = database
        self._clock = clock
        self._folder = folder
        self._batch = batch
        self._daily = Every(SWEEP_SECONDS, self.sweep, "stray_recordings.failed", first_after=FIRST_AFTER_SECONDS)

    async def start(self) -> None:
        """Begin, some minutes from now."""
        self._daily.start()

    async def stop(self) -> None:
        """Stop; what is left is for the next time."""
        await self._daily.stop()

    async def sweep(self) -> None:
        """Remove every file that is old enough and has no row."""
        old, removed = self._old(), 0
        while batch := await asyncio.to_thread(lambda: list(islice(old, self._batch))):
            async with self._database.reading() as session:
                known = await recordings.known(session, [one.public_id for one in batch])
            strays = [one.file for one in batch if one.public_id not in known]
            removed += await asyncio.to_thread(self._remove, strays)
        if removed:
            log.info("stray_recordings.removed", files=removed)

    def _old(self) -> Iterator[_File]:
        """Files that are older than a file without a row may be."""
        now = self._clock.now().timestamp()
        for path in self._folder.rglob("*.wav"):
            named = _OURS.fullmatch(path.relative_to(self._folder).as_posix())
            if named is None or path.is_symlink():
                continue
            kept = KEPT_VOICEMAIL if named["voicemail"] else KEPT
            try:
                age = now - path.stat().st_mtime
            except OSError:
                continue  # gone meanwhile
            if age > kept.total_seconds():
                yield _File(named[0], named["id"])

    def _remove(self, files: list[str]) -> int:
        removed = 0
        for file in files:
            try:
                (self._folder / file).unlink(missing_ok=True)
                removed += 1
            except OSError as error:
                log.error("stray_recordings.file_stays", file=file, error=type(error).__name__)
        return removed
