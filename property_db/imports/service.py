"""Loading a company's own data from CSV: all of a file or nothing of it."""

import csv
import io
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from property_db.clock import SYSTEM_CLOCK, Clock
from property_db.imports.bills import bills
from property_db.imports.errors import ImportRefused, KindUnknown, RowError
from property_db.imports.notices import notices
from property_db.imports.reader import Row, columns_of, read
from property_db.imports.residents import Counts, homes, people

_IMPORTS: dict[str, Callable[[AsyncSession, list[Row], Clock], Awaitable[Counts]]] = {
    "homes": homes,
    "people": people,
    "bills": bills,
    "notices": notices,
}
KINDS = tuple(_IMPORTS)
"""The imports there are, in the order in which they build on each other."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What a file brought."""

    kind: str
    rows: int
    created: int
    updated: int


async def load(session: AsyncSession, kind: str, data: bytes, clock: Clock = SYSTEM_CLOCK) -> ImportReport:
    """Import one file; call it in a transaction of its own, which the refusal undoes.

    Raises:
        KindUnknown: `kind` is none of KINDS.
        ImportRefused: something is wrong; its `errors` name every bad row with line, column and reason.
    """
    if kind not in _IMPORTS:
        raise KindUnknown(kind=kind)
    rows = read(kind, data)
    counts = await _IMPORTS[kind](session, rows, clock)
    errors = [error for row in rows for error in row.sorted_errors()]
    if errors:
        raise ImportRefused(errors)
    return ImportReport(kind, len(rows), counts.created, counts.updated)


def template(kind: str) -> bytes:
    """Return a CSV template with one example row, as Excel opens it (UTF-8 with byte order mark).

    Raises:
        KindUnknown: `kind` is none of KINDS.
    """
    if kind not in _IMPORTS:
        raise KindUnknown(kind=kind)
    columns = columns_of(kind)
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(column["header"] for column in columns)
    writer.writerow(column["example"] for column in columns)
    return out.getvalue().encode("utf-8-sig")


__all__ = ["KINDS", "ImportRefused", "ImportReport", "KindUnknown", "RowError", "load", "template"]
