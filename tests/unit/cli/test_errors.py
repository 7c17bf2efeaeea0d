"""Whatever goes wrong is told in three parts, in Chinese, without a traceback."""

import string
from pathlib import Path

import pytest

from integrations.cli import main, places
from integrations.cli.errors import CliError
from integrations.cli.findings import Level
from integrations.cli.texts import catalogue

PARTS = ["问题", "位置", "怎么办"]
ERRORS = catalogue("errors.yml")
FINDINGS = catalogue("findings.yml")


@pytest.fixture(autouse=True)
def own_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GUANJIA_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "data"


def parts(shown: str) -> dict[str, str]:
    """The three parts at the end of what the operator sees."""
    lines = shown.splitlines()[-3:]
    assert [line.split("：", 1)[0] for line in lines] == PARTS, shown
    assert "Traceback" not in shown
    return dict(zip(PARTS, (line.split("：", 1)[1] for line in lines), strict=True))


@pytest.mark.parametrize("code", ERRORS)
def test_every_error_says_what_where_and_what_to_do(code: str) -> None:
    assert set(ERRORS[code]) == {"what", "where", "todo"}
    names = {name for part in ERRORS[code].values() for _, name, _, _ in string.Formatter().parse(part) if name}
    error = CliError(code, **dict.fromkeys(names, "x"))
    assert error.what
    assert error.where
    assert error.todo


@pytest.mark.parametrize("code", FINDINGS)
def test_every_bad_finding_of_the_doctor_says_what_to_do(code: str) -> None:
    entry = FINDINGS[code]
    assert Level(entry["level"]) is not Level.BAD or entry["todo"]
    assert entry["text"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["nosuch"], "没有“nosuch”这个命令"),
        (["up", "--prot", "1"], "没有“--prot”这个选项"),
        (["user", "add"], "缺少 username"),
    ],
)
def test_a_wrong_command_line_is_explained(
    arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(arguments) == 2
    shown = parts(capsys.readouterr().err)
    assert reason in shown["问题"]
    assert shown["位置"] == f"./guanjia {' '.join(arguments)}"


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("GUANJIA_PORT", "eighty", "要填整数"),
        ("GUANJIA_PORT", "99999", "不能大于 65535"),
        ("GUANJIA_MODE", "test", "只能是"),
        ("GUANJIA_ENGINE_URL", "engine", "不是完整的网址"),
        ("GUANJIA_ACTION_SECRET", "short", "密钥至少要"),
    ],
)
def test_a_wrong_setting_is_named(
    name: str, value: str, reason: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    assert main.run(["chat"]) == 1
    shown = parts(capsys.readouterr().err)
    assert name in shown["问题"]
    assert reason in shown["问题"]
    assert value not in shown["问题"]


def test_a_data_folder_that_cannot_be_made_is_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("GUANJIA_DATA_DIR", str(tmp_path / "file" / "data"))
    assert main.run(["train"]) == 1
    assert str(tmp_path / "file" / "data") in parts(capsys.readouterr().err)["位置"]


def test_talking_to_nobody_says_to_start_the_product_first(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.cli.ports.get_json", lambda *_: None)
    assert main.run(["chat"]) == 1
    assert "./guanjia up" in parts(capsys.readouterr().err)["怎么办"]


def test_a_bug_is_reported_to_a_file_and_not_to_the_operator(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "ROOT", tmp_path)
    monkeypatch.setattr("integrations.cli.configuration.load", lambda **_: 1 // 0)
    assert main.run(["train"]) == 1
    assert "ZeroDivisionError" in parts(capsys.readouterr().err)["问题"]
    assert "Traceback" in (tmp_path / ".guanjia" / "last-error.log").read_text()


def test_a_missing_evaluation_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["evaluate", "--data", "missing.jsonl"]) == 1
    assert parts(capsys.readouterr().err)["位置"] == str(tmp_path / "missing.jsonl")
