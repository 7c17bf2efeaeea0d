"""Errors that an operator can mend, in three parts: what is wrong, where, what to do now."""

from typing import TextIO

from integrations.cli.texts import catalogue, say


class CliError(Exception):
    """Ends the command with exit status 1.

    Args:
        code: names an entry of ``errors.yml`` with the parts ``what``, ``where`` and ``todo``.
        values: fill the entry's placeholders.
    """

    def __init__(self, code: str, /, **values: object) -> None:
        parts = catalogue("errors.yml")[code]
        self.code = code
        self.what = str(parts["what"]).format(**values)
        self.where = str(parts["where"]).format(**values)
        self.todo = str(parts["todo"]).format(**values)
        super().__init__(self.what)


class AlreadyExplained(Exception):
    """Ends the command with exit status 1; what went wrong is on the terminal already."""


def show(error: CliError, stream: TextIO) -> None:
    """Write the three parts."""
    stream.write(
        f"\n{say('error_what')}{error.what}\n{say('error_where')}{error.where}\n{say('error_todo')}{error.todo}\n"
    )
