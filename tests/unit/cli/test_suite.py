"""`guanjia test`: all parts, the project's pytest last."""

import pytest

from integrations.cli import suite
from integrations.cli.errors import AlreadyExplained, CliError


class Parts:
    """Notes which part runs, and lets chosen ones fail."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.failing: set[str] = set()

    def run(self, name: str) -> int:
        self.ran.append(name)
        return int(name in self.failing)

    def command(self, arguments: list[str], **_: str) -> int:
        return self.run("engine" if "bot/tests" in arguments else " ".join(["pytest", *arguments[3:]]))


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> Parts:
    made = Parts()
    monkeypatch.setattr(suite.frontends, "main", lambda scripts: made.run(f"frontends {' '.join(scripts)}"))
    monkeypatch.setattr(suite, "engine_command", lambda: ("python3.10", "-m", "bot.engine"))
    monkeypatch.setattr(suite, "_run", made.command)
    return made


def test_every_part_runs_and_pytests_closing_line_is_the_last(parts: Parts) -> None:
    suite.run([])
    assert parts.ran == ["frontends test", "engine", "pytest"]


def test_arguments_go_to_pytest_and_nothing_else_runs(parts: Parts) -> None:
    suite.run(["-k", "工单", "tests/unit"])
    assert parts.ran == ["pytest -k 工单 tests/unit"]


@pytest.mark.parametrize(
    ("failing", "named"), [("frontends test", "网页测试"), ("engine", "对话引擎测试"), ("pytest", "主项目测试")]
)
def test_a_failing_part_is_named_and_the_others_still_run(parts: Parts, failing: str, named: str) -> None:
    parts.failing = {failing}
    with pytest.raises(CliError, match=named):
        suite.run([])
    assert len(parts.ran) == 3


def test_a_failing_selection_is_a_failure(parts: Parts) -> None:
    parts.failing = {"pytest -x"}
    with pytest.raises(AlreadyExplained):
        suite.run(["-x"])
