"""The server as a process of its own, which can be killed."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import httpx

from tests.support.engine_process import SECRET


class ServerProcess:
    """The server as `guanjia up` starts it: a process of its own."""

    def __init__(self, folder: Path, port: int, engine_url: str, **settings: str) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._environment = {
            **os.environ,
            "GUANJIA_DATA_DIR": str(folder),
            "GUANJIA_PORT": str(port),
            "GUANJIA_ENGINE_URL": engine_url,
            "GUANJIA_ACTION_SECRET": SECRET,
            **settings,
        }
        self._log = folder / "server.log"
        self.process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Start and wait until it answers."""
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "integrations.gateway"], env=self._environment, stdout=log, stderr=log
            )
        async with httpx.AsyncClient(trust_env=False) as http:
            for _ in range(2400):
                try:
                    if (await http.get(f"{self.url}/healthz")).status_code == 200:
                        return
                except httpx.HTTPError:
                    assert self.process.poll() is None, self._log.read_text()[-3000:]
                await asyncio.sleep(0.05)
        raise AssertionError("the server did not start")

    def kill(self) -> None:
        """kill -9."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
