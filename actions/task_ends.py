"""How a task ends: carried out, dropped for something more important, or making room for one put aside before it."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar

from rasa_sdk.events import FollowupAction, SlotSet

from actions.base import DomainAction, end_form, set_slots
from actions.later import action_named
from actions.tasks import Task
from actions.turn import Event, Message, Turn


class Completion(DomainAction, ABC):
    """The action that carries out a completed form. The answers are forgotten afterwards, whatever came of it."""

    writes = True
    task: ClassVar[type[Task]]

    async def work(self, turn: Turn) -> list[Event]:
        """Carry it out, forget the answers, and take up the task that was put aside for it."""
        done = await self.carry_out(turn, {slot: turn.slot(slot) for slot in self.task().slots()})
        return [*self.task().clear(), *done, *resume_suspended(turn)]

    @abstractmethod
    async def carry_out(self, turn: Turn, answers: dict[str, Any]) -> list[Event]:
        """Do what the form was for."""

    def refused(self, refusal: Any, message: Message, dispatcher: Any) -> list[Event]:
        """Say why not, and forget the answers."""
        return [*self.task().clear(), *super().refused(refusal, message, dispatcher), *resume_suspended(message)]

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
    return [*forget(form for form in forms if form), *set_slots(suspended_task=None, attempts=0), *end_form()]


def resume_suspended(message: Message) -> list[Event]:
    """Return the event that takes up the task put aside last, if there is one."""
    suspended: list[str] = message.slot("suspended_task") or []
    return [FollowupAction(suspended[-1])] if suspended else []
