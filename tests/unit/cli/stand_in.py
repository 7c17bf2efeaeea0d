"""`guanjia up` with tiny servers in place of engine and server; run as a script with the data folder and a port.

Everything else is real: the supervisor, readiness, signals, logs, the lock on the data folder.
"""

import sys
from pathlib import Path

from integrations.cli import engine, errors, product
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


def main(data_dir: Path, port: int, broken: bool) -> None:
    """As `guanjia up` does it."""
    code = BROKEN_ENGINE if broken else TINY_SERVER
    StandIn.answers = 503 if broken else 200
    engine.command = lambda *arguments: (sys.executable, "-c", code, arguments[2], "200")
    product.Supervisor = lambda tell: Supervisor(tell, Patience(first_pause=0.05))  # type: ignore[misc,assignment]
    prepare_data_folder(data_dir)
    settings = Settings(_env_file=None, data_dir=data_dir, port=port)  # type: ignore[call-arg]
    try:
        with only_instance(data_dir):
            product.asyncio.run(StandIn(settings, product.time.monotonic()).run(open_browser=False))
    except errors.CliError as error:
        errors.show(error, sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:] == ["broken"])
