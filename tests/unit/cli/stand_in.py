"""`guanjia up` with tiny servers in place of engine and server; a script: data folder, port, and a mode or none.

Everything else is real: the supervisor, readiness, signals, logs, the lock on the data folder.
"""

import sys
from collections.abc import Callable
from pathlib import Path

from integrations.cli import engine, errors, ports, product, speech
from integrations.cli.data_folder import only_instance, prepare_data_folder
from integrations.cli.supervisor import Patience, Service, Supervisor
from integrations.gateway.settings import Settings

TINY_SERVER = """
import http.server, os, sys

class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(int(sys.argv[2]))
        self.end_headers()
        self.wfile.write(b'{"status": "ready"}')

    def log_message(self, *_): ...

print(f"pid {os.getpid()}", flush=True)
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Ready).serve_forever()
"""
TINY_SPEECH = (
    TINY_SERVER.replace("status", "recogniser")
    .replace('"ready"', '"ok", "voice": "ok"')
    .replace("int(sys.argv[2])", "200")
)
BROKEN_ENGINE = (
    """print('{"event": "error", "code": "no_model", "message": "", "where": "models", "hint": ""}'); exit(1)"""
)


class StandIn(product.Product):
    """Engine and server are tiny."""

    answers = 200

    def _server_service(self) -> Service:
        command = (sys.executable, "-c", TINY_SERVER, str(self._settings.port), str(self.answers))
        return Service("server", command, {}, self._settings.data_dir, self._logs / "server.log")

    async def _prepare_database(self) -> None:
        """There is none."""


def beside(data_dir: Path) -> product.Companion:
    """A third tiny server; what it says when it is ready names its own port."""
    port = ports.free_port()
    command = (sys.executable, "-c", TINY_SERVER, str(port), "200")
    service = Service("wechat", command, {}, data_dir, data_dir / "logs" / "wechat.log")

    async def ready() -> str:
        return f"beside: {port}"

    return product.Companion(service, port, {}, ready)


def speech_in(mode: str) -> Callable[[Settings, Path], speech.OwnSpeech | None]:
    """None, a tiny one that says it works, or one that ends at once."""

    def of(settings: Settings, logs: Path) -> speech.OwnSpeech | None:
        if not mode.startswith("speech"):
            return None
        port = ports.free_port()
        code = "exit(3)" if mode == "speech_broken" else TINY_SPEECH
        command = (sys.executable, "-c", code, str(port))
        service = Service("speech", command, {}, settings.data_dir, logs / "speech.log", vital=False)
        return speech.OwnSpeech(service, port, {})

    return of


def main(data_dir: Path, port: int, mode: str) -> None:
    """As `guanjia up` does it."""
    broken = mode == "broken"
    code = BROKEN_ENGINE if broken else TINY_SERVER
    StandIn.answers = 503 if broken else 200
    engine.command = lambda *arguments: (sys.executable, "-c", code, arguments[2], "200")
    product.Supervisor = lambda tell: Supervisor(tell, Patience(first_pause=0.05))  # type: ignore[misc,assignment]
    product.speech.of = speech_in(mode)
    prepare_data_folder(data_dir)
    settings = Settings(_env_file=None, data_dir=data_dir, port=port)  # type: ignore[call-arg]
    try:
        with only_instance(data_dir):
            companion = beside(data_dir) if mode == "beside" else None
            product.asyncio.run(StandIn(settings, product.time.monotonic(), companion).run(open_browser=False))
    except errors.CliError as error:
        errors.show(error, sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), "".join(sys.argv[3:]))
