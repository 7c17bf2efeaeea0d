"""`guanjia test`: every test of the project, pytest's closing line last."""

import os
import subprocess
import sys

from integrations import frontends
from integrations.cli import console, places
from integrations.cli.engine import command as engine_command
from integrations.cli.errors import AlreadyExplained, CliError
from integrations.cli.texts import say


def run(arguments: list[str]) -> None:
    """Run the tests; with arguments only the root project's, which get them.

    Raises:
        AlreadyExplained: a test failed; the runner has said which.
    """
    if arguments:
        if _pytest(*arguments) != 0:
            raise AlreadyExplained
        return
    failed = [name for name, works in (("frontends", _front_ends()), ("engine", _engine())) if not works]
    # Last, because its closing line is what people and machines look for at the end.
    console.progress.rule(say("test_part_project"))
    if _pytest() != 0:
        failed.append("project")
    if failed:
        raise CliError("tests_failed", parts="、".join(say(f"test_part_{name}") for name in failed))


def _front_ends() -> bool:
    console.progress.rule(say("test_part_frontends"))
    return frontends.main(["test"]) == 0


def _engine() -> bool:
    console.progress.rule(say("test_part_engine"))
    python, *_ = engine_command()
    return _run([python, "-m", "pytest", "bot/tests"], PYTHONPATH=str(places.ROOT)) == 0


def _pytest(*arguments: str) -> int:
    return _run([sys.executable, "-m", "pytest", *arguments])


def _run(arguments: list[str], **environment: str) -> int:
    sys.stdout.flush()
    return subprocess.run(  # noqa: S603
        arguments, cwd=places.ROOT, env=os.environ | environment, check=False
    ).returncode
