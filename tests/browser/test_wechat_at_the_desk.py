"""The desk in a real browser, with a resident of WeChat whom no reply reaches any more; no engine is needed."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from property_db.database import Database
from tests.browser.test_acceptance import PATIENCE, browser, no_overflow  # noqa: F401 -- browser is a fixture
from tests.integration.wechat.at_the_desk import desk_of, keep_desk_calm
from tests.integration.wechat.town import PASSWORD, SATURDAY_TEN, WANG, RunningClock, Town, open_town

pytestmark = pytest.mark.browser


@pytest.fixture
async def town(tmp_path: Path, sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Town]:
    """小李 took over from the bot two days ago, and the resident has not written since."""
    keep_desk_calm(monkeypatch)
    async with open_town(tmp_path, sqlite, RunningClock(SATURDAY_TEN)) as town:
        await town.phone.follow()
        await town.binds()
        await town.phone.says("转人工")
        async with desk_of(town.server) as agent:
            await agent.takes()
            await town.bubbles(1, "custom")
            town.two_days_pass()
            await agent.returns()
            yield town
            await agent.returns()


@pytest.fixture(params=[(1280, 800), (390, 844), (320, 700)], ids=["desktop", "phone", "small phone"])
async def page(
    request: pytest.FixtureRequest,
    browser: Browser,  # noqa: F811 -- the fixture
    town: Town,
) -> AsyncIterator[Page]:
    """The desk, signed in as 小李."""
    width, height = request.param
    context = await browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN")
    page = await context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    await page.goto(f"{town.server.url}/desk/")
    await page.get_by_label("用户名").fill("xiaoli")
    await page.get_by_label("密码").fill(PASSWORD)
    await page.get_by_role("button", name="登录").click()
    yield page
    await context.close()
    assert problems == []


async def test_a_closed_window_is_explained_and_both_other_ways_lead_to_the_resident(town: Town, page: Page) -> None:
    await page.get_by_text("翠湖花园3栋2单元501").first.click(timeout=PATIENCE)
    why = page.get_by_text("住户太久没有来消息，现在不能主动发消息了。")
    await expect(why).to_be_visible(timeout=PATIENCE)
    await expect(page.get_by_text("这是微信渠道的限制。")).to_be_visible()
    await expect(page.get_by_placeholder("输入回复")).to_be_hidden()
    invite, call = (page.get_by_role("button", name=name) for name in ("发模板消息请住户回来", "电话联系"))
    await expect(invite).to_be_in_viewport(ratio=1)
    await expect(call).to_be_in_viewport(ratio=1)
    await no_overflow(page)

    await call.click()
    number = page.get_by_role("link", name=f"拨打 {WANG}")
    await expect(number).to_have_attribute("href", f"tel:{WANG}")
    await no_overflow(page)

    await invite.click()
    await expect(page.get_by_text("已发模板消息请住户回来")).to_be_visible(timeout=PATIENCE)
    await expect(invite).to_be_disabled()
    assert "请回到公众号" in (await town.bubbles(1, "template"))[0]
    await no_overflow(page)

    await town.phone.says("我来了", answers=0)
    await expect(page.get_by_text("我来了").last).to_be_visible(timeout=PATIENCE)
    box = page.get_by_placeholder("输入回复")
    await expect(box).to_be_visible()
    await expect(why).to_be_hidden()
    await box.fill("欢迎回来")
    await box.press("Enter")
    assert "欢迎回来" in (await town.bubbles(2, "custom"))[-1]
    await expect(page.get_by_text("已送达").last).to_be_visible(timeout=PATIENCE)
    await no_overflow(page)
