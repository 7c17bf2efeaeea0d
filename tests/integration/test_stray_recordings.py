"""A file of the recordings that no row tells of goes; what has a row, or is not ours, stays."""

import asyncio
import os
from datetime import timedelta
from pathlib import Path

import pytest

from integrations.gateway import stray_recordings
from integrations.gateway.forgetting import Forgetting
from integrations.gateway.stray_recordings import StrayRecordings
from integrations.voice.recording import FOLDER, RecordingFolder, StoredSound
from property_db.calls import recordings
from property_db.calls import service as calls
from property_db.calls.models import CallDirection, RecordingKind
from property_db.clock import SettableClock
from property_db.database import Database

SOUND = b"\x01\x00" * 800
HOURS = 3600.0


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> Database:
    """An empty database of either kind."""
    database: Database = request.getfixturevalue(request.param)
    return database


@pytest.fixture
def broom(database: Database, clock: SettableClock, tmp_path: Path) -> StrayRecordings:
    return StrayRecordings(database, clock, tmp_path / FOLDER, batch=2)


async def kept(data_dir: Path, clock: SettableClock, *, hours: float, voicemail: bool = False) -> StoredSound:
    """A file that was written so long ago."""
    stored = await RecordingFolder(data_dir).keep(SOUND, clock.now(), voicemail=voicemail)
    set_back(data_dir / FOLDER / stored.file, clock, hours)
    return stored


def set_back(file: Path, clock: SettableClock, hours: float) -> None:
    at = clock.now().timestamp() - hours * HOURS
    os.utime(file, (at, at))


def left(data_dir: Path) -> set[str]:
    folder = data_dir / FOLDER
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}


async def test_sound_without_a_row_goes_after_a_day_and_a_message_after_seven(
    broom: StrayRecordings, clock: SettableClock, tmp_path: Path
) -> None:
    moments = [await kept(tmp_path, clock, hours=25) for _ in range(5)]
    young = await kept(tmp_path, clock, hours=23)
    message = await kept(tmp_path, clock, hours=6.9 * 24, voicemail=True)
    old_message = await kept(tmp_path, clock, hours=7.1 * 24, voicemail=True)
    assert len(left(tmp_path)) == len(moments) + 3
    await broom.sweep()
    assert left(tmp_path) == {young.file, message.file}
    assert old_message.file.startswith("voicemail/")


async def test_what_has_a_row_stays(
    broom: StrayRecordings, database: Database, clock: SettableClock, tmp_path: Path
) -> None:
    stored = [await kept(tmp_path, clock, hours=24 * 30, voicemail=voicemail) for voicemail in (True, False, False)]
    async with database.transaction() as session:
        call = await calls.begin(session, CallDirection.IN, "sip", None, None, clock)
        for one in stored:
            await recordings.add(session, call.id, RecordingKind.UTTERANCE, one.file, 1.0, one.size, 90, clock)
    stray = await kept(tmp_path, clock, hours=24 * 30)
    await broom.sweep()
    assert left(tmp_path) == {one.file for one in stored}
    assert stray.file not in left(tmp_path)


async def test_what_is_not_ours_stays(broom: StrayRecordings, clock: SettableClock, tmp_path: Path) -> None:
    ours = await kept(tmp_path, clock, hours=1)
    folder = tmp_path / FOLDER
    for name in ("2026-11/留存.wav", f"2026-11/{'a' * 32}.mp3", f"{'a' * 32}.wav", f"2026-11/more/{'a' * 32}.wav"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(SOUND)
        set_back(folder / name, clock, 24 * 365)
    elsewhere = tmp_path / "elsewhere.wav"
    elsewhere.write_bytes(SOUND)
    (folder / "2026-11" / f"{'b' * 32}.wav").symlink_to(elsewhere)
    set_back(elsewhere, clock, 24 * 365)
    before = left(tmp_path)
    await broom.sweep()
    assert left(tmp_path) == before
    assert ours.file in before


async def test_without_recordings_there_is_nothing_to_do(broom: StrayRecordings, tmp_path: Path) -> None:
    await broom.sweep()
    assert not (tmp_path / FOLDER).exists()


async def test_the_server_does_it_by_itself(
    database: Database, clock: SettableClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Engine:
        async def forget(self, public_id: str) -> None:
            """Nothing to forget."""

    monkeypatch.setattr(stray_recordings, "FIRST_AFTER_SECONDS", 0.0)
    stray = await kept(tmp_path, clock, hours=timedelta(days=2).total_seconds() / HOURS)
    forgetting = Forgetting(database, clock, Engine(), tmp_path / "uploads")
    await forgetting.start()
    try:
        async with asyncio.timeout(5):
            while stray.file in left(tmp_path):
                await asyncio.sleep(0.01)
    finally:
        await forgetting.stop()
