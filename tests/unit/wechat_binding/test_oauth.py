"""States and tickets of the sign-in: whose they are, how long they are good, and what WeChat is asked."""

import re
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from integrations.wechat import oauth
from integrations.wechat.oauth import Problem, SignIn, SignInFailed
from property_db.clock import SettableClock
from tests.unit.wechat_binding.accounts import account

SECRET = "server secret"
OPEN_ID = "oABCDEFG-hijk_1234567890"


@pytest.fixture
def sign_in(clock: SettableClock) -> SignIn:
    return SignIn(account(), SECRET, clock)


@pytest.fixture
def browser() -> str:
    return oauth.new_browser()


def problem(work: object) -> Problem:
    """Why `work`, a function, fails."""
    assert callable(work)
    with pytest.raises(SignInFailed) as failed:
        work()
    return failed.value.problem


def test_a_state_has_only_letters_and_digits_and_fits(sign_in: SignIn, browser: str) -> None:
    state = sign_in.new_state(browser)
    assert re.fullmatch(r"[0-9a-zA-Z]{1,128}", state)
    assert state != sign_in.new_state(browser)


def test_a_state_comes_back_to_the_browser_that_began(sign_in: SignIn, browser: str) -> None:
    state = sign_in.new_state(browser)
    assert sign_in.check_state(state, browser).text == state


def test_a_state_in_another_browser_is_refused(sign_in: SignIn, browser: str) -> None:
    state = sign_in.new_state(browser)
    assert problem(lambda: sign_in.check_state(state, oauth.new_browser())) is Problem.STRANGE
    assert problem(lambda: sign_in.check_state(state, None)) is Problem.STRANGE


def test_a_state_of_another_account_or_server_is_refused(browser: str, clock: SettableClock, sign_in: SignIn) -> None:
    other = SignIn(account(app_id="wxfedcba9876543210"), SECRET, clock)
    assert problem(lambda: sign_in.check_state(other.new_state(browser), browser)) is Problem.STRANGE
    foreign = SignIn(account(), "another secret", clock)
    assert problem(lambda: sign_in.check_state(foreign.new_state(browser), browser)) is Problem.STRANGE


def test_every_changed_character_of_a_state_is_noticed(sign_in: SignIn, browser: str) -> None:
    state = sign_in.new_state(browser)
    for place, character in enumerate(state):
        changed = state[:place] + ("0" if character != "0" else "1") + state[place + 1 :]
        assert problem(lambda text=changed: sign_in.check_state(text, browser)) is Problem.STRANGE


@pytest.mark.parametrize("state", ["", "x", "é" * 104, "0" * 103, "0" * 105, "0" * 104 + "\n", "G" * 104])
def test_what_is_no_state_is_refused(sign_in: SignIn, browser: str, state: str) -> None:
    assert problem(lambda: sign_in.check_state(state, browser)) is Problem.STRANGE


def test_a_state_lives_ten_minutes(sign_in: SignIn, browser: str, clock: SettableClock) -> None:
    state = sign_in.new_state(browser)
    clock.advance(minutes=9, seconds=59)
    sign_in.check_state(state, browser)
    clock.advance(seconds=2)
    assert problem(lambda: sign_in.check_state(state, browser)) is Problem.EXPIRED


def test_a_ticket_tells_who_it_is_and_shows_it_to_nobody_else(sign_in: SignIn, browser: str) -> None:
    ticket = sign_in.new_ticket(OPEN_ID, browser)
    assert sign_in.check_ticket(ticket, browser).open_id == OPEN_ID
    assert OPEN_ID not in ticket


def test_a_ticket_in_another_browser_is_refused(sign_in: SignIn, browser: str) -> None:
    ticket = sign_in.new_ticket(OPEN_ID, browser)
    assert problem(lambda: sign_in.check_ticket(ticket, oauth.new_browser())) is Problem.STRANGE
    assert problem(lambda: sign_in.check_ticket(ticket, None)) is Problem.STRANGE


