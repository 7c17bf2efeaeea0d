"""``python -m bot.engine train|run|parse``, started in the project's root with the engine's own Python (``bot/.venv``).

train [--force]            bring the model up to its inputs (``bot.engine.train``)
run --port N               serve on 127.0.0.1:N (``bot.engine.serve``); 0 takes a free port
parse [--sent-at T] [TEXT] understand the texts, or the lines of standard input (``bot.engine.parse``); ``--quoted``:
                           the lines are JSON strings, so that a message may hold line breaks

All take ``--project`` (default: the folder above ``bot/``) and ``--models`` (default: ``GUANJIA_MODEL_DIR``, else
``data/models``). ``train`` and ``run`` write JSON event lines (``bot.engine.events``); the exit status is 0, or 1
after an ``error`` event, or 2 for wrong arguments.

Environment: ``GUANJIA_MODEL_DIR``, ``GUANJIA_TRACKER_DB``, ``GUANJIA_TRACKER_DAYS``, ``GUANJIA_ACTION_URL``,
``GUANJIA_ACTION_SECRET``, ``GUANJIA_ACTION_TIMEOUT`` (seconds), ``GUANJIA_ENGINE_DEBUG``,
``GUANJIA_ENGINE_UNPATCHED``.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from bot.engine.events import EngineError, claim_stdout

PROJECT = Path(__file__).resolve().parents[2]


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit status."""
    chosen = _arguments(arguments)
    folder = chosen.models or Path(os.environ.get("GUANJIA_MODEL_DIR", chosen.project / "data/models"))
    try:
        if chosen.command == "parse":
            from bot.engine.parse import parse

            parse(folder, chosen.text or _lines(quoted=chosen.quoted), chosen.sent_at)
            return 0
        claim_stdout()
        if chosen.command == "train":
            from bot.engine.train import train

            train(chosen.project, folder, force=chosen.force)
        else:
            from bot.engine.serve import run

            run(chosen.project, folder, chosen.port, with_parent=chosen.with_parent)
    except EngineError as error:
        error.emit()
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _lines(*, quoted: bool) -> Iterator[str]:
    for line in sys.stdin:
        text = line.rstrip("\n")
        yield str(json.loads(text)) if quoted else text


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bot.engine", description="Guanjia's engine: train, run, parse.")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--project", type=Path, default=PROJECT, help="the project's root")
    common.add_argument("--models", type=Path, default=None, help="where models lie")
    commands = parser.add_subparsers(dest="command", required=True)
    train = commands.add_parser("train", parents=[common], help="bring the model up to its inputs")
    train.add_argument("--force", action="store_true", help="train although nothing changed")
    run = commands.add_parser("run", parents=[common], help="serve on loopback")
    run.add_argument("--port", type=int, default=5005)
    run.add_argument("--with-parent", action="store_true", help="end when the starting process is gone")
    parse = commands.add_parser("parse", parents=[common], help="understand texts, one JSON line each")
    parse.add_argument("--sent-at", default=None, help="ISO 8601 time the messages were sent")
    parse.add_argument("--quoted", action="store_true", help="the lines of standard input are JSON strings")
    parse.add_argument("text", nargs="*")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
