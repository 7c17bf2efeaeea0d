"""The engine's server, whole: a real process, a real model, a real action server on loopback."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from bot.engine import models
from bot.engine.guard import refusal
from bot.tests.engine import tiny
from bot.tests.engine.test_train import engine

PROJECT = Path(__file__).parents[3]
SECRET = "a test's secret"
DEBT = "我欠多少钱"


class ActionServer(ThreadingHTTPServer):
    """Answers every action with a sum, or as a test says."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Actions)
        self.calls: list[dict[str, Any]] = []
        self.secrets: list[str | None] = []
        self.status = 200
        self.pause = 0.0


class _Actions(BaseHTTPRequestHandler):
    server: ActionServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.calls.append(body)
        self.server.secrets.append(self.headers.get("X-Guanjia-Secret"))
        time.sleep(self.server.pause)
        answer = json.dumps({"events": [], "responses": [{"custom": {"kind": "text", "text": "250.60"}}]}).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: Any) -> None:
        """Silent."""


class Engine:
    """A running engine and what it wrote."""

    def __init__(self, project: Path, actions: ActionServer) -> None:
        environment = {
            **os.environ,
            "GUANJIA_ACTION_URL": f"http://127.0.0.1:{actions.server_port}/actions",
            "GUANJIA_ACTION_SECRET": SECRET,
            "GUANJIA_ACTION_TIMEOUT": "2",
            "GUANJIA_TRACKER_DB": str(project / "tracker/tracker.db"),
        }
        command = [
            sys.executable,
            "-m",
            "bot.engine",
            "run",
            "--port",
            "0",
            "--project",
            str(project),
            "--models",
            str(project / "models"),
        ]
        self.log = project / "log"
        self.process = subprocess.Popen(
            command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, stderr=self.log.open("w"), text=True
        )
        self.loading, self.ready = (json.loads(self.process.stdout.readline()) for _ in range(2))
        self.port = int(self.ready["url"].rsplit(":", 1)[1])

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any, dict[str, str]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        content, kind = response.read(), response.getheader("Content-Type", "")
        connection.close()
        return response.status, json.loads(content) if "json" in kind else content, dict(response.getheaders())

    def says(self, text: str, sender: str = "resident") -> tuple[int, Any, dict[str, str]]:
        return self.ask(
            "POST", "/webhooks/rest/webhook", {"sender": sender, "message": text, "metadata": {"message_id": 7}}
        )

    def texts_of(self, sender: str) -> list[str]:
        events = self.ask("GET", f"/conversations/{sender}/tracker")[1]["events"]
        return [event["text"] for event in events if event["event"] == "user" and event["text"]]


@pytest.fixture(scope="module")
def actions() -> Iterator[ActionServer]:
    server = ActionServer()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, actions: ActionServer) -> Iterator[Engine]:
    project = tiny.write(tmp_path_factory.mktemp("served"))
    assert engine(project, "train")[0] == 0
    server = Engine(project, actions)
    yield server
    server.process.terminate()
    assert server.process.wait(20) == 0
    assert "Traceback" not in server.log.read_text("utf-8")


@pytest.fixture(autouse=True)
def fresh(actions: ActionServer) -> None:
    actions.calls.clear()
    actions.secrets.clear()
    actions.status, actions.pause = 200, 0.0


def test_it_says_what_it_loads_and_when_it_is_ready(running: Engine) -> None:
    assert running.loading["event"] == "loading"
    assert running.ready["event"] == "ready"
    assert running.ready["pid"] == running.process.pid
    assert running.ask("GET", "/status")[1]["model_file"] == running.ready["model"]


def test_a_greeting_is_answered(running: Engine) -> None:
    assert running.says("你好")[:2] == (200, [{"recipient_id": "resident", "text": "您好"}])


def test_an_action_gets_the_metadata_and_the_secret_and_its_card_comes_back(
    running: Engine, actions: ActionServer
) -> None:
    status, messages, headers = running.says(DEBT)
    assert (status, messages) == (200, [{"recipient_id": "resident", "custom": {"kind": "text", "text": "250.60"}}])
    assert "X-Guanjia-Failed-Action" not in headers
    assert actions.calls[0]["tracker"]["latest_message"]["metadata"]["message_id"] == 7
    assert actions.secrets == [SECRET]


@pytest.mark.parametrize("failure", [{"status": 500}, {"pause": 3.0}], ids=["error", "too slow"])
def test_a_failed_action_does_not_look_like_silence(
    running: Engine, actions: ActionServer, failure: dict[str, Any]
) -> None:
    for name, value in failure.items():
        setattr(actions, name, value)
    status, messages, headers = running.says(DEBT)
    assert (status, messages) == (200, [])
    assert headers["X-Guanjia-Failed-Action"] == "action_query_arrears"


def test_a_caller_that_hangs_up_does_not_undo_the_turn(running: Engine, actions: ActionServer) -> None:
    actions.pause = 1.0
    body = json.dumps({"sender": "impatient", "message": DEBT}).encode()
    with socket.create_connection(("127.0.0.1", running.port)) as connection:
        head = f"POST /webhooks/rest/webhook HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body)
        _wait_for(lambda: actions.calls)
    _wait_for(lambda: running.texts_of("impatient") == [DEBT])


