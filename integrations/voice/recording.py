"""Recordings of calls: 8 kHz WAV files in the data folder, readable by their owner only."""

import asyncio
import os
import uuid
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from integrations.voice.line import SAMPLE_BYTES, SAMPLE_RATE
from integrations.voice.wav import as_wav
from property_db.clock import SHANGHAI

FOLDER = "recordings"


@dataclass(frozen=True, slots=True)
class StoredSound:
    """A recording on disk; ``file`` is its path below the folder of recordings."""

    file: str
    seconds: float
    size: int


class RecordingFolder:
    """Where recordings lie, one folder a month.

    Args:
        data_dir: the data folder.
    """

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / FOLDER

    async def keep(self, pcm: bytes, at: datetime) -> StoredSound:
        """Write sound as it was on the line, in a thread.

        Raises:
            OSError: the disk is full, or the folder cannot be written.
        """
        return await asyncio.to_thread(self._keep, pcm, at)

    async def drop(self, file: str) -> None:
        """Remove a recording that nothing refers to."""
        await asyncio.to_thread((self._folder / file).unlink, missing_ok=True)

    def path(self, file: str) -> Path:
        """Where a recording is."""
        return self._folder / file

    def _keep(self, pcm: bytes, at: datetime) -> StoredSound:
        month = at.astimezone(SHANGHAI).strftime("%Y-%m")
        (self._folder / month).mkdir(parents=True, exist_ok=True, mode=0o700)
        name = f"{month}/{uuid.uuid4().hex}.wav"
        data = as_wav(pcm)
        handle = os.open(self._folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        return StoredSound(name, len(pcm) / SAMPLE_BYTES / SAMPLE_RATE, len(data))
