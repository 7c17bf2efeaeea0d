"""The demo page's call button in a real browser, whose microphone is a sound file; the hotline behind it is a stub."""

import asyncio
import math
import os
import wave
from array import array
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from actions import base
from integrations.gateway import pages
from integrations.gateway.app import create_app
from integrations.voice.browser.install import install_browser
from integrations.voice.browser.line import BrowserLine
from integrations.voice.line import HungUp, Key
from property_db.database import Database
from tests.browser.test_acceptance import ARGUMENTS, CHROMIUM, PATIENCE, no_overflow
from tests.support.asterisk import Desk, loud_seconds, serving, tone, until
from tests.support.stack import settings_for

pytestmark = pytest.mark.browser

SECONDS = 3.0
HERTZ = 600
# An ear at the page's loudspeaker: what is connected to it is also connected to an analyser.
EAR = """
const connect = AudioNode.prototype.connect;
AudioNode.prototype.connect = function (target, ...rest) {
  if (target instanceof AudioDestinationNode) {
    const ear = this.context.createAnalyser();
    ear.fftSize = 4096;
    (window.ears ??= []).push(ear);
    connect.call(this, ear);
  }
  return connect.call(this, target, ...rest);
};
"""
LOUDEST = """() => {
  let best = {level: -Infinity, hertz: 0};
  for (const ear of window.ears ?? []) {
    const levels = new Float32Array(ear.frequencyBinCount);
    ear.getFloatFrequencyData(levels);
    levels.forEach((level, bin) => {
      if (level > best.level) best = {level, hertz: bin * ear.context.sampleRate / ear.fftSize};
    });
  }
  return best.level > -60 ? best.hertz : 0;
}"""


def syllables(file: Path) -> Path:
    """Something that noise suppression takes for speech: four gliding, buzzing syllables a second, at 48 kHz."""
    rate, samples, phase = 48_000, array("h"), 0.0
    for n in range(int(rate * SECONDS)):
        t = n / rate
        phase += (140 + 40 * math.sin(2 * math.pi * 1.3 * t)) / rate
        buzz = sum(math.sin(2 * math.pi * k * phase) / k for k in range(1, 20))
        loudness = max(0.0, math.sin(2 * math.pi * 4 * t)) ** 0.5
        samples.append(int(9_000 * loudness * buzz))
    with wave.open(str(file), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(rate)
        wav.writeframes(samples.tobytes())
    return file


@pytest.fixture
async def desk() -> Desk:
    return Desk()


@pytest.fixture
async def url(tmp_path: Path, sqlite: Database, desk: Desk) -> AsyncIterator[str]:
    """A server in demo mode whose hotline is the stub."""
    if not pages.WEBCHAT.is_dir():
        pytest.skip("the front ends are not built: run ./guanjia once")
    before = vars(base._Bound).copy()
    address = sqlite.engine.url.render_as_string(hide_password=False)
    app = create_app(settings_for(tmp_path, 0, "http://127.0.0.1:9", address))
    known = len(app.router.routes)
    install_browser(app, app.state.services, desk)
    # Before the pages, which take every address, and before a hotline that the server may have made itself.
    app.router.routes[:0] = [app.router.routes.pop() for _ in range(len(app.router.routes) - known)]
    async with serving(app) as port:
        yield f"http://127.0.0.1:{port}"
    for name in ("database", "clock", "sender"):
        setattr(base._Bound, name, before[name])


@pytest.fixture(params=[True, False], ids=["microphone", "no microphone"])
def allowed(request: pytest.FixtureRequest) -> bool:
    """Whether the resident lets the page use the microphone."""
    return bool(request.param)


@pytest.fixture
async def telephone(tmp_path: Path, allowed: bool) -> AsyncIterator[Browser]:
    """Chromium with a recorded caller."""
    if not CHROMIUM.exists():
        pytest.skip("no Chromium: apt-get install chromium")
    sound = syllables(tmp_path / "caller.wav")
    answer = "--use-fake-ui-for-media-stream" + ("" if allowed else "=deny")
    devices = ["--use-fake-device-for-media-stream", answer, f"--use-file-for-fake-audio-capture={sound}%noloop"]
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, *devices])
        yield running
        await running.close()


@pytest.fixture(params=[(1280, 800), (390, 844), (320, 640)], ids=["desktop", "phone", "small phone"])
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    """The screen."""
    found: tuple[int, int] = request.param
    return found


