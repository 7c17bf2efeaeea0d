"""Recordings of calls: 8 kHz WAV files in the data folder, readable by their owner only.

`2026-11/<id>.wav` is a moment of a call, `voicemail/2026-11/<id>.wav` a message left on it; the id is the recording's
outside id. What the database does not know is removed by :mod:`integrations.gateway.stray_recordings`, which waits
longer with messages.
"""

import asyncio
import os
import uuid
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from integrations.voice.line import SAMPLE_BYTES, SAMPLE_RATE
from integrations.voice.wav import as_wav
from property_db.calls.recordings import file_of
from property_db.clock import SHANGHAI

FOLDER = "recordings"
VOICEMAIL = "voicemail"


@dataclass(frozen=True, slots=True)
class StoredSound:
    """A recording on disk; ``file`` is its path below the folder of recordings."""

    file: str
    seconds: float
    size: int

    @property
    def public_id(self) -> str:
        """The outside id that its row has or will have."""
        return PurePosixPath(self.file).stem


class RecordingFolder:
    """Where recordings lie, one folder a month, messages apart from moments.

    Args:
        data_dir: the data folder.
    """

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / FOLDER

    async def keep(self, pcm: bytes, at: datetime, *, voicemail: bool = False) -> StoredSound:
        """Write sound as it was on the line, in a thread.

        Args:
            voicemail: it is a message, of which nothing else tells should its row not be written.

        Raises:
            OSError: the disk is full, or the folder cannot be written.
        """
        return await asyncio.to_thread(self._keep, pcm, at, f"{VOICEMAIL}/" if voicemail else "")

    async def drop(self, file: str) -> None:
        """Remove a recording that nothing refers to.

        Raises:
            OSError: it cannot be removed.
        """
        await asyncio.to_thread((self._folder / file).unlink, missing_ok=True)

    def path(self, file: str) -> Path:
        """Where a recording is."""
        return self._folder / file

    def _keep(self, pcm: bytes, at: datetime, kind: str) -> StoredSound:
        name = kind + file_of(uuid.uuid4().hex, at.astimezone(SHANGHAI).date())
        folder = (self._folder / name).parent
        for one in (self._folder, folder.parent, folder):  # `parents` would make those between readable by all
            one.mkdir(parents=True, exist_ok=True, mode=0o700)
        data = as_wav(pcm)
        handle = os.open(self._folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        return StoredSound(name, len(pcm) / SAMPLE_BYTES / SAMPLE_RATE, len(data))
