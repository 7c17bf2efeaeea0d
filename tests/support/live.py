"""The live stack of the conversations: one engine and one server for the whole run, the demo estate in a fresh file."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from property_db import demo, migrate
from property_db.clock import Clock
from property_db.database import Database
from tests.support import engine_process
from tests.support.actors import DeskAgent, Resident
from tests.support.engine_process import EngineProcess
from tests.support.stack import Server, free_port, serve, settings_for

WANG = "13800138000"
LI = "13900139000"
CHEN = "13700137000"


@pytest.fixture(scope="session")
def work_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the run keeps its database, pictures and logs."""
    return tmp_path_factory.mktemp("live")


@pytest.fixture(scope="session")
async def database_url(work_folder: Path) -> str:
    """A migrated database with the demo estate."""
    url = f"sqlite+aiosqlite:///{work_folder / 'guanjia.db'}"
    await migrate.upgrade(url)
    database = Database(url, synchronous="OFF")
    await demo.create(database, Clock())
    await database.dispose()
    return url


@pytest.fixture(scope="session")
def engine(work_folder: Path) -> Iterator[EngineProcess]:
    """The engine, with the project's own model; its actions run in the server of ``server``."""
    if not engine_process.available():
        pytest.skip("no engine environment: run ./guanjia once, it makes bot/.venv")
    engine_process.train()
    action_url = f"http://127.0.0.1:{free_port()}/internal/actions"
    running = EngineProcess(work_folder / "engine", action_url, free_port())
    running.start()
    yield running
    running.kill()


@pytest.fixture(scope="session")
async def server(engine: EngineProcess, work_folder: Path, database_url: str) -> AsyncIterator[Server]:
    """The server that everybody talks to."""
    port = int(engine.action_url.split(":")[2].split("/")[0])
    async with serve(settings_for(work_folder, port, engine.url, database_url)) as running:
        yield running


Arrive = Callable[..., Awaitable[Resident]]


@pytest.fixture
async def arrive(server: Server) -> AsyncIterator[Arrive]:
    """Let residents open the web chat, bound to a demo phone or not; closes them all in the end."""
    residents: list[Resident] = []

    async def one(phone: str | None = None, url: str | None = None) -> Resident:
        resident = await Resident(url or server.url).arrive()
        residents.append(resident)
        if phone is not None:
            await bind_at_once(server, resident, phone)
        return resident

    yield one
    for resident in residents:
        await resident.leave()


async def bind_at_once(server: Server, resident: Resident, phone: str) -> None:
    """Bind without the code, which may be asked for only once a minute per phone; the code has tests of its own."""
    from integrations.webchat.identity import external_id_of
    from property_db.people import repository
    from property_db.people import service as people

    token = str(resident.http.headers["Authorization"]).removeprefix("Bearer ")
    external_id = external_id_of(token)
    assert external_id is not None
    async with server.services.database.transaction() as session:
        identity = await people.identity_for(session, "webchat", external_id)
        person = await repository.person_by_phone(session, phone)
        assert person is not None, f"the demo estate has nobody with {phone}"
        identity.person_id, identity.verified_at = person.id, server.services.clock.now()


@pytest.fixture
async def wang(arrive: Arrive) -> Resident:
    """王建国, owner of 翠湖花园3栋2单元501, who owes something."""
    return await arrive(WANG)


@pytest.fixture
async def li(arrive: Arrive) -> Resident:
    """李秀英, owner of 翠湖花园5栋1单元1203, who owes nothing."""
    return await arrive(LI)


@pytest.fixture
async def stranger(arrive: Arrive) -> Resident:
    """Somebody who has bound no home."""
    return await arrive()


@pytest.fixture
async def agent(server: Server) -> AsyncIterator[DeskAgent]:
    """客服 xiaoli, signed in and online."""
    desk = await DeskAgent(server.url).signs_in()
    yield desk
    await desk.leaves()


@pytest.fixture(autouse=True)
def _tidy(work_folder: Path) -> Iterator[None]:
    yield
    shutil.rmtree(work_folder / "uploads", ignore_errors=True)
