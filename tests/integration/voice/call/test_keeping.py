"""What a caller said and left is kept while the database is away for a moment, and nothing of it stays unknown."""

import asyncio
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal, cast

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.testing import capture_logs

from integrations.gateway.hub import AlarmRaised, ConversationChanged, Event, Hub
from integrations.gateway.inbox import Inbox
from integrations.voice import front_office
from integrations.voice.front_office import FrontOffice
from integrations.voice.recording import RecordingFolder
from property_db.calls import recordings
from property_db.calls import service as calls
from property_db.calls.models import Call, CallDirection, CallOutcome, Recording, RecordingKind
from property_db.clock import SettableClock
from property_db.database import Database
from property_db.errors import DatabaseBusy
from property_db.tickets.models import Ticket, TicketKind

SOUND = b"\x01\x00" * 8000
WORDS = "三栋电梯有异响，请派人看看"
Trouble = Literal["busy", "refused", "commit unclear", "slow"]
PAUSES = 5
"""As many as `TRY_AGAIN_SECONDS` has."""


class Shaky(Database):
    """A database that is away when it is written to: once for each trouble, then it works again.

    Attributes:
        troubles: ``commit unclear`` has written, and says that it has not; ``slow`` waits for `goes_on`.
    """

    def __init__(self, beneath: Database) -> None:
        super().__init__(beneath.url, synchronous="OFF")
        self.troubles: list[Trouble] = []
        self.began, self.goes_on = asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """See :class:`Database`."""
        trouble = self.troubles.pop(0) if self.troubles else None
        self.began.set()
        match trouble:
            case "busy":
                raise DatabaseBusy
            case "refused":
                raise ConnectionRefusedError
            case "slow":
                await self.goes_on.wait()
        async with super().transaction() as session:
            yield session
        if trouble == "commit unclear":
            raise OperationalError("COMMIT", {}, ConnectionResetError())


class Remembering(Hub):
    """A hub that keeps what it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[Event] = []

    def publish(self, *events: Event) -> None:
        """Keep it."""
        self.told += events


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tries follow at once."""
    assert len(front_office.TRY_AGAIN_SECONDS) == PAUSES
    monkeypatch.setattr(front_office, "TRY_AGAIN_SECONDS", (0.0,) * PAUSES)


@pytest.fixture
async def database(sqlite: Database) -> AsyncIterator[Shaky]:
    shaky = Shaky(sqlite)
    yield shaky
    await shaky.dispose()


@pytest.fixture
def hub() -> Remembering:
    return Remembering()


@pytest.fixture
async def call(sqlite: Database, clock: SettableClock) -> Call:
    async with sqlite.transaction() as session:
        return await calls.begin(session, CallDirection.IN, "sip", "13900139000", None, clock)


@pytest.fixture
def office(database: Shaky, clock: SettableClock, hub: Remembering, call: Call, tmp_path: Path) -> FrontOffice:
    """The house behind a call on which nothing was said yet."""
    folder = RecordingFolder(tmp_path)
    no_inbox = cast(Inbox, None)
    return FrontOffice(database, clock, no_inbox, hub, folder, call, trusted=False, keep_days=90)


async def rows(database: Database) -> list[Recording]:
    async with database.reading() as session:
        return list(await session.scalars(select(Recording)))


async def tickets(database: Database) -> list[Ticket]:
    async with database.reading() as session:
        return list(await session.scalars(select(Ticket)))


def files(data_dir: Path) -> list[str]:
    folder = data_dir / "recordings"
    return [file.relative_to(folder).as_posix() for file in folder.rglob("*.wav")]


async def settled(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.005)


async def test_a_message_lies_apart_under_its_outside_id_for_its_owner_only(
    office: FrontOffice, database: Shaky, tmp_path: Path
) -> None:
    assert await office.voicemail(SOUND, WORDS)
    (row,) = await rows(database)
    assert row.file == f"voicemail/2026-11/{row.public_id}.wav"
    file = tmp_path / "recordings" / row.file
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    folders = [folder for folder in file.parents if folder.is_relative_to(tmp_path / "recordings")]
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {0o700}


