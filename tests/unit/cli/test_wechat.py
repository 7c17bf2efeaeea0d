"""`guanjia wechat` and `guanjia demo wechat`, up to where a platform or a product would begin."""

import base64
import socket
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from integrations.cli import demo_wechat, main, places, wechat
from integrations.cli.errors import CliError
from integrations.gateway.settings import Settings
from integrations.wechat.accounts import load
from property_db.pushes.values import VALUES

SECRETS = {"token": "callbacktoken", "aes_key": "k" * 43, "app_secret": "s" * 32}


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An own data folder, and nothing of this machine's settings."""
    for name in ("GUANJIA_WECHAT_FILE", "GUANJIA_PUBLIC_URL", "GUANJIA_MODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GUANJIA_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def write(data: Path, *changes: dict[str, Any], mode: int = 0o600) -> Path:
    """An account file with one account for each of `changes`."""
    accounts = [
        {"name": f"estate{number}", "app_id": f"wx{number:016x}", **SECRETS, **change}
        for number, change in enumerate(changes)
    ]
    file = data / "wechat.yml"
    file.write_text(yaml.safe_dump({"accounts": accounts}), encoding="utf-8")
    file.chmod(mode)
    return file


def settings(data: Path, **changes: Any) -> Settings:
    return Settings(_env_file=None, data_dir=data, **changes)  # type: ignore[call-arg]


def refusal(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """What the operator reads when a command is refused."""
    assert main.run(arguments) == 1
    shown = capsys.readouterr().err
    assert [line.split("：")[0] for line in shown.splitlines()[-3:]] == ["问题", "位置", "怎么办"]
    return shown


def test_without_an_account_file_the_list_says_how_to_begin(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["wechat", "accounts"]) == 0
    assert "docs/wechat.md" in capsys.readouterr().out


def test_the_list_shows_nothing_secret(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GUANJIA_PUBLIC_URL", "https://estate.example")
    write(data, {"estate": "CH"}, {})
    assert main.run(["wechat", "accounts"]) == 0
    shown = capsys.readouterr().out
    assert "https://estate.example/wechat/estate0" in shown
    assert "CH" in shown
    assert not any(secret in shown for secret in SECRETS.values())


def test_an_account_file_that_others_can_read_is_refused(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(data, {}, mode=0o644)
    shown = refusal(["wechat", "accounts"], capsys)
    assert "chmod 600" in shown
    assert str(data / "wechat.yml") in shown


def test_a_mistake_in_the_account_file_is_shown_without_its_value(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(data, {"aes_key": "tooshortsecret"})
    shown = refusal(["wechat", "menu", "show"], capsys)
    assert "accounts.0.aes_key" in shown
    assert "tooshortsecret" not in shown


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(["menu", "apply"], "estate0、estate1"), (["qr", "nobody"], "nobody"), (["menu", "show", "nobody"], "estate1")],
)
def test_which_account_is_meant_has_to_be_clear(
    data: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    write(data, {}, {})
    assert told in refusal(["wechat", *arguments], capsys)


def test_a_menu_that_the_platform_would_refuse_is_not_sent(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(data, {"menu": [{"title": "绑定", "binds": True}]})
    shown = refusal(["wechat", "menu", "apply"], capsys)
    assert "“绑定”" in shown
    assert "GUANJIA_PUBLIC_URL" in shown


def test_without_a_menu_there_is_nothing_to_apply(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(data, {})
    assert "menu" in refusal(["wechat", "menu", "apply"], capsys)


def test_the_demo_account_is_new_at_every_start_and_for_our_eyes_only(data: Path) -> None:
    first = load(demo_wechat.write_account(data / "demo-wechat", "http://127.0.0.1:9/"))["demo"]
    file = demo_wechat.write_account(data / "demo-wechat", "http://127.0.0.1:9/")
    second = load(file)["demo"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert first.app_id != second.app_id
    for name in ("token", "aes_key", "app_secret"):
        assert getattr(first, name).get_secret_value() != getattr(second, name).get_secret_value()
    assert second.api_base == "http://127.0.0.1:9"
    assert file != data / "wechat.yml"


def test_the_demo_accounts_key_is_the_only_spelling_of_its_bytes(data: Path) -> None:
    for _ in range(50):
        key = load(demo_wechat.write_account(data / "demo", "http://127.0.0.1:9/"))["demo"].aes_keys[0]
        assert base64.b64encode(base64.b64decode(key + "=", validate=True)).decode() == key + "="


def test_the_demo_accounts_menu_and_templates_are_usable(data: Path) -> None:
    account = load(demo_wechat.write_account(data / "demo", "http://127.0.0.1:9/"))["demo"]
    body = wechat.menu_of(settings(data, public_url="http://127.0.0.1:8/"), account)
    assert len(body["button"]) == 3
    assert account.templates.keys() == VALUES.keys()
    for kind, template in account.templates.items():
        assert set(template.fields.values()) <= VALUES[kind]


def test_the_server_of_the_demo_uses_the_demo_account_and_its_own_address(data: Path) -> None:
    beside = demo_wechat.companion(settings(data, port=8123), 8456)
    file = data.resolve() / "demo-wechat" / "wechat.yml"
    assert beside.server_settings == {
        "GUANJIA_WECHAT_FILE": str(file),
        "GUANJIA_PUBLIC_URL": "http://127.0.0.1:8123/",
    }
    command = " ".join(beside.service.command)
    assert f"-m tests.local_wechat --port 8456 --server http://127.0.0.1:8123 --wechat-file {file}" in command
    assert beside.service.folder == places.ROOT


def test_the_demo_is_for_demo_mode(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUANJIA_MODE", "production")
    assert "GUANJIA_MODE" in refusal(["demo", "wechat"], capsys)


def test_the_demo_needs_a_checkout(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "ROOT", tmp_path)
    shown = refusal(["demo", "wechat"], capsys)
    assert str(tmp_path / "tests" / "local_wechat") in shown


def test_what_the_operator_has_set_is_left_alone_by_the_demo(data: Path) -> None:
    own = write(data, {})
    before = own.read_text()
    demo_wechat.companion(settings(data, port=8123), 8456)
    assert own.read_text() == before


def test_a_port_that_is_taken_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_wechat, "up", lambda *_, **__: pytest.fail("must not start"))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(CliError) as refused:
            demo_wechat.run(None, taken.getsockname()[1])
    assert refused.value.code == "demo_wechat_port"
