"""What `benchmarks.pipelines` asks of the processes it starts, and the measuring sets both read; needs no Rasa."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Job:
    """What to train or measure.

    Attributes:
        kind: a key of `pipeline_kinds.KINDS`.
        config: of that kind.
        heard: train on what the recogniser heard, too.
        copies: train on misheard copies that the kind does not make itself.
        share: of the typed messages to train on.
        folder: where the trained pipeline lies.
        files: measuring sets; the rankings are written into `folder` under the job's name.
    """

    name: str
    kind: str
    config: dict[str, Any]
    heard: bool
    copies: bool
    share: float
    folder: str
    files: list[str]

    def write(self, file: Path) -> None:
        """For the process that does it."""
        file.write_text(json.dumps(asdict(self)), "utf-8")

    def ranking_file(self, number: int) -> Path:
        """Where the rankings of a measuring set are kept."""
        return Path(self.folder, f"{self.name}.{number}.npz")


def labelled(file: Path) -> tuple[list[str], list[str]]:
    """Texts and intents of a measuring set, JSON lines with the keys `text` and `intent`."""
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines() if line.strip()]
    return [row["text"] for row in rows], [row["intent"] for row in rows]
