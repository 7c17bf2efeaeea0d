"""`guanjia doctor` finds what is wrong with a set-up and changes nothing."""

import os
from pathlib import Path

import pytest

from integrations import frontends
from integrations.cli import checks_data, checks_setup
from integrations.cli.findings import Finding, Level
from integrations.gateway.settings import Settings


def environment(folder: Path, version: str, **packages: str) -> None:
    """A pretended environment."""
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".venv" / "bin" / "python").symlink_to("/bin/sh")
    (folder / ".venv" / "pyvenv.cfg").write_text(f"home = /usr/bin\nversion_info = {version}\n")
    for name, package_version in packages.items():
        place = folder / ".venv" / "lib" / "python3" / "site-packages" / f"{name}-{package_version}.dist-info"
        place.mkdir(parents=True)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose two environments are as they should be."""
    for folder, python in ((tmp_path, "3.12"), (tmp_path / "bot", "3.10")):
        folder.mkdir(exist_ok=True)
        (folder / ".python-version").write_text(f"{python}\n")
        (folder / "requirements.lock").write_text(
            "fast-api==1.0 \\\n    --hash=sha256:0\ncolorama==2.0 ; sys_platform == 'win32' \\\n    --hash=sha256:0\n"
        )
        environment(folder, f"{python}.1", Fast_API="1.0")
    return tmp_path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(_env_file=None, data_dir=tmp_path / "data")  # type: ignore[call-arg]


def codes(findings: list[Finding]) -> list[str]:
    return [finding.code for finding in findings]


def bad(findings: list[Finding]) -> list[str]:
    return [finding.code for finding in findings if finding.level is Level.BAD]


def test_a_sound_set_up_is_called_sound(project: Path) -> None:
    findings = list(checks_setup.environments(project))
    assert bad(findings) == []
    assert codes(findings) == [
        "project_python_good",
        "project_packages_good",
        "engine_python_good",
        "engine_packages_good",
    ]


def test_an_interpreter_that_is_gone_is_found(project: Path) -> None:
    python = project / "bot" / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python3.10")
    assert bad(list(checks_setup.environments(project))) == ["engine_environment_missing"]


def test_a_wrong_python_is_found(project: Path) -> None:
    (project / ".python-version").write_text("3.13\n")
    assert bad(list(checks_setup.environments(project))) == ["project_python_wrong"]


def test_a_package_of_another_version_or_missing_is_found(project: Path) -> None:
    with (project / "requirements.lock").open("a") as lock:
        lock.write("missing==1.0\n")
    (project / "bot" / "requirements.lock").write_text("fast-api==1.1\n")
    findings = list(checks_setup.environments(project))
    assert bad(findings) == ["project_packages_wrong", "engine_packages_wrong"]
    assert "missing" in findings[1].text


def test_pages_are_current_old_or_missing(tmp_path: Path) -> None:
    for name in ("webchat", "desk"):
        sources = tmp_path / "integrations" / name / "frontend"
        sources.mkdir(parents=True)
        (sources / "package.json").write_text("{}")
    assert codes(list(checks_setup.pages(tmp_path))) == ["pages_missing", "pages_missing"]
    built = tmp_path / "integrations" / "webchat" / "dist"
    built.mkdir()
    (built / frontends.STAMP).write_text(frontends.digest(tmp_path / "integrations" / "webchat" / "frontend"))
    assert codes(list(checks_setup.pages(tmp_path))) == ["pages_current", "pages_missing"]
    (tmp_path / "integrations" / "webchat" / "frontend" / "main.ts").write_text("1")
    assert codes(list(checks_setup.pages(tmp_path))) == ["pages_old", "pages_missing"]


def test_a_data_folder_that_others_can_read_is_found(settings: Settings) -> None:
    settings.data_dir.mkdir(mode=0o755)
    assert "data_open_to_others" in bad(list(checks_data.folder(settings)))
    settings.data_dir.chmod(0o700)
    assert "data_good" in codes(list(checks_data.folder(settings)))


def test_a_secret_that_others_can_read_is_found(settings: Settings) -> None:
    settings.data_dir.mkdir()
    secret = settings.data_dir / "action_secret"
    secret.write_text("x")
    secret.chmod(0o644)
    assert bad(list(checks_data.secrets(settings))) == ["secret_open_to_others"]


def test_production_without_a_way_to_send_codes_is_found(settings: Settings) -> None:
    production = settings.model_copy(update={"mode": "production"})
    assert bad(list(checks_data.secrets(production))) == ["sms_missing"]


def test_before_the_first_start_nothing_is_wrong_with_the_database(settings: Settings) -> None:
    assert codes(list(checks_data.database(settings))) == ["database_new"]
    assert not settings.data_dir.exists()


def test_a_database_without_tables_is_found_and_left_alone(settings: Settings) -> None:
    settings.data_dir.mkdir()
    file = settings.data_dir / "guanjia.db"
    file.touch()
    assert bad(list(checks_data.database(settings))) == ["database_old"]


def test_a_file_that_is_no_database_is_found(settings: Settings) -> None:
    settings.data_dir.mkdir()
    (settings.data_dir / "guanjia.db").write_bytes(os.urandom(8192))
    findings = list(checks_data.database(settings))
    assert bad(findings) == ["database_unreachable"]
    assert findings[0].todo
