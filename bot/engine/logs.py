"""Logs that cannot contain what a resident said.

Rasa writes messages, slot values and whole conversations into its log lines, some at ERROR level and inside exception
texts. So no words of Rasa or its libraries reach our log at all: a line says when, how bad, *where* in the code, and
of which type an exception was and through which lines it came. Event names (``rest.message.received.failure``) are
constants and stay. Our own lines, loggers below ``guanjia``, are written as they are.

With ``GUANJIA_ENGINE_DEBUG=1`` everything is shown; that is for a developer's machine with invented residents.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

OWN = "guanjia"
EVENT_NAME = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)+", re.ASCII)
FRAMES_SHOWN = 6
CHATTERS = ("asyncio", "jieba", "sanic.access", "sanic.error", "sanic.root")
"""Libraries that bring their own handlers."""


class PlaceOnly(logging.Formatter):
    """Says where a foreign log line was written, never what it says."""

    def format(self, record: logging.LogRecord) -> str:
        """One line: time, level, logger, place or own message, types of exceptions."""
        own = record.name.split(".", 1)[0] == OWN
        words = record.getMessage() if own else _event_name(record.msg) or f"{record.funcName}:{record.lineno}"
        line = f"{self.formatTime(record)} {record.levelname.lower()} {record.name} {words}"
        if record.exc_info and record.exc_info[1] is not None:
            line += " " + " <- ".join(_types_and_places(record.exc_info[1]))
        return line


def configure() -> None:
    """Send everything from WARNING up through ``PlaceOnly`` to standard error; again after a library set up its own."""
    import structlog

    debug = os.environ.get("GUANJIA_ENGINE_DEBUG") == "1"
    level = logging.DEBUG if debug else logging.WARNING
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s") if debug else PlaceOnly())
    logging.basicConfig(handlers=[handler], level=level, force=True)
    logging.getLogger(OWN).setLevel(logging.INFO)
    for name in CHATTERS:
        library = logging.getLogger(name)
        library.handlers.clear()  # they would write past the formatter above
        library.setLevel(logging.WARNING)
    last = structlog.dev.ConsoleRenderer(colors=False) if debug else _keep_event_name
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *([] if debug else [_keep_exception]), last],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    logging.raiseExceptions = debug  # a line that cannot be written would be printed with all it contains
    if not debug:
        warnings.simplefilter("ignore")  # Rasa puts parts of messages into warnings as well


def _keep_exception(_: object, __: str, event: dict[str, object]) -> dict[str, object]:
    return {"event": event.get("event", ""), "exc_info": event.get("exc_info")}


def _keep_event_name(_: object, __: str, event: dict[str, object]) -> tuple[tuple[object], dict[str, object]]:
    return (event["event"],), {"exc_info": event["exc_info"]}


def _event_name(message: object) -> str | None:
    return message if isinstance(message, str) and EVENT_NAME.fullmatch(message) else None


def _types_and_places(error: BaseException) -> Iterator[str]:
    """The exception and what caused it, each as ``Type at file:line in function``."""
    while error is not None:
        yield f"{type(error).__name__} at {_places(error.__traceback__)}"
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _places(trace: TracebackType | None) -> str:
    frames = traceback.extract_tb(trace)[-FRAMES_SHOWN:]
    return " > ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames) or "unknown"
