"""`guanjia import`: a company's own homes, people, bills and notices from CSV files."""

import sys
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from integrations.cli import configuration, console
from integrations.cli.errors import CliError
from integrations.cli.prepare import in_database
from integrations.cli.texts import say
from property_db.imports import service as imports

MOST_ROWS_SHOWN = 50


def load(kind: str, file: Path | None) -> None:
    """Import one file, all of it or nothing.

    Raises:
        CliError: the file cannot be read or has bad rows; each is printed with line, column and reason.
    """
    _require_kind(kind)
    if file is None:
        raise CliError("import_file_needed", kind=kind)
    try:
        data = file.read_bytes()
    except OSError as error:
        raise CliError("file_unreadable", path=file, reason=error.strerror) from error

    async def work(session: AsyncSession) -> imports.ImportReport:
        return await imports.load(session, kind, data)

    try:
        report = in_database(configuration.load(), work)
    except imports.ImportRefused as refused:
        _show(refused.errors)
        raise CliError("import_refused", count=len(refused.errors), path=file) from refused
    title = say(f"import_kind_{kind}")
    console.out.print(say("import_done", title=title, created=report.created, updated=report.updated))


def write_template(kind: str, file: Path | None) -> None:
    """Write the template with its example row to ``file``, or to standard output.

    Raises:
        CliError: there is no such import, or the file is there already or cannot be written.
    """
    _require_kind(kind)
    content = imports.template(kind)
    if file is None:
        sys.stdout.buffer.write(content)
        return
    try:
        with file.open("xb") as new:
            new.write(content)
    except OSError as error:
        raise CliError("file_unwritable", path=file, reason=error.strerror) from error
    console.out.print(say("template_written", path=file))


def _require_kind(kind: str) -> None:
    if kind not in imports.KINDS:
        raise CliError("import_kind_unknown", kind=kind)


def _show(errors: list[imports.RowError]) -> None:
    for error in errors[:MOST_ROWS_SHOWN]:
        key = "import_bad_cell" if error.column else "import_bad_row"
        line = say(key, line=error.line, column=error.column, reason=error.reason)
        console.progress.print(line)
    if len(errors) > MOST_ROWS_SHOWN:
        console.progress.print(say("import_more", count=len(errors) - MOST_ROWS_SHOWN))