@pytest.mark.parametrize("trouble", ["busy", "refused", "commit unclear"])
async def test_a_message_is_filed_once_although_the_database_was_away(
    office: FrontOffice, database: Shaky, hub: Remembering, tmp_path: Path, trouble: Trouble
) -> None:
    database.troubles = [trouble] * PAUSES if trouble != "commit unclear" else [trouble]
    assert await office.voicemail(SOUND, WORDS)
    (row,), (ticket,) = await rows(database), await tickets(database)
    assert (row.kind, row.transcript, row.ticket_id) == (RecordingKind.VOICEMAIL, WORDS, ticket.id)
    assert ticket.kind is TicketKind.VOICEMAIL
    assert files(tmp_path) == [row.file]
    assert [type(event) for event in hub.told] == [ConversationChanged]


async def test_the_desk_hears_of_a_danger_whose_commit_was_unclear(
    office: FrontOffice, database: Shaky, hub: Remembering
) -> None:
    database.troubles = ["commit unclear"]
    assert await office.voicemail(SOUND, "家里煤气漏了好大味道")
    assert [type(event) for event in hub.told].count(AlarmRaised) == 1
    assert sorted(ticket.kind for ticket in await tickets(database)) == [TicketKind.EMERGENCY, TicketKind.VOICEMAIL]


async def test_a_message_that_cannot_be_filed_keeps_its_sound_and_the_log_says_where(
    office: FrontOffice, database: Shaky, tmp_path: Path
) -> None:
    database.troubles = ["busy"] * (PAUSES + 1)
    with capture_logs() as logged:
        assert not await office.voicemail(SOUND, WORDS)
    (file,) = files(tmp_path)
    (lost,) = [line for line in logged if line["event"] == "voice.voicemail_lost"]
    assert (lost["file"], lost["error"], lost["log_level"]) == (file, "DatabaseBusy", "error")
    assert await rows(database) == []


async def test_a_full_disk_is_said_at_once(
    office: FrontOffice, database: Shaky, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(RecordingFolder, "_keep", full)
    assert not await office.voicemail(SOUND, WORDS)
    assert await tickets(database) == []


async def test_whoever_waits_may_be_cancelled_and_the_message_is_filed(office: FrontOffice, database: Shaky) -> None:
    database.troubles = ["slow"]
    waiting = asyncio.create_task(office.voicemail(SOUND, WORDS))
    await database.began.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    database.goes_on.set()
    await office.ended(CallOutcome.VOICEMAIL)
    assert len(await tickets(database)) == len(await rows(database)) == 1


async def test_the_end_of_a_call_waits_only_a_while(
    office: FrontOffice, database: Shaky, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(front_office, "KEEPING_SECONDS", 0.05)
    database.troubles = ["slow"]
    waiting = asyncio.create_task(office.voicemail(SOUND, WORDS))
    await database.began.wait()
    await office.ended(CallOutcome.VOICEMAIL)
    async with database.reading() as session:
        assert (await calls.get(session, call.id)).outcome is CallOutcome.VOICEMAIL
    database.goes_on.set()
    assert await waiting
    assert len(await tickets(database)) == 1


@pytest.mark.parametrize("trouble", ["busy", "refused"])
async def test_the_sound_of_a_moment_that_was_not_kept_goes(
    office: FrontOffice, database: Shaky, tmp_path: Path, trouble: Trouble
) -> None:
    database.troubles = [trouble]
    await office.heard("你好", 0.9, 1.0, None, None, SOUND)
    await settled(lambda: not office._keeping)
    assert (files(tmp_path), await rows(database)) == ([], [])


async def test_the_sound_of_a_moment_stays_where_its_row_was_written_after_all(
    office: FrontOffice, database: Shaky, tmp_path: Path
) -> None:
    database.troubles = ["commit unclear"]
    await office.heard("你好", 0.9, 1.0, None, None, SOUND)
    await settled(lambda: not office._keeping)
    (row,) = await rows(database)
    assert files(tmp_path) == [row.file]
    assert row.public_id == Path(row.file).stem


async def test_a_recording_is_known_by_its_outside_id(office: FrontOffice, database: Shaky) -> None:
    assert await office.voicemail(SOUND, WORDS)
    (row,) = await rows(database)
    async with database.reading() as session:
        assert await recordings.known(session, [row.public_id, "f" * 32]) == {row.public_id}
        assert await recordings.known(session, []) == set()
