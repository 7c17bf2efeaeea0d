"""Who gets into the desk, and for how long."""

import httpx
import pytest
from sqlalchemy import select

from integrations.desk import auth
from property_db.audit.models import AuditEntry
from property_db.handoff.agents import set_password
from property_db.handoff.models import AgentSession
from property_db.people.models import Person
from tests.unit.desk.conftest import PASSWORD, Browser, World

PUBLIC_ID = "0" * 32


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/me"),
        ("PUT", "/me/status"),
        ("POST", "/logout"),
        ("GET", "/overview"),
        ("POST", "/queue/1/take"),
        ("GET", f"/conversations/{PUBLIC_ID}"),
        ("GET", f"/conversations/{PUBLIC_ID}/messages"),
        ("POST", f"/conversations/{PUBLIC_ID}/join"),
        ("POST", f"/conversations/{PUBLIC_ID}/reply"),
        ("POST", f"/conversations/{PUBLIC_ID}/notes"),
        ("POST", f"/conversations/{PUBLIC_ID}/return"),
        ("POST", f"/conversations/{PUBLIC_ID}/close"),
        ("POST", "/alarms/1/acknowledge"),
        ("GET", f"/uploads/{PUBLIC_ID}"),
    ],
)
async def test_nothing_works_without_a_session(world: World, method: str, path: str) -> None:
    stranger = Browser(world, "nobody")
    body = {"client_message_id": "abcdefgh", "text": "hi"} if path.endswith(("reply", "notes")) else {"status": "away"}
    for cookie in ({}, {"guanjia_desk": "x"}, {"guanjia_desk": "A" * 43}):
        stranger.http.cookies = httpx.Cookies(cookie)
        answer = await stranger.http.request(method, path, json=body if method != "GET" else None)
        assert answer.status_code == 401
        assert answer.json()["error"]["message"] == "登录已失效，请重新登录。"


async def test_every_route_of_the_desk_but_signing_in_asks_for_the_session(world: World) -> None:
    open_routes = {
        (method, path)
        for path, methods in world.app.openapi()["paths"].items()
        for method, operation in methods.items()
        if not any(p["name"] == "x-csrf-token" for p in operation.get("parameters", [])) and method != "get"
    }
    assert open_routes == {("post", "/api/desk/login")}


async def test_the_cookie_is_for_this_site_only_and_no_script_reads_it(world: World, xiaoli: Browser) -> None:
    answer = await xiaoli.login()
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Secure" not in cookie, "plain http in the demo"
    world.services.settings.secure_cookies = True
    assert "Secure" in (await xiaoli.login()).headers["set-cookie"]


async def test_the_token_itself_is_kept_nowhere(world: World, xiaoli: Browser) -> None:
    async with world.database.reading() as session:
        (row,) = await session.scalars(select(AgentSession))
    assert row.token_hash != xiaoli.http.cookies["guanjia_desk"]
    assert len(row.token_hash) == 64


async def test_unknown_user_and_wrong_password_get_the_same_answer(world: World, xiaoli: Browser) -> None:
    wrong = await Browser(world, "xiaoli").login("wrong password")
    unknown = await Browser(world, "nobody").login("wrong password")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json() == {"error": {"code": "sign_in_refused", "message": "用户名或密码不对。"}}


async def test_guessing_one_password_is_stopped_and_locks_out_nobody_elsewhere(world: World, xiaoli: Browser) -> None:
    statuses = [(await Browser(world, "xiaoli", "10.0.1.1").login("guess")).status_code for _ in range(11)]
    assert statuses == [401] * 10 + [429]
    assert (await Browser(world, "XiaoLi", "10.0.1.1").login(PASSWORD)).status_code == 429
    assert (await Browser(world, "xiaoli", "10.0.1.2").login(PASSWORD)).status_code == 200


