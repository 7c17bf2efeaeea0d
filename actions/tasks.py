"""A task is a form: questions asked one after the other until all answers are there.

The engine keeps which form is active and which question is open; this module reads each message once: values for any
of the questions, a change of an earlier answer, a picture, or something that is none of the form's business
(actions/interruption.py).
"""

from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar

from rasa_sdk.events import ActionExecutionRejected, FollowupAction, SlotSet

from actions.base import DomainAction, own_intents, see_to, set_slots
from actions.catalogue import is_just, mentions, names_fault, section, without
from actions.danger import answer_to_danger, ask_about_danger, suspects_danger
from actions.draft import Draft
from actions.interruption import ALWAYS, BELIEVED, STATEMENTS, is_interruption
from actions.questions import (
    SHORT_ANSWER,
    OneOf,
    PhoneNumber,
    Question,
    Unusable,
    YesOrNo,
    beside_yes,
    checked,
    is_pure_yes,
    new_text,
)
from actions.second_wish import focus, others, reading, take_up
from actions.second_wish import without as without_wish
from actions.turn import Event, Message, Turn
from actions.wording import title
from bot.language.normalise import normalise
from bot.language.second_wish import before_marker

PERSON_AFTER = 2
"""So many unusable answers to one question, and a person is offered."""


