"""The binding routes of one server on either database, a pretended WeChat behind it, and browsers in front."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi import FastAPI

from integrations.gateway import errors, pages
from integrations.gateway.services import Limits
from integrations.gateway.settings import Settings
from integrations.gateway.sms import DemoSmsInbox
from integrations.wechat.binding import install_binding
from property_db.clock import SettableClock
from property_db.database import Database
from property_db.estates.models import Building, Estate, Home, Unit
from property_db.people.models import Binding, Person, Role
from tests.unit.wechat_binding.accounts import account

SITE = "https://estate.example"
WANG = "13800138000"
HOME = "翠湖花园3栋2单元501"


@dataclass
class WeChat:
    """WeChat's side of the sign-in: which code is whose; each is good once."""

    open_ids: dict[str, str] = field(default_factory=dict)
    asked: int = 0

    def answer(self, request: httpx.Request) -> httpx.Response:
        """``/sns/oauth2/access_token``."""
        self.asked += 1
        open_id = self.open_ids.pop(request.url.params["code"], None)
        if open_id is None:
            return httpx.Response(200, json={"errcode": 40163, "errmsg": "code been used"})
        return httpx.Response(200, json={"openid": open_id, "scope": "snsapi_base"})


@dataclass
class Site:
    """The server under test."""

    app: FastAPI
    wechat: WeChat
    sms: DemoSmsInbox
    services: SimpleNamespace
    database: Database


@dataclass
class Browser:
    """One browser: its cookies, and the resident's WeChat."""

    http: httpx.AsyncClient
    wechat: WeChat
    open_id: str

    async def begin(self, name: str = "cuihu") -> str:
        """Open the link; the state that WeChat would carry."""
        answer = await self.http.get(f"/wechat/{name}/bind")
        assert answer.status_code == 302, answer.text
        return parse_qs(urlsplit(answer.headers["Location"]).query)["state"][0]

    def agree(self) -> str:
        """WeChat's code for who holds this phone."""
        code = f"code{len(self.wechat.open_ids)}{self.open_id}"
        self.wechat.open_ids[code] = self.open_id
        return code

    async def come_back(self, state: str, code: str, name: str = "cuihu") -> str:
        """WeChat sends the browser back; where it is sent then."""
        answer = await self.http.get(f"/wechat/{name}/bound", params={"code": code, "state": state})
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]

    async def sign_in(self, name: str = "cuihu") -> str:
        """The whole way; the ticket."""
        place = await self.come_back(await self.begin(name), self.agree(), name)
        return ticket_in(place)

    async def ask(self, ticket: str, path: str = "", body: dict[str, str] | None = None) -> httpx.Response:
        """Call the API as the page does."""
        headers = {"Authorization": f"Bearer {ticket}"}
        url = f"/api/wechat/binding{path}"
        return await (
            self.http.get(url, headers=headers) if body is None else self.http.post(url, headers=headers, json=body)
        )


def ticket_in(place: str) -> str:
    """The ticket in the page's address."""
    parts = urlsplit(place)
    assert (parts.scheme, parts.netloc, parts.path) == ("", "", "/bind"), place
    assert "problem" not in parse_qs(parts.query), place
    return parts.fragment


def problem_in(place: str) -> str:
    """The problem in the page's address."""
    parts = urlsplit(place)
    assert (parts.scheme, parts.netloc, parts.path, parts.fragment) == ("", "", "/bind", ""), place
    return parse_qs(parts.query)["problem"][0]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> Database:
    """An empty database of either kind."""
    database: Database = request.getfixturevalue(request.param)
    return database


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A server that knows its own name."""
    return Settings(_env_file=None, data_dir=tmp_path / "data", public_url=SITE)  # type: ignore[call-arg, arg-type]


@pytest.fixture
async def site(
    database: Database, clock: SettableClock, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Site:
    """The server; 王 lives here."""
    async with database.transaction() as session:
        estate = Estate(code="CH", name="翠湖花园", settings={})
        session.add(estate)
        await session.flush()
        building = Building(estate_id=estate.id, name="3", display="3栋")
        session.add(building)
        await session.flush()
        unit = Unit(building_id=building.id, name="2")
        person = Person(name="王建国", phone=WANG)
        session.add_all([unit, person])
        await session.flush()
        home = Home(
            estate_id=estate.id, building_id=building.id, unit_id=unit.id, room="501", label=HOME, area_hundredths=8950
        )
        session.add(home)
        await session.flush()
        session.add(Binding(person_id=person.id, home_id=home.id, role=Role.OWNER, starts_on=date(2024, 1, 1)))
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "bind.html").write_text("<!doctype html>")
    monkeypatch.setattr(pages, "WEBCHAT", tmp_path / "dist")
    sms = DemoSmsInbox(clock, "管家物业")
    services = SimpleNamespace(settings=settings, clock=clock, database=database, limits=Limits(settings), sms=sms)
    app = FastAPI()
    app.state.services = services
    errors.install(app)
    wechat = WeChat()
    accounts = {
        "cuihu": account(),
        "jingui": account(name="jingui", app_id="wxfedcba9876543210", estate="JG"),
    }
    install_binding(app, services, accounts, httpx.MockTransport(wechat.answer))  # type: ignore[arg-type]
    app.add_middleware(pages.SecurityHeaders, settings=settings)
    return Site(app, wechat, sms, services, database)


NewBrowser = Callable[..., Browser]


@pytest.fixture
async def browser(site: Site) -> AsyncIterator[NewBrowser]:
    """Makes browsers; each has cookies of its own."""
    async with AsyncExitStack() as stack:

        def make(open_id: str = "oWang-0123456789", address: str = "203.0.113.7") -> Browser:
            transport = httpx.ASGITransport(site.app, client=(address, 1))
            http = httpx.AsyncClient(transport=transport, base_url=SITE)
            stack.push_async_callback(http.aclose)
            return Browser(http, site.wechat, open_id)

        yield make
