"""The hotline's page and a telephone conversation at the desk, in a real browser; no engine and no exchange needed."""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect
from sqlalchemy import select

from integrations.voice.configuration import Hotline, Outbound, Sip
from integrations.voice.wav import as_wav
from property_db.audit.models import AuditEntry
from property_db.calls import outbound, recordings, voicemail
from property_db.calls import service as calls
from property_db.calls.models import Call, CallDirection, CallOutcome, OutboundKind, RecordingKind
from property_db.clock import Clock
from property_db.conversations import service as conversations
from property_db.conversations.models import Author, Conversation, Direction, MessageState
from property_db.database import Database
from property_db.handoff import service as handoff
from property_db.handoff.models import AgentRole
from property_db.people import service as people
from tests.browser.test_acceptance import PATIENCE, browser, no_overflow  # noqa: F401 -- browser is a fixture
from tests.integration.wechat.at_the_desk import keep_desk_calm
from tests.support.stack import Server, free_port, serve, settings_for

pytestmark = pytest.mark.browser

PASSWORD = "guanjia-demo"
NUMBER = "13800138000"
TONE = b"".join((8_000 if at // 8 % 2 else -8_000).to_bytes(2, "little", signed=True) for at in range(4_000))
ENLARGED = 2
_VISITOR = re.compile("访客 [0-9a-f]{4}")
"""Somebody without a name is told apart by the first signs of an id, which may be letters only."""
SECTIONS = ("正在通话", "通话记录", "数据", "运行状态", "提示语", "外呼任务", "拒绝来电")
SCREENSHOTS = os.environ.get("GUANJIA_SCREENSHOTS")
"""A folder for pictures of every section, for somebody who wants to look."""


@dataclass
class Carried:
    """A call that goes on, as the switchboard would carry it."""

    public_id: str
    listeners: int = 0


@dataclass
class House:
    """A server with one call that goes on, one that is over, and a message on the voicemail."""

    server: Server
    live: Call
    over: Conversation

    async def audited(self, action: str) -> int:
        """How often something was noted."""
        async with self.server.services.database.reading() as session:
            rows = await session.scalars(select(AuditEntry).where(AuditEntry.action == action))
            return len(list(rows))


async def _staff(database: Database) -> None:
    async with database.transaction() as session:
        await handoff.create_agent(session, "xiaoli", "小李", PASSWORD)
        await handoff.create_agent(session, "guanli", "管理员", PASSWORD, AgentRole.ADMIN)


class _Seeds:
    """Puts calls into the database of a running server."""

    def __init__(self, server: Server) -> None:
        self._database, self._clock = server.services.database, server.services.clock
        self._folder = server.services.settings.data_dir / "recordings"

    async def call(self, number: str, sayings: list[tuple[str, float]]) -> tuple[Call, Conversation]:
        async with self._database.transaction() as session:
            call = await calls.begin(session, CallDirection.IN, "sip", number, "96000", self._clock)
            await calls.answered(session, call.id, self._clock)
            identity = await people.identity_for(session, "voice", call.public_id, self._clock)
            row = await conversations.open_for(session, "voice", identity.id, self._clock)
            call = await calls.attach(session, call.id, identity.id, row.id)
            for text, confidence in sayings:
                message = await conversations.append(
                    session,
                    row.id,
                    direction=Direction.IN,
                    author=Author.RESIDENT,
                    text=text,
                    clock=self._clock,
                    state=MessageState.ANSWERED,  # nobody asks the engine, which is not there
                )
                file = self._file(f"{call.id}-{message.seq}")
                sound = await recordings.add(
                    session, call.id, RecordingKind.UTTERANCE, file, 0.5, len(TONE), 90, self._clock
                )
                await calls.heard(session, call.id, text, confidence, 0.5, self._clock, message.id, sound.id)
        return call, row

    async def leaves_a_message(self, call: Call) -> None:
        async with self._database.transaction() as session:
            file = self._file(f"{call.id}-voicemail")
            sound = await recordings.add(
                session, call.id, RecordingKind.VOICEMAIL, file, 23.0, len(TONE), 90, self._clock
            )
            row = await calls.by_public_id(session, call.public_id)
            await voicemail.file(session, row, sound, "三号楼的电梯坏了，请尽快派人来", NUMBER, self._clock)
            await calls.end(session, call.id, CallOutcome.VOICEMAIL, self._clock)

    async def plans(self) -> None:
        async with self._database.transaction() as session:
            for kind, text in (
                (OutboundKind.APPOINTMENT, "师傅明天上午九点上门维修厨房水龙头，请留人在家。"),
                (OutboundKind.DEBT, "您有一笔物业费还没有缴纳。"),
            ):
                await outbound.create(session, kind, NUMBER, text, self._clock)
            await outbound.opt_out(session, "13900139000", "call", self._clock)

    def _file(self, name: str) -> str:
        path = self._folder / "2026-11" / f"{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(as_wav(TONE))
        return f"2026-11/{name}.wav"


@pytest.fixture
async def house(tmp_path: Path, sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """See the class."""
    keep_desk_calm(monkeypatch)
    await _staff(sqlite)
    url = sqlite.engine.url.render_as_string(hide_password=False)
    async with serve(settings_for(tmp_path, free_port(), f"http://127.0.0.1:{free_port()}", url), Clock()) as server:
        seeds = _Seeds(server)
        ended, over = await seeds.call("13700137000", [("厨房水龙头漏水", 0.94), ("三号罗尔丹元五十亿", 0.38)])
        await seeds.leaves_a_message(ended)
        live, _ = await seeds.call(NUMBER, [("我想问一下物业费", 0.88)])
        await seeds.plans()
        _carry(server, live, monkeypatch)
        yield House(server, live, over)


def _carry(server: Server, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    """The switchboard says that it carries the call, and lets it be heard."""
    switchboard: Any = server.services.hotline

    async def listen_in(_: str) -> AsyncIterator[bytes]:
        while True:
            yield TONE[:1600]
            await asyncio.sleep(0.1)

    monkeypatch.setattr(switchboard, "live", lambda: [Carried(call.public_id)])
    monkeypatch.setattr(switchboard, "listen_in", listen_in)
    # What is planned here is never due: the dialler is started with the settings that the server has of its own.
    monkeypatch.setattr(switchboard, "settings", Hotline(sip=Sip(), outbound=Outbound(enabled=True)))


@pytest.fixture(params=[(1280, 800), (390, 844), (320, 700)], ids=["desktop", "phone", "small phone"])
async def page(
    request: pytest.FixtureRequest,
    browser: Browser,  # noqa: F811 -- the fixture
    house: House,
) -> AsyncIterator[Page]:
    """A browser at the desk, not signed in yet."""
    width, height = request.param
    context = await browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN")
    page = await context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    await page.goto(f"{house.server.url}/desk/")
    yield page
    await context.close()
    assert problems == []


async def signs_in(page: Page, username: str) -> None:
    await page.get_by_label("用户名").fill(username)
    await page.get_by_label("密码").fill(PASSWORD)
    await page.get_by_role("button", name="登录").click()
    await expect(page.get_by_role("button", name="热线")).to_be_visible(timeout=PATIENCE)


async def looks_right(page: Page, name: str) -> None:
    """It fits the screen, in large text too, and is Chinese throughout."""
    await no_overflow(page)
    if SCREENSHOTS:
        width = await page.evaluate("window.innerWidth")
        await page.screenshot(path=Path(SCREENSHOTS) / f"{name}-{width}.png")
    text = _VISITOR.sub("", await page.evaluate("document.body.innerText"))
    english = [word for word in text.split() if word.isascii() and word.isalpha() and len(word) > 1]
    assert english == []
    if (size := page.viewport_size) is None or size["width"] < 480:
        return
    # A page that is enlarged has so much less room.
    await page.set_viewport_size({"width": int(size["width"] / ENLARGED), "height": int(size["height"] / ENLARGED)})
    await page.wait_for_function("document.documentElement.scrollWidth <= window.innerWidth", timeout=5_000)
    await page.set_viewport_size(size)


async def test_every_section_of_the_hotline_is_there_for_an_administrator(house: House, page: Page) -> None:
    await signs_in(page, "guanli")
    await page.get_by_role("button", name="热线").click()
    await expect(page.get_by_text("语音识别未启用").first).to_be_visible(timeout=PATIENCE)
    for section in SECTIONS:
        tab = page.get_by_role("navigation", name="热线栏目").get_by_role("button", name=section, exact=True)
        await tab.click()
        card = page.get_by_role("region", name=section)
        await expect(card).to_be_visible()
        await expect(card.locator(".el-skeleton")).to_have_count(0, timeout=PATIENCE)
        await looks_right(page, f"{SECTIONS.index(section)}")
    await page.get_by_role("button", name="外呼任务").click()
    await page.get_by_role("button", name="新建提醒").click()
    await looks_right(page, "task-form")
    await page.get_by_role("button", name="提示语", exact=True).click()
    await page.get_by_role("button", name="修改文字").first.click()
    await looks_right(page, "prompt-form")


async def test_a_debt_call_is_released_by_two_confirmations(house: House, page: Page) -> None:
    await signs_in(page, "guanli")
    await page.goto(f"{house.server.url}/desk/#/hotline")
    await page.get_by_role("button", name="外呼任务").click(timeout=PATIENCE)
    task = page.get_by_role("listitem").filter(has_text="费用提醒")
    await task.get_by_role("button", name="放行").click()
    await page.get_by_role("dialog", name="放行这个外呼任务？").get_by_role("button", name="确定").click()
    second = page.get_by_role("dialog", name="确认由系统拨打费用提醒？")
    await expect(second).to_be_visible()
    await looks_right(page, "debt")
    assert await house.audited("outbound.released") == 0
    await second.get_by_role("button", name="我确认放行").click()
    await expect(task.get_by_text("等待拨打")).to_be_visible(timeout=PATIENCE)
    assert await house.audited("outbound.released") == 1


async def test_a_supervisor_listens_to_a_call_that_goes_on(house: House, page: Page) -> None:
    await signs_in(page, "guanli")
    await page.get_by_role("button", name="热线").click()
    call = page.get_by_role("listitem").filter(has_text="138****8000")
    await expect(call.get_by_text("刚说：我想问一下物业费")).to_be_visible(timeout=PATIENCE)
    await call.get_by_role("button", name="监听", exact=True).click()
    await expect(page.get_by_text("正在监听，对方听不到您。")).to_be_visible(timeout=PATIENCE)
    await looks_right(page, "listening")
    await call.get_by_role("button", name="停止监听").click()
    await expect(page.get_by_text("正在监听，对方听不到您。")).to_be_hidden()
    assert await house.audited("call.listened") == 1


async def test_an_agent_sees_what_was_heard_and_plays_it(house: House, page: Page) -> None:
    await signs_in(page, "xiaoli")
    await page.goto(f"{house.server.url}/desk/#/c/{house.over.public_id}")
    await expect(page.get_by_text("可能听错，识别把握 38%")).to_be_visible(timeout=PATIENCE)
    await expect(page.get_by_text("通话已结束")).to_be_visible()
    await expect(page.get_by_text("语音留言 23秒")).to_be_visible()
    await looks_right(page, "conversation")
    await page.get_by_role("log").get_by_role("button", name="播放录音").first.click()
    await expect(page.get_by_text("录音播放不了")).to_have_count(0)
    await expect(page.get_by_role("log").get_by_role("button", name="停止播放")).to_have_count(0, timeout=PATIENCE)
    assert await house.audited("recording.played") >= 1


async def test_calling_back_asks_for_the_own_telephone_first(house: House, page: Page) -> None:
    await signs_in(page, "xiaoli")
    await page.goto(f"{house.server.url}/desk/#/c/{house.over.public_id}")
    back = page.get_by_role("button", name="回拨 138****8000")
    confirm = page.get_by_role("dialog", name="回拨这位住户？").get_by_role("button", name="确定")
    await back.click(timeout=PATIENCE)
    await confirm.click()
    await expect(page.get_by_text("您还没有设置自己的电话")).to_be_visible(timeout=PATIENCE)
    await page.get_by_role("button", name="我的电话").click()
    dialog = page.get_by_role("dialog", name="我的电话")
    await dialog.get_by_label("分机号或手机号").fill("八零零一")
    await dialog.get_by_role("button", name="保存").click()
    await expect(dialog.get_by_text("请输入 2 到 20 位数字")).to_be_visible()
    await looks_right(page, "my-phone")
    await dialog.get_by_label("分机号或手机号").fill("8001")
    await dialog.get_by_role("button", name="保存").click()
    await expect(dialog).to_be_hidden(timeout=PATIENCE)
    await back.click()
    await confirm.click()
    await expect(page.get_by_text("已安排回拨")).to_be_visible(timeout=PATIENCE)
    assert await house.audited("outbound.released") == 1
