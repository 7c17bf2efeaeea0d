"""Children are kept running, and none outlives us. Real processes, tiny ones."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psutil
import pytest

from integrations.cli.supervisor import Patience, Service, ServiceFailed, Supervisor

PATIENCE_SECONDS = 20
QUICK = Patience(first_pause=0.02, longest_pause=0.1, stable_after=60, tries_before_first_success=3, grace=5)
# Tells its own and its child's number, and stays.
WITH_CHILD = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(os.getpid(), child.pid, flush=True)
time.sleep(600)
"""
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(600)"
)


class Watch:
    """Remembers what the supervisor tells."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []

    def __call__(self, _service: Service, happening: str, detail: str) -> None:
        self.heard.append((happening, detail))

    def started(self) -> list[int]:
        return [int(detail) for happening, detail in self.heard if happening == "started"]


def service(folder: Path, code: str) -> Service:
    return Service(
        name="child",
        command=(sys.executable, "-c", code),
        environment=dict(os.environ),
        folder=folder,
        log=folder / "logs" / "child.log",
    )


async def until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.02)


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def numbers_in(log: Path) -> list[int]:
    return [int(word) for word in log.read_text().split()] if log.exists() else []


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
async def supervisor(watch: Watch) -> AsyncIterator[Supervisor]:
    made = Supervisor(watch, QUICK)
    yield made
    await made.stop()


async def test_a_killed_child_runs_again(supervisor: Supervisor, watch: Watch, tmp_path: Path) -> None:
    supervisor.start(service(tmp_path, WITH_CHILD))
    await until(lambda: len(watch.started()) == 1, "the child starts")
    supervisor.was_ready("child")
    for times in range(2, 6):
        os.kill(watch.started()[-1], signal.SIGKILL)
        await until(lambda wanted=times: len(watch.started()) == wanted, "the child starts again")  # type: ignore[misc]
    assert ("ended", "-9") in watch.heard


async def test_the_children_of_a_killed_child_do_not_stay(supervisor: Supervisor, watch: Watch, tmp_path: Path) -> None:
    child = service(tmp_path, WITH_CHILD)
    supervisor.start(child)
    supervisor.was_ready("child")
    await until(lambda: len(numbers_in(child.log)) == 2, "the child tells its numbers")
    pid, grandchild = numbers_in(child.log)
    os.kill(pid, signal.SIGKILL)
    await until(lambda: is_gone(grandchild), "the grandchild ends")


async def test_stopping_ends_children_and_their_children(watch: Watch, tmp_path: Path) -> None:
    supervisor = Supervisor(watch, QUICK)
    child = service(tmp_path, WITH_CHILD)
    supervisor.start(child)
    await until(lambda: len(numbers_in(child.log)) == 2, "the child tells its numbers")
    await supervisor.stop()
    pid, grandchild = numbers_in(child.log)
    await until(lambda: is_gone(pid) and is_gone(grandchild), "both end")
    assert watch.started() == [pid]


async def test_a_child_that_will_not_stop_is_stopped_the_hard_way(watch: Watch, tmp_path: Path) -> None:
    supervisor = Supervisor(watch, Patience(grace=0.2))
    child = service(tmp_path, STUBBORN)
    supervisor.start(child)
    await until(lambda: child.log.exists() and "ready" in child.log.read_text(), "the child is ready")
    await supervisor.stop()
    assert is_gone(watch.started()[0])


async def test_a_child_that_never_works_is_given_up_with_its_last_words(
    supervisor: Supervisor, watch: Watch, tmp_path: Path
) -> None:
    supervisor.start(service(tmp_path, "print('no such model'); raise SystemExit(7)"))
    with pytest.raises(ServiceFailed) as failed:
        await asyncio.wait_for(supervisor.failure(), PATIENCE_SECONDS)
    assert failed.value.code == 7
    assert failed.value.tail[-1] == "no such model"
    assert len(watch.started()) == QUICK.tries_before_first_success


async def test_a_child_that_worked_once_is_never_given_up(supervisor: Supervisor, watch: Watch, tmp_path: Path) -> None:
    supervisor.start(service(tmp_path, "raise SystemExit(1)"))
    supervisor.was_ready("child")
    await until(lambda: len(watch.started()) > 2 * QUICK.tries_before_first_success, "it is tried again and again")


async def test_an_error_line_of_a_child_is_told(supervisor: Supervisor, watch: Watch, tmp_path: Path) -> None:
    supervisor.start(service(tmp_path, "print('2026-11-21T10:00:00Z [error    ] action.failed'); input()"))
    supervisor.was_ready("child")
    await until(lambda: any(happening == "error_line" for happening, _ in watch.heard), "the line is told")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_even_a_killed_supervisor_leaves_nobody(tmp_path: Path) -> None:
    code = f"""
import asyncio, os
from pathlib import Path
from integrations.cli.supervisor import Service, Supervisor

async def main():
    supervisor = Supervisor(lambda *_: None)
    folder = Path({str(tmp_path)!r})
    command = ({sys.executable!r}, "-c", "import os, time; print(os.getpid(), flush=True); time.sleep(600)")
    supervisor.start(Service("child", command, dict(os.environ), folder, folder / "log"))
    await asyncio.sleep(600)

asyncio.run(main())
"""
    with subprocess.Popen([sys.executable, "-c", code]) as supervising:
        try:
            deadline = time.monotonic() + PATIENCE_SECONDS
            while not numbers_in(tmp_path / "log"):
                assert time.monotonic() < deadline, "the child starts"
                time.sleep(0.02)
        finally:
            supervising.kill()
    (child,) = numbers_in(tmp_path / "log")
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(child).wait(PATIENCE_SECONDS)
    assert is_gone(child)
