"""The live stack of the conversations: one engine and one server for the whole run, the demo estate in a fresh file."""

import secrets
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from integrations.wechat.accounts import load as load_accounts
from property_db import demo, migrate
from property_db.clock import Clock
from property_db.database import Database
from tests.local_wechat.server import LocalWechat
from tests.local_wechat.server import serve as serve_wechat
from tests.support import engine_process
from tests.support.actors import DeskAgent, Resident
from tests.support.engine_process import EngineProcess
from tests.support.stack import Server, free_port, serve, settings_for
from tests.support.wechat_actor import WechatResident

WANG = "13800138000"
LI = "13900139000"
CHEN = "13700137000"


def write_accounts(file: Path, peer_url: str, estate: str | None = None) -> Path:
    """An account file for one Official Account whose platform is at ``peer_url``."""
    account = {
        "name": "demo",
        "app_id": f"wx{secrets.token_hex(8)}",
        "app_secret": secrets.token_hex(16),
        "token": secrets.token_hex(8),
        "aes_key": secrets.token_hex(32)[:43],
        "estate": estate,
        "api_url": peer_url,
        "oauth_url": peer_url,
        "mp_url": peer_url,
    }
    file.write_text(yaml.safe_dump({"accounts": [account]}), encoding="utf-8")
    file.chmod(0o600)
    return file


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
async def local_wechat(engine: EngineProcess, work_folder: Path) -> AsyncIterator[LocalWechat]:
    """WeChat's side, with one Official Account of the demo estate whose server is ``server``."""
    port = free_port()
    file = write_accounts(work_folder / "wechat.yml", f"http://127.0.0.1:{port}")
    accounts = list(load_accounts(file).values())
    async with serve_wechat(LocalWechat(accounts, [engine.server_url]), port=port) as peer:
        yield peer


@pytest.fixture(scope="session")
async def server(
    engine: EngineProcess, work_folder: Path, database_url: str, local_wechat: LocalWechat
) -> AsyncIterator[Server]:
    """The server that everybody talks to."""
    port = int(engine.server_url.rsplit(":", 1)[1])
    async with serve(settings_for(work_folder, port, engine.url, database_url)) as running:
        yield running


Arrive = Callable[..., Awaitable[Resident]]


@pytest.fixture
def channel() -> str:
    """Where residents write; a test that is the promise of every channel is run for each."""
    return "webchat"


@pytest.fixture
async def arrive(server: Server, local_wechat: LocalWechat, channel: str) -> AsyncIterator[Arrive]:
    """Let residents arrive at the channel, bound to a demo phone or not; sees them all off in the end."""
    residents: list[Any] = []

    async def one(phone: str | None = None, url: str | None = None) -> Any:
        if channel == "wechat":
            account = next(iter(local_wechat.world.accounts.values())).settings
            writer = await WechatResident(server, account, local_wechat.url).arrive()
            residents.append(writer)
            if phone is not None:
                await writer.bind_at_once(phone)
            return writer
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
