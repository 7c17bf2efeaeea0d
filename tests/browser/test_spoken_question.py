"""The call button with a real voice: a spoken question in, the spoken answer recorded in the page and recognised."""

import asyncio
import base64
from array import array
from collections.abc import AsyncIterator
from difflib import SequenceMatcher
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright, expect
from pypinyin import Style, lazy_pinyin
from sqlalchemy import select

from integrations.gateway import pages
from integrations.speech.weights import missing_packages
from integrations.voice.engines.resample import Resampler
from integrations.voice.line import SAMPLE_BYTES, SAMPLE_RATE
from integrations.voice.spoken import spoken_answer
from integrations.voice.wav import as_wav
from property_db.conversations import blocks
from property_db.conversations.models import Direction, Message
from tests.browser.test_acceptance import ARGUMENTS, CHROMIUM, PATIENCE
from tests.support import engine_process
from tests.support.actors import Resident
from tests.support.voice_stack import House, open_house, until, until_seen

pytestmark = [
    pytest.mark.browser,
    pytest.mark.engine,
    pytest.mark.skipif(bool(missing_packages()), reason="needs the extra speech: ./guanjia speech install"),
    pytest.mark.skipif(not engine_process.available(), reason="no engine environment: run ./guanjia once"),
]
QUESTION = "装修要办什么手续"
BEFORE_SECONDS = 6
"""The caller lets the greeting begin; who speaks over it is heard as well."""
RECOGNISED_SECONDS = 9
RENDERED_SENTENCES = 3
LEAST_ALIKE = 0.6
"""Of the sounds: the recogniser hears a telephone's band through two resamplers."""
# What is connected to the page's loudspeaker is also connected to a recorder.
RECORDER = """
const connect = AudioNode.prototype.connect;
window.recorders = [];
AudioNode.prototype.connect = function (target, ...rest) {
  if (target instanceof AudioDestinationNode) {
    const pieces = [];
    window.recorders.push(pieces);
    window.rate = this.context.sampleRate;
    const recorder = this.context.createScriptProcessor(4096, 1, 1);
    recorder.onaudioprocess = ({ inputBuffer }) => pieces.push(inputBuffer.getChannelData(0).slice());
    connect.call(this, recorder);
    connect.call(recorder, target);
  }
  return connect.call(this, target, ...rest);
};
"""
PIECES = "() => Math.max(0, ...window.recorders.map((pieces) => pieces.length))"
# Of all that is connected to the loudspeaker the loudest: the microphone's path is connected too, and silent.
SOUND = """(from) => {
  const loudness = (pieces) => Math.max(0, ...pieces.map((piece) => Math.max(...piece)));
  const [pieces] = [...window.recorders].sort((one, other) => loudness(other) - loudness(one));
  const bytes = new Uint8Array(Int16Array.from(pieces.slice(from).flatMap((piece) => [...piece]), (sample) =>
    Math.max(-1, Math.min(1, sample)) * 32767).buffer);
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return [window.rate, btoa(text)];
}"""


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """The running product."""
    if not pages.WEBCHAT.is_dir():
        pytest.skip("the front ends are not built: run ./guanjia once")
    async with open_house(tmp_path) as running:
        running.speech.start()
        await running.speech.loaded()
        yield running


@pytest.fixture
async def page(house: House, tmp_path: Path) -> AsyncIterator[Page]:
    """The demo page in a browser whose microphone hears the question once."""
    if not CHROMIUM.exists():
        pytest.skip("no Chromium: apt-get install chromium")
    question = await house.speech.say(QUESTION)
    file = tmp_path / "question.wav"
    silence = bytes(SAMPLE_RATE * SAMPLE_BYTES)
    file.write_bytes(as_wav(silence * BEFORE_SECONDS + question + silence))
    devices = [
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={file}%noloop",
    ]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, *devices])
        context = await browser.new_context(locale="zh-CN")
        page = await context.new_page()
        await page.add_init_script(RECORDER)
        await page.goto(house.server.url)
        yield page
        await browser.close()


def sounds(text: str) -> list[str]:
    """A text as its syllables, without tones."""
    return [sound for sound in lazy_pinyin(text, style=Style.NORMAL) if sound.isalpha()]


async def rendered(house: House) -> str:
    """What the answer will be, as it is read; rendered already, so that a busy machine says it without a break."""
    resident = await Resident(house.server.url).arrive()
    answer = await resident.says(QUESTION)
    await resident.leave()
    sentences = [sentence.read for sentence in spoken_answer(blocks.parse(answer.blocks)).sentences]
    for sentence in sentences[:RENDERED_SENTENCES]:
        await house.speech.say(sentence, voice="female")
    return "".join(sentences)


async def test_a_spoken_question_gets_an_answer_that_can_be_understood(house: House, page: Page) -> None:
    expected = sounds(await rendered(house))
    async with house.speaking_clearly():
        await page.get_by_role("button", name="打电话").click(timeout=PATIENCE)
        panel = page.get_by_role("dialog", name="热线电话演示")
        await panel.get_by_role("button", name="拨打", exact=True).click()
        await expect(panel.get_by_text("通话中")).to_be_visible(timeout=PATIENCE)

        async def asked() -> Message | None:
            talking = {call.office.conversation_id for call in house.switchboard.live()} - {None}
            ours = (Message.direction == Direction.IN, Message.conversation_id.in_(talking))
            rows = await house.rows(select(Message).where(*ours))
            return rows[0] if rows else None

        question = await until_seen("the question is understood", asked)
        begins = await page.evaluate(PIECES)

        async def answered() -> Message | None:
            rows = await house.rows(select(Message).where(Message.reply_to_id == question.id))
            return rows[0] if rows else None

        await until_seen("the answer", answered)
        (call,) = house.switchboard.live()
        mouth = call.session.dialogue.parts.mouth
        await until("the answer is being said", lambda: mouth.busy)
        await asyncio.sleep(RECOGNISED_SECONDS + 4)  # it plays in the time of the world
        rate, encoded = await page.evaluate(SOUND, begins)
        await panel.get_by_role("button", name="挂断").click()
    await house.idle()

    sound = to_line_rate(base64.b64decode(encoded), rate)
    heard = sounds(await house.speech.hear(_first_words(sound)))
    matching = SequenceMatcher(None, heard, expected, autojunk=False).get_matching_blocks()
    assert len(heard) > 10, heard
    assert sum(block.size for block in matching) / len(heard) >= LEAST_ALIKE, (heard, expected)


def to_line_rate(pcm: bytes, rate: float) -> bytes:
    """16-bit sound of a page as a telephone has it."""
    to_line = Resampler(round(rate), SAMPLE_RATE)
    return to_line.feed(pcm) + to_line.end()


def _first_words(pcm: bytes) -> bytes:
    """What a recogniser takes at once, from the first sound on."""
    samples = array("h", pcm)
    loud = next((at for at, sample in enumerate(samples) if abs(sample) > 500), 0)
    return samples[loud : loud + RECOGNISED_SECONDS * SAMPLE_RATE].tobytes()
