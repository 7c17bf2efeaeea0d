"""The kinds of questions a form asks: what counts as an answer, and what is wrong with one."""

import re
from abc import ABC
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from actions.catalogue import after, bare, clauses, core, is_just, mentions, without, words
from actions.turn import Turn
from property_db.clock import SHANGHAI
from property_db.errors import DomainError
from property_db.people.masking import is_mobile

SURE_OF_TALK = 0.7
"""From this confidence on a yes or a thank-you is no text to keep."""

SHORT_ANSWER = 12
"""So few characters may be an answer by their words alone."""

Answers = Mapping[str, Any]
"""Slot values of the task so far; an empty text means: asked, and deliberately left open."""


class Unusable(Exception):
    """The answer was understood but cannot be used; `response` says why."""

    def __init__(self, response: str, **params: object) -> None:
        """Remember the response and what it needs."""
        super().__init__(response)
        self.response, self.params = response, params


def _always(_: Answers) -> bool:
    return True


@dataclass
class Question(ABC):
    """One question of a form.

    Attributes:
        slot: where the answer is kept.
        unclear: the response when an answer holds nothing usable.
        wanted: whether it is asked at all, given the answers so far.
        field: the catalogue's name for it, so that 改时间 finds it.
    """

    slot: str
    unclear: str
    wanted: Callable[[Answers], bool] = _always
    field: str = ""
    free: ClassVar[bool] = False
    telling: ClassVar[bool] = True
    """Whether a message that tells or asks how to help oneself may be the answer to a free question."""
    entities: ClassVar[tuple[str, ...]] = ()
    overwrites: ClassVar[bool] = False
    """Whether a value in a message about something else replaces one given before."""

    def volunteered(self, turn: Turn) -> Any:
        """Return the value the message holds although this was not asked, or None."""
        return None

    def replacement(self, turn: Turn, *, named: bool, correcting: bool) -> Any:
        """Return the value that is to replace the one given before, or None.

        Args:
            turn: the message, which speaks of a change.
            named: it names this question's field.
            correcting: it was asked what to change.
        """
        return None

    def answer(self, turn: Turn) -> Any:
        """Return the value of a message that answers this question, or None."""
        return self.volunteered(turn)

    def recognises(self, turn: Turn) -> bool:
        """Whether the message holds a value for this question."""
        return self.answer(turn) is not None

    def settles(self, turn: Turn) -> bool:
        """Whether the words alone are the answer, whatever the intent looks like."""
        return False

    async def check(self, turn: Turn, value: Any) -> Any:
        """Return the value as it is kept.

        Raises:
            Unusable: it cannot be used.
        """
        return value


@dataclass
class FreeText(Question):
    """Something told in the resident's own words."""

    shortest: int = 2
    longest: int = 500
    too_short: str = "utter_text_too_short"
    too_long: str = "utter_text_too_long"
    optional: bool = False
    free: ClassVar[bool] = True

    def answer(self, turn: Turn) -> Any:
        """Take the whole text; 不知道 and the like leave an optional question open."""
        if self.optional and (turn.intent == "deny" or is_just("skip", turn.typed) or self.settles(turn)):
            return ""
        return None if says_nothing(turn) else turn.typed or None

    def settles(self, turn: Turn) -> bool:
        """算了不说在哪了 leaves an optional question open; it does not give up the task."""
        return self.optional and mentions("skip_part", turn.typed)

    async def check(self, turn: Turn, value: Any) -> str:
        """Require enough to work with and not more than anybody reads."""
        text = str(value).strip()
        if text == "" and self.optional:
            return ""
        if len(bare(text)) < self.shortest or not re.search(r"\w", text):
            raise Unusable(self.too_short)
        if len(text) > self.longest:
            raise Unusable(self.too_long)
        return text


@dataclass
class PhoneNumber(Question):
    """An 11-digit mobile number."""

    entities: ClassVar[tuple[str, ...]] = ("phone",)
    overwrites: ClassVar[bool] = True

    def volunteered(self, turn: Turn) -> Any:
        """Take the phone entity, or digits that look like a number."""
        found = meant(turn, "phone")
        if found is not None:
            return str(found)
        digits = re.fullmatch(r"\+?[\d\s-]{7,18}", turn.typed)
        return re.sub(r"\D", "", turn.typed) if digits else None

    async def check(self, turn: Turn, value: Any) -> str:
        """Accept mobile numbers only."""
        number = str(value).removeprefix("86") if len(str(value)) == 13 else str(value)
        if not is_mobile(number):
            raise Unusable("utter_phone_unclear")
        return number


