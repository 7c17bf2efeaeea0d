"""A wrong account file ends `up` before anything starts, and the server with one clear line in its log."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from integrations.cli import account_files, engine, main, ports, product, up
from integrations.cli.errors import AlreadyExplained
from integrations.gateway.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
WRONG = "accounts: [{name: cuihu, secret: do-not-show}]\n"


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An own data folder, and nothing of this machine's settings."""
    for name in ("GUANJIA_WECHAT_FILE", "GUANJIA_WECOM_FILE", "GUANJIA_HOTLINE_FILE", "GUANJIA_MODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GUANJIA_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def write(data: Path, kind: str, text: str = WRONG) -> None:
    file = data / f"{kind}.yml"
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)


@pytest.fixture
def nothing_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes after the look at the files fails the test."""

    def begun(*_: Any) -> None:
        raise AssertionError("it went on")

    monkeypatch.setattr(engine, "model_is_current", begun)
    monkeypatch.setattr(product.Product, "run", begun)


@pytest.mark.usefixtures("nothing_starts")
@pytest.mark.parametrize(("kind", "what"), [("wechat", "公众号"), ("wecom", "微信客服")])
def test_up_ends_with_three_parts_before_anything_starts(
    data: Path, capfd: pytest.CaptureFixture[str], kind: str, what: str
) -> None:
    write(data, kind)
    assert main.run(["up", "--port", str(ports.free_port())]) == 1
    shown = capfd.readouterr().err.splitlines()
    assert [line.split("：")[0] for line in shown[-3:]] == ["问题", "位置", "怎么办"]
    assert what in shown[-3]
    assert f"{kind}.yml accounts.0." in shown[-2]
    assert not any("do-not-show" in line or "Traceback" in line for line in shown)


@pytest.mark.usefixtures("nothing_starts")
def test_a_wrong_hotline_keeps_it_from_starting_too(data: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write(data, "hotline", "audiosocket: {secret: do-not-show}\n")
    assert main.run(["up", "--port", str(ports.free_port())]) == 1
    shown = capfd.readouterr().err.splitlines()
    assert [line.split("：")[0] for line in shown[-3:]] == ["问题", "位置", "怎么办"]
    assert "电话热线" in shown[-3]
    assert "hotline.yml audiosocket.secret" in shown[-2]
    assert "docs/voice.md" in shown[-1]
    assert not any("do-not-show" in line or "Traceback" in line for line in shown)


def test_where_there_is_no_file_nothing_is_run_for_it(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(up, "subprocess", SimpleNamespace())
    up._require_usable_account_files(Settings(_env_file=None, data_dir=data), wechat=True)  # type: ignore[call-arg]


def test_what_brings_a_wechat_of_its_own_is_not_kept_by_the_usual_file(data: Path) -> None:
    settings = Settings(_env_file=None, data_dir=data)  # type: ignore[call-arg]
    write(data, "wechat")
    up._require_usable_account_files(settings, wechat=False)
    write(data, "wecom")
    with pytest.raises(AlreadyExplained):
        up._require_usable_account_files(settings, wechat=False)


def test_files_that_are_not_there_are_no_mistake() -> None:
    assert account_files.main(["wechat", "wecom", "hotline"]) == 0


def test_the_server_ends_with_one_line_that_says_which_file_where_and_why(data: Path) -> None:
    write(data, "wecom")
    ended = subprocess.run(
        [sys.executable, "-m", "integrations.gateway"],
        cwd=ROOT,
        env=os.environ | {"GUANJIA_LOG_FORMAT": "json"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 1
    (line,) = (ended.stdout + ended.stderr).splitlines()
    said = json.loads(line)
    assert (said["event"], said["level"]) == ("server.account_file_wrong", "critical")
    assert said["path"].endswith("wecom.yml")
    assert said["where"].startswith("accounts.0.")
    assert said["reason"]
    assert "do-not-show" not in line
