"""What `guanjia doctor` found: one line for each thing it looked at, and what to do where something is wrong."""

from dataclasses import dataclass
from enum import Enum

from integrations.cli.texts import catalogue


class Level(Enum):
    """How bad a finding is."""

    GOOD = "good"
    NOTE = "note"
    BAD = "bad"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        code: the entry in ``findings.yml``, for tests and for those who search.
        text: what there is.
        todo: what to do now; empty where nothing is to be done.
    """

    code: str
    level: Level
    text: str
    todo: str = ""


def found(code: str, **values: object) -> Finding:
    """The finding ``code`` of ``findings.yml`` with its placeholders filled."""
    entry = catalogue("findings.yml")[code]
    return Finding(
        code=code,
        level=Level(entry["level"]),
        text=str(entry["text"]).format(**values),
        todo=str(entry.get("todo", "")).format(**values),
    )
