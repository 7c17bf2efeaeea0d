"""What a repair report asks: the facility, what is wrong, where, which home."""

import re
from dataclasses import dataclass
from typing import Any, ClassVar

from actions.catalogue import bare, core, is_just, mentions, names_fault, section
from actions.questions import (
    SHORT_ANSWER,
    OneOf,
    Question,
    Unusable,
    leaves_it_open,
    new_text,
    ordinal,
    replaced_entity,
    says_nothing,
)
from actions.turn import Turn
from actions.wording import short

GUESSED = frozenset({"bind_household", "ask_office_info", "ask_parking_rental", "goodbye", "ask_notice"})
"""Intents that the name of an estate is easily taken for."""
LONGEST_FACILITY = 20
NOT_SYMPTOM = (
    "facility",
    "utility",
    "place",
    "area",
    "building",
    "unit",
    "room",
    "time",
    "phone",
    "fee_type",
    "period",
)


@dataclass
class Facility(Question):
    """What is broken: a facility of the catalogue, or the resident's own word for a thing that is not in it."""

    entities: ClassVar[tuple[str, ...]] = ("facility", "utility")
    free: ClassVar[bool] = True

    def volunteered(self, turn: Turn) -> Any:
        """Take the facility, or the supply that is missing."""
        found = turn.entity("facility")
        if found is None and turn.entity("utility") is not None:
            found = section("supplies").get(turn.entity("utility"))
        return found

    def replacement(self, turn: Turn, *, named: bool, correcting: bool) -> Any:
        """Take the facility of a correction, or the resident's own word after 坏了什么改成."""
        found = replaced_entity(turn, "facility", named=named, correcting=correcting)
        return found if found is not None else new_text(turn) if named else None

    def answer(self, turn: Turn) -> Any:
        """Take the facility, or a short word of the resident's own."""
        found = self.volunteered(turn)
        if found is not None:
            return found
        own = turn.rest("time", "phone", "place", "building", "unit", "room")
        return own if 1 < len(own) <= LONGEST_FACILITY and not says_nothing(turn) else None

    async def check(self, turn: Turn, value: Any) -> str:
        """Refuse marks and numbers alone."""
        if not re.search(r"[^\W\d_]", str(value)):
            raise Unusable(self.unclear)
        return str(value)


@dataclass
class Symptom(Question):
    """What is wrong with it, in the resident's own words."""

    free: ClassVar[bool] = True
    longest: ClassVar[int] = 200

    def volunteered(self, turn: Turn) -> Any:
        """Take what is told if some of it speaks of a fault, or says more than which thing it is."""
        told = _clauses(turn)
        more = turn.intent == "report_repair" and len(turn.rest(*NOT_SYMPTOM)) > 1
        return "，".join(told) if more or any(names_fault(clause) for clause in told) else None

    def answer(self, turn: Turn) -> Any:
        """Take everything but clauses that only give a time or a number."""
        told = _clauses(turn)
        return "，".join(told) if told and core("".join(told)) and not says_nothing(turn) else None

    def replacement(self, turn: Turn, *, named: bool, correcting: bool) -> Any:
        """Take what stands after 情况改成."""
        return new_text(turn) if named else None

    async def check(self, turn: Turn, value: Any) -> str:
        """Require some words and not an essay."""
        text = str(value).strip()
        if not re.search(r"\w", text):
            raise Unusable("utter_text_too_short")
        if len(text) > self.longest:
            raise Unusable("utter_text_too_long")
        return text


def _clauses(turn: Turn) -> list[str]:
    """Return the clauses that tell of the fault: none that only give a time or a number, or speak of something else."""
    told = []
    for found in re.finditer(r"[^，。！？；,!?;\n\s]+", turn.typed):
        aside = turn.overlaps(found.start(), found.end(), "time", "phone", "fee_type", "period")
        if aside and not names_fault(found[0]):
            continue
        if core(found[0]):
            told.append(found[0])
    return told


@dataclass
class Place(Question):
    """Where it is."""

    entities: ClassVar[tuple[str, ...]] = ("place", "area")
    free: ClassVar[bool] = True
    telling: ClassVar[bool] = False
    longest: ClassVar[int] = 60

    def volunteered(self, turn: Turn) -> Any:
        """Take the place as typed."""
        return turn.entity("place")

    def replacement(self, turn: Turn, *, named: bool, correcting: bool) -> Any:
        """Take the place of a correction: all that stands after 地点改成, or the place's name."""
        if named and (told := new_text(turn)) is not None:
            return told
        return replaced_entity(turn, "place", named=named, correcting=correcting)

    def answer(self, turn: Turn) -> Any:
        """Take what was typed, which says more than the place's name alone; the payload's place for a choice.

        A fault told without any place (漏水) is none.
        """
        if turn.is_choice:
            return turn.entity("place")
        if mentions("indoors", turn.typed):
            return turn.entity("place") or short("area_home")
        placed = any(turn.entities(name) for name in ("place", "area", "building", "unit", "room"))
        if not placed and names_fault(turn.typed):
            return None
        return _where(turn) if core(turn.typed) and not says_nothing(turn) else None

    async def check(self, turn: Turn, value: Any) -> str:
        """Refuse marks alone and essays."""
        text = str(value).strip()
        if not re.search(r"\w", text):
            raise Unusable(self.unclear)
        if len(text) > self.longest:
            raise Unusable("utter_text_too_long")
        return text


