"""The doctor's look at WeChat."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from integrations.cli import checks_wechat
from integrations.cli.findings import Finding, Level
from integrations.gateway.settings import Settings

SECRETS = {"token": "callbacktoken", "aes_key": "k" * 43, "app_secret": "s" * 32}
Answer = Callable[[httpx.Request], httpx.Response]


def write(data: Path, mode: int = 0o600, **changes: Any) -> None:
    """An account file."""
    data.mkdir(exist_ok=True)
    account = {"name": "cuihu", "app_id": f"wx{1:016x}", **SECRETS, **changes}
    file = data / "wechat.yml"
    file.write_text(yaml.safe_dump({"accounts": [account]}), encoding="utf-8")
    file.chmod(mode)


def all_is_well(request: httpx.Request) -> httpx.Response:
    """The platform, and our own callback."""
    if request.url.path == "/cgi-bin/stable_token":
        return httpx.Response(200, json={"access_token": "t" * 100, "expires_in": 7200})
    assert request.url.path == "/wechat/cuihu"
    return httpx.Response(200, text=request.url.params["echostr"])


def examined(data: Path, answer: Answer = all_is_well, **changes: Any) -> list[Finding]:
    settings = Settings(_env_file=None, data_dir=data, **changes)  # type: ignore[call-arg]
    return list(checks_wechat.section(settings, httpx.MockTransport(answer)))


def codes(findings: list[Finding]) -> list[str]:
    return [finding.code for finding in findings]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def test_who_does_not_use_it_gets_one_calm_line_that_says_how_to_begin(data: Path) -> None:
    (only,) = examined(data)
    assert only.level is Level.GOOD
    assert "docs/wechat.md" in only.text
    assert not data.exists()


def test_a_file_that_was_asked_for_and_is_not_there_is_found(data: Path) -> None:
    assert codes(examined(data, wechat_file=data / "elsewhere.yml")) == ["wechat_file_missing"]


def test_a_file_that_others_can_read_is_found(data: Path) -> None:
    write(data, mode=0o640)
    (only,) = examined(data)
    assert only.code == "wechat_file_wrong"
    assert "chmod 600" in only.text


def test_a_sound_set_up_is_called_sound(data: Path) -> None:
    write(data)
    findings = examined(data, public_url="https://estate.example")
    assert codes(findings) == ["wechat_file_good", "wechat_public_good", "wechat_token_good", "wechat_callback_good"]
    assert all(finding.level is Level.GOOD for finding in findings)


@pytest.mark.parametrize(
    ("mode", "url", "code"),
    [
        ("production", "http://estate.example", "wechat_public_plain"),
        ("demo", "http://127.0.0.1:8080", "wechat_public_demo"),
        ("production", None, "wechat_public_none"),
    ],
)
def test_the_public_address_has_to_be_https(data: Path, mode: str, url: str | None, code: str) -> None:
    write(data)
    assert code in codes(examined(data, mode=mode, public_url=url))


def test_a_secret_that_the_platform_refuses_is_told_with_its_number_and_what_to_do(data: Path) -> None:
    write(data)
    message = "invalid appsecret rid: 6719aa21-0b3c4d5e-11112222"
    findings = examined(data, lambda _: httpx.Response(200, json={"errcode": 40125, "errmsg": message}))
    (refused,) = [finding for finding in findings if finding.code == "wechat_token_refused"]
    assert "40125" in refused.text
    assert refused.todo
    assert not any(secret in str(findings) for secret in SECRETS.values())


def test_a_server_address_that_the_platform_does_not_know_is_told_apart(data: Path) -> None:
    write(data)
    findings = examined(data, lambda _: httpx.Response(200, json={"errcode": 40164, "errmsg": "invalid ip"}))
    (refused,) = [finding for finding in findings if finding.code == "wechat_token_refused"]
    assert "白名单" in refused.todo


def test_a_platform_that_cannot_be_reached_is_found(data: Path) -> None:
    def nobody(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("nobody there", request=request)

    write(data)
    findings = examined(data, nobody, public_url="https://estate.example")
    assert codes(findings)[-2:] == ["wechat_unreachable", "wechat_callback_unreachable"]


def test_a_callback_that_answers_something_else_is_found(data: Path) -> None:
    def a_proxy(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/cgi-bin/stable_token":
            return all_is_well(request)
        return httpx.Response(502, text="<html>")

    write(data)
    assert codes(examined(data, a_proxy, public_url="https://estate.example"))[-1] == "wechat_callback_wrong"


def test_a_callback_for_the_platform_only_is_not_called(data: Path) -> None:
    write(data, callback_addresses="platform")
    assert codes(examined(data, public_url="https://estate.example"))[-1] == "wechat_callback_closed"


def test_a_menu_that_would_be_refused_is_found(data: Path) -> None:
    write(data, menu=[{"title": "六个汉字太长", "says": "x"}])
    assert "wechat_menu_wrong" in codes(examined(data))


@pytest.mark.parametrize("templates", ["templates", "one_time_templates"])
def test_a_template_field_that_names_no_value_of_its_news_is_found(data: Path, templates: str) -> None:
    fields = {"thing1": "home", "amount2": "amont", "thing3": "technician"}
    write(data, **{templates: {"bill": {"id": "t", "fields": fields}, "ticket_progress": {"id": "u", "fields": {}}}})
    wrong = [finding for finding in examined(data) if finding.code == "wechat_template_wrong"]
    assert [finding.level for finding in wrong] == [Level.BAD, Level.BAD]
    for finding, field in zip(wrong, ("amount2", "thing3"), strict=True):
        assert all(word in finding.text for word in ("cuihu", "bill", field))
        assert "amount" in finding.todo