class Task(DomainAction, ABC):
    """The validation action of a form."""

    own_intents: ClassVar[frozenset[str]]
    questions: ClassVar[tuple[Question, ...]]
    correction: ClassVar[str | None] = None
    """The slot under which it is asked what to change; None where nothing can be."""
    confirmation: ClassVar[str | None] = None
    """The slot whose False opens `correction`."""
    photos: ClassVar[str | None] = None
    """The slot that collects pictures."""
    other_slots: ClassVar[tuple[str, ...]] = ()
    """Slots of the task that no question fills."""

    looks_beside = False  # it does so itself: when it begins, and when a question is answered

    stop_intents: ClassVar[frozenset[str]] = frozenset()
    """Intents that here mean to give the task up."""

    @property
    @abstractmethod
    def form(self) -> str:
        """The form's name in the domain."""

    def name(self) -> str:
        """The name the engine calls for this form."""
        return f"validate_{self.form}"

    def refused(self, refusal: Any, message: Message, dispatcher: Any) -> list[Event]:
        """Say why not, and leave the form as it is."""
        return [*super().refused(refusal, message, dispatcher), *self.failed(message)]

    def failed(self, message: Message) -> list[Event]:
        """Leave the form as it is; the open question is asked again."""
        return set_slots(attempts=message.slot("attempts") or 0, requested_slot=message.slot("requested_slot"))

    async def begin(self, turn: Turn, answers: Draft) -> None:
        """Fill in what is known already and say what must be said first."""

    async def settle(self, turn: Turn, answers: Draft) -> None:
        """Look at the answers after each message, before the next question is chosen."""

    def add(self, turn: Turn, answers: Draft, text: str) -> bool:
        """Write down what came along with a yes to the summary; whether it was kept."""
        return False

    def absorb(self, turn: Turn, answers: Draft) -> bool:
        """Keep a message that answers nothing but belongs to the task; whether it was kept."""
        return False

    async def work(self, turn: Turn) -> list[Event]:
        """Read the message and choose what is asked next."""
        answers = Draft(self, turn)
        open_slot = turn.slot("requested_slot")
        if open_slot not in self.slots():
            open_slot = None  # of the form that was open before: the engine does not reset it in time
        taken = take_up(turn) if open_slot is None else []
        if not taken and (turn.repeated or turn.answered_before(self.form)):
            return await self._taken_up(turn, answers, open_slot)
        if open_slot is None:
            taken = taken or without_wish(turn, turn.intent)
            return [*taken, *await self._first(turn, answers, taken)]
        question = self._question(open_slot)
        if (danger := answer_to_danger(turn)) is not None:
            return self._after_danger(turn, answers, open_slot, danger)
        if open_slot == self.correction and self._changes_nothing(turn):
            answers.set("attempts", 0)
            return answers.events()
        if is_just("go_on", turn.typed) and not question.settles(turn):
            return answers.events(open_slot)
        if self._gives_up(turn, question):
            return self._hand_to("action_stop")
        if not self._brings_value(turn) and is_interruption(turn, self.own_intents, question):
            suspended = [*self._others_suspended(turn), self.form]
            await self._answer_before(turn, answers, question)
            return [ActionExecutionRejected(self.form), SlotSet("suspended_task", suspended), *answers.changes()]
        stay = await self._next(turn, answers, question)
        await self.settle(turn, answers)
        return [*answers.events(stay), *await self._beside_an_answer(turn, question)]

    async def _beside_an_answer(self, turn: Turn, question: Question) -> list[Event]:
        """See to the wishes that came with an answer; what is told where free text was asked for is the text."""
        beside = others(turn, own_intents(turn) | self.own_intents)
        if question.free:
            beside = [wish for wish in beside if wish["intent"] not in STATEMENTS]
        return await see_to(turn, turn.dispatcher, beside, [FollowupAction(self.form)])

    def _after_danger(self, turn: Turn, answers: Draft, open_slot: str, danger: bool) -> list[Event]:
        """没有危险 answers the question about danger, not the form's, which is asked again."""
        if danger:
            return self._hand_to("action_report_emergency")
        turn.say("utter_no_danger")
        return answers.events(open_slot)

    async def _taken_up(self, turn: Turn, answers: Draft, open_slot: str | None) -> list[Event]:
        """Ask again after a message that something else has answered."""
        if self.form in (turn.slot("suspended_task") or []):
            turn.say("utter_resume", task=title(self.form))
        if open_slot is None:
            await self.begin(turn, answers)
        answers.set("suspended_task", self._others_suspended(turn))
        await self.settle(turn, answers)
        return answers.events(open_slot if open_slot == self.correction else None)

    async def _answer_before(self, turn: Turn, answers: Draft, question: Question) -> None:
        """Take what answers the open question before another subject is opened: 厨房，另外物业费怎么交."""
        said = before_marker(turn.typed)
        if said is None or len(said) > SHORT_ANSWER:
            return
        with reading(turn, said):
            value = question.answer(turn)
            if value is not None and value is not False:
                with suppress(Unusable):
                    answers.set(question.slot, await checked(question, turn, value))
                    await self.settle(turn, answers)

    def _others_suspended(self, turn: Turn) -> list[str]:
        return [form for form in turn.slot("suspended_task") or [] if form != self.form]

    def _gives_up(self, turn: Turn, question: Question) -> bool:
        """Whether the task is to be given up, said in so many words or read with some confidence."""
        if question.settles(turn):
            return False
        sure = turn.is_choice or turn.confidence >= BELIEVED
        # 不修了 as the answer to which ticket is to be withdrawn means the withdrawal, not its end.
        in_words = "cancel_repair" not in self.own_intents and is_just("stop_words", turn.typed)
        return in_words or (turn.intent in self.stop_intents and sure)

    def _changes_nothing(self, turn: Turn) -> bool:
        """算了 or 不改了 as the answer to what is to be changed: it stays as it is."""
        return bool(turn.typed) and is_just("keep_as_is", turn.typed)

    def _brings_value(self, turn: Turn) -> bool:
        """Whether the message gives a new number or time without asking anything: 联系电话13711112222，找我妈."""
        if not turn.typed or turn.intent in ALWAYS:
            return False
        at_summary = turn.slot("requested_slot") in {self.correction, self.confirmation} - {None}
        if at_summary and self.named_field(turn) is not None and mentions("changes", turn.typed) and new_text(turn):
            return True  # 坏了什么改成窗户
        if mentions("asks", turn.typed):
            return False
        if (
            at_summary
            and (mentions("by_the_way", turn.typed) or mentions("also", turn.typed))
            and names_fault(turn.typed)
        ):
            return True  # 对了 顺便看下插座也没电了
        for question in self.questions:
            if question.overwrites and question.volunteered(turn) is not None:
                rest = turn.rest(*question.entities)
                if isinstance(question, PhoneNumber) or len(rest) <= 1 or mentions("changes", turn.typed):
                    return True
        return False

    def _hand_to(self, action: str) -> list[Event]:
        return [ActionExecutionRejected(self.form), FollowupAction(action)]

    async def _first(self, turn: Turn, answers: Draft, taken: list[Event]) -> list[Event]:
        """Take what the first message says already, and see to its other wishes."""
        beside = others(turn, own_intents(turn) | self.own_intents)
        focus(turn, beside)
        for slot in self.slots():
            if slot != self.photos and answers.get(slot) is not None:
                answers.set(slot, None)  # of a report that was broken off
        await self.begin(turn, answers)
        await self._volunteered(turn, answers, None)
        self._pictures(turn, answers)
        answers.set("attempts", 0)
        await self.settle(turn, answers)
        seen_to = await see_to(turn, turn.dispatcher, beside, [*taken, FollowupAction(self.form)])
        return [*seen_to, *answers.events()]

    async def _next(self, turn: Turn, answers: Draft, question: Question) -> str | None:
        """Take what the message holds; return the slot that stays open although another one would be next."""
        pictures = self._pictures(turn, answers)
        try:
            changed = await self._volunteered(turn, answers, question)
            if self.correction is not None and question.slot == self.correction:
                return self._corrected(turn, answers, changed)
            if turn.intent == "change_repair" and not changed and (named := self.named_field(turn)) is not None:
                answers.set(named, None)
                return named
            value = self._answer_to(turn, question, changed)
            if value is True and question.slot == self.confirmation and not is_pure_yes(turn.typed):
                self._added(turn, answers, changed)
                return None
            if value is not None and not (changed and question.free and not self._left_over(turn, question)):
                answers.set(question.slot, await checked(question, turn, value))
        except Unusable as fault:
            return self._unusable(turn, answers, fault, understood=fault.response != question.unclear)
        if self.confirmation is not None and answers.get(self.confirmation) is False:
            answers.set(self.confirmation, None)
            return self.correction
        if not answers.changed(question.slot) and not changed:
            if pictures:
                turn.say("utter_photos_received")
                return None
            if self.absorb(turn, answers) or self._added_at_the_summary(turn, answers, question):
                return None
            named = self.named_field(turn)
            if named is not None and mentions("changes", turn.typed):
                answers.set(named, None)
                return named
            return self._unusable(turn, answers, Unusable(question.unclear), understood=False)
        if changed:
            turn.say("utter_repair_changed" if self._replaced(answers) else "utter_noted")
        answers.set("attempts", 0)
        return None

    def _added_at_the_summary(self, turn: Turn, answers: Draft, question: Question) -> bool:
        """对了 再看看厨房下水: told at the summary, although it names no fault."""
        told = mentions("by_the_way", turn.typed) or mentions("also", turn.typed)
        return told and question.slot == self.confirmation and self.add(turn, answers, beside_yes(turn.typed))

    def _added(self, turn: Turn, answers: Draft, changed: bool) -> None:
        """Keep what came with a yes, so that the summary is shown again with it."""
        if not changed and not self.add(turn, answers, beside_yes(turn.typed)):
            self._unusable(turn, answers, Unusable("utter_yes_or_no"), understood=False)

    async def _volunteered(self, turn: Turn, answers: Draft, asked: Question | None) -> bool:
        """Take values for questions that were not the open one; return whether there were any."""
        found = False
        for question in self.questions:
            if asked is not None and question.slot == asked.slot:
                continue
            known = answers.get(question.slot)
            if known in (None, "") or question.overwrites:
                value = question.volunteered(turn)
            else:
                value = self._replacement(turn, question, asked)
            if value is None:
                continue
            try:
                usable = await checked(question, turn, value)
            except Unusable as fault:
                if asked is not None:
                    raise
                turn.say(fault.response, **fault.params)
                continue
            if usable != known:
                answers.set(question.slot, usable)
                found = found or usable != ""
        return found

    def _replacement(self, turn: Turn, question: Question, asked: Question | None) -> Any:
        """Return the new value of an earlier answer, if the message is a correction that holds one."""
        if asked is None or not turn.typed:
            return None
        correcting = asked.slot == self.correction and self.correction is not None
        field = self.named_field(turn)
        if field not in (None, question.slot):
            return None
        named = field == question.slot
        if mentions("asks", turn.typed) and not (named and new_text(turn)):
            return None
        if correcting or named or mentions("changes", turn.typed) or turn.intent == "change_repair":
            return question.replacement(turn, named=named, correcting=correcting)
        return None

    def _answer_to(self, turn: Turn, question: Question, changed: bool) -> Any:
        """Return the answer to the open question; a yes that comes with a change is no yes to what was shown."""
        if not changed or not isinstance(question, YesOrNo):
            return question.answer(turn)
        return None if question.slot == self.confirmation else question.in_words(turn)

    async def accept(self, turn: Turn, answers: Draft, slot: str, value: Any) -> None:
        """Take a value known from elsewhere, if it can be used; otherwise say why not, and it will be asked for."""
        try:
            answers.set(slot, await checked(self._question(slot), turn, value))
        except Unusable as fault:
            turn.say(fault.response, **fault.params)

    def _corrected(self, turn: Turn, answers: Draft, changed: bool) -> str | None:
        if changed:
            return None
        named = turn.entity("choice") if self._is_slot(turn.entity("choice")) else self.named_field(turn)
        if named is None:
            fault = Unusable("utter_correction_unclear")
            return self._unusable(turn, answers, fault, stay=self.correction, understood=False)
        answers.set(named, None)
        return str(named)

    def _unusable(
        self, turn: Turn, answers: Draft, fault: Unusable, stay: str | None = None, *, understood: bool = True
    ) -> str | None:
        """Say what is wrong; offer a person who was not understood again and again; ask about a danger first."""
        if not understood and suspects_danger(turn):
            answers.take(ask_about_danger(turn))
            return stay
        attempts = int(turn.slot("attempts") or 0) + 1
        answers.set("attempts", attempts)
        if attempts >= PERSON_AFTER and not understood:
            turn.say("utter_offer_person_here")
        else:
            turn.say(fault.response, **fault.params)
        return stay

    def _pictures(self, turn: Turn, answers: Draft) -> bool:
        if self.photos is None or not turn.upload_ids:
            return False
        known = list(answers.get(self.photos) or [])
        answers.set(self.photos, known + [upload for upload in turn.upload_ids if upload not in known])
        return True

    def named_field(self, turn: Turn) -> str | None:
        """Return the slot of the field the resident speaks of."""
        fields = section("fields")
        text = normalise(turn.typed)
        for question in self.questions:
            if question.field and any(word in text for word in fields[question.field]):
                return question.slot
        return None

    def _replaced(self, answers: Draft) -> bool:
        return any(answers.replaced(question.slot) for question in self.questions)

    def _left_over(self, turn: Turn, asked: Question) -> str:
        """Return what the message says beside the values of the form's other questions."""
        others = [question for question in self.questions if question.slot != asked.slot]
        taken = {name for question in others for name in question.entities} - set(asked.entities)
        rest = turn.rest(*taken)
        lists = (name for question in others if isinstance(question, OneOf) for _, name in question.values)
        for name in lists:
            rest = without(name, rest)
        return rest

    def _is_slot(self, name: Any) -> bool:
        return any(question.slot == name for question in self.questions)

    def _question(self, slot: str) -> Question:
        found = next((question for question in self.questions if question.slot == slot), None)
        return found or _WhatToChange(slot, "utter_correction_unclear", task=self)

    def clear(self) -> list[Event]:
        """Return the events that forget the task's answers."""
        return set_slots(**dict.fromkeys(self.slots()))

    def slots(self) -> list[str]:
        """Return all slots of the task."""
        named = [self.correction, self.photos]
        return [*(q.slot for q in self.questions), *self.other_slots, *(slot for slot in named if slot)]


SHORT = 6
"""A field's name with hardly anything around it: 电话 is meant for the form, 物业电话多少 is not."""


@dataclass
class _WhatToChange(Question):
    """What is to be changed: the name of a field."""

    task: Task | None = None

    def settles(self, turn: Turn) -> bool:
        """Whether the message is little more than a field's name."""
        return self.task is not None and len(turn.typed) <= SHORT and self.task.named_field(turn) is not None
