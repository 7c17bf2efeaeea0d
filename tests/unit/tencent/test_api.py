"""Calls in an account's name: what goes out, what an answer means, and when a call is repeated."""

import json
import logging
from collections.abc import Callable
from typing import Any, cast

import httpx
import pytest
from pydantic import SecretStr

from integrations.tencent.api import Api
from integrations.tencent.errors import ApiRefused, ApiUnreachable, Refusal, TooLarge
from integrations.tencent.fetching import OfficialAccountToken, WecomToken, by_account
from integrations.tencent.tokens import Tokens

BASE = "https://api.example"
SECRET = "0123456789abcdef0123456789abcdef"


class FewTokens:
    """Tokens that are handed out in order; remembers which ones failed."""

    def __init__(self, *tokens: str) -> None:
        self.left = list(tokens)
        self.failed: list[str] = []

    async def get(self, account_key: str) -> str:
        assert account_key == "wechat:wx1"
        return self.left[0]

    async def renew(self, account_key: str, failed: str) -> str:
        self.failed.append(failed)
        self.left.remove(failed)
        return await self.get(account_key)


class Platform:
    """Answers in order, the last one for ever."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    def tokens_seen(self) -> list[str]:
        return [request.url.params["access_token"] for request in self.requests]


def says(**fields: Any) -> httpx.Response:
    return httpx.Response(200, json=fields)


def make(platform: Callable[[httpx.Request], httpx.Response], tokens: FewTokens | None = None) -> Api:
    few = cast(Tokens, tokens or FewTokens("T1", "T2", "T3"))
    return Api(BASE, "wechat:wx1", few, httpx.MockTransport(platform))


async def test_a_body_goes_out_as_real_utf_8_with_the_token_in_the_address() -> None:
    platform = Platform(says(errcode=0, errmsg="ok", msgid=7))
    answer = await make(platform).call(
        "/cgi-bin/message/custom/send", {"text": {"content": "您好👍</a>"}}, params={"a": "b"}
    )
    assert answer["msgid"] == 7
    (request,) = platform.requests
    assert request.method == "POST"
    assert str(request.url) == f"{BASE}/cgi-bin/message/custom/send?a=b&access_token=T1"
    assert request.content == '{"text": {"content": "您好👍</a>"}}'.encode()
    assert request.headers["Content-Type"] == "application/json; charset=utf-8"


async def test_a_call_without_a_body_is_a_get() -> None:
    platform = Platform(says(ip_list=["1.2.3.4"]))
    assert await make(platform).call("/cgi-bin/getcallbackip") == {"ip_list": ["1.2.3.4"]}
    assert platform.requests[0].method == "GET"


@pytest.mark.parametrize("errcode", [40001, 40014, 42001])
async def test_a_refused_token_is_renewed_once_and_the_call_repeated_once(errcode: int) -> None:
    platform, tokens = Platform(says(errcode=errcode), says(errcode=0)), FewTokens("T1", "T2")
    assert await make(platform, tokens).call("/x", {}) == {"errcode": 0}
    assert tokens.failed == ["T1"]
    assert platform.tokens_seen() == ["T1", "T2"]


async def test_a_token_that_is_refused_for_good_ends_after_one_repetition() -> None:
    platform, tokens = Platform(says(errcode=40001, errmsg="invalid credential")), FewTokens("T1", "T2", "T3")
    with pytest.raises(ApiRefused) as refused:
        await make(platform, tokens).call("/x", {})
    assert (refused.value.errcode, refused.value.refusal) == (40001, Refusal.TOKEN)
    assert platform.tokens_seen() == ["T1", "T2"]
    assert tokens.failed == ["T1"]


@pytest.mark.parametrize("errcode", [-1, 45009, 45015, 45047, 45002, 48001, 40003, 95018, 77777])
async def test_any_other_refusal_is_the_callers_at_once(errcode: int) -> None:
    platform, tokens = Platform(says(errcode=errcode)), FewTokens("T1")
    with pytest.raises(ApiRefused) as refused:
        await make(platform, tokens).call("/x", {})
    assert refused.value.errcode == errcode
    assert len(platform.requests) == 1
    assert tokens.failed == []


async def test_before_bytes_is_awaited_once_per_attempt() -> None:
    platform, moments = Platform(says(errcode=40001), says(errcode=0)), []

    async def before_bytes() -> None:
        moments.append(len(platform.requests))

    await make(platform).call("/x", {}, before_bytes=before_bytes)
    assert moments == [0, 1]


async def test_when_before_bytes_raises_nothing_is_asked() -> None:
    platform = Platform(says(errcode=0))

    async def before_bytes() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await make(platform).call("/x", {}, before_bytes=before_bytes)
    assert platform.requests == []


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (httpx.Response(502, text="<html>bad gateway</html>"), "http_502"),
        (httpx.Response(504, text="<html>timeout</html>"), "http_504"),
        (httpx.Response(302, headers={"Location": "https://elsewhere.example"}), "http_302"),
        (httpx.Response(200, text="<html>captive portal</html>"), "no_json"),
        (httpx.Response(200, json=[1]), "no_json"),
        (httpx.Response(200, content=b"[" * 100_000), "no_json"),
        (httpx.Response(200, content=b'{"errcode": 0, "\xff": 1}'), "no_json"),
        (httpx.ReadTimeout("T1"), "ReadTimeout"),
        (httpx.RemoteProtocolError("T1"), "RemoteProtocolError"),
    ],
)
async def test_without_an_answer_the_request_may_have_arrived_but_not_where_somebody_else_answered(
    answer: httpx.Response | Exception, reason: str
) -> None:
    with pytest.raises(ApiUnreachable) as unreachable:
        await make(Platform(answer)).call("/x", {})
    assert unreachable.value.sent is (isinstance(answer, Exception) or answer.status_code == 504)
    assert unreachable.value.reason == reason
    assert "T1" not in repr(unreachable.value)
    assert unreachable.value.__cause__ is None
    assert unreachable.value.__suppress_context__ or unreachable.value.__context__ is None


@pytest.mark.parametrize(("status", "refusal"), [(404, Refusal.OTHER), (429, Refusal.RATE)])
async def test_an_http_error_of_ours_is_a_refusal(status: int, refusal: Refusal) -> None:
    with pytest.raises(ApiRefused) as refused:
        await make(Platform(httpx.Response(status, text="no"))).call("/x", {})
    assert (refused.value.errcode, refused.value.refusal) == (status, refusal)


async def test_an_answer_that_is_too_long_is_not_read() -> None:
    with pytest.raises(TooLarge):
        await make(Platform(httpx.Response(200, content=b"x" * 5_000_000))).call("/x", {})


async def test_a_file_is_downloaded_with_its_type() -> None:
    picture = httpx.Response(200, content=b"\xff\xd8\xff", headers={"Content-Type": "image/jpeg; q=1"})
    platform = Platform(says(errcode=42001), picture)
    assert await make(platform).download("/cgi-bin/media/get", {"media_id": "M"}, 100) == (
        b"\xff\xd8\xff",
        "image/jpeg",
    )
    assert platform.requests[1].url.params["media_id"] == "M"
    assert platform.tokens_seen() == ["T1", "T2"]


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "text/plain"])
async def test_an_error_in_place_of_a_file_is_an_error(content_type: str) -> None:
    error = httpx.Response(200, content=b'{"errcode":40007,"errmsg":"no"}', headers={"Content-Type": content_type})
    with pytest.raises(ApiRefused) as refused:
        await make(Platform(error)).download("/cgi-bin/media/get", {"media_id": "M"}, 100)
    assert refused.value.errcode == 40007


async def test_a_file_over_the_limit_is_not_kept() -> None:
    file = httpx.Response(200, content=b"x" * 101, headers={"Content-Type": "image/jpeg"})
    with pytest.raises(TooLarge):
        await make(Platform(file)).download("/cgi-bin/media/get", {}, 100)


async def test_no_token_reaches_a_log(caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(ApiRefused) as refused:
        await make(
            Platform(says(errcode=40001, errmsg=f"access_token {SECRET}")), FewTokens(SECRET, SECRET[::-1])
        ).call("/x")
    printed = capsys.readouterr()
    for text in (caplog.text, printed.out, printed.err, repr(refused.value), refused.value.hint):
        assert SECRET not in text
        assert SECRET[::-1] not in text


async def test_the_official_account_asks_for_its_stable_token() -> None:
    platform = Platform(says(access_token="T", expires_in=7200))
    one = OfficialAccountToken(BASE, "wx1", SecretStr(SECRET), httpx.MockTransport(platform))
    fetch = by_account({"wechat:wx1": one})
    assert await fetch("wechat:wx1", True) == ("T", 7200)
    (request,) = platform.requests
    assert str(request.url) == f"{BASE}/cgi-bin/stable_token"
    assert json.loads(request.content) == {
        "grant_type": "client_credential",
        "appid": "wx1",
        "secret": SECRET,
        "force_refresh": True,
    }
    assert SECRET not in repr(one)


async def test_wecom_asks_for_its_token() -> None:
    platform = Platform(says(errcode=0, errmsg="ok", access_token="T", expires_in=7200))
    assert await WecomToken(BASE, "ww1", SecretStr("S"), httpx.MockTransport(platform))(False) == ("T", 7200)
    (request,) = platform.requests
    assert request.method == "GET"
    assert str(request.url) == f"{BASE}/cgi-bin/gettoken?corpid=ww1&corpsecret=S"


@pytest.mark.parametrize(
    "fields", [{}, {"access_token": "", "expires_in": 1}, {"access_token": "T"}, {"access_token": 1}]
)
async def test_an_answer_without_a_token_is_no_answer(fields: dict[str, Any]) -> None:
    with pytest.raises(ApiUnreachable):
        await WecomToken(BASE, "ww1", SecretStr("S"), httpx.MockTransport(Platform(says(**fields))))(False)


async def test_a_refused_secret_is_a_refusal() -> None:
    platform = Platform(says(errcode=40125, errmsg="invalid appsecret"))
    with pytest.raises(ApiRefused, match="40125"):
        await OfficialAccountToken(BASE, "wx1", SecretStr("S"), httpx.MockTransport(platform))(False)
