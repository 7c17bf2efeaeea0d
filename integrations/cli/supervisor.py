"""Keeps child processes running: starts them again with growing pauses, and leaves none behind.

A child gets a process group of its own, so that Ctrl-C reaches only us and a stop reaches the child's own children.
On Linux the kernel kills it when we are gone, even by ``kill -9`` (``leash``).
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from integrations.cli.leash import leashed
from integrations.cli.service_log import ServiceLog

OUTPUT_WITHIN = 2.0

Happening = Literal["started", "ended", "error_line", "given_up"]
Tell = Callable[["Service", Happening, str], None]


@dataclass(frozen=True)
class Service:
    """A child process to keep running.

    Attributes:
        name: one word, for the log.
        environment: the whole environment.
        log: the file its output goes to.
        vital: whether nothing goes on without it; another one that never gets ready is given up and told of.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    log: Path
    vital: bool = True


@dataclass(frozen=True)
class Patience:
    """When to try again, in seconds.

    Attributes:
        first_pause: before the first restart; doubles with each failure in a row.
        longest_pause: the pause never grows beyond this.
        stable_after: a child that lived this long failed anew, not again.
        tries_before_first_success: how often a child that never was ready may end before the start is given up.
        grace: between the polite and the hard end at a stop.
    """

    first_pause: float = 0.5
    longest_pause: float = 30.0
    stable_after: float = 60.0
    tries_before_first_success: int = 3
    grace: float = 10.0


class ServiceFailed(Exception):
    """A service ended again and again before it ever was ready."""

    def __init__(self, service: Service, code: int, tail: list[str]) -> None:
        super().__init__(f"{service.name} ended with {code}")
        self.service = service
        self.code = code
        self.tail = tail


@dataclass
class _Kept:
    service: Service
    log: ServiceLog
    task: asyncio.Task[None] | None = None
    process: asyncio.subprocess.Process | None = None
    was_ready: bool = False
    failures: int = field(default=0)


class Supervisor:
    """Runs services until ``stop``; use it from one event loop in the main thread.

    Args:
        tell: hears what happens, for the terminal.
    """

    def __init__(self, tell: Tell, patience: Patience | None = None) -> None:
        self._tell = tell
        self._patience = patience or Patience()
        self._kept: dict[str, _Kept] = {}
        self._stopping = asyncio.Event()

    def start(self, service: Service) -> None:
        """Start a service and keep it running."""
        log = ServiceLog(service.log, lambda line: self._tell(service, "error_line", line))
        kept = _Kept(service, log)
        self._kept[service.name] = kept
        kept.task = asyncio.create_task(self._keep(kept))

    def pid(self, name: str) -> int | None:
        """The process of a service now, if it runs."""
        process = self._kept[name].process
        return process.pid if process is not None and process.returncode is None else None

    def was_ready(self, name: str) -> None:
        """From now on the service is started again for ever: its set-up works."""
        self._kept[name].was_ready = True

    async def failure(self) -> None:
        """Wait until a service is given up.

        Raises:
            ServiceFailed: it was.
        """
        tasks = [kept.task for kept in self._kept.values() if kept.task is not None]
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()

    async def stop(self) -> None:
        """End all services, the last started first: what serves others goes after those it serves."""
        self._stopping.set()
        for kept in reversed(self._kept.values()):
            await self._end(kept)
            kept.log.close()

    def stop_now(self) -> None:
        """End all services at once."""
        self._stopping.set()
        for kept in self._kept.values():
            if kept.process is not None:
                _signal_group(kept.process.pid, signal.SIGKILL)

    async def _keep(self, kept: _Kept) -> None:
        clock = asyncio.get_running_loop().time
        while not self._stopping.is_set():
            began = clock()
            code = await self._run_once(kept)
            if self._stopping.is_set():
                return
            kept.failures = 1 if clock() - began > self._patience.stable_after else kept.failures + 1
            if not kept.was_ready and kept.failures >= self._patience.tries_before_first_success:
                if kept.service.vital:
                    raise ServiceFailed(kept.service, code, list(kept.log.tail))
                self._tell(kept.service, "given_up", str(code))
                return
            self._tell(kept.service, "ended", str(code))
            pause = self._patience.first_pause * 2.0 ** min(kept.failures - 1, 10)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), min(pause, self._patience.longest_pause))

    async def _run_once(self, kept: _Kept) -> int:
        service = kept.service
        # A pipe of our own: asyncio's would let `wait` last until every grandchild has closed it.
        reading, writing = os.pipe()
        copying = asyncio.create_task(_copy(reading, kept.log))
        try:
            kept.process = await asyncio.create_subprocess_exec(
                *leashed(*service.command),
                env=service.environment,
                cwd=service.folder,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=writing,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )
        finally:
            os.close(writing)
        self._tell(service, "started", str(kept.process.pid))
        if self._stopping.is_set():
            _signal_group(kept.process.pid, signal.SIGTERM)
        try:
            code = await kept.process.wait()
        finally:
            # Its own children must not go on beside those of its successor, nor hold its output open.
            _signal_group(kept.process.pid, signal.SIGKILL)
        # Whoever has left the group may hold the pipe for ever; that is no reason to wait.
        await asyncio.wait({copying}, timeout=OUTPUT_WITHIN)
        copying.cancel()
        return code

    async def _end(self, kept: _Kept) -> None:
        if kept.task is None:
            return
        if kept.process is not None and kept.process.returncode is None:
            _signal_group(kept.process.pid, signal.SIGTERM)
        done, _ = await asyncio.wait({kept.task}, timeout=self._patience.grace)
        if not done and kept.process is not None:
            _signal_group(kept.process.pid, signal.SIGKILL)
        with contextlib.suppress(ServiceFailed):
            await kept.task


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


async def _copy(pipe: int, log: ServiceLog) -> None:
    """Feed what comes through the pipe to the log, until all its writers are gone."""
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(pipe, "rb", buffering=0)
    )
    try:
        while piece := await reader.read(65536):
            log.feed(piece)
        log.finish()
    finally:
        transport.close()
