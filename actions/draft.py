"""The answers of a task while one message is read."""

from collections import ChainMap
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from rasa_sdk.events import SlotSet

from actions.base import set_slots
from actions.questions import Question
from actions.turn import Event, Message


class _Task(Protocol):
    @property
    def questions(self) -> Sequence[Question]: ...

    def slots(self) -> list[str]: ...


class Draft:
    """The answers of a task in this turn: what the slots hold, and what this message changes."""

    def __init__(self, task: _Task, message: Message) -> None:
        """Start from the tracker's slots."""
        self._task = task
        self._before = {slot: message.slot(slot) for slot in task.slots()}
        self._changes: dict[str, Any] = {}
        self.values: ChainMap[str, Any] = ChainMap(self._changes, self._before)

    def get(self, slot: str) -> Any:
        """Return an answer, or None."""
        return self.values.get(slot)

    def set(self, slot: str, value: Any) -> None:
        """Note an answer; None opens the question again."""
        self._changes[slot] = value

    def take(self, events: Iterable[Event]) -> None:
        """Note what these events set."""
        self._changes |= {event["name"]: event["value"] for event in events if event["event"] == "slot"}

    def changed(self, slot: str) -> bool:
        """Whether this message gave the slot a value."""
        return self._changes.get(slot) is not None

    def replaced(self, slot: str) -> bool:
        """Whether this message gave another value than an earlier message."""
        before = self._before.get(slot)
        return before not in (None, "") and slot in self._changes and self._changes[slot] not in (None, before)

    def next_slot(self) -> str | None:
        """Return the first question that is wanted and has no answer."""
        return next((q.slot for q in self._task.questions if q.wanted(self.values) and self.get(q.slot) is None), None)

    def changes(self) -> list[Event]:
        """Return the events of what this message gave, where it does not choose the next question."""
        return set_slots(**self._changes)

    def events(self, ask: str | None = None) -> list[Event]:
        """Return the events of this turn; the next question is `ask` or the first open one, none ends the form."""
        changes = self._changes or {"attempts": 0}
        return [*set_slots(**changes), SlotSet("requested_slot", ask or self.next_slot())]
