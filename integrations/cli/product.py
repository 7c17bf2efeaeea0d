"""One run of the product: engine and server as child processes, from nothing to ready to stopped."""

import asyncio
import os
import signal
import subprocess
import sys
import time
import webbrowser
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass

from integrations.cli import console, engine, ports, speech
from integrations.cli.errors import AlreadyExplained, CliError
from integrations.cli.leash import leashed
from integrations.cli.places import ROOT
from integrations.cli.supervisor import Happening, Service, ServiceFailed, Supervisor
from integrations.cli.texts import say
from integrations.gateway.settings import Settings

READY_WITHIN = 180.0
PROBE_EVERY = 0.1
# More error lines than this in ten seconds are left to the log file.
LINES_AT_ONCE = 5


@dataclass(frozen=True)
class Companion:
    """One more program that runs with engine and server, from before the server until after it.

    Attributes:
        service: what is kept running.
        port: where it listens on this machine, once it is ready.
        server_settings: settings of the server that come with it.
        when_ready: done once everything is ready; what it says is shown after the product's own addresses.
    """

    service: Service
    port: int
    server_settings: Mapping[str, str]
    when_ready: Callable[[], Awaitable[str]]


class Product:
    """One run of engine and server.

    Args:
        settings: with the port decided.
        began: when the command began (`time.monotonic`), for the figure in the ready line.
        companion: runs with them.
    """

    def __init__(self, settings: Settings, began: float, companion: Companion | None = None) -> None:
        self._settings = settings
        self._companion = companion
        self._url = ports.url(settings.host, settings.port)
        self._began = began
        self._logs = settings.data_dir.resolve() / "logs"
        self._engine_port = ports.free_port()
        self._supervisor = Supervisor(self._tell)
        self._stop = asyncio.Event()
        self._is_ready = False
        self._have_ended: set[str] = set()
        self._speech: speech.OwnSpeech | None = speech.of(settings, self._logs)
        self._shown: list[float] = []

    async def run(self, *, open_browser: bool) -> None:
        """Start them, say when they are ready, stop them at a signal."""
        self._listen_to_signals()
        try:
            # The engine takes longest and needs no database, so it starts while the database is prepared.
            self._supervisor.start(self._engine_service())
            if self._companion is not None:
                self._supervisor.start(self._companion.service)
            await self._prepare_database()
            if not self._stop.is_set():
                self._supervisor.start(self._server_service())
                await self._until_ready()
            if self._is_ready:
                await self._announce()
                if open_browser and _has_desktop():
                    webbrowser.open(self._url)
                await self._with_speech(self._until_stopped())
        except ServiceFailed as failed:
            raise _explained(failed) from failed
        finally:
            await self._supervisor.stop()
            console.progress.print(say("stopped"))

    def _listen_to_signals(self) -> None:
        loop = asyncio.get_running_loop()

        def stop() -> None:
            if self._stop.is_set():  # asked twice: no more patience
                self._supervisor.stop_now()
                return
            console.progress.print(say("stopping"))
            self._stop.set()

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
                loop.add_signal_handler(number, stop)

    def _engine_service(self) -> Service:
        settings = self._settings
        extra = {
            "GUANJIA_ACTION_URL": f"{self._url}internal/actions",
            "GUANJIA_ACTION_SECRET": settings.action_secret_value,
        }
        return Service(
            name="engine",
            command=engine.command("run", "--port", str(self._engine_port), "--with-parent"),
            environment=engine.environment(settings.data_dir, **extra),
            folder=ROOT,
            log=self._logs / "engine.log",
        )

    def _server_service(self) -> Service:
        return Service(
            name="server",
            command=(sys.executable, "-m", "integrations.gateway"),
            environment=os.environ | self._server_settings(),
            folder=ROOT,
            log=self._logs / "server.log",
        )

    def _server_settings(self) -> dict[str, str]:
        return {
            "PYTHONUNBUFFERED": "1",
            "GUANJIA_PORT": str(self._settings.port),
            "GUANJIA_DATA_DIR": str(self._settings.data_dir.resolve()),
            "GUANJIA_ENGINE_URL": f"http://{ports.LOOPBACK}:{self._engine_port}",
            **(self._speech.server_settings if self._speech is not None else {}),
            **(self._companion.server_settings if self._companion is not None else {}),
        }

    async def _prepare_database(self) -> None:
        """In a process of its own: what migrations import would stay in this one's memory for ever.

        Raises:
            AlreadyExplained: it failed and has said why.
        """
        process = await asyncio.create_subprocess_exec(
            *leashed(sys.executable, "-m", "integrations.cli.prepare"),
            env=os.environ | self._server_settings(),
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        ended = asyncio.create_task(process.wait())
        stopped = asyncio.create_task(self._stop.wait())
        await asyncio.wait({ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not ended.done():
            process.terminate()
        if await ended != 0 and not self._stop.is_set():
            raise AlreadyExplained

    async def _until_ready(self) -> None:
        """Wait for all of them.

        Raises:
            CliError: they did not become ready in time.
            ServiceFailed: one of them does not start.
        """
        with console.progress.status(say("starting")):
            probing = asyncio.create_task(self._probe())
            failing = asyncio.create_task(self._supervisor.failure())
            stopped = asyncio.create_task(self._stop.wait())
            waiting = {probing, failing, stopped}
            done, _ = await asyncio.wait(waiting, timeout=READY_WITHIN, return_when=asyncio.FIRST_COMPLETED)
            for task in waiting - done:
                task.cancel()
            if failing in done:
                failing.result()
            if not done:
                raise CliError("not_ready", seconds=round(READY_WITHIN), path=self._logs)

    async def _probe(self) -> None:
        host = ports.reached_at(self._settings.host)
        while await asyncio.to_thread(ports.get_json, host, self._settings.port, "/readyz") is None:  # noqa: ASYNC110
            await asyncio.sleep(PROBE_EVERY)
        names = ["engine", "server"]
        if self._companion is not None:
            while not await asyncio.to_thread(ports.listens, ports.LOOPBACK, self._companion.port):  # noqa: ASYNC110
                await asyncio.sleep(PROBE_EVERY)
            names.append(self._companion.service.name)
        self._is_ready = True
        for name in names:
            self._supervisor.was_ready(name)

    async def _until_stopped(self) -> None:
        failing = asyncio.create_task(self._supervisor.failure())
        stopped = asyncio.create_task(self._stop.wait())
        await asyncio.wait({failing, stopped}, return_when=asyncio.FIRST_COMPLETED)
        for task in (failing, stopped):
            task.cancel()

    async def _with_speech(self, meanwhile: Coroutine[None, None, None]) -> None:
        """Run the speech service beside; the product works without it, so it starts when all else is ready."""
        if self._speech is None:
            await meanwhile
            return
        self._supervisor.start(self._speech.service)
        loading = asyncio.create_task(self._speech_loaded(self._speech))
        try:
            await meanwhile
        finally:
            loading.cancel()

    async def _speech_loaded(self, own: speech.OwnSpeech) -> None:
        problem = await own.loaded()
        self._supervisor.was_ready(own.service.name)
        told = say("speech_ready") if problem is None else say("speech_partly", missing=problem, path=own.service.log)
        console.progress.print(told)

    async def _announce(self) -> None:
        more = "" if self._companion is None else await self._companion.when_ready()
        seconds = round(time.monotonic() - self._began, 1)
        console.out.print(say("ready", url=self._url, seconds=seconds))
        console.out.print(say("ready_demo" if self._settings.demo else "ready_production", url=self._url))
        if self._settings.demo and self._speech is None and self._settings.speech_url is None:
            console.out.print(say("ready_no_speech"))
        if more:
            console.out.print(more)
        console.out.print(say("ready_stop", logs=self._logs))

    def _tell(self, service: Service, happening: Happening, detail: str) -> None:
        title = say(f"service_{service.name}")
        if happening == "given_up":
            console.progress.print(say("service_given_up", title=title, code=detail, path=service.log))
        elif happening == "ended":
            self._have_ended.add(service.name)
            console.progress.print(say("service_ended", title=title, code=detail))
        elif happening == "started":
            if self._is_ready and service.name in self._have_ended:
                console.progress.print(say("service_restarted", title=title))
        elif not self._stop.is_set() and self._may_show():  # the last words of what we end ourselves alarm nobody
            console.progress.print(f"[{title}] {detail}")

    def _may_show(self) -> bool:
        now = time.monotonic()
        self._shown = [moment for moment in self._shown if moment > now - 10]
        self._shown.append(now)
        if len(self._shown) == LINES_AT_ONCE + 1:
            console.progress.print(say("more_in_log", path=self._logs))
        return len(self._shown) <= LINES_AT_ONCE


def _has_desktop() -> bool:
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _explained(failed: ServiceFailed) -> CliError:
    """What the service said last, as an error with three parts."""
    for line in reversed(failed.tail):
        event = engine.event_in(line)
        if event is not None and event["event"] == "error":
            return engine.engine_error(event)
    for line in failed.tail:
        console.progress.print(line)
    return CliError(
        "service_failed", title=say(f"service_{failed.service.name}"), code=failed.code, path=failed.service.log
    )