@dataclass
class VisitTime(Question):
    """When somebody may come: `{"start": ISO, "end": ISO or None}`, or `{}` for as soon as possible.

    Hours come from the estate: `visit_opens` and `visit_closes` (hours of the day) in its settings.
    """

    entities: ClassVar[tuple[str, ...]] = ("time",)
    overwrites: ClassVar[bool] = True
    days_ahead: ClassVar[int] = 30
    grace: ClassVar[timedelta] = timedelta(minutes=10)
    """现在 said a moment ago is not the past."""

    def volunteered(self, turn: Turn) -> Any:
        """Take the time entity; of several the one that is meant. 现在就来 is hurry, no appointment."""
        if len(turn.typed) <= SHORT_ANSWER and mentions("at_once", turn.typed):
            return None
        return meant(turn, "time")

    def answer(self, turn: Turn) -> Any:
        """Take the time entity; 随时, 尽快 and 还没想好 leave it to the people who come."""
        found = self.volunteered(turn)
        if found is not None:
            return found
        return {} if leaves_it_open(turn.typed) or is_just("hurry", turn.typed) else None

    def settles(self, turn: Turn) -> bool:
        """什么时候都行 is an answer, although it looks like a question."""
        return self.answer(turn) == {} and len(turn.typed) <= SHORT_ANSWER

    async def check(self, turn: Turn, value: Any) -> dict[str, str | None]:
        """Refuse the past, the night and the far future, kindly."""
        if value == {}:
            return {}
        start, end = parse_span(value)
        if start is None:
            raise Unusable(self.unclear)
        opens, closes = await visiting_hours(turn)
        local, now = start.astimezone(SHANGHAI), turn.now.astimezone(SHANGHAI)
        if end is not None and end <= start:
            end = None
        if _names_a_day(local, end) and not mentions("night", turn.typed):
            start, end = max(local.replace(hour=opens), now), local.replace(hour=closes)
            if start >= end:
                raise Unusable("utter_time_past")
        elif (end or start) < now - self.grace:
            raise Unusable("utter_time_past")
        elif not opens <= local.hour < closes:
            raise Unusable("utter_time_outside_hours", opens=hour_text(opens), closes=hour_text(closes))
        if start > turn.now + timedelta(days=self.days_ahead):
            raise Unusable("utter_time_too_far", days=self.days_ahead)
        return {"start": start.isoformat(), "end": end.isoformat() if end else None}


def _names_a_day(start: datetime, end: datetime | None) -> bool:
    """Whether a time is a day as a whole: 12月30号 comes as its midnight, with or without an end."""
    at_midnight = (start.hour, start.minute) == (0, 0)
    return at_midnight and (end is None or end - start >= timedelta(hours=12))


def hour_text(hour: int) -> str:
    """Return `8:00`."""
    return f"{hour}:00"


async def visiting_hours(turn: Turn) -> tuple[int, int]:
    """Return from which hour to which hour the estate sends people out."""
    estate = await turn.estate()
    settings = estate.settings if estate is not None else {}
    return int(settings.get("visit_opens", 8)), int(settings.get("visit_closes", 20))


def parse_span(value: Any) -> tuple[datetime | None, datetime | None]:
    """Read a time entity: an ISO moment, `start/end`, or a mapping of start and end. Naive moments are Shanghai's."""
    if isinstance(value, Mapping):
        first, last = value.get("start"), value.get("end")
    else:
        first, _, last = str(value).partition("/")
    return _moment(first), _moment(last)


def _moment(text: Any) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)


@dataclass
class YesOrNo(Question):
    """可以 or 不可以: True or False."""

    yes: tuple[str, ...] = ("agree",)
    no: tuple[str, ...] = ("refuse",)

    def answer(self, turn: Turn) -> Any:
        """Take a word that means nothing else, or the intent."""
        said = self.in_words(turn)
        if said is None and turn.intent in ("affirm", "deny"):
            return turn.intent == "affirm"
        return said

    def settles(self, turn: Turn) -> bool:
        """取消 as the answer to 确定要取消吗 is a yes, although it looks like giving up."""
        return self.in_words(turn) is not None

    def in_words(self, turn: Turn) -> bool | None:
        """Return what a clause that is nothing but a yes or a no says."""
        for clause in clauses(turn.typed):
            if is_just("by_the_way", clause):
                continue
            if any(is_just(name, clause) for name in self.no):
                return False
            if any(is_just(name, clause) for name in self.yes):
                return True
        return None


