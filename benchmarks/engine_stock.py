"""The lean, patched engine beside stock Rasa, in one run on one machine: start, memory, a turn with one action.

    bot/.venv/bin/python -m benchmarks.engine_stock [--turns 300] [--stock PYTHON]

Variants: `lean` (as delivered), `lean unpatched` (GUANJIA_ENGINE_UNPATCHED=1) and, with `--stock`, the Python of an
environment made from bot/full/requirements.lock: `stock` (TensorFlow, unpatched). Each serves the project's trained
model; the action server answers at once, so that what remains is the engine's own time. Ten turns a conversation, one
at a time; the order of the variants rotates so that a busy machine hurts all alike.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
MESSAGE = "我家还欠多少物业费"
TURNS_A_CONVERSATION = 10
ROUNDS = 3
UNPATCHED = {"GUANJIA_ENGINE_UNPATCHED": "1"}
ANSWER = json.dumps({"events": [], "responses": [{"custom": {"kind": "text", "text": "250.60"}}]}).encode()


@dataclass
class Variant:
    """One engine to measure and its figures."""

    name: str
    python: str
    environment: dict[str, str]
    models: Path
    ready: float = 0.0
    first: float = 0.0
    memory: float = 0.0
    turns: list[float] = field(default_factory=list)


class Actions(BaseHTTPRequestHandler):
    """Answers every action at once."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Read the call, send the answer."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    def log_message(self, *_: object) -> None:
        """Silent."""


@contextmanager
def engine(variant: Variant, actions: int) -> Iterator[tuple[int, int]]:
    """A running engine: its port and process id."""
    with tempfile.TemporaryDirectory() as scratch:
        environment = {
            **os.environ,
            **variant.environment,
            "GUANJIA_ACTION_URL": f"http://127.0.0.1:{actions}/",
            "GUANJIA_ACTION_SECRET": "benchmark",
            "GUANJIA_TRACKER_DB": f"{scratch}/tracker.db",
        }
        command = [variant.python, "-m", "bot.engine", "run", "--port", "0", "--models", str(variant.models)]
        process = subprocess.Popen(
            command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        try:
            for line in process.stdout:
                event = json.loads(line)
                if event["event"] == "error":
                    sys.exit(f"{variant.name}: {event['message']} {event['where']}")
                if event["event"] == "ready":
                    break
            yield int(event["url"].rsplit(":", 1)[1]), process.pid
        finally:
            process.terminate()
            process.wait(30)


def measure(variant: Variant, actions: int, turns: int) -> None:
    """One start and its turns."""
    began = time.perf_counter()
    with engine(variant, actions) as (port, pid):
        ready = time.perf_counter() - began
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for number in range(turns):
            sender = f"{variant.name}-{number // TURNS_A_CONVERSATION}"
            at = time.perf_counter()
            connection.request("POST", "/webhooks/rest/webhook", json.dumps({"sender": sender, "message": MESSAGE}))
            response = connection.getresponse()
            if response.status != 200 or b"250.60" not in response.read():
                sys.exit(f"{variant.name}: a turn gave no answer")
            took = time.perf_counter() - at
            if number == 0:
                variant.first, variant.ready = time.perf_counter() - began, ready
            else:
                variant.turns.append(took)
        status = Path(f"/proc/{pid}/status").read_text()
        variant.memory = int(status.split("VmRSS:")[1].split()[0]) / 1024


def model_of(python: str, scratch: Path) -> Path:
    """Train with this environment's libraries; where the model lies."""
    command = [python, "-m", "bot.engine", "train", "--models", str(scratch)]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stdout.splitlines()[-1] if done.stdout else done.stderr)
    return scratch


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=300)
    parser.add_argument("--stock", default=None, help="Python of an environment from bot/full/requirements.lock")
    chosen = parser.parse_args()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Actions)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as scratch:
        lean = model_of(sys.executable, Path(scratch, "lean"))
        variants = [
            Variant("lean", sys.executable, {}, lean),
            Variant("lean unpatched", sys.executable, UNPATCHED, lean),
        ]
        if chosen.stock:
            variants.append(Variant("stock", chosen.stock, UNPATCHED, model_of(chosen.stock, Path(scratch, "stock"))))
        for number in range(ROUNDS):
            for variant in variants[number % len(variants) :] + variants[: number % len(variants)]:
                measure(variant, server.server_port, max(2, chosen.turns // ROUNDS))
    print("variant         ready s  first answer s  memory MB  p50 ms  p95 ms  p99 ms  turns/s")
    for variant in variants:
        cuts = statistics.quantiles(variant.turns, n=100)
        rate = 1 / statistics.mean(variant.turns)
        print(
            f"{variant.name:15} {variant.ready:7.1f}  {variant.first:14.1f}  {variant.memory:9.0f}  "
            f"{cuts[49] * 1e3:6.1f}  {cuts[94] * 1e3:6.1f}  {cuts[98] * 1e3:6.1f}  {rate:7.1f}"
        )


if __name__ == "__main__":
    main()
