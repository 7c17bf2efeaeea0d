"""Texts are spoken clause by clause, and once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from integrations.speech import speaker as module
from integrations.speech.errors import NotLoaded, Unspeakable
from integrations.speech.speaker import Speaker
from integrations.speech.store import Store
from integrations.speech.turns import Turns
from tests.unit.speech.engines import Voice

RATE = 8_000


@pytest.fixture
def voice() -> Voice:
    return Voice()


@pytest.fixture
async def speaker(tmp_path: Path, voice: Voice) -> AsyncIterator[Speaker]:
    speaker = Speaker(Store(tmp_path, 1 << 20), Turns(1), Turns(1))
    speaker.engine = voice
    yield speaker
    voice.go.set()
    await speaker.turns.quiet()
    await speaker.close()
    speaker.turns.close()


async def said(speaker: Speaker, text: str) -> list[bytes]:
    return [piece async for piece in speaker.say(text, "female", 1.0, RATE)]


async def test_the_first_clause_comes_before_the_second_is_rendered(speaker: Speaker, voice: Voice) -> None:
    pieces = speaker.say("您好，请问您要报修吗？", "female", 1.0, RATE)
    first = await anext(pieces)
    assert voice.said == ["您好，"]
    rest = [piece async for piece in pieces]
    assert voice.said == ["您好，", "请问您要报修吗？"]
    assert len(first) / 2 / RATE == pytest.approx(0.3 + 0.16, abs=0.01)
    assert len(rest) == 1
    assert len(rest[0]) / 2 / RATE == pytest.approx(0.8, abs=0.01)


async def test_what_was_spoken_is_not_rendered_again(speaker: Speaker, voice: Voice) -> None:
    before = await said(speaker, "您好，请说。")
    speaker.engine = None
    assert await said(speaker, "您好，请说。") == before
    assert len(voice.said) == 2


async def test_two_who_want_the_same_at_once_wait_for_one_rendering(speaker: Speaker, voice: Voice) -> None:
    voice.go.clear()
    both = [asyncio.create_task(said(speaker, "您好。")) for _ in range(2)]
    await asyncio.sleep(0.05)
    voice.go.set()
    one, other = await asyncio.gather(*both)
    assert one == other
    assert voice.said == ["您好。"]


async def test_a_caller_who_leaves_does_not_take_it_from_the_other(speaker: Speaker, voice: Voice) -> None:
    voice.go.clear()
    gone, stays = [asyncio.create_task(said(speaker, "您好。")) for _ in range(2)]
    await asyncio.sleep(0.05)
    gone.cancel()
    voice.go.set()
    assert len(await stays) == 1


async def test_what_cannot_be_said_and_an_engine_that_is_missing_are_told(speaker: Speaker) -> None:
    with pytest.raises(Unspeakable):
        await said(speaker, "哑哑")
    speaker.engine = None
    with pytest.raises(NotLoaded):
        await said(speaker, "您好。")


async def test_prompts_are_rendered_while_nobody_calls(
    speaker: Speaker, voice: Voice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_CALM", 0.0)
    await said(speaker, "您好。")
    assert speaker.prepare(["您好。请说。", "😀", "再见，哑哑。"], "female", 1.0, RATE) == 3
    rendering = asyncio.create_task(speaker.render_prompts())
    while "再见，" not in voice.said or speaker.prompts_left or not speaker.turns.idle:
        await asyncio.sleep(0.005)
    rendering.cancel()
    await asyncio.wait({rendering})
    assert voice.said == ["您好。", "请说。", "再见，"]


async def test_prompts_wait_while_somebody_is_recognised(
    speaker: Speaker, voice: Voice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_CALM", 0.0)
    recognising = asyncio.Event()
    monkeypatch.setattr(speaker._recognising, "quiet", recognising.wait)
    speaker._recognising.asked += 1
    speaker.prepare(["您好。"], "female", 1.0, RATE)
    rendering = asyncio.create_task(speaker.render_prompts())
    await asyncio.sleep(0.05)
    assert voice.said == []
    recognising.set()
    while not voice.said:
        await asyncio.sleep(0.005)
    rendering.cancel()
    await asyncio.wait({rendering})
