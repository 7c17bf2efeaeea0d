"""The way to WeChat and back: once, and only in the browser that began it."""

import asyncio
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
from structlog.testing import capture_logs

from integrations.gateway.rate_limit import RateLimit
from integrations.gateway.settings import Settings
from property_db.clock import SettableClock
from tests.integration.wechat_binding.conftest import NewBrowser, Site, problem_in, ticket_in


async def test_the_resident_is_sent_to_wechat_with_our_own_address(browser: NewBrowser) -> None:
    answer = await browser().http.get("/wechat/cuihu/bind", headers={"Host": "evil.example"})
    place = urlsplit(answer.headers["Location"])
    assert f"{place.scheme}://{place.netloc}" == "https://open.example"
    assert parse_qs(place.query)["redirect_uri"] == ["https://estate.example/wechat/cuihu/bound"]
    assert answer.headers["Cache-Control"] == "no-store"


async def test_the_cookie_is_for_this_host_and_no_script(browser: NewBrowser) -> None:
    answer = await browser().http.get("/wechat/cuihu/bind")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-guanjia-bind=")
    attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"httponly", "secure", "samesite=lax", "path=/"} <= attributes
    assert not any(attribute.startswith("domain") for attribute in attributes)


async def test_without_https_the_cookie_still_works(browser: NewBrowser, site: Site, settings: Settings) -> None:
    site.services.settings = settings.model_copy(update={"public_url": "http://127.0.0.1:8080"})
    wang = browser()
    answer = await wang.http.get("/wechat/cuihu/bind")
    assert answer.headers["Set-Cookie"].startswith("guanjia-bind=")
    assert "secure" not in answer.headers["Set-Cookie"].lower()
    assert await wang.sign_in()


async def test_whom_wechat_names_gets_a_ticket_behind_the_hash(browser: NewBrowser) -> None:
    wang = browser()
    place = await wang.come_back(await wang.begin(), wang.agree())
    assert ticket_in(place).startswith("cuihu.")
    assert wang.open_id not in place


async def test_two_tabs_of_one_browser_both_work(browser: NewBrowser) -> None:
    wang = browser()
    first, second = await wang.begin(), await wang.begin()
    assert ticket_in(await wang.come_back(first, wang.agree()))
    assert ticket_in(await wang.come_back(second, wang.agree()))


async def test_a_state_is_good_once(browser: NewBrowser) -> None:
    wang = browser()
    state = await wang.begin()
    await wang.come_back(state, wang.agree())
    asked = wang.wechat.asked
    assert problem_in(await wang.come_back(state, wang.agree())) == "expired"
    assert wang.wechat.asked == asked


async def test_of_two_that_come_back_at_once_one_wins(browser: NewBrowser) -> None:
    wang = browser()
    state = await wang.begin()
    places = await asyncio.gather(*(wang.come_back(state, wang.agree()) for _ in range(4)))
    assert sum("#" in place for place in places) == 1
    assert wang.wechat.asked == 1


async def test_a_victim_who_opens_the_attackers_code_and_state_is_turned_away(browser: NewBrowser) -> None:
    attacker, victim = browser("oAttacker-01234567"), browser("oVictim-0123456789")
    link = await attacker.begin(), attacker.agree()
    assert problem_in(await victim.come_back(*link)) == "strange"
    await victim.begin()  # the attacker may make them begin, too
    assert problem_in(await victim.come_back(*link)) == "strange"
    assert attacker.wechat.asked == 0
    assert ticket_in(await attacker.come_back(*link))  # and it was not used up


async def test_a_state_of_one_account_does_not_come_back_to_another(browser: NewBrowser) -> None:
    wang = browser()
    assert problem_in(await wang.come_back(await wang.begin("cuihu"), wang.agree(), "jingui")) == "strange"


async def test_a_state_that_is_too_old_is_refused(browser: NewBrowser, clock: SettableClock) -> None:
    wang = browser()
    state = await wang.begin()
    clock.advance(minutes=11)
    assert problem_in(await wang.come_back(state, wang.agree())) == "expired"


async def test_who_comes_back_without_a_code_begins_again(browser: NewBrowser) -> None:
    wang = browser()
    assert problem_in(await wang.come_back(await wang.begin(), "")) == "expired"
    assert wang.wechat.asked == 0


async def test_a_code_that_wechat_does_not_know_is_refused(browser: NewBrowser) -> None:
    wang = browser()
    assert problem_in(await wang.come_back(await wang.begin(), "made up")) == "expired"


@pytest.mark.parametrize("name", ["nobody", "..%2f..", "https:%2f%2fevil.example"])
async def test_an_account_that_is_none_is_not_found(browser: NewBrowser, name: str) -> None:
    answer = await browser().http.get(f"/wechat/{name}/bind")
    assert answer.status_code == 404


async def test_nothing_in_the_request_decides_where_the_resident_is_sent(browser: NewBrowser) -> None:
    wang = browser()
    state = await wang.begin()
    answer = await wang.http.get(
        "/wechat/cuihu/bound",
        params={
            "code": wang.agree(),
            "state": state,
            "next": "https://evil.example",
            "redirect_uri": "https://evil.example",
        },
    )
    assert ticket_in(answer.headers["Location"])


async def test_without_a_public_address_there_is_no_binding_page(
    browser: NewBrowser, site: Site, settings: Settings
) -> None:
    site.services.settings = settings.model_copy(update={"public_url": None})
    answer = await browser().http.get("/wechat/cuihu/bind")
    assert problem_in(answer.headers["Location"]) == "closed"


async def test_one_address_cannot_begin_without_end(browser: NewBrowser, site: Site) -> None:
    site.services.limits = SimpleNamespace(sessions=RateLimit(count=2, seconds=60), codes=RateLimit(1, 60))
    wang, elsewhere = browser(), browser(address="203.0.113.8")
    await wang.begin()
    state = await wang.begin()
    assert problem_in((await wang.http.get("/wechat/cuihu/bind")).headers["Location"]) == "busy"
    assert problem_in(await wang.come_back(state, wang.agree())) == "busy"
    assert await elsewhere.begin()


async def test_neither_code_nor_state_nor_openid_is_logged(browser: NewBrowser) -> None:
    wang = browser()
    with capture_logs() as logs:
        state = await wang.begin()
        code = wang.agree()
        await wang.come_back(state, code)
        await wang.come_back(state, code)
        await wang.come_back(await wang.begin(), "secret-code")
    assert [entry["event"] for entry in logs if entry["event"].startswith("wechat.")] == ["wechat.sign_in_failed"] * 2
    assert not any(secret in str(logs) for secret in (state, code, "secret-code", wang.open_id))


async def test_the_page_takes_nothing_from_elsewhere_and_sits_in_no_frame(browser: NewBrowser) -> None:
    answer = await browser().http.get("/bind")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
