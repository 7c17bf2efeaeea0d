"""The address that the demo page's call button connects to."""

import secrets
from collections import Counter
from urllib.parse import urlsplit

import structlog
from fastapi import FastAPI, WebSocket

from integrations.gateway.errors import ApiError
from integrations.gateway.rate_limit import RateLimit
from integrations.gateway.services import Services
from integrations.voice.browser.line import BrowserLine
from integrations.voice.taking import TakesCalls, number
from integrations.voice.websockets import carry

log = structlog.get_logger()

PATH = "/api/voice/call"
FORBIDDEN, TOO_MANY = 4403, 4429
CALLS_AT_ONCE = 3
CALLS_A_MINUTE = 20


class Callers:
    """How many calls one address may make."""

    def __init__(self) -> None:
        self._now: Counter[str] = Counter()
        self._lately = RateLimit(count=CALLS_A_MINUTE, seconds=60)

    def come(self, address: str) -> bool:
        """One more call; False where it is one too many. Otherwise :meth:`leave` has to follow."""
        try:
            self._lately.check(address)
        except ApiError:
            return False
        if self._now[address] >= CALLS_AT_ONCE:
            return False
        self._now[address] += 1
        return True

    def leave(self, address: str) -> None:
        """A call is over."""
        self._now[address] -= 1
        if self._now[address] <= 0:
            del self._now[address]


def install_browser(app: FastAPI, services: Services, switchboard: TakesCalls) -> None:
    """Add the route, in demo mode only."""
    if not services.settings.demo:
        return
    callers = Callers()

    @app.websocket(PATH)
    async def call(socket: WebSocket) -> None:
        """A call from the demo page; ``?from=`` is the number it pretends to call from."""
        address = socket.client.host if socket.client else ""
        if not _from_our_page(socket):
            log.warning("voice.browser_refused")
            await socket.close(FORBIDDEN)
            return
        if not callers.come(address):
            # Accepted first: a page learns the code of a close, and nothing of a refused handshake.
            await socket.accept()
            await socket.close(TOO_MANY)
            return
        try:
            await socket.accept()
            line = BrowserLine(socket, secrets.token_hex(8), number(socket.query_params.get("from")))
            await carry(line, line.listen(), switchboard.take)
        finally:
            callers.leave(address)


def _from_our_page(socket: WebSocket) -> bool:
    """A browser always names the origin of a WebSocket's page."""
    origin = socket.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == socket.headers.get("host")
