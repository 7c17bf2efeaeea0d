"""The product in a real browser: a resident's page and an agent's desk, side by side, over the live stack."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect
from sqlalchemy import select

from integrations.gateway import pages
from property_db.clock import SHANGHAI
from property_db.conversations.models import Conversation
from property_db.database import Database
from property_db.feedback.models import Rating
from property_db.handoff.models import Alarm
from property_db.tickets.models import Ticket
from property_db.uploads.models import Upload
from tests.conversations.test_fees import owed_fen
from tests.conversations.test_repairs import photo
from tests.support.live import WANG
from tests.support.stack import Server

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 20_000

pytestmark = pytest.mark.browser


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium."""
    if not CHROMIUM.exists():
        pytest.skip("no Chromium: apt-get install chromium")
    if not pages.WEBCHAT.is_dir() or not pages.DESK.is_dir():
        pytest.skip("the front ends are not built: run ./guanjia once")
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield running
        await running.close()


class Chat:
    """The resident's page."""

    def __init__(self, page: Page) -> None:
        self.page = page

    async def says(self, text: str) -> None:
        """Type and send."""
        await self.page.get_by_label("输入消息").fill(text)
        await self.page.get_by_role("button", name="发送", exact=True).click()
        await expect(self.page.locator("article, li, .message").filter(has_text=text).last).to_be_visible()

    async def sees(self, what: str | re.Pattern[str]) -> None:
        """Wait until something is in the log."""
        await expect(self.page.get_by_role("log").get_by_text(what).last).to_be_visible(timeout=PATIENCE)

    async def presses(self, title: str) -> None:
        """Press the newest button with this title."""
        await self.page.get_by_role("button", name=title, exact=True).last.click()


@pytest.fixture
async def chat(browser: Browser, server: Server) -> AsyncIterator[Chat]:
    """A phone with the chat page open."""
    context = await browser.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN", has_touch=True)
    page = await context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    await page.goto(f"{server.url}/webchat/")
    yield Chat(page)
    await context.close()
    assert problems == []


@pytest.fixture
async def desk(browser: Browser, server: Server) -> AsyncIterator[Page]:
    """A desk, signed in as 客服 xiaoli and online."""
    context = await browser.new_context(viewport={"width": 1280, "height": 800}, locale="zh-CN")
    page = await context.new_page()
    await page.goto(f"{server.url}/desk/")
    await page.get_by_label("用户名").fill("xiaoli")
    await page.get_by_label("密码").fill("guanjia-demo")
    await page.get_by_role("button", name="登录").click()
    await expect(page.get_by_text("排队中").first).to_be_visible(timeout=PATIENCE)
    cookies = await context.cookies()
    assert all(cookie.get("httpOnly") for cookie in cookies if cookie.get("name") == "guanjia_desk")
    yield page
    await context.close()


async def bind(chat: Chat, server: Server, phone: str) -> None:
    """Bind through the dialog, with the code from the demo's SMS inbox."""
    await chat.page.get_by_role("button", name=re.compile("绑定")).first.click()
    dialog = chat.page.get_by_role("dialog")
    await dialog.get_by_label("手机号码").fill(phone)
    await dialog.get_by_role("button", name="获取验证码").click()
    await expect(dialog.get_by_text("验证码已发送")).to_be_visible(timeout=PATIENCE)
    inbox = await chat.page.request.get(f"{server.url}/api/demo/sms")
    code = next(sms["code"] for sms in await inbox.json() if sms["phone"] == phone)
    await dialog.get_by_label("短信验证码").fill(code)
    await dialog.get_by_role("button", name="确认绑定").click()
    await expect(dialog.get_by_text("绑定成功")).to_be_visible(timeout=PATIENCE)
    await dialog.get_by_role("button", name="知道了").click()


