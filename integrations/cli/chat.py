"""`guanjia chat`: a resident's conversation in the terminal, through the plain-text channel of a running product."""

import http.client
import json
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from integrations.cli import console, ports
from integrations.cli.errors import CliError
from integrations.cli.texts import say
from integrations.gateway.settings import Settings

POLL_EVERY = 0.3
ANSWER_WITHIN = 15.0
TIMEOUT = 10.0


class NoAnswer(Exception):
    """The server cannot be reached, or refused; the text says how."""


@dataclass
class PlainTextClient:
    """Speaks the plain-text channel's HTTP for one sender."""

    host: str
    port: int
    sender: str
    conversation_id: str | None = None
    seen: int = 0
    sent: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, text: str) -> None:
        """Send one text.

        Raises:
            NoAnswer: it was not taken.
        """
        body = {"sender": self.sender, "message_id": uuid.uuid4().hex, "text": text}
        stored = self._call("POST", "/api/plaintext/messages", body)
        with self._lock:
            if stored["conversation_id"] != self.conversation_id:
                self.conversation_id, self.seen = stored["conversation_id"], 0
            self.sent = stored["seq"]

    def new_texts(self) -> list[dict[str, Any]]:
        """What came since the last call.

        Raises:
            NoAnswer: the server is not there.
        """
        with self._lock:
            if self.conversation_id is None:
                return []
            query = {"sender": self.sender, "conversation_id": self.conversation_id, "after_seq": self.seen}
            texts: list[dict[str, Any]] = self._call("GET", f"/api/plaintext/messages?{urlencode(query)}")
            if texts:
                self.seen = texts[-1]["seq"]
            return texts

    @property
    def is_answered(self) -> bool:
        """Whether something came after what was sent last."""
        return self.seen > self.sent

    def _call(self, method: str, path: str, body: dict[str, str] | None = None) -> Any:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=TIMEOUT)
        try:
            payload = json.dumps(body).encode() if body is not None else None
            connection.request(method, path, payload, {"Content-Type": "application/json"})
            response = connection.getresponse()
            answer = json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise NoAnswer(type(error).__name__) from error
        finally:
            connection.close()
        if response.status >= http.client.BAD_REQUEST:
            raise NoAnswer(answer.get("error", {}).get("message", str(response.status)))
        return answer


def chat(settings: Settings, sender: str | None) -> None:
    """Talk until the end of input.

    Raises:
        CliError: no product runs here, or not in demo mode.
    """
    host = ports.reached_at(settings.host)
    if ports.get_json(host, settings.port, "/healthz") is None:
        raise CliError("not_up", url=ports.url(settings.host, settings.port))
    if not settings.demo:
        raise CliError("chat_needs_demo", mode=settings.mode)
    client = PlainTextClient(host, settings.port, sender or f"terminal-{uuid.uuid4().hex[:8]}")
    console.progress.print(say("chat_hello", sender=client.sender))
    ended = threading.Event()
    printer = threading.Thread(target=_print_answers, args=(client, ended), daemon=True)
    printer.start()
    try:
        for line in _lines():
            if text := line.strip():
                _send(client, text)
                if not sys.stdin.isatty():  # lines of a file are said one after the other, as a person would
                    _wait_for_answer(client)
    finally:
        ended.set()
        printer.join(TIMEOUT)


def _lines() -> Iterator[str]:
    """What is typed, line by line; `input` lets a terminal edit the line."""
    while True:
        try:
            yield input()
        except EOFError:
            return


def _wait_for_answer(client: PlainTextClient) -> None:
    deadline = time.monotonic() + ANSWER_WITHIN
    while not client.is_answered and time.monotonic() < deadline:
        time.sleep(POLL_EVERY)


def _send(client: PlainTextClient, text: str) -> None:
    try:
        client.send(text)
    except NoAnswer as error:
        console.progress.print(say("chat_not_sent", reason=error))


def _print_answers(client: PlainTextClient, ended: threading.Event) -> None:
    while not ended.wait(POLL_EVERY):
        try:
            texts = client.new_texts()
        except NoAnswer:
            continue
        for text in texts:
            author = say(f"chat_author_{text['author']}")
            console.out.print(f"{author}{text['text']}")
