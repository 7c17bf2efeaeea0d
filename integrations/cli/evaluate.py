"""`guanjia evaluate`: labelled messages against the trained model."""

import dataclasses
import http.client
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rich.progress import track
from rich.table import Table

from integrations.cli import console, engine
from integrations.cli.errors import CliError
from integrations.cli.metrics import Figures, Judged, contract_name, figures, ranking_of
from integrations.cli.texts import say

SHOWN = 10
TIMEOUT = 30.0


@dataclass(frozen=True)
class Labelled:
    """A message and the intent it should get."""

    text: str
    intent: str


def evaluate(file: Path, data_dir: Path, *, as_json: bool) -> Figures:
    """Measure the current model on ``file`` (JSON lines with ``text`` and ``intent``) and print the figures.

    Raises:
        CliError: the file is not readable, or there is no model.
    """
    messages = list(read(file))
    with engine.running(data_dir) as url:
        judged = list(judge(url, track(messages, say("evaluating"), console=console.progress, transient=True)))
    result = figures(judged)
    if as_json:
        console.out.print_json(json.dumps(dataclasses.asdict(result), ensure_ascii=False))
    else:
        _show(result)
    return result


def read(file: Path) -> Iterator[Labelled]:
    """The labelled messages of a file of JSON lines; other keys are ignored.

    Raises:
        CliError: it is not there, or a line is not what it should be.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CliError("file_unreadable", path=file, reason=error) from error
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            yield Labelled(str(row["text"]), contract_name(row["intent"]))
        except (ValueError, KeyError, TypeError) as error:
            raise CliError("evaluation_line", path=file, line=number) from error


def judge(url: str, messages: Iterable[Labelled]) -> Iterator[Judged]:
    """Ask the engine for each message, one after the other.

    Raises:
        CliError: the engine does not answer.
    """
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=TIMEOUT)
    try:
        for message in messages:
            yield Judged(message.intent, ranking_of(_parse(connection, message.text)))
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise CliError("engine_silent", url=url, reason=type(error).__name__) from error
    finally:
        connection.close()


def _parse(connection: http.client.HTTPConnection, text: str) -> dict[str, Any]:
    body = json.dumps({"text": text}, ensure_ascii=False).encode()
    connection.request("POST", "/model/parse", body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    parsed = json.loads(response.read())
    if response.status != http.client.OK or not isinstance(parsed, dict):
        raise ValueError(response.status)
    return parsed


def _show(result: Figures) -> None:
    table = Table(box=None, show_header=False)
    table.add_row(say("figure_messages"), str(result.messages))
    for name in (
        "accuracy",
        "top3",
        "macro_f1",
        "out_of_scope_precision",
        "out_of_scope_recall",
        "emergency_recall",
    ):
        value = getattr(result, name)
        table.add_row(say(f"figure_{name}"), "–" if value is None else f"{value:.3f}")
    console.out.print(table)
    if result.confusions:
        console.out.print(say("figure_confusions"))
        for expected, predicted, count in result.confusions[:SHOWN]:
            console.out.print(f"  {count:>4}  {expected} → {predicted}")
