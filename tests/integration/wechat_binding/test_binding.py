"""With a ticket: phone, code, done; and nothing more with the same ticket."""

import asyncio

import httpx
import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from property_db.clock import SettableClock
from property_db.people.models import ChannelIdentity
from tests.integration.wechat_binding.conftest import HOME, WANG, Browser, NewBrowser, Site


async def prove(site: Site, browser: Browser, ticket: str) -> httpx.Response:
    """Ask for a code and send it."""
    asked = await browser.ask(ticket, "/code", {"phone": WANG})
    assert asked.status_code == 202, asked.text
    return await browser.ask(ticket, "/verify", {"phone": WANG, "code": site.sms.messages[0].code})


async def identities(site: Site) -> dict[str, int | None]:
    """Who is known on WeChat, and for whom they stand."""
    async with site.database.reading() as session:
        rows = await session.scalars(select(ChannelIdentity).where(ChannelIdentity.channel == "wechat"))
        return {row.external_id: row.person_id for row in rows}


def unauthorized(answer: httpx.Response) -> bool:
    return answer.status_code == 401 and answer.json()["error"]["code"] == "unauthorized"


async def test_a_proven_phone_binds_its_homes_to_this_wechat_and_account(site: Site, browser: NewBrowser) -> None:
    wang = browser()
    answer = await prove(site, wang, await wang.sign_in())
    assert answer.json() == {"identity": {"verified": True, "name": "王**", "homes": [HOME]}}
    assert answer.headers["Cache-Control"] == "no-store"
    (known,) = (await identities(site)).items()
    assert known[0] == f"wx0123456789abcdef:{wang.open_id}"
    assert known[1] is not None


async def test_looking_at_the_page_leaves_no_trace(site: Site, browser: NewBrowser) -> None:
    wang = browser()
    answer = await wang.ask(await wang.sign_in())
    assert answer.json() == {"identity": {"verified": False, "name": None, "homes": []}}
    assert await identities(site) == {}


async def test_who_comes_again_sees_what_is_bound(site: Site, browser: NewBrowser) -> None:
    wang = browser()
    await prove(site, wang, await wang.sign_in())
    answer = await wang.ask(await wang.sign_in())
    assert answer.json()["identity"]["homes"] == [HOME]


async def test_a_ticket_that_bound_a_home_is_good_for_nothing(
    site: Site, browser: NewBrowser, clock: SettableClock
) -> None:
    wang = browser()
    ticket = await wang.sign_in()
    await prove(site, wang, ticket)
    clock.advance(minutes=2)
    assert unauthorized(await wang.ask(ticket))
    assert unauthorized(await wang.ask(ticket, "/code", {"phone": WANG}))
    assert unauthorized(await wang.ask(ticket, "/verify", {"phone": WANG, "code": site.sms.messages[0].code}))
    assert len(site.sms.messages) == 1


async def test_of_two_at_once_with_the_right_code_one_binds(site: Site, browser: NewBrowser) -> None:
    wang = browser()
    ticket = await wang.sign_in()
    await wang.ask(ticket, "/code", {"phone": WANG})
    body = {"phone": WANG, "code": site.sms.messages[0].code}
    answers = await asyncio.gather(*(wang.ask(ticket, "/verify", body) for _ in range(3)))
    assert sum(answer.status_code == 200 for answer in answers) == 1


async def test_a_wrong_code_keeps_the_ticket(site: Site, browser: NewBrowser) -> None:
    wang = browser()
    ticket = await wang.sign_in()
    await wang.ask(ticket, "/code", {"phone": WANG})
    right = site.sms.messages[0].code
    wrong = "000000" if right != "000000" else "000001"
    answer = await wang.ask(ticket, "/verify", {"phone": WANG, "code": wrong})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "code_wrong")
    assert (await wang.ask(ticket, "/verify", {"phone": WANG, "code": right})).status_code == 200


async def test_a_victim_who_opens_the_attackers_ticket_binds_nothing(site: Site, browser: NewBrowser) -> None:
    attacker, victim = browser("oAttacker-01234567"), browser("oVictim-0123456789")
    ticket = await attacker.sign_in()
    assert unauthorized(await victim.ask(ticket, "/code", {"phone": WANG}))
    await victim.begin()
    assert unauthorized(await victim.ask(ticket, "/code", {"phone": WANG}))
    assert await identities(site) == {}
    assert not site.sms.messages


async def test_a_ticket_does_not_become_another_accounts(browser: NewBrowser) -> None:
    wang = browser()
    text = (await wang.sign_in("cuihu")).partition(".")[2]
    assert unauthorized(await wang.ask(f"jingui.{text}"))
    assert unauthorized(await wang.ask(f"nobody.{text}"))


async def test_a_ticket_is_over_after_a_quarter_of_an_hour(browser: NewBrowser, clock: SettableClock) -> None:
    wang = browser()
    ticket = await wang.sign_in()
    clock.advance(minutes=16)
    assert unauthorized(await wang.ask(ticket))


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic cuihu.x", "Bearer cuihu.x", "Bearer cuihu."])
async def test_without_a_ticket_nothing_is_told(browser: NewBrowser, header: str) -> None:
    wang = browser()
    await wang.begin()
    answer = await wang.http.get("/api/wechat/binding", headers={"Authorization": header})
    assert unauthorized(answer)


async def test_an_unknown_phone_gets_the_same_answer_and_no_message(site: Site, browser: NewBrowser) -> None:
    wang = browser()
    ticket = await wang.sign_in()
    unknown = await wang.ask(ticket, "/code", {"phone": "13312345678"})
    known = await wang.ask(ticket, "/code", {"phone": WANG})
    assert (unknown.status_code, unknown.json()) == (known.status_code, known.json())
    assert len(site.sms.messages) == 1


async def test_one_wechat_cannot_ask_for_codes_without_end(
    site: Site, browser: NewBrowser, clock: SettableClock
) -> None:
    wang = browser()
    for _ in range(5):
        clock.advance(minutes=2)
        assert (await wang.ask(await wang.sign_in(), "/code", {"phone": WANG})).status_code == 202
    clock.advance(minutes=2)
    answer = await wang.ask(await wang.sign_in(), "/code", {"phone": WANG})
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "code_requested_too_often")


async def test_one_address_cannot_ask_for_codes_without_end(site: Site, browser: NewBrowser) -> None:
    wang = browser()
    ticket = await wang.sign_in()
    for _ in range(60):
        site.services.limits.codes.count("203.0.113.7")
    assert (await wang.ask(ticket, "/code", {"phone": WANG})).status_code == 429
    assert not site.sms.messages


async def test_a_phone_is_neither_logged_nor_repeated_in_a_refusal(site: Site, browser: NewBrowser) -> None:
    wang = browser()
    ticket = await wang.sign_in()
    with capture_logs() as logs:
        answer = await wang.ask(ticket, "/code", {"phone": WANG * 3})
        await wang.ask(ticket, "/code", {"phone": "12345"})
    assert answer.status_code == 422
    assert WANG not in answer.text
    assert "12345" not in str(logs)
    assert WANG not in str(logs)
