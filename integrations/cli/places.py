"""Where things are: the project, its two environments, and the folder the operator called us from."""

import contextlib
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The project's folder. Commands run in it, so that `data` and `.env` mean the same wherever they are called from."""

ENGINE = ROOT / "bot"
ENGINE_PYTHON = ENGINE / ".venv" / "bin" / "python"
PYTHON = ROOT / ".venv" / "bin" / "python"

_called_from = ROOT


def enter_project() -> None:
    """Make the project's folder the working folder; `from_caller` still knows the operator's."""
    global _called_from
    with contextlib.suppress(FileNotFoundError):  # a shell may stand in a folder that was deleted
        _called_from = Path.cwd()
    os.chdir(ROOT)


def from_caller(path: Path) -> Path:
    """A path as the operator meant it: relative to where the command was called."""
    return _called_from / path.expanduser()
