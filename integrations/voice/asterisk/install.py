"""The addresses that an Asterisk exchange uses, and its listener, added to the server as the settings say."""

import hmac
import re
import uuid as uuids
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import parse_qsl

import structlog
from fastapi import FastAPI, Request, WebSocket
from fastapi.responses import PlainTextResponse, Response

from integrations.gateway.errors import ApiError
from integrations.voice.asterisk import control
from integrations.voice.asterisk.announced import Announced, Announcements
from integrations.voice.asterisk.audiosocket import AudioSocketServer
from integrations.voice.asterisk.line import AsteriskLine
from integrations.voice.asterisk.onward import Onward
from integrations.voice.configuration import Hotline, Network
from integrations.voice.line import Line
from integrations.voice.taking import HasHotline, number
from integrations.voice.websockets import carry, first_text

log = structlog.get_logger()

FORBIDDEN, STRANGE = 4403, 4400
BODY_LIMIT = 4_096
PAGE = "application/x-www-form-urlencoded"
_CALL_ID = re.compile(r"[0-9A-Za-z._@:-]{1,80}")
_YES = frozenset({"1", "yes", "true"})


@dataclass(frozen=True, slots=True)
class AsteriskState:
    """How one of the connections is.

    Attributes:
        listening: whether the exchange can connect.
        calls: calls that go on.
    """

    listening: bool
    calls: int


class AsteriskTransports:
    """What has to be started and stopped with the server.

    Attributes:
        audiosocket: the listener; None where it is off.
        websocket: whether ``chan_websocket`` may come.
        websocket_calls: calls over it that go on.
    """

    def __init__(self, audiosocket: AudioSocketServer | None = None, *, websocket: bool = False) -> None:
        self.audiosocket = audiosocket
        self.websocket = websocket
        self.websocket_calls = 0

    def states(self) -> dict[str, Callable[[], AsteriskState]]:
        """How each connection that is configured is, by the transport's name."""
        found: dict[str, Callable[[], AsteriskState]] = {}
        if self.websocket:
            found["asterisk"] = lambda: AsteriskState(True, self.websocket_calls)
        if (server := self.audiosocket) is not None:
            found["audiosocket"] = lambda: AsteriskState(server.address is not None, server.calls)
        return found

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            OSError: AudioSocket's port is taken.
        """
        if self.audiosocket is not None:
            await self.audiosocket.start()

    async def stop(self) -> None:
        """End what goes on."""
        if self.audiosocket is not None:
            await self.audiosocket.stop()


def install_asterisk(app: FastAPI, services: HasHotline, hotline: Hotline) -> AsteriskTransports:
    """Add the routes; the caller starts and stops what comes back."""
    onward = Onward()

    async def take(line: Line) -> None:
        if services.hotline is None:
            await line.reject("unavailable")
        else:
            await services.hotline.take(line)

    transports = AsteriskTransports(websocket=hotline.asterisk is not None)

    async def take_counted(line: Line) -> None:
        transports.websocket_calls += 1
        try:
            await take(line)
        finally:
            transports.websocket_calls -= 1

    if hotline.asterisk is not None:
        secret = hotline.asterisk.secret.get_secret_value()
        _add_websocket(app, take_counted, secret, hotline.asterisk.allowed, onward)
        _add_next(app, "asterisk", secret, hotline.asterisk.allowed, onward)
    if hotline.audiosocket is None:
        return transports
    settings = hotline.audiosocket
    announcements = Announcements()
    secret = settings.secret.get_secret_value()
    _add_announcements(app, secret, settings.allowed, announcements)
    _add_next(app, "audiosocket", secret, settings.allowed, onward)
    transports.audiosocket = AudioSocketServer(
        settings.host, settings.port, settings.allowed, announcements, onward, take
    )
    return transports


def _may_come(address: str | None, allowed: Sequence[Network]) -> bool:
    """Whether this address may use the secret; without a list every address may."""
    if not allowed:
        return True
    try:
        caller = ip_address(address or "")
    except ValueError:
        return False
    mapped = getattr(caller, "ipv4_mapped", None) or caller
    return any(mapped in network for network in allowed)


def _same(given: str, secret: str) -> bool:
    return hmac.compare_digest(given.encode(), secret.encode())


def _check(request: Request, given: str, secret: str, allowed: Sequence[Network]) -> None:
    if not (_same(given, secret) and _may_come(request.client.host if request.client else None, allowed)):
        log.warning("voice.asterisk_refused")
        raise ApiError(404, "not_found")


def _add_websocket(
    app: FastAPI, take: Callable[[Line], Awaitable[None]], secret: str, allowed: Sequence[Network], onward: Onward
) -> None:
    @app.websocket("/voice/asterisk/{given}")
    async def media(socket: WebSocket, given: str) -> None:
        """Asterisk's ``chan_websocket`` brings a call: ``v(callid=…,from=…,to=…,next=1)``."""
        if not (_same(given, secret) and _may_come(socket.client.host if socket.client else None, allowed)):
            log.warning("voice.asterisk_refused")
            await socket.close(FORBIDDEN)
            return
        # The client of Asterisk asks for the subprotocol `media`, and hangs up where it is not confirmed.
        offered = socket.scope.get("subprotocols") or []
        await socket.accept(subprotocol="media" if "media" in offered else None)
        text = await first_text(socket)
        start = control.read(text) if text is not None else None
        media = control.format_of(start) if start is not None and start.name == "MEDIA_START" else None
        if start is None or media is None:
            log.warning("voice.asterisk_format_refused", format=start.values.get("format") if start else None)
            await socket.close(STRANGE)
            return
        asked = socket.query_params
        call_id = asked.get("callid", "")
        line = AsteriskLine(
            socket,
            start,
            media,
            onward,
            line_id=call_id if _CALL_ID.fullmatch(call_id) else uuids.uuid4().hex,
            caller=number(asked.get("from")),
            called=number(asked.get("to")),
            headers=_headers(asked),
            goes_on=asked.get("next", "") in _YES and bool(call_id),
        )
        await carry(line, line.listen(), take)


