"""In CI a skipped test is a failed test."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.no_skips import VARIABLE

ROOT = Path(__file__).resolve().parents[3]
TESTS = """
import pytest

@pytest.fixture
def postgres():
    pytest.skip("no server")

def test_that_needs_a_server(postgres): ...
@pytest.mark.skip(reason="later")
def test_marked(): ...
@pytest.mark.xfail(strict=True)
def test_expected_to_fail(): assert False
def test_that_passes(): ...
"""


def closing_line(folder: Path, code: str, **environment: str) -> tuple[int, str]:
    """What a pytest of its own says at its end."""
    (folder / "test_it.py").write_text(code)
    inherited = {name: value for name, value in os.environ.items() if name != VARIABLE}
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-c",
            "/dev/null",
            "-p",
            "no:cacheprovider",
            "-p",
            "tests.no_skips",
            folder,
        ],
        cwd=ROOT,
        env=inherited | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout.strip().splitlines()[-1]


def test_skips_stay_skips_where_nobody_asked(tmp_path: Path) -> None:
    code, line = closing_line(tmp_path, TESTS)
    assert code == 0
    assert "1 passed, 2 skipped, 1 xfailed" in line


def test_skips_of_tests_and_of_fixtures_fail_where_they_are_forbidden(tmp_path: Path) -> None:
    code, line = closing_line(tmp_path, TESTS, **{VARIABLE: "1"})
    assert code == 1
    assert "skipped" not in line
    assert "1 xfailed" in line
    assert "2 errors" in line


@pytest.mark.parametrize(("value", "code"), [("0", 0), ("1", 2)])
def test_a_skipped_module_fails_too(value: str, code: int, tmp_path: Path) -> None:
    module = "import pytest\npytest.importorskip('no_such_package')\n"
    (tmp_path / "test_other.py").write_text("def test_that_passes(): ...")
    assert closing_line(tmp_path, module, **{VARIABLE: value})[0] == code
