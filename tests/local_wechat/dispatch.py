"""What every call of a platform's API goes through: the log, faults on demand, the token, the body."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from tests.local_wechat.errcodes import PlatformError
from tests.local_wechat.faults import Fault
from tests.local_wechat.world import Call, World

_ESCAPED = re.compile(r"(?<!\\)((?:\\\\)*)\\u(?=[0-9a-fA-F]{4})")


@dataclass(frozen=True)
class Context:
    """A call that passed all checks.

    Attributes:
        owner: whose token it came with; empty where the call needs none.
        body: the JSON, with `\\u` escapes beyond ASCII left as they were written: the platform shows them so.
    """

    owner: str
    query: dict[str, str]
    body: dict[str, Any]

    def text(self, *path: str) -> str:
        """A text of the body, empty where it is missing."""
        value: Any = self.body
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        return value if isinstance(value, str) else ""


Handler = Callable[[Context], dict[str, Any] | Response | Awaitable[dict[str, Any]]]


@dataclass(frozen=True)
class Endpoint:
    """One call of an API: who does it, whether it needs a token, and whether it comes as POST."""

    handler: Handler
    token: bool = True
    post: bool = True


class _Gone(Exception):
    """The connection breaks here on purpose."""


class Dispatcher:
    """Runs the endpoints of one platform; every call is logged in the world, whatever becomes of it.

    Args:
        owners: whose tokens are accepted here.
        unknown_token: the code for a token that is not (or no longer) valid: 40001 there, 40014 with WeCom.
    """

    def __init__(
        self, world: World, endpoints: dict[str, Endpoint], owners: Collection[str], unknown_token: int = 40001
    ) -> None:
        self._world = world
        self._endpoints = endpoints
        self._owners = owners
        self._unknown_token = unknown_token

    async def __call__(self, request: Request, path: str) -> Response:
        """Answer one call."""
        raw = await request.body()
        query = dict(request.query_params)
        token = query.pop("access_token", None)
        hidden = {name: value for name, value in query.items() if "secret" not in name}
        call = Call(path, "", self._world.clock.now(), raw.decode("utf-8", "replace"), query=hidden)
        self._world.calls.append(call)
        fault = self._world.faults.take(path)
        broken = await self._break(fault)
        if broken is not None:
            call.errcode = -1
            return broken
        try:
            if fault is not None and fault.errcode is not None:
                raise PlatformError(fault.errcode)
            answer = await self._answer(path, request.method, call, token, query, raw)
        except PlatformError as error:
            call.errcode = error.errcode
            return JSONResponse(error.as_json())
        if fault is not None and fault.lost == "after":
            return _cut_off()
        return answer

    async def _answer(
        self, path: str, method: str, call: Call, token: str | None, query: dict[str, str], raw: bytes
    ) -> Response:
        endpoint = self._endpoints.get(path)
        if endpoint is None:
            raise PlatformError(48001, path)
        if endpoint.token:
            call.account = self._owner(token)
        if endpoint.post and method != "POST":
            raise PlatformError(43002)
        body = as_platform_reads(raw) if endpoint.post else {}
        answer = endpoint.handler(Context(call.account, query, body))
        if isinstance(answer, Awaitable):
            answer = await answer
        return answer if isinstance(answer, Response) else JSONResponse(answer)

    def _owner(self, token: str | None) -> str:
        try:
            owner = self._world.tokens.owner_of(token)
        except PlatformError as wrong:
            raise PlatformError(self._unknown_token if wrong.errcode == 40001 else wrong.errcode) from None
        if owner not in self._owners:
            raise PlatformError(self._unknown_token)
        return owner

    async def _break(self, fault: Fault | None) -> Response | None:
        if fault is None:
            return None
        await asyncio.sleep(fault.delay)
        if fault.http is not None:
            return Response(status_code=fault.http)
        return _cut_off() if fault.lost == "before" else None


def as_platform_reads(raw: bytes) -> dict[str, Any]:
    """The body as the platform reads it: escapes beyond ASCII are no characters to it, they are shown as written.

    Raises:
        PlatformError: 44002 empty, 47001 no JSON object in UTF-8.
    """
    if not raw:
        raise PlatformError(44002)
    try:
        written = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise PlatformError(47001) from None

    def literal(match: re.Match[str]) -> str:
        digits = written[match.end() : match.end() + 4]
        return match.group(1) + ("\\u" if int(digits, 16) < 0x80 else "\\\\u")

    try:
        body = json.loads(_ESCAPED.sub(literal, written))
    except ValueError:
        raise PlatformError(47001) from None
    if not isinstance(body, dict):
        raise PlatformError(47001)
    return body


def _cut_off() -> Response:
    async def nothing() -> AsyncIterator[bytes]:
        yield b"{"
        raise _Gone

    return StreamingResponse(nothing(), headers={"Content-Length": "200"})