def _where(turn: Turn) -> str:
    """Return the text without clauses that only give a time, a number or how urgent it is."""
    told = [
        found[0]
        for found in re.finditer(r"[^，。！？；,!?;\n]+", turn.typed)
        if turn.overlaps(found.start(), found.end(), "place", "area", "building", "unit")
        or not (
            turn.overlaps(found.start(), found.end(), "time", "phone")
            or mentions("urgent", found[0])
            or mentions("not_urgent", found[0])
        )
    ]
    return "，".join(told).strip()


@dataclass
class Address(Question):
    """Building, unit and room of somebody whose home is not bound; kept as text, it opens nothing."""

    entities: ClassVar[tuple[str, ...]] = ("building", "unit", "room")

    def volunteered(self, turn: Turn) -> Any:
        """Take building and room."""
        building, unit, room = turn.entity("building"), turn.entity("unit"), turn.entity("room")
        if building is None or room is None:
            return None
        if unit is None:
            return short("address_without_unit", building=building, room=room)
        return short("address", building=building, unit=unit, room=room)


@dataclass
class HomeChoice(Question):
    """Which of several homes: its id."""

    entities: ClassVar[tuple[str, ...]] = ("building", "unit", "room", "choice")

    def answer(self, turn: Turn) -> Any:
        """Take the choice, the room, or 第一套."""
        chosen = turn.entity("choice")
        if chosen is not None:
            return next((home.id for home in turn.homes if f"home_{home.id}" == chosen), None)
        room = turn.entity("room")
        if room is not None:
            return next((home.id for home in turn.homes if home.room == str(room)), None)
        named = [home.id for home in turn.homes if turn.typed and bare(turn.typed) in home.label]
        if len(named) == 1:
            return named[0]
        index = ordinal(turn.typed, len(turn.homes))
        return None if index is None else turn.homes[index].id


@dataclass
class EstateChoice(Question):
    """Which estate, for somebody whose home is not bound: its name."""

    entities: ClassVar[tuple[str, ...]] = ("choice",)

    def answer(self, turn: Turn) -> Any:
        """Take the choice or the typed name; it is checked against the estates there are."""
        return turn.entity("choice") or turn.typed or None

    def recognises(self, turn: Turn) -> bool:
        """Only a tapped choice is surely an estate; the estates' names are not known here."""
        return turn.entity("choice") is not None

    def settles(self, turn: Turn) -> bool:
        """Whether the message is short enough for a name, and neither asks nor tells of a fault."""
        text = turn.typed
        asks = mentions("asks", text) or names_fault(text) or is_just("stop_words", text)
        return 0 < len(text) <= SHORT_ANSWER and not asks and not turn.parsed.get("entities") and turn.intent in GUESSED

    async def check(self, turn: Turn, value: Any) -> str:
        """Accept names of estates only."""
        names = [estate.name for estate in await turn.estates()]
        fitting = [name for name in names if bare(str(value)) and (bare(str(value)) in name or name in str(value))]
        if len(fitting) != 1:
            raise Unusable(self.unclear)
        return fitting[0]


@dataclass
class Urgency(OneOf):
    """Whether somebody must come at once."""

    entities: ClassVar[tuple[str, ...]] = ("urgency",)

    def volunteered(self, turn: Turn) -> Any:
        """Take the choice, or words of hurry; of calm first, because 不急 contains 急."""
        found = super().volunteered(turn)
        if found is not None or not turn.typed:
            return found
        return next((value for value, name in self.values if mentions(name, turn.typed)), None)

    def answer(self, turn: Turn) -> Any:
        """Take also 急, a yes or a no to 着急吗, and words that leave the time open, which are calm."""
        found = self.volunteered(turn)
        if found is not None or not turn.typed:
            return found
        if is_just("hurry", turn.typed) or mentions("at_once", turn.typed):
            return "urgent"
        if is_just("refuse", turn.typed) or turn.intent == "deny" or leaves_it_open(turn.typed):
            return "normal"
        return "urgent" if turn.intent == "affirm" or is_just("agree", turn.typed) else None

    def settles(self, turn: Turn) -> bool:
        """Whether the words alone are the answer."""
        alone = is_just("hurry", turn.typed) or leaves_it_open(turn.typed) or is_just("agree", turn.typed)
        return (alone and len(turn.typed) <= SHORT_ANSWER) or super().settles(turn)
