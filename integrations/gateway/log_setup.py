"""Structured logs: an event name with fields, and no personal data.

The last line of defence is here: whatever looks like a phone number, a code or a token in a field is masked, and
fields that carry a resident's words may not be logged at all.
"""

import logging
import re
import traceback
from collections.abc import MutableMapping
from typing import Any, Literal

import structlog

_NUMBER = re.compile(r"(?<!\d)1\d{10}(?!\d)")
_FORBIDDEN = frozenset({"text", "phone", "name", "code", "token", "password", "body", "message"})


def mask_personal_data(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """structlog processor: drop the forbidden fields, mask phone numbers in the others."""
    for key in list(event):
        if key in _FORBIDDEN:
            event[key] = "…"
        elif isinstance(event[key], str):
            event[key] = _NUMBER.sub("1**********", event[key])
    return event


class WithoutContent(logging.Formatter):
    """Records of libraries: an exception as its type and place, never its text, which may quote a resident."""

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the name is logging's
        kind, _, trace = ei
        frames = traceback.extract_tb(trace)[-1:]
        place = ", ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames)
        return f"{kind.__name__ if kind else ''} at {place}"

    def format(self, record: logging.LogRecord) -> str:
        record.exc_text = None
        return _NUMBER.sub("1**********", super().format(record))


def configure(log_format: Literal["console", "json"]) -> None:
    """Set up structlog and quieten the libraries that log requests with their content."""
    last: Any = structlog.processors.JSONRenderer(ensure_ascii=False)
    if log_format == "console":
        last = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            mask_personal_data,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(WithoutContent("%(asctime)s [%(levelname)s] %(name)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for noisy in ("httpx", "httpcore", "rasa_sdk", "engineio", "socketio", "alembic", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # rasa-sdk logs the whole tracker call when an action raises; our actions answer instead and log for themselves.
    logging.getLogger("rasa_sdk.executor").setLevel(logging.CRITICAL)
