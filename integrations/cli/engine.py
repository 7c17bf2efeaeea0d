"""The engine's commands, run with the engine's own Python (its environment is not ours)."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from bot.engine import models
from integrations.cli.errors import CliError
from integrations.cli.leash import leashed
from integrations.cli.places import ENGINE_PYTHON, ROOT
from integrations.cli.texts import catalogue

KEPT_LINES = 200

type Understand = Callable[[str], dict[str, Any]]
"""From a message to intent, ranking, entities and `parse_ms`."""


@dataclass(frozen=True)
class EngineFiles:
    """What the engine keeps in the data folder."""

    models: Path
    tracker: Path


def files_in(data_dir: Path) -> EngineFiles:
    """Where the engine's files lie below the data folder."""
    return EngineFiles(models=data_dir.resolve() / "models", tracker=data_dir.resolve() / "engine" / "tracker.db")


def environment(data_dir: Path, **more: str) -> dict[str, str]:
    """The environment of an engine process: ours, and where its files are."""
    files = files_in(data_dir)
    own = {
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "GUANJIA_MODEL_DIR": str(files.models),
        "GUANJIA_TRACKER_DB": str(files.tracker),
    }
    return os.environ | own | more


def command(*arguments: str) -> tuple[str, ...]:
    """The command line of ``python -m bot.engine``.

    Raises:
        CliError: the engine's environment is not there.
    """
    if not ENGINE_PYTHON.exists():
        raise CliError("engine_missing", path=ENGINE_PYTHON)
    return (str(ENGINE_PYTHON), "-m", "bot.engine", *arguments)


def model_is_current(data_dir: Path) -> bool:
    """Whether the trained model was made from the inputs as they are now. Costs milliseconds."""
    model = models.current(files_in(data_dir).models)
    return model is not None and model.fingerprint == models.fingerprint(ROOT)


def model_is_outdated(data_dir: Path) -> bool:
    """Whether there is a model, but of other inputs than those as they are now."""
    return models.current(files_in(data_dir).models) is not None and not model_is_current(data_dir)


def events(data_dir: Path, *arguments: str) -> Iterator[dict[str, Any]]:
    """Run an engine command to its end and give its events as they come.

    Raises:
        CliError: the command failed; its own words are in the error where the catalogue has none.
    """
    process = _start(environment(data_dir), subprocess.STDOUT, *arguments)
    words: list[str] = []
    error: dict[str, Any] | None = None
    try:
        for line in process.stdout or ():
            event = event_in(line)
            if event is None:
                words = [*words[-KEPT_LINES:], line]
            elif event["event"] == "error":
                error = event
            else:
                yield event
        code = process.wait()
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
    if error is not None:
        raise engine_error(error)
    if code != 0:
        sys.stderr.writelines(words)
        raise CliError("engine_command_failed", command=" ".join(arguments), code=code, path=ROOT)


@contextmanager
def understanding(data_dir: Path, sent_at: str) -> Iterator[Understand]:
    """The current model while the block runs: gives a function from a message to what the engine makes of it.

    One message is understood at a time, on one thread, so that ``parse_ms`` in the answer says something.

    Args:
        sent_at: ISO 8601; what 明天 counts from.

    Raises:
        CliError: there is no model, or the engine ended.
    """
    log = data_dir.resolve() / "logs" / "engine-command.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    arguments = ("parse", "--quoted", "--sent-at", sent_at)
    with log.open("a") as errors:
        process = _start(environment(data_dir, OMP_NUM_THREADS="1"), errors, *arguments, stdin=subprocess.PIPE)
        try:
            yield lambda text: _understood(process, text, log)
        finally:
            process.terminate()
            process.communicate()  # closes the pipes, too


def _understood(process: subprocess.Popen[str], text: str, log: Path) -> dict[str, Any]:
    if process.stdin is None or process.stdout is None:
        raise ValueError("the engine was started without pipes")
    with contextlib.suppress(BrokenPipeError):  # it ended: what it says about that is still to be read
        process.stdin.write(json.dumps(text) + "\n")
        process.stdin.flush()
    line = process.stdout.readline()
    if (event := event_in(line)) is not None:
        raise engine_error(event)
    try:
        parsed = json.loads(line)
    except ValueError as error:
        raise CliError("engine_command_failed", command="parse", code=process.wait(), path=log) from error
    return parsed if isinstance(parsed, dict) else {}


def _start(
    environment: dict[str, str], errors: IO[str] | int, *arguments: str, stdin: int = subprocess.DEVNULL
) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603
        leashed(*command(*arguments)),
        env=environment,
        cwd=ROOT,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        errors="replace",
    )


def event_in(line: str) -> dict[str, Any] | None:
    """The event that an output line holds, if it holds one."""
    if not line.startswith("{"):
        return None
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and "event" in event else None


def engine_error(event: dict[str, Any]) -> CliError:
    """The engine's ``error`` event as one of ours: known codes have a Chinese entry."""
    code = f"engine_{event.get('code')}"
    known = code if code in catalogue("errors.yml") else "engine_refused"
    return CliError(known, message=event.get("message", ""), path=event.get("where", ""), hint=event.get("hint", ""))
