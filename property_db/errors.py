"""The refusals of the domain: rules that say no, not programs that fail."""

from typing import ClassVar


class DomainError(Exception):
    """A rule refused what was asked.

    The sentence for the resident is the dialogue's response `utter_<code>`, filled with `params`; nothing here is shown
    to anyone. `status` is the HTTP status where the refusal leaves through HTTP.

    A refusal undoes the transaction it is raised in, unless `keeps_changes`: a wrong one-time code must be counted
    although it is refused, or it could be guessed for ever.
    """

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 409
    keeps_changes: ClassVar[bool] = False

    def __init__(self, **params: object) -> None:
        """Remember what the sentence needs, as text."""
        self.params: dict[str, str] = {name: str(value) for name, value in params.items()}
        super().__init__(self.code, self.params)


class DatabaseBusy(DomainError):
    """Another writer held the embedded database longer than the busy timeout; nothing was changed."""

    code = "database_busy"
    status = 503
