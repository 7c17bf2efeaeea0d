"""Our own speech service: an utterance over its WebSocket, a voice over its HTTP, and what it says about itself."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from integrations.voice.engines.own import OwnRecogniser, OwnTalk, OwnVoice
from integrations.voice.speech import Heard, SpeechUnavailable
from tests.support.speech_servers import Mood, SpeechServer, tone
from tests.unit.voice.engines.ears import all_of, heard_by, speak_into

KEY = "sk-a-key-that-nobody-may-see"


@pytest.fixture
async def server() -> AsyncIterator[SpeechServer]:
    """The service, which does what a test sets."""
    async with SpeechServer().running() as server:
        yield server


@pytest.fixture
async def recogniser(server: SpeechServer) -> AsyncIterator[OwnRecogniser]:
    recogniser = OwnRecogniser(server.url + "/", SecretStr(KEY))
    yield recogniser
    await recogniser.close()


@pytest.fixture
async def voice(server: SpeechServer) -> AsyncIterator[OwnVoice]:
    voice = OwnVoice(server.url, SecretStr(KEY), "tts-1", "female", 1.25)
    yield voice
    await voice.close()


async def test_an_utterance_goes_out_as_it_is_and_its_text_comes_back(
    server: SpeechServer, recogniser: OwnRecogniser
) -> None:
    utterance = recogniser.begin(("绿地一期", "门禁卡"))
    sound = speak_into(utterance)
    assert await utterance.finish() == Heard("水龙头漏水", 0.7)
    assert server.started == [{"rate": 8000, "prompt": "绿地一期，门禁卡"}]
    assert server.listened == sound
    assert server.keys == [f"Bearer {KEY}"]


@pytest.mark.parametrize(
    ("answer", "heard"),
    [
        ({"text": "", "confidence": 0.1, "refused": "no_speech"}, Heard("", 0.0, "no_speech")),
        ({"text": " "}, Heard("", 0.0, "nothing_heard")),
        ({"text": "好", "confidence": None}, Heard("好", 0.8)),
        ({"text": "好", "confidence": -1}, Heard("好", 0.0)),
        ({"text": "好", "confidence": float("nan")}, Heard("好", 0.8)),
        ({"text": "好", "confidence": True}, Heard("好", 0.8)),
    ],
)
def test_what_it_refuses_or_leaves_out_is_understood(answer: dict[str, object], heard: Heard) -> None:
    assert OwnTalk(()).take(answer, ended=True) == heard


@pytest.mark.parametrize("error", ["busy", "not_loaded"])
async def test_it_says_when_it_cannot(server: SpeechServer, recogniser: OwnRecogniser, error: str) -> None:
    server.heard = {"error": error}
    with pytest.raises(SpeechUnavailable, match=error):
        await heard_by(recogniser)


def test_partial_texts_are_no_result() -> None:
    assert OwnTalk(()).take({"partial": "水龙"}, ended=True) is None


@pytest.mark.parametrize("mood", ["refuses", "closes", "garbage", "wrong_shape"])
async def test_a_service_that_fails_is_unavailable(server: SpeechServer, recogniser: OwnRecogniser, mood: Mood) -> None:
    server.mood = mood
    with pytest.raises(SpeechUnavailable) as failure:
        await heard_by(recogniser)
    assert KEY not in repr(failure.value)


async def test_a_caller_who_hangs_up_while_it_thinks_leaves_nothing_open(
    server: SpeechServer, recogniser: OwnRecogniser
) -> None:
    server.mood = "silent"
    call = asyncio.create_task(heard_by(recogniser))
    while not server.listened:
        await asyncio.sleep(0.001)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await server.gone.wait()


@pytest.mark.parametrize("part", ["recogniser", "voice"])
@pytest.mark.parametrize(("state", "ready"), [("ok", True), ("loading", False), ("down", False), (None, False)])
async def test_it_is_ready_when_it_says_so(
    server: SpeechServer, recogniser: OwnRecogniser, voice: OwnVoice, part: str, state: str | None, ready: bool
) -> None:
    server.health[part] = state
    engine = recogniser if part == "recogniser" else voice
    assert await engine.ready() is ready


async def test_a_service_that_is_not_there_is_not_ready() -> None:
    async with SpeechServer().running() as server:
        pass
    recogniser, voice = OwnRecogniser(server.url), OwnVoice(server.url, None, "m", "female", 1.0)
    assert not await recogniser.ready()
    assert not await voice.ready()
    with pytest.raises(SpeechUnavailable):
        await heard_by(recogniser)
    with pytest.raises(SpeechUnavailable):
        await all_of(voice.speak("您好"))
    await recogniser.close()
    await voice.close()


async def test_it_is_asked_for_sound_at_the_telephones_rate_and_that_is_played_as_it_is(
    server: SpeechServer, voice: OwnVoice
) -> None:
    assert await all_of(voice.speak("您好，请说。")) == tone(0.2) * 2
    assert server.spoken == [
        {
            "input": "您好，请说。",
            "model": "tts-1",
            "voice": "female",
            "speed": 1.25,
            "response_format": "pcm",
            "sample_rate": 8000,
        }
    ]
    assert server.keys == [f"Bearer {KEY}"]
