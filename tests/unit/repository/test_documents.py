"""What the documents list is what there is."""

import re
import tomllib
from pathlib import Path

import pytest

from integrations.cli.main import app
from integrations.gateway.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MANUAL = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def direct_dependencies(file: str) -> set[str]:
    """Names of the packages that a pyproject.toml asks for."""
    project = tomllib.loads((ROOT / file).read_text(encoding="utf-8"))
    wanted = list(project["project"]["dependencies"])
    for extra in project["project"]["optional-dependencies"].values():
        wanted += extra
    wanted += project.get("build-system", {}).get("requires", [])
    return {match[0] for requirement in wanted if (match := re.match(r"[A-Za-z0-9._-]+", requirement))}


@pytest.mark.parametrize("document", [README, MANUAL], ids=["README.md", "operations.md"])
def test_every_setting_is_listed_and_no_other(document: str) -> None:
    table = "\n".join(line for line in document.splitlines() if line.startswith("| `GUANJIA_"))
    listed = set(re.findall(r"`GUANJIA_([A-Z_]+)`", table))
    assert listed == {name.upper() for name in Settings.model_fields}


@pytest.mark.parametrize("file", ["pyproject.toml", "bot/pyproject.toml"])
def test_every_direct_dependency_has_its_reason(file: str) -> None:
    section = README.split("## Dependencies")[1].split("\n## ")[0]
    named = set(re.findall(r"[a-z0-9-]+", section))
    assert {name for name in direct_dependencies(file) if name not in named} == set()


def test_every_command_is_listed() -> None:
    names = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    names |= {group.name for group in app.registered_groups if group.name}
    assert {name for name in names if f"`./guanjia {name}" not in README} == set()


def test_the_two_commands_come_first() -> None:
    assert README.index("./guanjia up") < README.index("./guanjia test") < README.index("\n## ")
