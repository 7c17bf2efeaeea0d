"""`guanjia up` from ready to stopped, with tiny servers in place of the real ones."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from integrations.cli import ports
from integrations.cli.errors import CliError

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_SECONDS = 30


class Up:
    """A running `guanjia up`."""

    def __init__(self, folder: Path, *more: str) -> None:
        self.data = folder / "data"
        self.port = ports.free_port()
        self._output = folder / "output"
        with self._output.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.unit.cli.stand_in", str(self.data), str(self.port), *more],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def output(self) -> str:
        return self._output.read_text(encoding="utf-8")

    def pids(self, name: str) -> list[int]:
        """The processes that a service has had."""
        log = self.data / "logs" / f"{name}.log"
        return [int(pid) for pid in re.findall(r"^pid (\d+)$", log.read_text(), re.MULTILINE)] if log.exists() else []

    def until(self, holds: Callable[[], object], what: str) -> None:
        """Wait for something to come true."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not holds():
            assert time.monotonic() < deadline, f"{what}: {self.output}"
            time.sleep(0.02)

    def is_ready(self) -> bool:
        return "就绪: http://127.0.0.1:" in self.output

    def everyone_is_gone(self) -> bool:
        return not any(_lives(pid) for name in ("engine", "server", "wechat", "speech") for pid in self.pids(name))


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    running = Up(tmp_path)
    running.until(running.is_ready, "it gets ready")
    yield running
    running.process.kill()
    running.process.wait()


def test_the_ready_line_gives_the_address_and_the_demo_accounts(up: Up) -> None:
    assert f"就绪: http://127.0.0.1:{up.port}/" in up.output
    assert f"http://127.0.0.1:{up.port}/desk/" in up.output
    assert "xiaoli" in up.output


def test_without_speech_a_newcomer_is_told_how_to_get_it(up: Up) -> None:
    up.until(lambda: "按 Ctrl-C 停止" in up.output, "everything is told")
    assert "./guanjia speech install" in up.output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything(up: Up, number: signal.Signals) -> None:
    up.process.send_signal(number)
    assert up.process.wait(PATIENCE_SECONDS) == 0
    assert up.everyone_is_gone()
    assert up.output.rstrip().endswith("已停止。")


@pytest.mark.parametrize("name", ["engine", "server"])
def test_a_killed_service_comes_back(up: Up, name: str) -> None:
    os.kill(up.pids(name)[0], signal.SIGKILL)
    up.until(lambda: len(up.pids(name)) == 2, "it runs again")
    up.until(lambda: "已重新启动" in up.output, "the operator is told")
    assert ports.get_json("127.0.0.1", up.port, "/readyz") or name == "server"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_even_killing_it_leaves_nobody_behind(up: Up) -> None:
    up.process.kill()
    up.process.wait()
    up.until(up.everyone_is_gone, "the services end")


def test_a_second_one_on_the_same_data_is_refused(up: Up, tmp_path: Path) -> None:
    arguments = [sys.executable, "-m", "tests.unit.cli.stand_in", str(up.data), "0"]
    second = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=False)
    assert second.returncode == 1
    assert f"管家已经在运行（进程 {up.process.pid}）" in second.stderr


def test_its_port_is_recognised_as_ours(up: Up) -> None:
    with pytest.raises(CliError) as refused:
        ports.require_free("127.0.0.1", up.port)
    assert refused.value.code == "port_ours"
    assert "./guanjia up --port" in refused.value.todo


def test_a_companion_is_ready_is_announced_comes_back_and_ends_with_the_rest(tmp_path: Path) -> None:
    up = Up(tmp_path, "beside")
    up.until(lambda: "beside: " in up.output, "it gets ready")
    port = int(up.output.split("beside: ")[1].split()[0])
    assert ports.listens("127.0.0.1", port)
    os.kill(up.pids("wechat")[0], signal.SIGKILL)
    up.until(lambda: len(up.pids("wechat")) == 2, "it runs again")
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(PATIENCE_SECONDS) == 0
    assert up.everyone_is_gone()


def test_speech_starts_when_all_else_is_ready_and_a_killed_one_comes_back(tmp_path: Path) -> None:
    up = Up(tmp_path, "speech")
    up.until(lambda: "语音识别和语音合成已就绪" in up.output, "speech gets ready")
    assert up.output.index("就绪: http") < up.output.index("语音识别和语音合成已就绪")
    assert "已重新启动" not in up.output
    os.kill(up.pids("speech")[0], signal.SIGKILL)
    up.until(lambda: len(up.pids("speech")) == 2, "it runs again")
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(PATIENCE_SECONDS) == 0
    assert up.everyone_is_gone()


def test_speech_that_cannot_start_is_told_of_once_and_the_rest_goes_on(tmp_path: Path) -> None:
    up = Up(tmp_path, "speech_broken")
    up.until(lambda: "语音服务不能启动（退出码 3）" in up.output, "it is given up")
    assert ports.get_json("127.0.0.1", up.port, "/readyz")
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(PATIENCE_SECONDS) == 0
    assert up.output.count("语音服务不能启动") == 1


def test_an_engine_that_cannot_start_ends_it_with_the_engines_reason(tmp_path: Path) -> None:
    broken = Up(tmp_path, "broken")
    assert broken.process.wait(PATIENCE_SECONDS) == 1
    assert "还没有训练好的模型" in broken.output
    assert "./guanjia train" in broken.output
    assert "Traceback" not in broken.output
    assert broken.everyone_is_gone()