@dataclass
class OneOf(Question):
    """A choice among fixed values: the payload's entity, or words of the catalogue."""

    entity: str = "choice"
    values: tuple[tuple[str, str], ...] = ()
    """Value and the list of words that mean it, the more particular first."""

    def volunteered(self, turn: Turn) -> Any:
        """Take the payload's entity if it is one of the values."""
        found = turn.entity(self.entity)
        return found if found in {value for value, _ in self.values} else None

    def answer(self, turn: Turn) -> Any:
        """Take the payload's entity or the first list of which a word is said."""
        found = self.volunteered(turn)
        if found is not None:
            return found
        return next((value for value, name in self.values if mentions(name, turn.typed)), None)

    def settles(self, turn: Turn) -> bool:
        """Whether nothing but such a word was said: 慢慢来 is calm, and no wish to speak to a person."""
        rest = bare(turn.typed)
        for _, name in self.values:
            rest = without(name, rest)
        return self.answer(turn) is not None and len(core(rest)) <= 1


def meant(turn: Turn, kind: str) -> Any:
    """Return the entity of that kind that is meant: of several, the new one where the message is a change."""
    found = [entity for entity in turn.parsed.get("entities") or [] if entity.get("entity") == kind]
    if len(found) < 2:
        return turn.entity(kind)
    start = after("new_value", turn.typed, but="not_new_value")
    if start is not None:
        later = [entity["value"] for entity in found if entity.get("start", -1) >= start]
        if later:
            return later[0]
    return found[-1 if mentions("changes", turn.typed) or turn.intent == "change_repair" else 0]["value"]


def new_text(turn: Turn) -> str | None:
    """Return what stands after 改成 or 是, without particles."""
    start = after("new_value", turn.typed, but="not_new_value")
    if start is None:
        return None
    told = clauses(turn.typed[start:])
    return re.sub(f"(?:{'|'.join(words('particles'))})+$", "", told[0]) or None if told else None


def replaced_entity(turn: Turn, kind: str, *, named: bool, correcting: bool) -> Any:
    """Return the entity that replaces an earlier one: said as a change, with the field's name, or when it was asked."""
    changing = after("new_value", turn.typed, but="not_new_value") is not None and mentions("changes", turn.typed)
    return meant(turn, kind) if correcting or named or changing else None


def leaves_it_open(text: str) -> bool:
    """Whether the time is left to others: 随时, 看你们方便, 还没想好, 下班以后."""
    return any(mentions(name, text) for name in ("anytime", "undecided", "after_work", "at_once"))


def is_pure_yes(text: str) -> bool:
    """Whether every clause is a yes or a courtesy, so that nothing else is lost by taking it as one."""
    for clause in clauses(text):
        if is_just("by_the_way", clause):
            return False
        if not _is_courtesy(clause):
            return False
    return True


def beside_yes(text: str) -> str:
    """Return the clauses that are neither a yes nor a courtesy."""
    told = (clause for clause in clauses(text) if not _is_courtesy(clause) and not is_just("by_the_way", clause))
    return "，".join(told)


def _is_courtesy(clause: str) -> bool:
    rest = core(without("confirms", clause))
    return is_just("agree", clause) or core(clause) == "" or core(without("agree", rest)) == ""


def says_nothing(turn: Turn) -> bool:
    """Whether the message is but a yes, a no or a courtesy, which is no text to keep."""
    return turn.intent in ("affirm", "deny", "greet", "thank", "goodbye") and turn.confidence >= SURE_OF_TALK


def ordinal(text: str, count: int) -> int | None:
    """Return which of `count` listed things 第一个, 第二个 … or a bare number means, counted from 0."""
    number = bare(text)
    if number.isdecimal():
        return int(number) - 1 if 1 <= int(number) <= count else None
    for index, name in enumerate(("first", "second", "third")[:count]):
        if mentions(name, text):
            return index
    return count - 1 if count and mentions("last", text) else None


async def checked(question: Question, turn: Turn, value: Any) -> Any:
    """Check a value; a refusal of the domain (a ticket not theirs) is an unusable answer, not the form's end."""
    try:
        return await question.check(turn, value)
    except DomainError as refusal:
        raise Unusable(f"utter_{refusal.code}", **refusal.params) from refusal