async def test_guessing_one_password_from_many_addresses_is_stopped(world: World, xiaoli: Browser) -> None:
    statuses = [(await Browser(world, "xiaoli", f"10.0.1.{n}").login("guess")).status_code for n in range(101)]
    assert statuses == [401] * 100 + [429]
    assert (await Browser(world, "XiaoLi", "10.0.2.1").login(PASSWORD)).status_code == 429


async def test_no_transaction_is_open_while_a_password_is_hashed(
    world: World, xiaoli: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def write_meanwhile(password_hash: str | None, password: str) -> bool:
        async with world.database.transaction() as session:
            session.add(Person(name="王建国", phone="13800138000"))
        return password_hash is not None

    monkeypatch.setattr(auth, "verify_password", write_meanwhile)
    assert (await xiaoli.login()).status_code == 200


async def test_a_password_changed_while_it_was_verified_opens_nothing(
    world: World, xiaoli: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def change_meanwhile(password_hash: str | None, password: str) -> bool:
        async with world.database.transaction() as session:
            await set_password(session, "xiaoli", "another password")
        return True

    monkeypatch.setattr(auth, "verify_password", change_meanwhile)
    assert (await xiaoli.login()).status_code == 401


async def test_guessing_many_names_from_one_address_is_stopped(world: World, xiaoli: Browser) -> None:
    statuses = {(await Browser(world, f"user{n}", "10.0.3.1").login("guess")).status_code for n in range(30)}
    assert statuses == {401}
    assert (await Browser(world, "xiaoli", "10.0.3.1").login(PASSWORD)).status_code == 429
    assert (await Browser(world, "xiaoli", "10.0.3.2").login(PASSWORD)).status_code == 200


async def test_a_whole_shift_signs_in_from_one_address(world: World, xiaoli: Browser) -> None:
    assert {(await xiaoli.login()).status_code for _ in range(35)} == {200}


async def test_a_write_without_the_pages_token_is_refused(world: World, xiaoli: Browser) -> None:
    for token in ("", "x", "错", xiaoli.http.headers["X-CSRF-Token"][:-1]):
        answer = await xiaoli.http.put("/me/status", json={"status": "away"}, headers={"X-CSRF-Token": token.encode()})
        assert answer.status_code == 403
        assert answer.json()["error"]["code"] == "csrf"
    assert (await xiaoli.get("/me"))["agent"]["status"] == "online"


async def test_the_session_slides_with_work_and_ends_without(world: World, xiaoli: Browser) -> None:
    for _ in range(3):
        world.clock.advance(hours=11)
        assert (await xiaoli.http.put("/me/status", json={"status": "online"})).status_code == 200
    for _ in range(12):
        world.clock.advance(hours=1)
        last = await xiaoli.http.get("/overview")
    assert last.status_code == 401, "a page that only asks by itself does not keep the session"


async def test_signing_out_ends_the_session_and_takes_the_agent_off_duty(world: World, xiaoli: Browser) -> None:
    cookies = httpx.Cookies(xiaoli.http.cookies)
    assert (await xiaoli.http.post("/logout", json={})).status_code == 204
    assert "guanjia_desk" not in xiaoli.http.cookies
    xiaoli.http.cookies = cookies
    assert (await xiaoli.http.get("/me")).status_code == 401
    await xiaoli.login()
    async with world.database.reading() as session:
        acts = list(await session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))
    assert acts == ["desk.signed_in", "desk.signed_out", "desk.signed_in"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"username": "xiaoli"},
        {"username": "", "password": "x"},
        {"username": "x" * 81, "password": "x"},
        {"username": "xiaoli", "password": "x" * 201},
        {"username": 5, "password": ["x"]},
        {"username": "xiaoli", "password": "x", "role": "admin"},
        [],
    ],
)
async def test_a_malformed_sign_in_is_refused_plainly(world: World, body: object) -> None:
    answer = await Browser(world, "x").http.post("/login", json=body)
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "invalid_request"
