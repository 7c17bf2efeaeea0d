"""A recogniser is asked in the form that all of them know, and its moods are told apart."""

from pathlib import Path

import httpx
import pytest
from pydantic import AnyHttpUrl, SecretStr

from integrations.gateway.media import SpeechUnavailable
from integrations.gateway.settings import Settings
from integrations.voice.listener import VoiceListener, listener_of
from integrations.voice.recogniser import Recogniser, RecogniserRefused, RecogniserUnavailable, recogniser_of
from tests.unit.voice.sounds import sample

KEY = "sk-a-key-that-nobody-may-see"
SAID = "厨房的水龙头一直漏水"


class Server:
    """A recognition server that answers as a test says."""

    def __init__(self, answer: httpx.Response | Exception) -> None:
        self.answer = answer
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def recogniser(self, url: str = "http://recogniser:9000", key: str | None = KEY) -> Recogniser:
        secret = None if key is None else SecretStr(key)
        return Recogniser(url, secret, "whisper-1", transport=httpx.MockTransport(self))


def _said(text: object) -> Server:
    return Server(httpx.Response(200, json={"text": text}))


async def test_sound_is_sent_as_a_form_and_text_comes_back() -> None:
    server = _said(f" {SAID}\n")
    assert await server.recogniser().text_of(b"RIFF the sound") == SAID
    (request,) = server.requests
    form = request.content.decode()
    assert request.method == "POST"
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert request.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    for name, value in (("model", "whisper-1"), ("language", "zh"), ("response_format", "json")):
        assert f'name="{name}"\r\n\r\n{value}\r\n' in form
    assert 'name="file"; filename="voice.wav"\r\nContent-Type: audio/wav\r\n\r\nRIFF the sound' in form


@pytest.mark.parametrize("url", ["http://r:1", "http://r:1/", "http://r:1/v1", "http://r:1/v1/"])
async def test_the_address_may_end_with_the_version(url: str) -> None:
    server = _said(SAID)
    await server.recogniser(url).text_of(b"x")
    assert str(server.requests[0].url) == "http://r:1/v1/audio/transcriptions"


async def test_a_server_without_a_key_gets_none() -> None:
    server = _said(SAID)
    await server.recogniser(key=None).text_of(b"x")
    assert "Authorization" not in server.requests[0].headers


async def test_silence_is_an_answer() -> None:
    assert await _said("").recogniser().text_of(b"x") == ""


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ConnectError("no"),
        httpx.ReadTimeout("slow"),
        *(httpx.Response(status) for status in (408, 425, 429, 500, 502, 503)),
    ],
    ids=repr,
)
async def test_one_that_is_down_or_busy_is_asked_again_later(answer: httpx.Response | Exception) -> None:
    with pytest.raises(RecogniserUnavailable):
        await Server(answer).recogniser().text_of(b"x")


@pytest.mark.parametrize(
    "answer",
    [
        *(httpx.Response(status) for status in (302, 400, 401, 403, 404, 413, 422)),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json={"text": None}),
        httpx.Response(200, json=[SAID]),
    ],
    ids=repr,
)
async def test_one_that_refuses_or_answers_something_else_is_not_asked_again(answer: httpx.Response) -> None:
    with pytest.raises(RecogniserRefused):
        await Server(answer).recogniser().text_of(b"x")


@pytest.mark.parametrize("answer", [httpx.ConnectError("no"), httpx.Response(401, text=f"bad key {KEY}")], ids=repr)
async def test_no_error_carries_the_key(answer: httpx.Response | Exception) -> None:
    recogniser = Server(answer).recogniser()
    with pytest.raises((RecogniserRefused, RecogniserUnavailable)) as failure:
        await recogniser.text_of(b"x")
    assert KEY not in repr(failure.value)
    assert KEY not in repr(vars(recogniser))


def test_without_an_address_there_is_no_recogniser(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, recogniser_url=None)
    assert recogniser_of(settings) is None
    assert listener_of(settings) is None


async def test_the_settings_name_the_recogniser(tmp_path: Path) -> None:
    url = AnyHttpUrl("http://127.0.0.1:9/v1")
    settings = Settings(data_dir=tmp_path, recogniser_url=url, recogniser_key=SecretStr(KEY))
    recogniser, listener = recogniser_of(settings), listener_of(settings)
    assert recogniser is not None
    assert listener is not None
    await recogniser.close()
    await listener.close()


async def test_a_voice_message_is_heard_from_end_to_end() -> None:
    server = _said(SAID)
    assert await VoiceListener(server.recogniser()).text_of(sample("tone.amr")) == SAID
    assert b"RIFF" in server.requests[0].content


async def test_what_is_no_sound_never_reaches_the_recogniser() -> None:
    server = _said(SAID)
    assert await VoiceListener(server.recogniser()).text_of(b"no sound") == ""
    assert server.requests == []


async def test_a_refusal_sounds_like_silence_and_an_outage_does_not() -> None:
    assert await VoiceListener(Server(httpx.Response(401)).recogniser()).text_of(sample("tone.amr")) == ""
    with pytest.raises(SpeechUnavailable):
        await VoiceListener(Server(httpx.Response(503)).recogniser()).text_of(sample("tone.amr"))
