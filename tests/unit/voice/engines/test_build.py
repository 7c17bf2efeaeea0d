"""The engines that the settings name are the ones that are asked."""

from collections.abc import AsyncIterator

import pytest
import structlog
from pydantic import SecretStr

from integrations.voice.configuration import Hotline, RecogniserSettings, VoiceSettings
from integrations.voice.engines.build import recogniser_of, voice_of
from integrations.voice.speech import Heard, Recogniser, SpeechUnavailable, Voice
from tests.support.speech_servers import FunAsrServer, SpeechServer, VoskServer, tone
from tests.unit.voice.engines.ears import all_of, heard_by

KEY = SecretStr("sk-a-key-that-nobody-may-see")
MISSING = "no-such-program"


@pytest.fixture
async def own() -> AsyncIterator[SpeechServer]:
    async with SpeechServer().running() as server:
        yield server


async def _heard(recogniser: Recogniser | None) -> Heard:
    assert recogniser is not None
    try:
        return await heard_by(recogniser)
    finally:
        await recogniser.close()


async def _spoken(voice: Voice | None) -> bytes:
    assert voice is not None
    try:
        return await all_of(voice.speak("您好"))
    finally:
        await voice.close()


def _listens(**settings: object) -> Hotline:
    return Hotline(recogniser=RecogniserSettings.model_validate(settings))


def _speaks(**settings: object) -> Hotline:
    return Hotline(voice=VoiceSettings.model_validate(settings))


@pytest.mark.parametrize("settings", [None, Hotline()], ids=["no file", "defaults"])
async def test_our_own_service_is_the_ordinary_case(own: SpeechServer, settings: Hotline | None) -> None:
    assert (await _heard(recogniser_of(settings, own.url))).text == "水龙头漏水"
    assert await _spoken(voice_of(settings, own.url, espeak=MISSING)) == tone(0.2) * 2
    assert own.started
    assert own.spoken


async def test_our_own_service_may_run_elsewhere(own: SpeechServer) -> None:
    assert (await _heard(recogniser_of(_listens(kind="guanjia", url=own.url, key=KEY), "http://127.0.0.1:1"))).text


async def test_without_a_service_there_is_no_recogniser_and_only_the_smallest_voice() -> None:
    assert recogniser_of(None, None) is None
    assert voice_of(None, None, espeak=MISSING) is None
    voice = voice_of(None, None, espeak="sh")
    assert voice is not None
    assert await voice.ready()
    await voice.close()


def test_none_is_none() -> None:
    assert recogniser_of(_listens(kind="none", url="http://x"), "http://x") is None
    assert voice_of(_speaks(kind="none"), "http://x") is None


@pytest.mark.parametrize("kind", ["openai", "funasr", "vosk"])
def test_a_server_without_an_address_is_told_and_left_out(kind: str) -> None:
    with structlog.testing.capture_logs() as logs:
        assert recogniser_of(_listens(kind=kind), "http://x") is None
    assert logs == [
        {"event": "voice.engine_without_address", "log_level": "error", "part": "recogniser", "engine": kind}
    ]


def test_a_voice_without_an_address_is_told_and_left_out() -> None:
    with structlog.testing.capture_logs() as logs:
        assert voice_of(_speaks(kind="openai"), "http://x", espeak=MISSING) is None
    assert len(logs) == 1


async def test_the_operators_openai_server_is_asked(own: SpeechServer) -> None:
    assert (await _heard(recogniser_of(_listens(kind="openai", url=own.url, model="large"), None))).text
    assert own.uploads[0][1]["model"] == "large"
    await _spoken(voice_of(_speaks(kind="openai", url=own.url, name="alloy"), None, espeak=MISSING))
    assert own.spoken[0]["voice"] == "alloy"


async def test_the_operators_funasr_is_asked() -> None:
    async with FunAsrServer().running() as server:
        assert (await _heard(recogniser_of(_listens(kind="funasr", url=server.url), None))).text == "水龙头漏水"


async def test_the_operators_vosk_server_is_asked() -> None:
    async with VoskServer().running() as server:
        assert (await _heard(recogniser_of(_listens(kind="vosk", url=server.url), None))).text == "水龙头漏水"


async def test_espeak_alone_asks_nobody_else() -> None:
    assert voice_of(_speaks(kind="espeak"), "http://x", espeak=MISSING) is None
    with pytest.raises(SpeechUnavailable):
        await _spoken(voice_of(_speaks(kind="espeak"), "http://127.0.0.1:1", espeak="false"))


async def test_a_limit_of_the_settings_is_kept() -> None:
    async with VoskServer(mood="silent").running() as server:
        with pytest.raises(SpeechUnavailable, match="late"):
            await _heard(recogniser_of(_listens(kind="vosk", url=server.url, late_after=0.2), None))
