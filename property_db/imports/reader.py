"""Reading a CSV file as Excel writes it, row by row, and collecting everything that is wrong with it."""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from property_db.catalogue import load
from property_db.clock import SHANGHAI
from property_db.imports.errors import ImportRefused, RowError, reason
from property_db.people.masking import is_mobile

_DATE = re.compile(r"(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})日?")
_MOMENT = re.compile(rf"({_DATE.pattern})[ T]+(\d{{1,2}}):(\d{{2}})(?::\d{{2}})?")
_PERIOD = re.compile(r"(\d{4})[-/.年]?(0?[1-9]|1[0-2])月?")
# What Excel and people add to numbers.
_ORNAMENT = str.maketrans("", "", ",，¥￥元 ")


@dataclass(slots=True)
class Row:
    """One line of the file. Each reader notes what is wrong and gives None, so that a row shows all its faults."""

    line: int
    cells: Mapping[str, str]
    headers: Mapping[str, str]
    errors: list[RowError] = field(default_factory=list)

    def wrong(self, name: str, code: str, **values: object) -> None:
        """Note that the cell of a field is wrong."""
        self.errors.append(RowError(self.line, self.headers[name], reason(code, **values)))

    def sorted_errors(self) -> list[RowError]:
        """Return what is wrong in the order of the columns."""
        order = {header: place for place, header in enumerate(self.headers.values())}
        return sorted(self.errors, key=lambda error: order.get(error.column, len(order)))

    def has(self, name: str) -> bool:
        """Whether the cell is filled."""
        return bool(self.cells.get(name))

    def text(self, name: str, limit: int = 80) -> str:
        """Return the cell's text."""
        value = self.cells.get(name, "")
        if len(value) > limit:
            self.wrong(name, "too_long", limit=limit)
        return value

    def number(self, name: str, *, places: int, largest: int = 10_000_000) -> Decimal | None:
        """Return a number that is not negative; None where the cell is empty or wrong."""
        raw = self.cells.get(name, "")
        if not raw:
            return None
        try:
            value = Decimal(raw.translate(_ORNAMENT))
        except InvalidOperation:
            self.wrong(name, "not_number", value=raw)
            return None
        exponent = value.as_tuple().exponent
        if not isinstance(exponent, int):
            self.wrong(name, "not_number", value=raw)
        elif value < 0:
            self.wrong(name, "negative")
        elif value > largest:
            self.wrong(name, "too_large", value=raw)
        elif -exponent > places and value != round(value, places):
            self.wrong(name, "too_many_decimals", value=raw, limit=places)
        else:
            return value
        return None

    def money(self, name: str) -> int | None:
        """Return yuan as 分: 0 where the cell is empty, None where it is wrong."""
        if not self.has(name):
            return 0
        value = self.number(name, places=2)
        return None if value is None else int(value * 100)

    def date(self, name: str) -> date | None:
        """Return a date; None where the cell is empty or wrong."""
        raw = self.cells.get(name, "")
        if not raw:
            return None
        found = _DATE.fullmatch(raw)
        try:
            if found:
                return date(int(found[1]), int(found[2]), int(found[3]))
        except ValueError:
            pass
        self.wrong(name, "not_date", value=raw)
        return None

    def moment(self, name: str) -> datetime | None:
        """Return a moment of Shanghai; None where the cell is empty or wrong."""
        raw = self.cells.get(name, "")
        if not raw:
            return None
        found = _MOMENT.fullmatch(raw)
        try:
            if found:
                day = date(int(found[2]), int(found[3]), int(found[4]))
                return datetime.combine(day, time(int(found[5]), int(found[6])), SHANGHAI)
        except ValueError:
            pass
        self.wrong(name, "not_moment", value=raw)
        return None

    def period(self, name: str) -> str:
        """Return a month as `YYYY-MM`."""
        raw = self.cells.get(name, "")
        found = _PERIOD.fullmatch(raw)
        if found is None:
            if raw:
                self.wrong(name, "not_period", value=raw)
            return ""
        return f"{found[1]}-{int(found[2]):02d}"

    def mobile(self, name: str) -> str:
        """Return a mobile number; what Excel made of it (a trailing `.0`) is forgiven."""
        value = self.cells.get(name, "").removesuffix(".0")
        if value and not is_mobile(value):
            self.wrong(name, "not_mobile", value=value)
        return value

    def word(self, name: str, words: Mapping[str, str], default: str = "") -> str:
        """Return what a word of the catalogue stands for; `default` where the cell is empty."""
        raw = self.cells.get(name, "")
        if not raw:
            return default
        if raw not in words:
            self.wrong(name, "not_word", value=raw, words="、".join(words))
        return words.get(raw, default)


def columns_of(kind: str) -> list[dict[str, Any]]:
    """Return the columns of an import."""
    columns: list[dict[str, Any]] = load("imports/texts.yml")["kinds"][kind]["columns"]
    return columns


def read(kind: str, data: bytes) -> list[Row]:
    """Read a file.

    Raises:
        ImportRefused: it is no text, has no rows, or its header is not the template's.
    """
    rows = list(_lines(_decode(data)))
    if not rows:
        raise ImportRefused([RowError(1, "", reason("empty_file"))])
    columns = columns_of(kind)
    fields = _fields(columns, rows[0][1])
    body = [_row(line, cells, fields, columns) for line, cells in rows[1:]]
    if not body:
        raise ImportRefused([RowError(1, "", reason("no_rows"))])
    return body


def _decode(data: bytes) -> str:
    # Chinese Excel saves plain CSV as GB 18030; UTF-8 is tried first because it refuses what it is not.
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise ImportRefused([RowError(1, "", reason("not_text"))])


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""))
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, [cell.strip() for cell in cells]
            line = reader.line_num + 1
    except csv.Error as error:
        raise ImportRefused([RowError(line, "", reason("not_text"))]) from error


def _fields(columns: list[dict[str, Any]], header: list[str]) -> list[str]:
    """Return the field of each cell of a row."""
    by_header = {column["header"]: column["field"] for column in columns}
    header = [*header]
    while header and not header[-1]:
        header.pop()
    errors = [RowError(1, name, reason("column_unknown")) for name in header if name not in by_header]
    errors += [RowError(1, name, reason("column_twice")) for name in sorted(set(header)) if header.count(name) > 1]
    missing = [column for column in columns if column["required"] and column["header"] not in header]
    errors += [RowError(1, column["header"], reason("column_missing")) for column in missing]
    if errors:
        raise ImportRefused(errors)
    return [by_header[name] for name in header]


def _row(line: int, cells: list[str], fields: list[str], columns: list[dict[str, Any]]) -> Row:
    headers = {column["field"]: column["header"] for column in columns}
    row = Row(line, dict(zip(fields, cells, strict=False)), headers)
    if any(cells[len(fields) :]):
        row.errors.append(RowError(line, "", reason("too_many_cells")))
    for column in columns:
        if column["required"] and not row.has(column["field"]):
            row.wrong(column["field"], "required")
    return row
