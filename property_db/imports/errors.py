"""What is wrong with a file."""

from dataclasses import dataclass

from property_db.catalogue import load
from property_db.errors import DomainError


@dataclass(frozen=True, slots=True)
class RowError:
    """One bad cell: line of the file (the header is line 1), the column's header, and the reason in Chinese."""

    line: int
    column: str
    reason: str


class ImportRefused(DomainError):
    """The file was not imported, not even its good rows; `errors` names every bad one. Gives `count`."""

    code = "import_refused"
    status = 422

    def __init__(self, errors: list[RowError]) -> None:
        """Keep the errors, which come in the order of the file."""
        self.errors = errors
        super().__init__(count=len(errors))


class KindUnknown(DomainError):
    """There is no such import; `kind` is what was asked for."""

    code = "import_kind_unknown"
    status = 404


def reason(code: str, **values: object) -> str:
    """Return the catalogue's sentence."""
    text: str = load("imports/texts.yml")["reasons"][code]
    return text.format(**values)
