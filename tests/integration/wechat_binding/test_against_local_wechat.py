"""Menu, codes and sign-in over real HTTP against the local WeChat, which has its own idea of the rules."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
import yaml

from integrations.cli import checks_wechat, main, ports
from integrations.cli.findings import Level
from integrations.gateway.settings import Settings
from integrations.wechat import accounts
from integrations.wechat.binding import install_binding
from property_db.database import Database
from property_db.estates.models import Building, Estate
from tests.integration.wechat_binding.conftest import SITE, Browser, NewBrowser, Site, ticket_in
from tests.local_wechat.server import LocalWechat, serve

SECRETS = {"token": "callbacktoken", "aes_key": "A" * 43, "app_secret": "s" * 32}


@pytest.fixture
def database(sqlite: Database) -> Database:
    """One database is enough here: what differs between them is tested elsewhere."""
    return sqlite


@pytest.fixture
async def data(tmp_path: Path, migrated_file: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with two estates, and the command line that uses it."""
    folder = tmp_path / "product"
    folder.mkdir(mode=0o700)
    shutil.copy(migrated_file, folder / "guanjia.db")
    database = Database(f"sqlite+aiosqlite:///{folder / 'guanjia.db'}")
    async with database.transaction() as session:
        for code, name, buildings in (("CH", "翠湖花园", "12"), ("JG", "金桂苑", "1")):
            estate = Estate(code=code, name=name, settings={})
            session.add(estate)
            await session.flush()
            session.add_all(Building(estate_id=estate.id, name=n, display=f"{n}栋") for n in buildings)
    await database.dispose()
    monkeypatch.setenv("GUANJIA_DATA_DIR", str(folder))
    monkeypatch.setenv("GUANJIA_PUBLIC_URL", SITE)
    for name in ("GUANJIA_WECHAT_FILE", "GUANJIA_DATABASE_URL", "GUANJIA_REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture
async def peer(data: Path) -> AsyncIterator[LocalWechat]:
    """The local WeChat, and an account file that leads to it."""
    port = ports.free_port()
    url = f"http://127.0.0.1:{port}"
    menu = [{"title": "查账单", "says": "我家还欠多少物业费"}, {"title": "绑定", "binds": True}]
    account = {"name": "cuihu", "estate": "CH", "app_id": f"wx{1:016x}", "menu": menu, **SECRETS}
    file = data / "wechat.yml"
    file.write_text(yaml.safe_dump({"accounts": [account | dict.fromkeys(("api_url", "oauth_url", "mp_url"), url)]}))
    file.chmod(0o600)
    running = LocalWechat(list(accounts.load(file).values()), ["http://127.0.0.1:1"])
    async with serve(running, "127.0.0.1", port):
        yield running


async def run(*arguments: str) -> int:
    """A command, in a thread, as it has a loop of its own."""
    return await asyncio.to_thread(main.run, list(arguments))


async def test_the_menu_goes_there_comes_back_and_goes_away(
    peer: LocalWechat, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run("wechat", "menu", "show") == 0
    assert "没有菜单" in capsys.readouterr().out
    assert await run("wechat", "menu", "apply") == 0
    assert peer.world.account("cuihu").menu == [
        {"type": "click", "name": "查账单", "key": "我家还欠多少物业费"},
        {"type": "view", "name": "绑定", "url": f"{SITE}/wechat/cuihu/bind"},
    ]
    capsys.readouterr()
    assert await run("wechat", "menu", "show") == 0
    assert "查账单  我家还欠多少物业费" in capsys.readouterr().out
    assert await run("wechat", "menu", "delete") == 0
    assert peer.world.account("cuihu").menu is None


async def test_every_building_of_the_accounts_own_estate_gets_its_code(
    peer: LocalWechat, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "codes"
    assert await run("wechat", "qr", "--folder", str(folder)) == 0
    assert "2 张" in capsys.readouterr().out
    assert sorted(file.stem for file in folder.iterdir()) == ["翠湖花园-1栋", "翠湖花园-2栋"]
    assert [(ticket.scene, ticket.permanent) for ticket in peer.world.tickets.values()] == [("b1", True), ("b2", True)]


async def test_an_estate_that_is_not_there_is_explained(
    peer: LocalWechat, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = data / "wechat.yml"
    file.write_text(file.read_text().replace("estate: CH", "estate: XX"))
    assert await run("wechat", "qr") == 1
    assert "CH、JG" in capsys.readouterr().err


async def test_what_the_platform_refuses_is_told_with_its_number(
    peer: LocalWechat, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = data / "wechat.yml"
    file.write_text(file.read_text().replace("s" * 32, "x" * 32))
    assert await run("wechat", "menu", "apply") == 1
    shown = capsys.readouterr().err
    assert "40125" in shown
    assert "x" * 32 not in shown


async def test_the_doctor_knows_the_estates_and_asks_the_platform(peer: LocalWechat, data: Path) -> None:
    findings = await asyncio.to_thread(lambda: list(checks_wechat.section(Settings())))
    bad = [finding.code for finding in findings if finding.level is Level.BAD]
    assert bad == []
    assert "wechat_token_good" in [finding.code for finding in findings]
    file = data / "wechat.yml"
    file.write_text(file.read_text().replace("estate: CH", "estate: XX"))
    findings = await asyncio.to_thread(lambda: list(checks_wechat.section(Settings())))
    assert "wechat_estate_unknown" in [finding.code for finding in findings]


async def authorized(start: str, open_id: str) -> dict[str, str]:
    """What WeChat gives the browser to carry back."""
    async with httpx.AsyncClient(trust_env=False) as wechat:
        answer = await wechat.get(start.partition("#")[0] + f"&as={open_id}")
    place = urlsplit(answer.headers["Location"])
    assert f"{place.scheme}://{place.netloc}{place.path}" == f"{SITE}/wechat/cuihu/bound"
    return dict(parse_qsl(place.query))


async def test_a_resident_signs_in_at_the_local_wechat(
    peer: LocalWechat, data: Path, site: Site, browser: NewBrowser
) -> None:
    known = accounts.load(data / "wechat.yml")
    # In place of the accounts that the fixture gave it.
    install_binding(site.app, site.services, known)  # type: ignore[arg-type]
    resident = peer.world.add_resident(known["cuihu"].app_id)
    wang: Browser = browser()
    begun = await wang.http.get("/wechat/cuihu/bind")
    carried = await authorized(begun.headers["Location"], resident.open_id)
    ticket = ticket_in(await wang.come_back(carried["state"], carried["code"]))
    answer = await wang.ask(ticket)
    assert answer.json()["identity"]["verified"] is False
    called = [call for call in peer.world.calls if call.path == "/sns/oauth2/access_token"]
    assert len(called) == 1
