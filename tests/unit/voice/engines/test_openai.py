"""Any server in OpenAI's audio form hears an utterance as one file and speaks while it makes the sound."""

import asyncio
import math
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from integrations.voice.engines.http_voice import HttpVoice
from integrations.voice.engines.openai import OpenAiRecogniser
from integrations.voice.engines.resample import resampled
from integrations.voice.speech import Heard, SpeechUnavailable
from tests.support.speech_servers import Mood, SpeechServer, tone
from tests.unit.voice.engines.ears import all_of, heard_by, hertz_of, speak_into
from tests.unit.voice.engines.test_resample import streamed, wav
from tests.unit.voice.sounds import heard

KEY = "sk-a-key-that-nobody-may-see"
SAID = "水龙头漏水"


@pytest.fixture
async def server() -> AsyncIterator[SpeechServer]:
    """The server, which does what a test sets."""
    async with SpeechServer(heard={"text": SAID}, sound=[tone(0.2, 24000)] * 2).running() as server:
        yield server


@pytest.fixture
async def recogniser(server: SpeechServer) -> AsyncIterator[OpenAiRecogniser]:
    recogniser = OpenAiRecogniser(server.url, SecretStr(KEY), "whisper-1")
    yield recogniser
    await recogniser.close()


@pytest.fixture
async def voice(server: SpeechServer) -> AsyncIterator[HttpVoice]:
    voice = HttpVoice(server.url + "/v1", SecretStr(KEY), "tts-1", "alloy", 1.0)
    yield voice
    await voice.close()


async def test_the_utterance_is_uploaded_as_a_file_of_16_khz(
    server: SpeechServer, recogniser: OpenAiRecogniser
) -> None:
    assert await heard_by(recogniser, 0.9, ("门禁卡", "绿地一期")) == Heard(SAID, 0.8)
    ((file, form),) = server.uploads
    assert heard(file) == pytest.approx((1, 16, 16000, 0.9, 440), rel=0.02)
    assert form == {
        "model": "whisper-1", "language": "zh", "response_format": "verbose_json", "prompt": "门禁卡，绿地一期",
    }  # fmt: skip
    assert server.keys == [f"Bearer {KEY}"]


def _segment(logprob: float, begin: float = 0.0, end: float = 1.0, silent: float = 0.0) -> dict[str, float]:
    return {"start": begin, "end": end, "avg_logprob": logprob, "no_speech_prob": silent}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"segments": [_segment(-0.25)]}, Heard(SAID, math.exp(-0.25))),
        ({"segments": [_segment(-0.2, 0, 3), _segment(-1.0, 3, 4)]}, Heard(SAID, math.exp(-0.4))),
        ({"segments": [_segment(-1.2, silent=0.9)]}, Heard("", 0.0, "no_speech")),
        ({"segments": [_segment(-0.5, silent=0.9)]}, Heard(SAID, math.exp(-0.5))),
        ({"segments": [_segment(-0.5, 2, 1)]}, Heard(SAID, math.exp(-0.5))),
        ({"segments": [_segment(0.5)]}, Heard(SAID, 1.0)),
        ({"segments": []}, Heard(SAID, 0.8)),
        ({"segments": [{}, 5, {"avg_logprob": "-1"}]}, Heard(SAID, 0.8)),
        ({"segments": "none"}, Heard(SAID, 0.8)),
        ({"confidence": 0.6, "segments": [_segment(-0.1)]}, Heard(SAID, 0.6)),
        ({"confidence": 3}, Heard(SAID, 1.0)),
        ({"refused": "repetition"}, Heard("", 0.0, "repetition")),
        ({"text": " "}, Heard("", 0.0, "nothing_heard")),
    ],
)
async def test_how_sure_it_is_comes_from_whatever_it_tells(
    server: SpeechServer, recogniser: OpenAiRecogniser, answer: dict[str, object], expected: Heard
) -> None:
    server.heard = {"text": SAID, **answer}
    result = await heard_by(recogniser)
    assert (result.text, result.refused) == (expected.text, expected.refused)
    assert result.confidence == pytest.approx(expected.confidence)


async def test_a_server_that_does_not_know_the_long_form_is_asked_for_it_once(
    server: SpeechServer, recogniser: OpenAiRecogniser
) -> None:
    server.knows_verbose = False
    for _ in range(2):
        assert await heard_by(recogniser) == Heard(SAID, 0.8)
    assert [form["response_format"] for _, form in server.uploads] == ["verbose_json", "json", "json"]


async def test_silence_is_not_uploaded(server: SpeechServer, recogniser: OpenAiRecogniser) -> None:
    assert await recogniser.begin().finish() == Heard("", 0.0, "no_sound")
    assert server.uploads == []


@pytest.mark.parametrize("status", [400, 401, 404, 413, 429, 500, 503])
async def test_a_refusal_is_unavailable(server: SpeechServer, recogniser: OpenAiRecogniser, status: int) -> None:
    server.status = status
    with pytest.raises(SpeechUnavailable) as failure:
        await heard_by(recogniser)
    assert str(failure.value).endswith("busy" if status == 429 else str(status))
    assert KEY not in repr(failure.value)
    assert failure.value.__suppress_context__


@pytest.mark.parametrize("mood", ["garbage", "wrong_shape"])
async def test_an_answer_of_another_form_is_unavailable(
    server: SpeechServer, recogniser: OpenAiRecogniser, mood: Mood
) -> None:
    server.mood = mood
    with pytest.raises(SpeechUnavailable):
        await heard_by(recogniser)


