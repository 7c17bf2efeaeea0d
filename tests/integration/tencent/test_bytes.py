"""The moment before the first byte, on a real connection."""

import asyncio
from collections.abc import Callable
from typing import cast

import pytest

from integrations.tencent.api import Api
from integrations.tencent.errors import ApiUnreachable
from integrations.tencent.tokens import Tokens
from tests.integration.tencent.platform import TinyPlatform
from tests.support.stack import free_port


class TheToken:
    """The platform's present token, as if another process had just fetched it."""

    def __init__(self, platform: TinyPlatform) -> None:
        self._platform = platform

    async def get(self, _: str) -> str:
        return self._platform.token

    async def renew(self, _: str, failed: str) -> str:
        assert failed != self._platform.token
        return self._platform.token


def api_of(platform: TinyPlatform, url: str = "") -> Api:
    return Api(url or platform.url, "wechat:wx1", cast(Tokens, TheToken(platform)))


class Moment:
    """Remembers what the platform had heard whenever it was awaited."""

    def __init__(self, platform: TinyPlatform, then: Callable[[], None] = lambda: None) -> None:
        self._platform = platform
        self._then = then
        self.heard: list[bytes] = []
        self.connections: list[int] = []

    async def __call__(self) -> None:
        # The connection is open, and whatever was written before has arrived by now or never will.
        await self._platform.connected.wait()
        for _ in range(20):
            await asyncio.sleep(0)
        self.heard.append(bytes(self._platform.received))
        self.connections.append(self._platform.connections)
        self._then()


class DatabaseGone(Exception):
    """Whatever may go wrong when the wire is asked for."""


def refuse() -> None:
    raise DatabaseGone


def give_up() -> None:
    raise asyncio.CancelledError


async def test_it_is_awaited_once_when_the_connection_is_open_and_nothing_is_written(platform: TinyPlatform) -> None:
    api, moment = api_of(platform), Moment(platform)
    assert (await api.call("/send", {"text": "您好"}, before_bytes=moment))["errcode"] == 0
    assert (moment.heard, moment.connections) == ([b""], [1])
    assert platform.received.startswith(b"POST /send?access_token=token-1 HTTP/1.1\r\n")
    assert platform.received.endswith('\r\n\r\n{"text": "您好"}'.encode())
    await api.close()


async def test_it_is_awaited_once_on_a_connection_that_was_kept(platform: TinyPlatform) -> None:
    api, moment = api_of(platform), Moment(platform)
    await api.call("/first", {})
    first = bytes(platform.received)
    await api.call("/second", {}, before_bytes=moment)
    assert (moment.heard, moment.connections) == ([first], [1])
    assert bytes(platform.received[len(first) :]).startswith(b"POST /second")
    await api.close()


async def test_it_is_awaited_again_for_the_repetition_after_a_refused_token(platform: TinyPlatform) -> None:
    api = api_of(platform)
    moment = Moment(platform)
    platform.refuses_all = True

    async def before_bytes() -> None:
        await moment()
        if len(moment.heard) == 1:
            platform.invalidate()
            platform.token = "token-2"
        else:
            platform.refuses_all = False

    assert (await api.call("/send", {}, before_bytes=before_bytes))["with"] == "token-2"
    assert len(moment.heard) == 2
    assert moment.heard[0] == b""
    assert moment.heard[1].count(b"POST /send") == 1
    assert platform.received.count(b"POST /send") == 2
    await api.close()


@pytest.mark.parametrize(("then", "error"), [(refuse, DatabaseGone), (give_up, asyncio.CancelledError)])
@pytest.mark.parametrize("kept", [False, True])
async def test_when_it_raises_nothing_was_written_and_the_error_is_the_callers(
    platform: TinyPlatform, then: Callable[[], None], error: type[BaseException], kept: bool
) -> None:
    api, moment = api_of(platform), Moment(platform, then)
    if kept:
        await api.call("/first", {})
    before = bytes(platform.received)
    with pytest.raises(error):
        await api.call("/send", {"text": "您好"}, before_bytes=moment)
    assert len(moment.heard) == 1
    await api.close()
    # The next call goes through, and is all that the platform ever heard.
    api = api_of(platform)
    await api.call("/next", {})
    assert bytes(platform.received[len(before) :]).startswith(b"POST /next")
    assert b"/send" not in platform.received
    await api.close()


async def test_where_nobody_listens_it_is_not_awaited_and_nothing_was_sent(platform: TinyPlatform) -> None:
    api, moment = api_of(platform, f"http://127.0.0.1:{free_port()}"), Moment(platform)
    with pytest.raises(ApiUnreachable) as unreachable:
        await api.call("/send", {}, before_bytes=moment)
    assert not unreachable.value.sent
    assert moment.heard == []
    await api.close()


async def test_a_connection_that_breaks_after_the_bytes_left_counts_as_sent(platform: TinyPlatform) -> None:
    platform.closes_at_once = True
    api = api_of(platform)
    with pytest.raises(ApiUnreachable) as unreachable:
        await api.call("/send", {})
    assert unreachable.value.sent
    await api.close()