def _add_next(app: FastAPI, name: str, secret: str, allowed: Sequence[Network], onward: Onward) -> None:
    @app.get(f"/voice/{name}/{{given}}/next", include_in_schema=False, name=f"voice_{name}_next")
    async def go_on(request: Request, given: str, callid: str = "") -> PlainTextResponse:
        """Where the dialplan goes on, form-encoded; empty where the call is over."""
        _check(request, given, secret, allowed)
        return PlainTextResponse(onward.take(callid), media_type=PAGE, headers={"Cache-Control": "no-store"})


def _add_announcements(app: FastAPI, secret: str, allowed: Sequence[Network], announcements: Announcements) -> None:
    @app.post("/voice/audiosocket/{given}/calls", include_in_schema=False)
    async def announce(request: Request, given: str) -> Response:
        """A call is about to come: form-encoded, as CURL() of a dialplan sends it, or JSON."""
        _check(request, given, secret, allowed)
        fields = await _fields(request)
        try:
            uuid = uuids.UUID(fields.get("uuid", ""))
        except ValueError:
            raise ApiError(422, "invalid_request", fields="uuid") from None
        goes_on = fields.get("next", "").lower() in _YES
        announcements.expect(uuid, Announced(number(fields.get("from")), number(fields.get("to")), goes_on))
        return Response(status_code=204)


async def _fields(request: Request) -> dict[str, str]:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > BODY_LIMIT:
            raise ApiError(413, "too_large")
    if request.headers.get("content-type", "").startswith("application/json"):
        return control.flat_json(body)
    try:
        # A plus sign of an international number is not encoded by every dialplan; it is no space here.
        return dict(parse_qsl(body.decode("ascii").replace("+", "%2B")))
    except ValueError:
        raise ApiError(422, "invalid_request", fields="body") from None


def _headers(asked: Mapping[str, str]) -> dict[str, str]:
    """What the dialplan passed along by names that begin with ``x-``."""
    return {name.lower(): value for name, value in asked.items() if name.lower().startswith("x-")}
