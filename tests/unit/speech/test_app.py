"""The service's addresses, with engines that need no weights."""

import io
import wave
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from integrations.speech.app import create_app
from integrations.speech.service import Service, watch_memory
from integrations.speech.sound import to_pcm, wav_header
from integrations.speech.store import Store
from tests.unit.speech.engines import Load, Recogniser, Voice, quiet, tone

LINE = 8_000
LISTEN = "ws://127.0.0.1/v1/listen"


class Running:
    """The service over HTTP."""

    def __init__(self, stack: ExitStack, folder: Path, load: Load) -> None:
        self.service = Service(Store(folder, 1 << 20), cores=2)
        self.http = stack.enter_context(TestClient(create_app(self.service, load), base_url="http://127.0.0.1"))

    def loaded(self) -> dict[str, object]:
        """Its health once nothing is loading any more."""
        while "loading" in (health := self.http.get("/health").json()).values():
            pass
        return dict(health)

    def transcription(self, wav: bytes, **form: str) -> dict[str, object]:
        """What it makes of a file."""
        response = self.http.post("/v1/audio/transcriptions", files={"file": ("a.wav", wav)}, data=form)
        assert response.status_code == 200, response.text
        return dict(response.json())


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def running(stack: ExitStack, tmp_path: Path) -> Running:
    running = Running(stack, tmp_path, Load(Recogniser(), Voice()))
    running.loaded()
    return running


def wav(seconds: float = 2.0) -> bytes:
    pcm = to_pcm(tone(seconds, LINE))
    return wav_header(LINE, len(pcm)) + pcm


def test_health_tells_of_both_engines_and_the_memory(running: Running) -> None:
    health = running.loaded()
    assert (health["recogniser"], health["voice"]) == ("ok", "ok")
    assert isinstance(health["memory_mb"], int)


def test_one_engine_that_cannot_be_loaded_leaves_the_other(stack: ExitStack, tmp_path: Path) -> None:
    running = Running(stack, tmp_path, Load(None, Voice()))
    assert running.loaded()["recogniser"] == "down"
    response = running.http.post("/v1/audio/transcriptions", files={"file": ("a.wav", wav())})
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert running.http.post("/v1/audio/speech", json={"input": "您好。"}).status_code == 200


def test_a_file_is_transcribed_in_openais_form(running: Running) -> None:
    assert running.transcription(wav()) == {"text": "听到2.0秒", "confidence": 0.975, "refused": None}
    verbose = running.transcription(wav(12.0), response_format="verbose_json", model="whisper-1", language="zh")
    assert verbose["duration"] == 12.0
    assert [segment["avg_logprob"] for segment in verbose["segments"]] == [-0.2, -0.2]  # type: ignore[attr-defined]


def test_silence_is_refused_by_name(running: Running) -> None:
    silent = wav_header(LINE, LINE * 2) + to_pcm(quiet(1.0, LINE))
    assert running.transcription(silent) == {"text": "", "confidence": 0.0, "refused": "silence"}


@pytest.mark.parametrize("data", [b"", b"no wave"])
def test_what_is_no_sound_is_refused(running: Running, data: bytes) -> None:
    assert running.http.post("/v1/audio/transcriptions", files={"file": ("a.wav", data)}).status_code == 400


def test_a_recording_without_end_is_refused(running: Running) -> None:
    endless = wav_header(LINE) + bytes(301 * LINE * 2)
    assert running.http.post("/v1/audio/transcriptions", files={"file": ("a.wav", endless)}).status_code == 413


@pytest.mark.parametrize("rate", [8_000, 16_000, 24_000])
def test_speech_comes_as_a_wave_file_of_the_rate_asked_for(running: Running, rate: int) -> None:
    response = running.http.post(
        "/v1/audio/speech", json={"input": "您好，请说。", "sample_rate": rate, "voice": "male"}
    )
    with wave.open(io.BytesIO(response.content)) as file:
        assert file.getframerate() == rate
    assert (len(response.content) - 44) / 2 / rate == pytest.approx(0.3 + 0.16 + 0.3, abs=0.01)


def test_bare_sound_has_no_head(running: Running) -> None:
    body = {"input": "您好。", "response_format": "pcm", "sample_rate": LINE, "voice": "alloy", "model": "tts-1"}
    response = running.http.post("/v1/audio/speech", json=body)
    assert response.content[:4] != b"RIFF"
    assert len(response.content) / 2 / LINE == pytest.approx(0.3, abs=0.01)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"input": ""}, 422),
        ({"input": "好" * 2001}, 422),
        ({"input": "您好", "speed": 9}, 422),
        ({"input": "您好", "response_format": "mp3"}, 422),
        ({"input": "！？"}, 400),
        ({"input": "哑哑"}, 400),
    ],
)
def test_what_it_cannot_say_is_refused(running: Running, body: dict[str, object], status: int) -> None:
    assert running.http.post("/v1/audio/speech", json=body).status_code == status


def test_prompts_are_taken_to_be_rendered_ahead(running: Running) -> None:
    response = running.http.post("/v1/prompts", json={"lines": ["您好，请说。", "再见。"]})
    assert (response.status_code, response.json()) == (202, {"clauses": 3})


def test_the_socket_hears_one_utterance_after_another(running: Running) -> None:
    with running.http.websocket_connect(LISTEN) as socket:
        for seconds in (1.0, 2.0):
            socket.send_json({"rate": LINE, "prompt": "阳光花园"})
            pcm = to_pcm(np.concatenate([tone(seconds, LINE), quiet(0.1, LINE)]))
            for at in range(0, len(pcm), 3200):
                socket.send_bytes(pcm[at : at + 3200])
            socket.send_json({"end": True})
            while "partial" in (answer := socket.receive_json()):
                pass
            assert answer["text"].startswith(f"听到{seconds:.0f}.")
            assert answer["refused"] is None
            assert answer["confidence"] > 0.9


def test_the_socket_says_that_there_is_no_recogniser(stack: ExitStack, tmp_path: Path) -> None:
    running = Running(stack, tmp_path, Load(None, Voice()))
    running.loaded()
    with running.http.websocket_connect(LISTEN) as socket:
        socket.send_json({"rate": LINE})
        socket.send_bytes(to_pcm(tone(1.0, LINE)))
        socket.send_json({"end": True})
        assert socket.receive_json() == {"error": "not_loaded"}


@pytest.mark.parametrize("opening", ["no json", '{"rate": 1}', "[]"])
def test_the_socket_closes_on_what_it_does_not_understand(running: Running, opening: str) -> None:
    with running.http.websocket_connect(LISTEN) as socket:
        socket.send_text(opening)
        with pytest.raises(WebSocketDisconnect):
            socket.receive_json()


def test_a_page_in_a_browser_and_another_name_of_this_machine_get_no_answer(running: Running) -> None:
    assert running.http.get("/health", headers={"Origin": "https://example.com"}).status_code == 403
    assert running.http.get("/health", headers={"Host": "rebound.example.com"}).status_code == 400
    with (
        pytest.raises(WebSocketDisconnect),
        running.http.websocket_connect(LISTEN, headers={"Origin": "https://example.com"}),
    ):
        pass


async def test_a_process_that_grows_too_big_is_told_to_end() -> None:
    grown = iter([100, 200, 1700])
    ended: list[bool] = []
    await watch_memory(1600, lambda: ended.append(True), every=0.0, held=lambda: next(grown))
    assert ended == [True]
