"""The speech process with its real weights: what it says it understands itself, over a telephone line's rate."""

import asyncio
import io
import os
import re
import signal
import subprocess
import sys
import time
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import numpy as np
import psutil
import pytest
from pypinyin import lazy_pinyin

from integrations.cli import ports
from integrations.speech.sound import from_pcm, to_pcm
from integrations.voice.engines.own import OwnRecogniser
from integrations.voice.speech import Heard

ROOT = Path(__file__).resolve().parents[3]
LINE = 8_000
PATIENCE_SECONDS = 90
SENTENCE = "我家厨房的水龙头一直在滴水，请派师傅来看看。"
MOST_WRONG = 0.25


def sounds(text: str) -> list[str]:
    """The syllables without tones."""
    return lazy_pinyin(re.sub(r"\W", "", text))


def pinyin_error(said: str, heard: str) -> float:
    """Edit distance of the syllables, as a share of those that were said."""
    wanted, got = sounds(said), sounds(heard)
    row = list(range(len(got) + 1))
    for number, one in enumerate(wanted, 1):
        before, row[0] = row[0], number
        for at, other in enumerate(got, 1):
            before, row[at] = row[at], min(row[at] + 1, row[at - 1] + 1, before + (one != other))
    return row[-1] / len(wanted)


class Process:
    """The speech service as `guanjia up` starts it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = ports.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = folder / "speech.log"
        prompts = folder / "prompts.txt"
        prompts.write_text("", encoding="utf-8")
        environment = os.environ | {"GUANJIA_DATA_DIR": str(folder / "data"), "PYTHONUNBUFFERED": "1"}
        command = [sys.executable, "-m", "integrations.speech", "--port", str(self.port), "--prompts", str(prompts)]
        with self._log.open("w") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)

    def health(self) -> dict[str, object] | None:
        return ports.get_json("127.0.0.1", self.port, "/health")

    def until_up(self) -> None:
        self._until(lambda health: health is not None)

    def until_loaded(self) -> None:
        self._until(lambda health: health is not None and "loading" not in health.values())

    def _until(self, holds: Callable[[dict[str, object] | None], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not holds(self.health()):
            assert time.monotonic() < deadline, self.log
            assert self.process.poll() is None, self.log
            time.sleep(0.1)

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    running = Process(tmp_path_factory.mktemp("speech"))
    running.until_loaded()
    yield running
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(PATIENCE_SECONDS) in {0, -signal.SIGTERM, -signal.SIGKILL}
    assert SENTENCE[:4] not in running.log, "what callers say is in no log"


@pytest.fixture(scope="module")
def spoken(service: Process) -> bytes:
    """The sentence as it comes out of the service, 8 kHz."""
    body = {"input": SENTENCE, "sample_rate": LINE, "voice": "male"}
    response = httpx.post(f"{service.url}/v1/audio/speech", json=body, timeout=PATIENCE_SECONDS)
    assert response.status_code == 200
    return response.content


def test_both_engines_load_and_take_no_more_memory_than_they_may(service: Process) -> None:
    health = service.health()
    assert health is not None
    assert (health["recogniser"], health["voice"]) == ("ok", "ok")
    assert 100 < int(str(health["memory_mb"])) < 1200


def test_what_it_says_is_a_telephones_sound_of_the_right_length(spoken: bytes) -> None:
    with wave.open(io.BytesIO(spoken)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (LINE, 1, 2)
    sound = from_pcm(spoken[44:])
    assert 2.5 < len(sound) / LINE < 8
    assert 0.1 < np.abs(sound).max() <= 1.0
    assert np.abs(sound[:80]).max() < 0.3, "it begins without a click"


def test_it_understands_what_it_said(service: Process, spoken: bytes) -> None:
    form = {"model": "whisper-1", "language": "zh", "response_format": "verbose_json"}
    files = {"file": ("voice.wav", spoken)}
    response = httpx.post(f"{service.url}/v1/audio/transcriptions", data=form, files=files, timeout=PATIENCE_SECONDS)
    answer = response.json()
    assert pinyin_error(SENTENCE, answer["text"]) <= MOST_WRONG, answer["text"]
    assert answer["confidence"] > 0.5
    assert answer["segments"][0]["avg_logprob"] < 0


async def test_the_hotlines_recogniser_hears_it_while_it_is_spoken(service: Process, spoken: bytes) -> None:
    recogniser = OwnRecogniser(service.url)
    assert await recogniser.ready()
    utterance = recogniser.begin(["水龙头"])
    pcm = spoken[44:] + to_pcm(np.zeros(LINE // 2, np.float32))
    for at in range(0, len(pcm), 1600):
        utterance.feed(pcm[at : at + 1600])
        await asyncio.sleep(0.02)
    heard: Heard = await utterance.finish()
    await recogniser.close()
    assert pinyin_error(SENTENCE, heard.text) <= MOST_WRONG, heard.text
    assert heard.refused is None


def test_noise_is_refused(service: Process) -> None:
    noise = to_pcm((np.random.default_rng(3).standard_normal(LINE * 3) * 0.05).astype(np.float32))
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setparams((1, 2, LINE, 0, "NONE", ""))
        writer.writeframes(noise)
    files = {"file": ("voice.wav", file.getvalue())}
    answer = httpx.post(f"{service.url}/v1/audio/transcriptions", files=files, timeout=PATIENCE_SECONDS).json()
    assert answer["text"] == ""
    assert answer["refused"]


def test_a_killed_one_answers_nobody_and_its_successor_speaks_from_disk_before_it_is_loaded(
    service: Process, spoken: bytes
) -> None:
    """Last in this file: the others need it alive."""
    psutil.Process(service.process.pid).kill()
    service.process.wait()
    assert service.health() is None
    successor = Process(service.folder)
    try:
        successor.until_up()
        body = {"input": SENTENCE, "sample_rate": LINE, "voice": "male"}
        response = httpx.post(f"{successor.url}/v1/audio/speech", json=body, timeout=PATIENCE_SECONDS)
        assert response.content == spoken
    finally:
        successor.process.kill()
        successor.process.wait()