async def test_an_utterance_that_is_not_wanted_any_more_gives_its_request_up(
    server: SpeechServer, recogniser: OpenAiRecogniser
) -> None:
    server.mood = "silent"
    utterance = recogniser.begin()
    speak_into(utterance)
    finishing = asyncio.create_task(utterance.finish())
    while not server.uploads:
        await asyncio.sleep(0.001)
    await utterance.cancel()
    with pytest.raises(SpeechUnavailable):
        await finishing


async def test_an_utterance_that_was_cancelled_is_never_uploaded(
    server: SpeechServer, recogniser: OpenAiRecogniser
) -> None:
    utterance = recogniser.begin()
    speak_into(utterance)
    await utterance.cancel()
    with pytest.raises(SpeechUnavailable):
        await utterance.finish()
    assert server.uploads == []


@pytest.mark.parametrize(("status", "ready"), [(200, True), (404, True), (401, False), (403, False), (500, False)])
async def test_ready_is_who_answers_and_takes_the_key(
    server: SpeechServer, recogniser: OpenAiRecogniser, voice: HttpVoice, status: int, ready: bool
) -> None:
    server.status = status
    assert await recogniser.ready() is ready
    assert await voice.ready() is ready


async def test_nobody_there_is_unavailable_and_not_ready() -> None:
    async with SpeechServer().running() as server:
        pass
    recogniser, voice = OpenAiRecogniser(server.url, None, "m"), HttpVoice(server.url, None, "m", "alloy", 1.0)
    assert not await recogniser.ready()
    assert not await voice.ready()
    with pytest.raises(SpeechUnavailable):
        await heard_by(recogniser)
    with pytest.raises(SpeechUnavailable):
        await all_of(voice.speak("您好"))
    await recogniser.close()
    await voice.close()


async def test_an_address_that_is_none_is_unavailable_and_not_ready() -> None:
    recogniser, voice = OpenAiRecogniser("no address", None, "m"), HttpVoice("http://[", None, "m", "alloy", 1.0)
    assert not await recogniser.ready()
    assert not await voice.ready()
    with pytest.raises(SpeechUnavailable):
        await heard_by(recogniser)
    with pytest.raises(SpeechUnavailable):
        await all_of(voice.speak("您好"))
    await recogniser.close()
    await voice.close()


async def test_the_voice_is_brought_to_the_telephones_rate(server: SpeechServer, voice: HttpVoice) -> None:
    sound = await all_of(voice.speak("您好"))
    assert sound == resampled(tone(0.2, 24000) * 2, 24000, 8000)
    assert hertz_of(sound) == pytest.approx(440, rel=0.02)
    assert server.spoken == [
        {"input": "您好", "model": "tts-1", "voice": "alloy", "speed": 1.0, "response_format": "pcm"}
    ]


@pytest.mark.parametrize(
    ("content_type", "sound"),
    [
        ("audio/wav", wav(tone(0.4, 22050), 22050)),
        ("application/octet-stream", streamed(wav(tone(0.4, 16000), 16000))),
        ("audio/pcm; rate=16000", tone(0.4, 16000)),
        ("audio/L16;rate=8000", tone(0.4)),
        ("audio/pcm;rate=99999999", tone(0.4, 24000)),
    ],
)
async def test_other_rates_are_told_by_the_answer(
    server: SpeechServer, voice: HttpVoice, content_type: str, sound: bytes
) -> None:
    server.content_type, server.sound = content_type, [sound[:1001], sound[1001:]]
    played = await all_of(voice.speak("您好"))
    assert len(played) / 16000 == pytest.approx(0.4, rel=0.02)
    assert hertz_of(played) == pytest.approx(440, rel=0.02)


@pytest.mark.parametrize("content_type", ["audio/mpeg", "text/html", "application/json", "audio/ogg; codecs=opus"])
async def test_what_is_no_bare_sound_is_never_played(server: SpeechServer, voice: HttpVoice, content_type: str) -> None:
    server.content_type = content_type
    with pytest.raises(SpeechUnavailable, match="format"):
        await all_of(voice.speak("您好"))


@pytest.mark.parametrize("status", [400, 401, 500])
async def test_a_voice_that_refuses_is_unavailable(server: SpeechServer, voice: HttpVoice, status: int) -> None:
    server.status = status
    with pytest.raises(SpeechUnavailable, match=f"http_{status}"):
        await all_of(voice.speak("您好"))


async def test_a_voice_that_says_nothing_of_a_text_is_unavailable(server: SpeechServer, voice: HttpVoice) -> None:
    server.sound = []
    with pytest.raises(SpeechUnavailable, match="no_sound"):
        await all_of(voice.speak("您好"))


async def test_a_broken_file_is_unavailable(server: SpeechServer, voice: HttpVoice) -> None:
    server.sound = [b"RIFF\0\0\0\0WAVE"]
    with pytest.raises(SpeechUnavailable, match="wav_header"):
        await all_of(voice.speak("您好"))


async def test_nothing_to_say_is_not_asked_for(server: SpeechServer, voice: HttpVoice) -> None:
    assert await all_of(voice.speak("，。！ ")) == b""
    assert server.spoken == []


async def test_sound_that_came_before_the_connection_broke_is_played(server: SpeechServer, voice: HttpVoice) -> None:
    server.breaks_off = True
    played = b""
    with pytest.raises(SpeechUnavailable):
        async for piece in voice.speak("您好"):
            played += piece
    assert hertz_of(played) == pytest.approx(440, rel=0.05)


async def test_who_stops_listening_stops_the_server(server: SpeechServer, voice: HttpVoice) -> None:
    server.mood = "silent"
    pieces = voice.speak("您好")
    assert await anext(pieces)
    await pieces.aclose()
    await server.gone.wait()
