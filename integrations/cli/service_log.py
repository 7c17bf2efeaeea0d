"""What a child process writes: all of it into a rotating file, of errors a few lines to the terminal."""

import logging
import re
from collections import deque
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path

FILE_BYTES = 10 * 1024 * 1024
FILES_KEPT = 5
TAIL_LINES = 30
LONGEST_LINE = 64 * 1024
# The console formats of the server (structlog, uvicorn) and of the engine (time, level, logger), and JSON of either.
_ERROR = re.compile(
    r"\[(?:error|critical)\s*\]|^(?:ERROR|CRITICAL)\b|^\S+ \S+ (?:error|critical) |\"level\": ?\"(?:error|critical)\""
)


class ServiceLog:
    """Takes a process's output as it comes and cuts it into lines.

    Args:
        path: the file; older ones get ``.1`` to ``.5``.
        on_error: called with each line that reports an error.
    """

    def __init__(self, path: Path, on_error: Callable[[str], None]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = RotatingFileHandler(path, maxBytes=FILE_BYTES, backupCount=FILES_KEPT, encoding="utf-8")
        self._on_error = on_error
        self._rest = b""
        self.tail: deque[str] = deque(maxlen=TAIL_LINES)

    def feed(self, output: bytes) -> None:
        """Take the next piece of output."""
        *lines, self._rest = (self._rest + output).split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            lines.append(self._rest)
            self._rest = b""
        for line in lines:
            self._line(line.decode("utf-8", "replace").rstrip("\r"))

    def finish(self) -> None:
        """The process ended: what it left of a line is a line too."""
        if self._rest:
            self.feed(b"\n")

    def close(self) -> None:
        """Close the file."""
        self.finish()
        self._file.close()

    def _line(self, line: str) -> None:
        self.tail.append(line)
        self._file.emit(logging.makeLogRecord({"msg": line}))
        if _ERROR.search(line):
            self._on_error(line)
