"""`guanjia import` and `guanjia user`: a company's own data and people, through the real command line."""

import io
import os
from pathlib import Path

import pytest

from integrations.cli import main


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUANJIA_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)


def guanjia(arguments: list[str]) -> int:
    """The command, called from the test's own folder."""
    os.chdir(Path(os.environ["GUANJIA_DATA_DIR"]).parent)
    return main.run(arguments)


def give(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard input that is no terminal."""
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


def test_a_template_can_be_filled_in_and_imported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert guanjia(["import", "homes", "homes.csv", "--template"]) == 0
    assert (tmp_path / "homes.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert guanjia(["import", "homes", "homes.csv"]) == 0
    assert "新增 1 条" in capsys.readouterr().out


def test_a_template_never_overwrites_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "homes.csv").write_text("mine")
    assert guanjia(["import", "homes", "homes.csv", "--template"]) == 1
    assert (tmp_path / "homes.csv").read_text() == "mine"
    assert "怎么办：" in capsys.readouterr().err


def test_every_bad_row_is_named_and_nothing_is_imported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    guanjia(["import", "homes", "homes.csv", "--template"])
    good = (tmp_path / "homes.csv").read_text(encoding="utf-8-sig")
    header, row = good.splitlines()
    bad = row.replace("89.50", "很大")
    (tmp_path / "bad.csv").write_text("\n".join([header, row, bad, bad]), encoding="utf-8")
    assert guanjia(["import", "homes", "bad.csv"]) == 1
    shown = capsys.readouterr().err
    assert "第 3 行，建筑面积：" in shown
    assert "第 4 行，建筑面积：" in shown
    assert "一行也没有导入" in shown
    assert guanjia(["import", "homes", "homes.csv"]) == 0
    assert "新增 1 条，更新 0 条" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["import", "cars", "x.csv"], ["import", "homes"], ["import", "homes", "no.csv"]])
def test_what_cannot_be_imported_is_explained(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert guanjia(arguments) == 1
    assert capsys.readouterr().err.splitlines()[-1].startswith("怎么办：")


def test_accounts_are_opened_and_listed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert guanjia(["user", "list"]) == 0
    assert "还没有账号" in capsys.readouterr().out
    give("a long password\n", monkeypatch)
    assert guanjia(["user", "add", "wang", "--name", "小王", "--role", "supervisor"]) == 0
    guanjia(["user", "list"])
    listed = capsys.readouterr().out
    assert "小王" in listed
    assert "主管" in listed
    assert "a long password" not in listed


@pytest.mark.parametrize(
    ("arguments", "password", "reason"),
    [
        (["user", "add", "li"], "short", "密码太短"),
        (["user", "add", "li", "--role", "king"], "long enough", "没有“king”这个角色"),
        (["user", "password", "nobody"], "long enough", "没有登录名为 nobody 的账号"),
    ],
)
def test_refusals_of_accounts_are_explained(
    arguments: list[str],
    password: str,
    reason: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    give(f"{password}\n", monkeypatch)
    assert guanjia(arguments) == 1
    assert reason in capsys.readouterr().err


def test_a_login_name_is_given_once(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for expected in (0, 1):
        give("long enough\n", monkeypatch)
        assert guanjia(["user", "add", "wang"]) == expected
    assert "登录名 wang 已经有人用了" in capsys.readouterr().err
    give("another one\n", monkeypatch)
    assert guanjia(["user", "password", "wang"]) == 0
