"""What the engine tells the process that started it: one JSON object a line on standard output, `event` and its fields.

- `training`: a training begins; `reason` (no model, inputs changed, model damaged, forced).
- `progress`: a step of the training ended; `done`, `total`, `step`.
- `model`: a model is there, new or cached; `path`, `sha256`, `fingerprint`, `cached`, `seconds`.
- `loading`: the server begins to load; `model`.
- `ready`: the server answers; `url`, `pid`, `model`, `seconds`.
- `error`: always the last line, and the exit status is not 0; `code`, `message`, `where`, `hint`.

Everything else (warnings, log lines) goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

# Rasa and its libraries print; the real standard output is kept for events alone.
_out = sys.stdout


def claim_stdout() -> None:
    """Keep standard output for events; whatever others print goes to standard error."""
    global _out
    if sys.stdout is not sys.stderr:
        _out = sys.stdout
        sys.stdout = sys.stderr


def emit(event: str, **fields: Any) -> None:
    """Write one event line. A reader that went away is no reason to stop."""
    try:
        _out.write(json.dumps({"event": event, **fields}, ensure_ascii=False) + "\n")
        _out.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


class EngineError(Exception):
    """Something the person at the keyboard can mend: what is wrong, where, what to do now."""

    def __init__(self, code: str, message: str, where: str = "", hint: str = "") -> None:
        """Keep the parts apart so that the command line can lay them out."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.where = where
        self.hint = hint

    def emit(self) -> None:
        """Write the error as the last event line."""
        emit("error", code=self.code, message=self.message, where=self.where, hint=self.hint)