def test_a_ticket_of_another_account_is_refused(sign_in: SignIn, browser: str, clock: SettableClock) -> None:
    other = SignIn(account(app_id="wxfedcba9876543210"), SECRET, clock)
    assert problem(lambda: sign_in.check_ticket(other.new_ticket(OPEN_ID, browser), browser)) is Problem.EXPIRED


def test_a_changed_ticket_is_refused(sign_in: SignIn, browser: str) -> None:
    ticket = sign_in.new_ticket(OPEN_ID, browser)
    for text in (ticket[:-4] + "AAAA", ticket[10:], "", "é", "x" * 2000):
        assert problem(lambda text=text: sign_in.check_ticket(text, browser)) in (Problem.EXPIRED, Problem.STRANGE)


def test_a_ticket_lives_a_quarter_of_an_hour(sign_in: SignIn, browser: str, clock: SettableClock) -> None:
    ticket = sign_in.new_ticket(OPEN_ID, browser)
    clock.advance(minutes=15)
    sign_in.check_ticket(ticket, browser)
    clock.advance(seconds=1)
    assert problem(lambda: sign_in.check_ticket(ticket, browser)) is Problem.EXPIRED


@pytest.mark.parametrize("value", [None, "", "short", "a" * 44, "a" * 42 + " ", "ä" * 43])
def test_a_cookie_that_is_not_ours_is_no_browser(value: str | None) -> None:
    assert not oauth.is_browser(value)


def test_wechat_is_asked_silently_and_gets_our_address() -> None:
    url = oauth.authorize_url(account(), "https://estate.example/wechat/cuihu/bound", "abc1")
    parts = urlsplit(url)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "https://open.example/connect/oauth2/authorize"
    assert parts.fragment == "wechat_redirect"
    assert parse_qs(parts.query) == {
        "appid": ["wx0123456789abcdef"],
        "redirect_uri": ["https://estate.example/wechat/cuihu/bound"],
        "response_type": ["code"],
        "scope": ["snsapi_base"],
        "state": ["abc1"],
    }


async def open_id(answer: httpx.Response | httpx.HTTPError) -> str:
    """Ask a pretended WeChat."""

    def handle(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, httpx.HTTPError):
            raise answer
        assert request.url.path == "/sns/oauth2/access_token"
        assert request.url.params["code"] == "the code"
        assert request.url.params["grant_type"] == "authorization_code"
        return answer

    return await oauth.open_id_for(account(), "the code", httpx.MockTransport(handle))


async def test_the_code_becomes_an_openid_though_wechat_calls_it_text() -> None:
    answer = httpx.Response(200, text=f'{{"openid": "{OPEN_ID}"}}', headers={"Content-Type": "text/plain"})
    assert await open_id(answer) == OPEN_ID


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (httpx.Response(200, json={"errcode": 40029, "errmsg": "invalid code"}), Problem.EXPIRED),
        (httpx.Response(200, json={"errcode": 40163, "errmsg": "code been used"}), Problem.EXPIRED),
        (httpx.Response(200, json={"errcode": -1, "errmsg": "system error"}), Problem.BUSY),
        (httpx.Response(200, json={"errcode": 40125, "errmsg": "invalid appsecret"}), Problem.BUSY),
        (httpx.Response(200, json={"openid": OPEN_ID, "is_snapshotuser": 1}), Problem.SNAPSHOT),
        (httpx.Response(200, json={"openid": "../../x"}), Problem.BUSY),
        (httpx.Response(200, json={}), Problem.BUSY),
        (httpx.Response(200, text="<html>"), Problem.BUSY),
        (httpx.Response(502, text="bad gateway"), Problem.BUSY),
        (httpx.ConnectError("no way there"), Problem.BUSY),
    ],
)
async def test_what_wechat_refuses_is_told_as_what_helps(
    answer: httpx.Response | httpx.HTTPError, expected: Problem
) -> None:
    with pytest.raises(SignInFailed) as failed:
        await open_id(answer)
    assert failed.value.problem is expected
    assert "the code" not in str(failed.value)
    assert failed.value.__cause__ is None