def _wait_for(condition: Any) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def test_conversations_are_kept_apart(running: Engine) -> None:
    running.says("你好", "first")
    running.says("早上好", "second")
    assert (running.texts_of("first"), running.texts_of("second")) == (["你好"], ["早上好"])


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"sender": "x"},
        {"message": "x"},
        {"sender": "", "message": "x"},
        {"sender": "x" * 300, "message": "x"},
        {"sender": 1, "message": "x"},
        ["x"],
        "x",
    ],
)
def test_a_request_without_sender_and_message_is_refused(running: Engine, body: Any) -> None:
    assert running.ask("POST", "/webhooks/rest/webhook", body)[:2] == (400, {"error": "sender_and_message_needed"})


@pytest.mark.parametrize(
    "text", ["", " ", "😀", "<script>alert(1)</script>", "水" * 10_000, "\u0000", "/no_such_intent"]
)
def test_odd_texts_end_in_an_answer(running: Engine, text: str) -> None:
    assert running.says(text, "odd")[0] == 200


def test_understanding_can_be_asked_for_alone(running: Engine) -> None:
    status, understood, _ = running.ask("POST", "/model/parse", {"text": DEBT})
    assert (status, understood["intent"]["name"]) == (200, "query_arrears")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/model"),
        ("DELETE", "/model"),
        ("POST", "/model/train"),
        ("POST", "/model/test/intents"),
        ("POST", "/conversations/x/execute"),
        ("PUT", "/conversations/x/tracker/events"),
        ("GET", "/domain"),
    ],
)
def test_routes_that_nobody_needs_are_closed(running: Engine, method: str, path: str) -> None:
    assert running.ask(method, path, {})[:2] == (404, {"error": "no_such_route"})


def test_a_page_in_a_browser_gets_nothing(running: Engine) -> None:
    assert running.ask("GET", "/status", Origin="http://example.org")[0] == 403
    assert running.ask("GET", "/status", Host="rebound.example.org")[0] == 403


@pytest.mark.parametrize("host", ["127.0.0.1:5005", "localhost", "localhost:1", "[::1]:5005"])
def test_every_name_of_this_machine_is_welcome(host: str) -> None:
    assert refusal("GET", "/status", host, None) is None


def test_it_listens_on_loopback_only(running: Engine) -> None:
    table = Path("/proc/net/tcp")
    if not table.exists():
        pytest.skip("needs Linux's table of sockets")
    addresses = [line.split()[1] for line in table.read_text().splitlines()[1:] if line.split()[3] == "0A"]
    assert [address.split(":")[0] for address in addresses if address.endswith(f":{running.port:04X}")] == ["0100007F"]


def test_the_log_tells_nothing_that_was_said(running: Engine, actions: ActionServer) -> None:
    actions.status = 500
    running.says(DEBT, "13800138000")
    written = running.log.read_text("utf-8")
    assert "_run_action" in written
    assert DEBT not in written
    assert "13800138000" not in written


def test_the_store_is_readable_by_its_owner_alone(running: Engine) -> None:
    running.says("你好")
    folder = running.log.parent / "tracker"
    assert folder.stat().st_mode & 0o077 == 0
    assert all(file.stat().st_mode & 0o077 == 0 for file in folder.iterdir())


def test_a_used_port_is_named_at_once(running: Engine, tmp_path: Path) -> None:
    project = running.log.parent
    status, events, _ = engine(project, "run", "--port", str(running.port), GUANJIA_ACTION_SECRET=SECRET)
    assert (status, events[-1]["code"]) == (1, "port_in_use")


def test_without_a_model_it_says_what_to_do(tmp_path: Path) -> None:
    status, events, _ = engine(tiny.write(tmp_path), "run", "--port", "0", GUANJIA_ACTION_SECRET=SECRET)
    assert (status, events[-1]["code"]) == (1, "no_model")


def test_a_touched_model_is_not_loaded(running: Engine, tmp_path: Path) -> None:
    project = tiny.write(tmp_path)
    (project / "models").mkdir()
    (project / "models/half").write_text("x", "utf-8")
    model = models.publish(project / "models", project / "models/half", "abc")
    (project / "models" / model.file).write_text("y", "utf-8")
    status, events, _ = engine(project, "run", "--port", "0", GUANJIA_ACTION_SECRET=SECRET)
    assert (status, events[-1]["code"]) == (1, "model_changed")


def test_a_model_that_does_not_load_ends_the_start(tmp_path: Path) -> None:
    project = tiny.write(tmp_path)
    (project / "models").mkdir()
    (project / "models/half").write_text("no archive", "utf-8")
    models.publish(project / "models", project / "models/half", "abc")
    status, events, _ = engine(
        project, "run", "--port", "0", GUANJIA_ACTION_SECRET=SECRET, GUANJIA_TRACKER_DB=str(tmp_path / "t.db")
    )
    assert (status, events[-1]["code"]) == (1, "model_not_loaded")


PARENT = """
import os, subprocess, sys
command = [sys.executable, "-m", "bot.engine", "run", "--port", "0", "--with-parent", *sys.argv[1:]]
child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
child.stdout.readline(), child.stdout.readline()
print(child.pid, flush=True)
os._exit(0)
"""


def test_it_ends_with_the_process_that_started_it(running: Engine, tmp_path: Path) -> None:
    project = running.log.parent
    environment = {**os.environ, "GUANJIA_ACTION_SECRET": SECRET, "GUANJIA_TRACKER_DB": str(tmp_path / "t.db")}
    command = [sys.executable, "-c", PARENT, "--project", str(project), "--models", str(project / "models")]
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=120)
    child = int(done.stdout)
    _wait_for(lambda: not _alive(child))


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in (Path(f"/proc/{pid}/stat").read_text().split()[2] if Path("/proc").exists() else "")