@pytest.fixture
async def page(telephone: Browser, url: str, size: tuple[int, int]) -> AsyncIterator[Page]:
    """The demo page with the telephone taken out."""
    context = await telephone.new_context(viewport={"width": size[0], "height": size[1]}, locale="zh-CN")
    page = await context.new_page()
    await page.add_init_script(EAR)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    # The desk beside it is not signed in, and asks whether it is.
    page.on(
        "console",
        lambda message: (
            problems.append(message.text)
            if message.type == "error" and "/api/desk/" not in message.location["url"]
            else None
        ),
    )
    await page.goto(url)
    await page.get_by_role("button", name="打电话").click(timeout=PATIENCE)
    yield page
    await context.close()
    assert problems == []


@pytest.fixture
def screenshot() -> Callable[[Page, str], Awaitable[None]]:
    """Keeps what the page looks like, where GUANJIA_SCREENSHOTS names a folder."""

    async def keep(page: Page, name: str) -> None:
        if folder := os.environ.get("GUANJIA_SCREENSHOTS"):
            await page.screenshot(path=Path(folder) / f"{name}.png")

    return keep


async def hears(page: Page, expected: Callable[[float], bool]) -> None:
    """Wait until the page's loudspeaker gives a tone, or nothing; asked from here, because its policy forbids eval."""
    async with asyncio.timeout(PATIENCE / 1_000):
        while not expected(await page.evaluate(LOUDEST)):
            await asyncio.sleep(0.05)


async def in_view(page: Page, *names: str) -> None:
    """Buttons that can be pressed without scrolling."""
    for name in names:
        await expect(page.get_by_role("button", name=name, exact=True)).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("allowed", [True], ids=["microphone"])
async def test_a_call_carries_sound_both_ways(
    page: Page, desk: Desk, size: tuple[int, int], screenshot: Callable[[Page, str], Awaitable[None]]
) -> None:
    panel = page.get_by_role("dialog", name="热线电话演示")
    await no_overflow(page)
    await panel.get_by_role("button", name="拨打", exact=True).click()
    await expect(panel.get_by_text("通话中")).to_be_visible(timeout=PATIENCE)
    line = desk.lines[0]
    assert isinstance(line, BrowserLine)
    assert line.caller == "13800138000"

    line.show("said", "您好，这里是翠湖花园物业热线，请问有什么可以帮您？")
    line.show("partial", "厨房水")
    line.show("heard", "厨房水龙头漏水")
    await expect(panel.get_by_text("厨房水龙头漏水")).to_be_visible()
    await in_view(page, "按键 1", "按键 井号", "静音", "挂断")
    await no_overflow(page)

    line.play(tone(4.0, HERTZ))
    await hears(page, lambda hertz: abs(hertz - HERTZ) < 30)
    line.flush()
    await hears(page, lambda hertz: hertz == 0)

    await panel.get_by_role("button", name="按键 5").click()
    await panel.press("#")
    await until(lambda: desk.happened(Key) == [Key("5"), Key("#")])
    await expect(panel.get_by_text("已按：5#")).to_be_visible()
    await screenshot(page, f"call-{size[0]}")

    await until(lambda: len(desk.heard) > 16_000 * (SECONDS + 0.5))
    # Half of each syllable is silent, and noise suppression takes a while to believe it.
    assert 0.3 * SECONDS < loud_seconds(desk.heard) < SECONDS
    await panel.get_by_role("button", name="挂断").click()
    await expect(panel.get_by_text("您已挂断")).to_be_visible()
    await until(lambda: desk.events[-1] == HungUp("caller"))
    await no_overflow(page)


@pytest.mark.parametrize("allowed", [False], ids=["no microphone"])
async def test_without_the_microphone_a_call_goes_on_by_keys(
    page: Page, desk: Desk, size: tuple[int, int], screenshot: Callable[[Page, str], Awaitable[None]]
) -> None:
    panel = page.get_by_role("dialog", name="热线电话演示")
    await panel.get_by_role("button", name="拨打", exact=True).click()
    why = panel.get_by_role("alert")
    await expect(why).to_contain_text("没有麦克风权限", timeout=PATIENCE)
    await expect(why).to_contain_text("可以只用按键")
    await screenshot(page, f"refused-{size[0]}")
    await no_overflow(page)
    await panel.get_by_role("button", name="只用按键拨打").click()
    await expect(panel.get_by_text("通话中")).to_be_visible(timeout=PATIENCE)
    await panel.get_by_role("button", name="按键 0").click()
    await until(lambda: desk.happened(Key) == [Key("0")])
    await desk.lines[0].hang_up()
    await expect(panel.get_by_text("对方已挂断")).to_be_visible(timeout=PATIENCE)
