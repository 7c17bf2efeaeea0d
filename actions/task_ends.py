"""How a task ends: carried out, dropped for something more important, or making room for one put aside before it."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar

from rasa_sdk.events import FollowupAction, SlotSet

from actions import second_wish
from actions.base import DomainAction, action_named, end_form, set_slots
from actions.tasks import Task
from actions.turn import Event, Message, Turn


class Completion(DomainAction, ABC):
    """The action that carries out a completed form. The answers are forgotten afterwards, whatever came of it."""

    writes = True
    looks_beside = False
    task: ClassVar[type[Task]]

    async def work(self, turn: Turn) -> list[Event]:
        """Carry it out, forget the answers, and take up the task that was put aside for it."""
        done = await self.carry_out(turn, {slot: turn.slot(slot) for slot in self.task().slots()})
        return [*self.task().clear(), *done, *what_waits(turn, turn.dispatcher, done)]

    @abstractmethod
    async def carry_out(self, turn: Turn, answers: dict[str, Any]) -> list[Event]:
        """Do what the form was for."""

    def refused(self, refusal: Any, message: Message, dispatcher: Any) -> list[Event]:
        """Say why not, and forget the answers."""
        told = super().refused(refusal, message, dispatcher)
        return [*self.task().clear(), *told, *what_waits(message, dispatcher, told)]

    def failed(self, message: Message) -> list[Event]:
        """Keep the answers and ask for confirmation again, so that the resident can simply say yes once more."""
        confirmation = self.task.confirmation
        if confirmation is None:
            return self.task().clear()
        return [SlotSet(confirmation, None), FollowupAction(self.task().form)]


def forget(forms: Iterable[str]) -> list[Event]:
    """Return the events that forget the answers of these forms."""
    events: list[Event] = []
    for form in dict.fromkeys(forms):
        task = action_named(f"validate_{form}")
        if isinstance(task, Task):
            events += task.clear()
    return events


def drop_tasks(message: Message) -> list[Event]:
    """Return the events that end the open form and forget it and every task put aside."""
    forms = [*(message.slot("suspended_task") or []), message.active_form]
    nothing_left = set_slots(suspended_task=None, attempts=0, second_wish=None)
    return [*forget(form for form in forms if form), *nothing_left, *end_form()]


def what_waits(message: Message, dispatcher: Any, events: list[Event]) -> list[Event]:
    """Take up the task put aside last; where there is none, offer the wishes that waited for the form's end."""
    suspended: list[str] = message.slot("suspended_task") or []
    if suspended:
        return [FollowupAction(suspended[-1])]
    if any(event["event"] == "followup" for event in events):
        return []
    return second_wish.offer(message, dispatcher, events)
