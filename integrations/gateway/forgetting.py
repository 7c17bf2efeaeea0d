"""Forgetting a resident everywhere: the database at once, files and the engine's memory as soon as they let us.

What cannot be removed now (the engine is down, a disk refuses) is noted in the transaction that forgets, and tried
again at every start and every minute until it is done. Sound that no row tells of, so that nothing could note it, goes
by :mod:`integrations.gateway.stray_recordings`.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.gateway.engine_client import EngineUnavailable
from integrations.gateway.every import Every
from integrations.gateway.stray_recordings import StrayRecordings
from property_db.channels import leftovers
from property_db.clock import Clock
from property_db.database import Database
from property_db.people import service as people
from property_db.people.forget import Forgotten, forget

log = structlog.get_logger()

SWEEP_SECONDS = 60.0
AT_ONCE_SECONDS = 2.0
"""What a caller, who owes a platform an answer within five seconds, waits for the engine at most."""


class Memory(Protocol):
    """What remembers conversations besides the database: the engine."""

    async def forget(self, public_id: str) -> None:
        """Forget a conversation, known or not.

        Raises:
            EngineUnavailable: not now.
        """
        ...


class Forgetting:
    """Forgets residents.

    Args:
        engine: asked to forget their conversations.
        upload_dir: where files of pictures lie.
        recording_dir: where files of recordings lie; the folder `recordings` beside the pictures' unless it is said.
        on_forgotten: told after the commit, for whatever remembers conversations by their ids in this process.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        engine: Memory,
        upload_dir: Path,
        *,
        recording_dir: Path | None = None,
        on_forgotten: Callable[[Forgotten], None] | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._engine = engine
        self._folders: dict[leftovers.Place, Path] = {
            "pictures:forget": upload_dir,
            "recordings:forget": recording_dir or upload_dir.parent / "recordings",
        }
        self._on_forgotten = on_forgotten
        self._strays = StrayRecordings(database, clock, self._folders["recordings:forget"])
        self._sweeper = Every(SWEEP_SECONDS, self.sweep, "forgetting.sweep_failed")

    async def start(self) -> None:
        """Do what an earlier process left, then watch."""
        self._sweeper.start()
        await self._strays.start()

    async def stop(self) -> None:
        """Stop watching."""
        await self._strays.stop()
        await self._sweeper.stop()

    async def forget(self, channel: str, external_id: str) -> None:
        """Forget whom a channel knows under this id; nobody is no error.

        When it returns, the database has forgotten; the rest is done, or will be.
        """
        async with self._database.transaction() as session:
            identity = await people.find_identity(session, channel, external_id)
            if identity is None:
                return
            forgotten = await self.within(session, identity.id)
        await self.finish(forgotten)

    async def within(self, session: AsyncSession, identity_id: int) -> Forgotten:
        """Forget an identity in the caller's transaction, which decides more than this; then comes ``finish``."""
        forgotten = await forget(session, identity_id, self._clock)
        await leftovers.note(session, "engine:forget", forgotten.conversation_public_ids, self._clock)
        await leftovers.note(session, "pictures:forget", forgotten.file_names, self._clock)
        return forgotten

    async def finish(self, forgotten: Forgotten) -> None:
        """Do the rest after the commit, as far as it is quick; nothing of it fails the caller, all of it is noted."""
        pictures, recordings = len(forgotten.file_names), len(forgotten.recording_files)
        talks = len(forgotten.conversation_ids)
        log.info("resident.forgotten", conversations=talks, pictures=pictures, recordings=recordings)
        try:
            if self._on_forgotten is not None:
                self._on_forgotten(forgotten)
            await self._remove_files("pictures:forget", forgotten.file_names)
            await self._remove_files("recordings:forget", forgotten.recording_files)
            async with asyncio.timeout(AT_ONCE_SECONDS):
                await self._tell_engine(forgotten.conversation_public_ids)
        except Exception as error:
            log.warning("forgetting.later", error=type(error).__name__)

    async def sweep(self) -> None:
        """Try what is left once."""
        async with self._database.reading() as session:
            file_names = {place: await leftovers.noted(session, place) for place in self._folders}
            public_ids = await leftovers.noted(session, "engine:forget")
        for place, names in file_names.items():
            await self._remove_files(place, names)
        await self._tell_engine(public_ids)

    async def _remove_files(self, place: leftovers.Place, file_names: list[str]) -> None:
        removed = await asyncio.to_thread(_removed, self._folders[place], file_names)
        await self._done(place, removed)

    async def _tell_engine(self, public_ids: list[str]) -> None:
        """Let the engine forget one after the other; the first time it cannot, the others wait too."""
        told: list[str] = []
        try:
            for public_id in public_ids:
                await self._engine.forget(public_id)
                told.append(public_id)
        except EngineUnavailable as error:
            log.warning("forgetting.engine_unavailable", left=len(public_ids) - len(told), error=str(error))
        await self._done("engine:forget", told)

    async def _done(self, place: leftovers.Place, keys: list[str]) -> None:
        if keys:
            async with self._database.transaction() as session:
                await leftovers.done(session, place, keys)


def _removed(folder: Path, file_names: list[str]) -> list[str]:
    """Remove files below the folder; those that are gone now, also those that were gone before."""
    removed = []
    for name in file_names:
        if ".." in Path(name).parts or Path(name).is_absolute():
            log.error("forgetting.file_elsewhere")
            continue
        try:
            (folder / name).unlink(missing_ok=True)
        except OSError as error:
            log.error("forgetting.file_stays", error=type(error).__name__)
        else:
            removed.append(name)
    return removed