async def test_a_day_with_guanjia(chat: Chat, desk: Page, server: Server, database: Database, tmp_path: Path) -> None:
    await bind(chat, server, WANG)

    await chat.says("我家还欠多少物业费")
    owed = await owed_fen(database, WANG, "物业费")
    await chat.sees(re.compile(re.escape(f"{owed / 100:,.2f}") + "|" + re.escape(f"{owed / 100:.2f}")))
    await chat.says("为什么这么多")
    await chat.sees(re.compile("平方米 × "))

    picture = tmp_path / "tap.jpg"
    picture.write_bytes(photo())
    await chat.says("厨房水龙头漏水，后天下午三点来修")
    await chat.page.locator("input[type=file]").set_input_files(picture)
    await expect(chat.page.get_by_text("已上传")).to_be_attached(timeout=PATIENCE)
    await chat.page.get_by_role("button", name="发送", exact=True).click()
    await chat.says("时间改成大后天上午十点")
    await chat.says("明天停水吗")
    await chat.sees(re.compile("停水"))
    await complete_form(chat)

    async with database.reading() as session:
        ticket = await session.scalar(select(Ticket).order_by(Ticket.id.desc()).limit(1))
        assert ticket is not None
        upload = await session.scalar(select(Upload).where(Upload.ticket_id == ticket.id))
        public_id = await session.scalar(
            select(Conversation.public_id).where(Conversation.id == ticket.conversation_id)
        )
    assert upload is not None, "the picture belongs to the ticket"
    assert (ticket.facility, ticket.area) == ("水龙头", "户内")
    assert "厨房" in ticket.place
    assert ticket.contact_phone == WANG
    wanted = server.services.clock.now().astimezone(SHANGHAI) + timedelta(days=3)
    assert ticket.appointment_start is not None
    appointed = ticket.appointment_start.astimezone(SHANGHAI)
    assert (appointed.date(), appointed.hour) == (wanted.date(), 10)

    await chat.says("修到哪了")
    await chat.sees(ticket.number)

    await chat.says("闻到煤气味")
    await expect(chat.page.get_by_role("alert").filter(has_text="离开").last).to_be_visible(timeout=PATIENCE)
    await expect(desk.get_by_text("燃气泄漏").first).to_be_visible(timeout=PATIENCE)
    async with database.reading() as session:
        alarm = await session.scalar(select(Alarm).order_by(Alarm.id.desc()).limit(1))
    assert alarm is not None
    assert alarm.kind == "gas"
    await desk.get_by_role("button", name="我已知晓").first.click()

    await chat.says("转人工")
    take = desk.get_by_role("button", name=re.compile("接入.*王")).first
    await take.click(timeout=PATIENCE)
    log = desk.get_by_role("log")
    await expect(log.get_by_text("我家还欠多少物业费").first).to_be_visible(timeout=PATIENCE)
    await expect(log.get_by_text("闻到煤气味").first).to_be_visible()
    await desk.get_by_placeholder("输入回复").fill("王先生您好，我是小李，师傅已经在路上了")
    await desk.get_by_placeholder("输入回复").press("Enter")
    await chat.sees("师傅已经在路上了")

    await desk.get_by_role("button", name="结束会话").first.click()
    await desk.get_by_role("dialog").get_by_role("button", name=re.compile("结束会话|确定")).click()
    await chat.page.get_by_role("radio", name=re.compile("5 星")).last.check(force=True, timeout=PATIENCE)
    await chat.presses("提交评价")
    await chat.sees(re.compile("已评价：5 星"))
    async with database.reading() as session:
        stars = await session.scalar(
            select(Rating.stars)
            .join(Conversation, Conversation.id == Rating.conversation_id)
            .where(Conversation.public_id == public_id)
        )
    assert stars == 5

    await chat.says("你好")
    await chat.sees(re.compile("您好，我是"))
    await no_overflow(chat.page)


async def complete_form(chat: Chat) -> None:
    """Answer whatever the form still asks, and confirm."""
    confirm = chat.page.get_by_role("button", name="确认提交", exact=True)
    answers = {"急": "不急", "哪": "厨房", "电话": "就用登记的", "怎么": "一直滴水", "时间": "大后天上午十点"}
    for _ in range(6):
        await chat.page.wait_for_timeout(1500)
        if await confirm.count() and await confirm.last.is_enabled():
            break
        last = await chat.page.get_by_role("log").inner_text()
        question = last.strip().splitlines()[-1] if last.strip() else ""
        tail = "\n".join(last.strip().splitlines()[-6:])
        key = next((key for key in answers if key in question or key in tail), "急")
        await chat.says(answers[key])
    await confirm.last.click(timeout=PATIENCE)
    await chat.sees(re.compile(r"WX\d{6}-\d{4}"))


async def no_overflow(page: Page) -> None:
    """Nothing is wider than the screen."""
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("width", [320, 390, 1280])
async def test_the_chat_fits_its_screen_also_in_large_text(chat: Chat, width: int) -> None:
    await chat.page.set_viewport_size({"width": width, "height": 800})
    await chat.says("帮我看看怎么交物业费")
    await no_overflow(chat.page)
    await chat.page.get_by_role("button", name=re.compile("大字")).first.click()
    await no_overflow(chat.page)


async def test_the_chat_has_roles_for_screen_readers(chat: Chat) -> None:
    await chat.says("你好")
    log = chat.page.get_by_role("log")
    assert await log.get_attribute("aria-live") in {"polite", None}
    for button in await chat.page.get_by_role("button").all():
        name = await button.get_attribute("aria-label") or await button.inner_text()
        assert name.strip(), await button.evaluate("e => e.outerHTML")


async def test_the_widget_opens_the_chat_in_a_frame_of_a_foreign_page(browser: Browser, server: Server) -> None:
    page = await browser.new_page()
    await page.goto(f"{server.url}/healthz")
    await page.set_content(f'<h1>物业官网</h1><script src="{server.url}/widget.js"></script>')
    await page.get_by_role("button").first.click(timeout=PATIENCE)
    frame = page.frame_locator("iframe").first
    await expect(frame.get_by_label("输入消息")).to_be_visible(timeout=PATIENCE)
    await page.close()


async def test_the_demo_page_shows_resident_agent_and_sms(browser: Browser, server: Server) -> None:
    page = await browser.new_page(viewport={"width": 1440, "height": 900})
    await page.goto(f"{server.url}/")
    await expect(page.frame_locator("iframe").first.get_by_label("输入消息")).to_be_visible(timeout=PATIENCE)
    await expect(page.locator("iframe")).to_have_count(2)
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    await page.close()
