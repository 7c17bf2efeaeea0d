"""A tiny platform on a real socket: gives tokens, counts how often, and keeps every byte it was sent."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

TOKEN_PATH = "/cgi-bin/stable_token"
LENGTH = re.compile(rb"(?i)\r\ncontent-length: *([0-9]+)")


@dataclass
class TinyPlatform:
    """Knows one account.

    Attributes:
        token: the one that it accepts and gives.
        hands_out: given without being asked for another one, in place of `token`; the platform's own staleness.
        refuses_all: no token is good enough.
        slow: how long it thinks about a token, so that askers overlap.
        token_answer: answered in place of a token.
    """

    url: str = ""
    token: str = "token-1"
    hands_out: str | None = None
    refuses_all: bool = False
    slow: float = 0.0
    token_answer: dict[str, object] | None = None
    fetches: list[bool] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    connections: int = 0
    received: bytearray = field(default_factory=bytearray)
    connected: asyncio.Event = field(default_factory=asyncio.Event)
    closes_at_once: bool = False
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    def invalidate(self) -> str:
        """From now on only a new token counts; return the old one."""
        old, number = self.token, int(self.token.rpartition("-")[2])
        self.token = f"token-{number + 1}"
        return old

    async def answer(self, path: str, token: str, body: bytes) -> dict[str, object]:
        """The JSON of one request."""
        if path != TOKEN_PATH:
            self.calls[token] += 1
            good = token == self.token and not self.refuses_all
            return {"errcode": 0, "with": token} if good else {"errcode": 40001, "errmsg": "invalid credential"}
        forced = bool(json.loads(body)["force_refresh"])
        self.fetches.append(forced)
        await asyncio.sleep(self.slow)
        if self.token_answer is not None:
            return self.token_answer
        if forced:
            self.invalidate()
            self.hands_out = None
        return {"access_token": self.hands_out or self.token, "expires_in": 7200}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection; every byte is noted when it arrives, whether a request becomes whole or not."""
        self.connections += 1
        self.writers.append(writer)
        self.connected.set()
        pending = b""
        try:
            while not self.closes_at_once and (chunk := await reader.read(65536)):
                self.received += chunk
                pending += chunk
                head, end, rest = pending.partition(b"\r\n\r\n")
                length = LENGTH.search(head)
                size = int(length[1]) if length else 0
                if end and len(rest) >= size:
                    pending = rest[size:]
                    writer.write(await self._respond(head, rest[:size]))
                    await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def _respond(self, head: bytes, body: bytes) -> bytes:
        address = urlsplit(head.decode().split(" ")[1])
        token = parse_qs(address.query).get("access_token", [""])[0]
        answer = json.dumps(await self.answer(address.path, token, body)).encode()
        size = f"Content-Length: {len(answer)}".encode()
        return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + size + b"\r\n\r\n" + answer


@asynccontextmanager
async def tiny_platform() -> AsyncIterator[TinyPlatform]:
    """A platform at a port of its own."""
    platform = TinyPlatform()
    server = await asyncio.start_server(platform.serve, "127.0.0.1", 0)
    platform.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield platform
    finally:
        server.close()
        for writer in platform.writers:
            writer.close()
        await server.wait_closed()
