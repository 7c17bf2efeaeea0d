"""One HTTP request to the platform and its answer, with the moment known at which the first byte leaves."""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from integrations.tencent.errors import ApiRefused, ApiUnreachable, TooLarge

CONNECT_SECONDS = 3.0
READ_SECONDS = 10.0
ANSWER_LIMIT = 4 * 1024 * 1024
KEPT_SECONDS = 2.0
"""An idle connection is not used again after it. Servers close theirs after five seconds or more; a message written
into a connection that closes just then is lost, and nobody can tell whether it arrived."""

BeforeBytes = Callable[[], Awaitable[None]]
_LEAVES = "http11.send_request_headers.started"
_ANSWER_TYPES = ("application/json", "text/plain", "text/json", "text/javascript")

# These write whole addresses at INFO and DEBUG, and the platform wants its keys in the address.
for _library in ("httpx", "httpcore"):
    logging.getLogger(_library).setLevel(logging.WARNING)


GATEWAY_TIMEOUT = 504


@dataclass(frozen=True)
class Answer:
    """What came back.

    Attributes:
        content_type: without parameters, in lower case.
    """

    status: int
    content_type: str
    content: bytes = field(repr=False)

    @property
    def speaks(self) -> bool:
        """It is the platform's JSON, whatever it calls it, and no file."""
        return self.status >= 300 or self.content_type in _ANSWER_TYPES

    def fields(self) -> dict[str, Any]:
        """The JSON object.

        Raises:
            ApiRefused: it has an ``errcode`` other than 0, or the HTTP status is one of 4xx.
            ApiUnreachable: it is no JSON object, or 5xx: somebody between us and the platform answered, so the platform
                itself was not reached (not ``sent``, except after 504).
        """
        try:
            # strict=False: nicknames with raw control characters are on record.
            fields = json.loads(self.content, strict=False)
        except (ValueError, RecursionError):
            fields = None
        if not isinstance(fields, dict):
            fields = {}
            if self.status < 300:
                raise ApiUnreachable(sent=False, reason="no_json")
        errcode = fields.get("errcode", 0)
        if isinstance(errcode, int) and errcode != 0:
            raise ApiRefused(errcode, str(fields.get("errmsg", "")))
        if 400 <= self.status < 500:
            raise ApiRefused(self.status)
        if self.status >= 300:
            # A gateway that waited in vain may have passed the request on; any other answered in the platform's place.
            raise ApiUnreachable(sent=self.status == GATEWAY_TIMEOUT, reason=f"http_{self.status}")
        return fields


class Exchange:
    """Requests to one address of the platform.

    Args:
        api_base: such as ``https://api.weixin.qq.com``.
        transport: in place of sockets, for tests.
    """

    def __init__(self, api_base: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        timeout = httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS, pool=CONNECT_SECONDS)
        limits = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=KEPT_SECONDS)
        self._client = httpx.AsyncClient(
            base_url=api_base, timeout=timeout, limits=limits, trust_env=False, transport=transport
        )
        # Only a real connection tells when it writes; for any other, being asked is the moment.
        self._tells = transport is None or isinstance(transport, httpx.AsyncHTTPTransport)

    async def ask(
        self,
        path: str,
        params: Mapping[str, str],
        body: Mapping[str, Any] | None = None,
        *,
        limit: int = ANSWER_LIMIT,
        before_bytes: BeforeBytes | None = None,
    ) -> Answer:
        """GET, or POST with a JSON body where there is one.

        Args:
            limit: the most bytes of an answer.
            before_bytes: awaited once, when the connection stands and before anything is written to it. Its error is
                the caller's, and nothing was written then.

        Raises:
            ApiUnreachable: no answer; ``sent`` tells whether the first byte may have left.
            TooLarge: the answer is longer than ``limit``.
        """
        departure = _Departure(before_bytes)
        # Real UTF-8: the platform shows \u escapes as they are.
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode(errors="replace")
        headers = {"Accept-Encoding": "identity"}
        if content is not None:
            headers["Content-Type"] = "application/json; charset=utf-8"
        request = self._client.build_request(
            "GET" if content is None else "POST",
            path,
            params=dict(params),
            content=content,
            headers=headers,
            extensions={"trace": departure.hear},
        )
        try:
            if not self._tells:
                await departure.leave()
            response = await self._client.send(request, stream=True)
            try:
                received = await _read(response, limit)
            finally:
                await response.aclose()
        except httpx.HTTPError as error:
            if departure.error is not None:
                raise departure.error from None
            # The library's error holds the request and with it the key.
            raise ApiUnreachable(sent=departure.left, reason=type(error).__name__) from None
        content_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return Answer(response.status_code, content_type, received)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


class _Departure:
    """The moment at which a request leaves."""

    def __init__(self, before_bytes: BeforeBytes | None) -> None:
        self._before_bytes = before_bytes
        self.left = False
        self.error: BaseException | None = None

    async def hear(self, event: str, _: Mapping[str, Any]) -> None:
        """The HTTP library's word on what it is about to do."""
        if event == _LEAVES:
            await self.leave()

    async def leave(self) -> None:
        """Now, or not at all."""
        if self._before_bytes is not None:
            try:
                await self._before_bytes()
            except BaseException as error:
                self.error = error
                raise
        self.left = True


async def _read(response: httpx.Response, limit: int) -> bytes:
    declared = response.headers.get("Content-Length", "")
    if declared.isdecimal() and int(declared) > limit:
        raise TooLarge
    received = bytearray()
    async for chunk in response.aiter_bytes():
        received += chunk
        if len(received) > limit:
            raise TooLarge
    return bytes(received)
