"""A real engine for the tests: trained if its inputs changed, one process for the whole run."""

import json
import os
import subprocess
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PYTHON = PROJECT / "bot" / ".venv" / "bin" / "python"
SECRET = "the-secret-of-the-tests-0123456789abcdef"


def available() -> bool:
    """Whether the engine's environment is there."""
    return PYTHON.exists()


def _environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(PROJECT), "VIRTUAL_ENV": "", **more}


def train() -> None:
    """Bring the model up to its inputs; nothing to do costs a second."""
    done = subprocess.run(
        [PYTHON, "-m", "bot.engine", "train"],
        cwd=PROJECT,
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]


class EngineProcess:
    """One engine on a fixed free port, which can be killed and started again."""

    def __init__(self, folder: Path, action_url: str, port: int) -> None:
        self._folder = folder
        self.action_url = action_url
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.process: subprocess.Popen[str] | None = None

    @property
    def server_url(self) -> str:
        """The server whose actions this engine calls."""
        return self.action_url.removesuffix("/internal/actions")

    def start(self, patience: float = 90.0) -> "EngineProcess":
        """Start and wait for its ready line."""
        self._folder.mkdir(parents=True, exist_ok=True)
        log = (self._folder / "engine.log").open("a")
        self.process = subprocess.Popen(
            [PYTHON, "-m", "bot.engine", "run", "--port", str(self.port), "--with-parent"],
            cwd=PROJECT,
            env=_environment(
                GUANJIA_ACTION_URL=self.action_url,
                GUANJIA_ACTION_SECRET=SECRET,
                GUANJIA_TRACKER_DB=str(self._folder / "tracker.db"),
            ),
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        log.close()
        assert self.process.stdout is not None
        deadline = time.monotonic() + patience
        for line in self.process.stdout:
            event = json.loads(line)
            if event["event"] == "ready":
                return self
            assert event["event"] != "error", event
            assert time.monotonic() < deadline, "the engine did not become ready"
        raise AssertionError((self._folder / "engine.log").read_text()[-4000:])

    def kill(self) -> None:
        """Kill it as the kernel would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            if self.process.stdout is not None:
                self.process.stdout.close()
            self.process = None
