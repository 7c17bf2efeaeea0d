"""The doctor's look at WeCom customer service."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from integrations.cli import checks_wecom
from integrations.cli.findings import Finding, Level
from integrations.gateway.settings import Settings
from property_db import migrate
from property_db.database import Database
from property_db.estates.models import Estate

SECRETS = {"token": "callbacktoken", "aes_key": "k" * 43, "secret": "s" * 32}
KF = "wkAAAA0001"
Answer = Callable[[httpx.Request], httpx.Response]


def write(data: Path, mode: int = 0o600, **changes: Any) -> None:
    """An account file."""
    data.mkdir(exist_ok=True)
    company = {"name": "anju", "corp_id": f"ww{1:016x}", "open_kfids": [KF], **SECRETS, **changes}
    file = data / "wecom.yml"
    file.write_text(yaml.safe_dump({"accounts": [company]}), encoding="utf-8")
    file.chmod(mode)


def all_is_well(request: httpx.Request) -> httpx.Response:
    """The platform."""
    assert request.url.path == "/cgi-bin/gettoken"
    return httpx.Response(200, json={"errcode": 0, "access_token": "t" * 100, "expires_in": 7200})


def examined(data: Path, answer: Answer = all_is_well, **changes: Any) -> list[Finding]:
    settings = Settings(_env_file=None, data_dir=data, **changes)  # type: ignore[call-arg]
    return list(checks_wecom.section(settings, httpx.MockTransport(answer)))


def codes(findings: list[Finding]) -> list[str]:
    return [finding.code for finding in findings]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def estates(data: Path) -> None:
    """Two estates in the server's own database."""

    async def make() -> None:
        data.mkdir()
        url = f"sqlite+aiosqlite:///{data / 'guanjia.db'}"
        await migrate.upgrade(url)
        database = Database(url)
        async with database.transaction() as session:
            session.add_all([Estate(code="cuihu", name="翠湖花园"), Estate(code="binjiang", name="滨江名苑")])
        await database.dispose()

    asyncio.run(make())


def test_who_does_not_use_it_gets_one_calm_line_that_says_how_to_begin(data: Path) -> None:
    (only,) = examined(data)
    assert only.level is Level.GOOD
    assert "docs/wechat.md" in only.text
    assert not data.exists()


def test_a_file_that_was_asked_for_and_is_not_there_is_found(data: Path) -> None:
    assert codes(examined(data, wecom_file=data / "elsewhere.yml")) == ["wecom_file_missing"]


def test_a_file_that_others_can_read_is_found(data: Path) -> None:
    write(data, mode=0o640)
    (only,) = examined(data)
    assert only.code == "wecom_file_wrong"
    assert "chmod 600" in only.text


def test_a_sound_set_up_is_called_sound(data: Path) -> None:
    write(data)
    findings = examined(data)
    assert codes(findings) == ["wecom_file_good", "wecom_token_good"]
    assert all(finding.level is Level.GOOD for finding in findings)


@pytest.mark.usefixtures("estates")
def test_an_estate_that_is_not_in_the_database_is_found(data: Path) -> None:
    write(data, estate="cuihu", open_kfids=[KF, {"id": "wkAAAA0002", "estate": "nowhere"}])
    findings = examined(data)
    assert codes(findings) == ["wecom_file_good", "wecom_estate_unknown", "wecom_token_good"]
    assert all(word in findings[1].text for word in ("wkAAAA0002", "nowhere", "binjiang"))


@pytest.mark.usefixtures("estates")
def test_of_several_estates_an_account_has_to_name_one(data: Path) -> None:
    write(data)
    assert codes(examined(data)) == ["wecom_file_good", "wecom_estate_needed", "wecom_token_good"]


def test_a_secret_that_the_platform_refuses_is_told_with_its_number_and_what_to_do(data: Path) -> None:
    write(data)
    message = "invalid credential, hint: [1700000000_6719aa210b3c4d5e]"
    findings = examined(data, lambda _: httpx.Response(200, json={"errcode": 40001, "errmsg": message}))
    assert codes(findings)[-1] == "wecom_token_refused"
    assert "40001" in findings[-1].text
    assert "wecom.yml" in findings[-1].todo
    assert not any(secret in str(findings) for secret in SECRETS.values())


def test_a_server_address_that_the_platform_does_not_know_is_told_apart(data: Path) -> None:
    write(data)
    refused = examined(data, lambda _: httpx.Response(200, json={"errcode": 60020, "errmsg": "not allow"}))[-1]
    assert "可信 IP" in refused.todo


def test_a_platform_that_cannot_be_reached_is_found(data: Path) -> None:
    def nobody(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("nobody there", request=request)

    write(data)
    assert codes(examined(data, nobody))[-1] == "wecom_unreachable"
