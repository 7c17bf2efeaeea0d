"""`guanjia evaluate`: labelled messages against the trained model."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.progress import track

from bot.language.times import SHANGHAI
from integrations.cli import console, engine, evaluation_page, evaluation_tables
from integrations.cli.engine import Understand
from integrations.cli.entity_values import same
from integrations.cli.errors import CliError
from integrations.cli.evaluation import Evaluation
from integrations.cli.evaluation import evaluate as figures_of
from integrations.cli.labelled import Labelled, read
from integrations.cli.metrics import Entities, Judged, contract_name, ranking_of
from integrations.cli.texts import say


def evaluate(
    file: Path, data_dir: Path, *, as_json: bool = False, page: Path | None = None, now: str | None = None
) -> Evaluation:
    """Measure the current model on ``file`` (see ``labelled``) and print the figures.

    Args:
        page: where to write them as a web page, besides.
        now: ISO 8601; what 明天 counts from.

    Raises:
        CliError: the file or ``now`` is not usable, there is no model, or the page cannot be written.
    """
    moment = _moment(now)
    messages = read(file)
    if engine.model_is_outdated(data_dir):
        console.progress.print(say("evaluating_old_model"))
    with engine.understanding(data_dir, moment.isoformat()) as understand:
        told = track(messages, say("evaluating"), console=console.progress, transient=True)
        result = figures_of(list(judge(understand, told)), same)
    if page is not None:
        _write(page, evaluation_page.page(result, file.name, moment))
    if as_json:
        # Not through rich, which would fold a long line where the output is a terminal.
        console.out.file.write(json.dumps(result.as_json(), ensure_ascii=False, indent=2) + "\n")
    else:
        evaluation_tables.show(result)
    if page is not None:
        console.progress.print(say("evaluation_page_written", path=page))
    return result


def judge(understand: Understand, messages: Iterable[Labelled]) -> Iterator[Judged]:
    """Have each message understood, one after the other."""
    for message in messages:
        parsed = understand(message.text)
        yield Judged(
            expected=message.intent,
            ranking=ranking_of(parsed),
            text=message.text,
            style=message.style,
            confidence=_confidence(parsed),
            labelled=message.entities,
            found=_entities(parsed),
            second_expected=message.second_intent,
            second_predicted=_second(parsed),
            parse_ms=parsed.get("parse_ms"),
        )


def _second(parsed: dict[str, Any]) -> str | None:
    """What came out for the second wish, where the engine saw one."""
    wishes: list[dict[str, Any]] = parsed.get("wishes") or []
    return contract_name(wishes[1]["intent"]["name"]) if len(wishes) > 1 else None


def _confidence(parsed: dict[str, Any]) -> float | None:
    confidence = (parsed.get("intent") or {}).get("confidence")
    return None if confidence is None else float(confidence)


def _entities(parsed: dict[str, Any]) -> Entities:
    return [(str(one.get("entity")), str(one.get("value"))) for one in parsed.get("entities") or ()]


def _moment(now: str | None) -> datetime:
    if now is None:
        return datetime.now(UTC).astimezone(SHANGHAI)
    try:
        moment = datetime.fromisoformat(now)
    except ValueError as error:
        raise CliError("evaluation_now", now=now) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)


def _write(page: Path, html: str) -> None:
    try:
        page.write_text(html, encoding="utf-8")
    except OSError as error:
        raise CliError("file_unwritable", path=page, reason=error.strerror or error) from error
