"""Faults on demand: the next calls of a path fail the way a test wants."""

from typing import Any, Literal

from pydantic import BaseModel, Field


class Fault(BaseModel):
    """What goes wrong with calls of one path.

    Attributes:
        path: such as `/cgi-bin/message/custom/send`.
        times: for how many calls.
        errcode: the platform refuses with this code; nothing is done.
        http: this HTTP status without a JSON body; nothing is done.
        lost: `before`: the connection breaks and nothing was done; `after`: it was done, but the answer is lost.
        delay: seconds before the answer.
    """

    path: str
    times: int = Field(default=1, ge=1)
    errcode: int | None = None
    http: int | None = None
    lost: Literal["before", "after"] | None = None
    delay: float = 0.0


class Faults:
    """The faults that are still to come, first in, first out per path."""

    def __init__(self) -> None:
        self._coming: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Let something go wrong."""
        self._coming.append(fault.model_copy())

    def clear(self) -> None:
        """Everything works again."""
        self._coming.clear()

    def take(self, path: str) -> Fault | None:
        """The fault of this call, which is then used up."""
        for fault in self._coming:
            if fault.path == path:
                fault.times -= 1
                if fault.times == 0:
                    self._coming.remove(fault)
                return fault
        return None

    def as_json(self) -> list[dict[str, Any]]:
        """What is still to come."""
        return [fault.model_dump() for fault in self._coming]
