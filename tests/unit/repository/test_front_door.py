"""`./guanjia` on a bare machine: what it prepares, when, and how it heals."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.unit.repository import front_door
from tests.unit.repository.front_door import FrontDoor

EVERYTHING = [
    "my project venv",
    "my project sync requirements.lock",
    "bot venv",
    "bot sync requirements.lock",
    "my project install",
]


@pytest.fixture
def door(tmp_path: Path) -> FrontDoor:
    return front_door.make(tmp_path)


@pytest.fixture
def prepared(door: FrontDoor) -> FrontDoor:
    assert door.run("up").returncode == 0
    door.calls()
    return door


@pytest.mark.parametrize("shell", [shell for shell in ("sh", "dash", "bash") if shutil.which(shell)])
def test_every_shell_can_read_it(shell: str) -> None:
    checked = subprocess.run([shell, "-n", front_door.ROOT / "guanjia"], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_first_start_prepares_both_environments_and_the_project_and_hands_over(door: FrontDoor) -> None:
    result = door.run("import", "homes", "my file.csv")
    assert result.returncode == 0
    assert door.calls() == EVERYTHING
    assert result.stdout.splitlines()[1:] == ["<import>", "<homes>", "<my file.csv>"]


def test_a_second_start_does_nothing_but_hand_over(prepared: FrontDoor) -> None:
    result = prepared.run("up")
    assert prepared.calls() == []
    assert result.stderr == ""
    assert "<up>" in result.stdout


def test_uv_is_handed_on_and_another_projects_environment_is_not(prepared: FrontDoor) -> None:
    result = prepared.run("up", VIRTUAL_ENV="/elsewhere")
    assert result.stdout.splitlines()[0] == f"uv={prepared.programs / 'uv'} venv=none in={prepared.project}"


def test_it_works_from_another_folder_through_a_link(prepared: FrontDoor, tmp_path: Path) -> None:
    link = tmp_path / "gj"
    link.symlink_to(prepared.file("guanjia"))
    result = subprocess.run([link, "up"], cwd="/", capture_output=True, text=True, check=False)
    assert result.stdout.splitlines()[0].endswith("in=/")
    assert prepared.calls() == []


def test_a_changed_lock_brings_up_its_environment_only(prepared: FrontDoor) -> None:
    prepared.file("bot/requirements.lock").write_text("b==2\n")
    prepared.run("up")
    assert prepared.calls() == ["bot sync requirements.lock"]


def test_a_changed_lock_of_the_project_installs_the_project_again(prepared: FrontDoor) -> None:
    prepared.file("requirements.lock").write_text("a==2\n")
    prepared.run("up")
    assert prepared.calls() == ["my project sync requirements.lock", "my project install"]


def test_testing_installs_the_development_locks_and_the_other_commands_then_keep_them(prepared: FrontDoor) -> None:
    prepared.run("test")
    assert prepared.calls() == [
        "my project sync requirements-dev.lock",
        "bot sync requirements-dev.lock",
        "my project install",
    ]
    prepared.run("up")
    assert prepared.calls() == []
    prepared.file("requirements-dev.lock").write_text("a==2\npytest==1\n")
    prepared.run("up")
    assert prepared.calls() == ["my project sync requirements-dev.lock", "my project install"]


def test_the_speech_extra_is_installed_once_and_kept_until_it_is_removed(prepared: FrontDoor) -> None:
    assert prepared.run("speech", "install").returncode == 0
    assert prepared.calls() == ["my project sync requirements-speech.lock", "my project install"]
    prepared.run("up")
    assert prepared.calls() == []
    prepared.run("speech", "remove")
    assert prepared.calls() == ["my project sync requirements.lock", "my project install"]
    prepared.run("up")
    assert prepared.calls() == []


def test_a_speech_extra_that_cannot_be_installed_keeps_nothing_from_starting(prepared: FrontDoor) -> None:
    failing = prepared.calls_file.with_name("calls.fail")
    failing.touch()
    assert prepared.run("speech", "install").returncode == 1
    failing.unlink()
    prepared.calls()
    assert prepared.run("up").returncode == 0
    assert prepared.calls() == ["my project venv", "my project sync requirements.lock", "my project install"]


@pytest.mark.parametrize(
    "changed", ["integrations/webchat/frontend/src/main.ts", "integrations/desk/frontend/src/new.vue", "pyproject.toml"]
)
def test_changed_sources_of_a_page_build_it_again(prepared: FrontDoor, changed: str) -> None:
    prepared.file(changed).write_text("2")
    prepared.run("up")
    assert prepared.calls() == ["my project install"]


def test_what_is_no_source_of_a_page_builds_nothing(prepared: FrontDoor) -> None:
    for folder in ("node_modules/x", "tests"):
        made = prepared.file(f"integrations/webchat/frontend/{folder}")
        made.mkdir(parents=True)
        (made / "file.ts").write_text("2")
    prepared.run("up")
    assert prepared.calls() == []


def test_a_page_that_is_gone_is_built_again(prepared: FrontDoor) -> None:
    shutil.rmtree(prepared.file("integrations/desk/dist"))
    prepared.run("up")
    assert prepared.calls() == ["my project install"]


def test_a_moved_project_is_prepared_again(prepared: FrontDoor, tmp_path: Path) -> None:
    moved = FrontDoor(tmp_path / "moved", prepared.programs, prepared.calls_file)
    prepared.project.rename(moved.project)
    assert moved.run("up").returncode == 0
    assert moved.calls() == ["moved sync requirements.lock", "bot sync requirements.lock", "moved install"]


def test_an_environment_whose_interpreter_is_gone_is_made_again(prepared: FrontDoor) -> None:
    python = prepared.file("bot/.venv/bin/python")
    python.unlink()
    python.symlink_to("/nowhere/python3.10")
    prepared.run("up")
    assert prepared.calls() == ["bot venv", "bot sync requirements.lock"]


def test_a_failing_step_is_told_in_three_parts_and_the_next_start_goes_on(door: FrontDoor) -> None:
    failing = door.calls_file.with_name("calls.fail")
    failing.touch()
    result = door.run("up")
    assert result.returncode == 1
    assert "no route to the packages" in result.stderr
    assert [line.split("：")[0] for line in result.stderr.splitlines()[-3:]] == ["问题", "位置", "怎么办"]
    door.calls()
    failing.unlink()
    assert door.run("up").returncode == 0
    # What was half filled is made from scratch.
    assert door.calls() == EVERYTHING


def test_a_killed_set_up_heals(door: FrontDoor) -> None:
    killing = door.calls_file.with_name("calls.kill")
    killing.touch()
    assert door.run("up").returncode == -9
    door.calls()
    killing.unlink()
    result = door.run("up")
    assert result.returncode == 0
    assert door.calls() == EVERYTHING


def test_two_starts_at_once_prepare_once(door: FrontDoor) -> None:
    door.calls_file.with_name("calls.slow").touch()
    starts = [door.start("up") for _ in range(3)]
    outputs = [start.communicate(timeout=60) for start in starts]
    assert [start.returncode for start in starts] == [0, 0, 0]
    assert all("<up>" in out for out, _ in outputs)
    assert door.calls() == EVERYTHING


def test_a_lock_of_a_process_that_is_gone_is_taken_over(door: FrontDoor) -> None:
    door.file(".guanjia").mkdir()
    door.file(".guanjia/setup.lock").symlink_to("4194303.12345")
    assert door.run("up").returncode == 0
    assert door.calls() == EVERYTHING
    assert not door.file(".guanjia/setup.lock").is_symlink()


def test_without_uv_a_pinned_one_comes_into_the_project_by_pip_with_hashes(tmp_path: Path) -> None:
    door = front_door.make(tmp_path, with_uv=False)
    front_door.program(door.programs / "python3", front_door.PYTHON)
    result = door.run("up")
    assert result.returncode == 0, result.stderr
    pip, *others = door.calls()
    assert "--require-hashes" in pip
    assert "requirements-uv.lock" in pip
    assert others == EVERYTHING
    assert door.file(".uv/bin/uv-0.13.9").is_file()
    assert list(door.file(".uv").glob("making.*")) == []
    door.run("up")
    assert door.calls() == []


def test_a_uv_that_refuses_in_this_folder_is_not_used(tmp_path: Path) -> None:
    door = front_door.make(tmp_path, with_uv=False)
    front_door.program(door.programs / "python3", front_door.PYTHON)
    front_door.program(door.programs / "uv", "#!/bin/sh\necho 'pyenv: uv: command not found' >&2\nexit 127\n")
    assert door.run("up").returncode == 0
    assert door.file(".uv/bin/uv-0.13.9").is_file()


def test_a_uv_too_old_to_check_hashes_everywhere_is_not_used(tmp_path: Path) -> None:
    door = front_door.make(tmp_path)
    front_door.program(door.programs / "python3", front_door.PYTHON)
    front_door.program(door.programs / "uv", "#!/bin/sh\necho 'uv 0.4.30'\n")
    assert door.run("up").returncode == 0
    assert door.file(".uv/bin/uv-0.13.9").is_file()


def test_a_project_folder_that_cannot_be_written_is_told_in_three_parts(door: FrontDoor) -> None:
    door.file(".guanjia").write_text("a file where the folder should be")
    result = door.run("up")
    assert result.returncode == 1
    assert [line.split("：")[0] for line in result.stderr.splitlines()[-3:]] == ["问题", "位置", "怎么办"]
