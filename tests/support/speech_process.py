"""The speech service as a process of its own, and waiting for what has to happen, however busy the machine is."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx

from integrations.cli import ports
from integrations.voice.line import SAMPLE_RATE
from integrations.voice.wav import as_wav
from tests.support.engine_process import PROJECT

PATIENCE_SECONDS = 60.0
"""How long anything may take on a busy machine."""
LOOK_SECONDS = 0.05


async def until[Found](what: str, look: Callable[[], Found | None], seconds: float = PATIENCE_SECONDS) -> Found:
    """Look until it is there, and return it.

    Raises:
        AssertionError: it did not come.
    """

    async def there() -> Found | None:
        return look()

    return await until_seen(what, there, seconds)


async def until_seen[Found](
    what: str, look: Callable[[], Awaitable[Found | None]], seconds: float = PATIENCE_SECONDS
) -> Found:
    """The same where looking takes a while."""
    end = asyncio.get_running_loop().time() + seconds
    while True:
        found = await look()
        if found:
            return found
        assert asyncio.get_running_loop().time() < end, f"waited in vain: {what}"
        await asyncio.sleep(LOOK_SECONDS)


class SpeechProcess:
    """The speech service as `guanjia up` starts it; it also lends callers their voice and the tests their ears.

    Args:
        prompts: the hotline's prompts are rendered ahead; otherwise the callers' words come first.
    """

    def __init__(self, folder: Path, *, prompts: bool = False) -> None:
        self._folder = folder
        self._prompts = prompts
        self.port = ports.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; nothing to do where it runs."""
        if self.process is not None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        environment = os.environ | {"GUANJIA_DATA_DIR": str(self._folder), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "integrations.speech", "--port", str(self.port)]
        if not self._prompts:
            command += ["--prompts", os.devnull]
        with (self._folder / "speech.log").open("ab") as log:
            self.process = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=log, stderr=log)

    async def loaded(self) -> None:
        """Wait until it hears and speaks."""

        async def both() -> bool:
            assert self.process is not None
            assert self.process.poll() is None, (self._folder / "speech.log").read_text()[-3000:]
            health = await asyncio.to_thread(ports.get_json, "127.0.0.1", self.port, "/health")
            return health is not None and health["recogniser"] == health["voice"] == "ok"

        await until_seen("the speech service", both, 120.0)

    async def rendered_prompts(self) -> None:
        """Wait until the hotline's prompts are rendered."""

        async def none_left() -> bool:
            health = await asyncio.to_thread(ports.get_json, "127.0.0.1", self.port, "/health")
            return health is not None and not health["prompts_left"]

        await until_seen("the prompts are rendered", none_left, 3600.0)

    def kill(self) -> None:
        """kill -9."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    async def say(self, text: str, voice: str = "male", rate: int = SAMPLE_RATE) -> bytes:
        """The text as 16-bit sound, of the telephone's rate or another."""
        wanted = {"input": text, "voice": voice, "sample_rate": rate, "response_format": "pcm"}
        return (await self._asked("/v1/audio/speech", json=wanted)).content

    async def hear(self, pcm: bytes) -> str:
        """What is said in sound of the telephone."""
        return str(
            (await self._asked("/v1/audio/transcriptions", files={"file": ("a.wav", as_wav(pcm))})).json()["text"]
        )

    async def _asked(self, path: str, **wanted: Any) -> httpx.Response:
        """The answer, when it is no longer too busy for one."""
        async with httpx.AsyncClient(trust_env=False, timeout=120.0) as http:
            while (answer := await http.post(self.url + path, **wanted)).status_code == httpx.codes.SERVICE_UNAVAILABLE:
                await asyncio.sleep(LOOK_SECONDS)
        answer.raise_for_status()
        return answer
