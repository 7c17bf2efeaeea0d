"""What pressed keys mean, by what was asked last.

==================  =========================================================================================
key                 meaning
==================  =========================================================================================
``0``               a person, at once; where digits are asked for it is a digit, and alone with ``#`` or a pause
                    it is a person all the same (no room, phone, code or time is a single zero)
``*``               with no digits begun: back to the menu; between digits of a room it parts building, unit and
                    room (``3*2*501``), in any other value the digits begun are dropped
``1`` … ``9``       the option on that key where options are on offer (also where digits are asked for: alone with
                    ``#`` or a pause); stars where a rating is asked for
``1``               otherwise: say the last answer again
``#``               ends digits; while waiting for a person: leave a message instead; otherwise: say the last
                    answer again
==================  =========================================================================================
"""

from dataclasses import dataclass, field
from typing import Literal

Entry = Literal["none", "choice", "digits", "rating"]
PERSON, BACK, END, REPEAT = "0", "*", "#", "1"
MOST_DIGITS = 20
MOST_STARS = 5


@dataclass(frozen=True, slots=True)
class Person:
    """The caller wants a person."""


@dataclass(frozen=True, slots=True)
class Again:
    """The caller wants to hear it once more."""


@dataclass(frozen=True, slots=True)
class Back:
    """The caller wants the menu."""


@dataclass(frozen=True, slots=True)
class Cleared:
    """Digits that were begun are dropped; the question stands."""


@dataclass(frozen=True, slots=True)
class Option:
    """The option on a key."""

    key: str


@dataclass(frozen=True, slots=True)
class Digits:
    """Digits that were entered to the end."""

    digits: str


@dataclass(frozen=True, slots=True)
class Stars:
    """A rating."""

    stars: int


@dataclass(frozen=True, slots=True)
class NotOffered:
    """The key means nothing here."""


@dataclass(frozen=True, slots=True)
class More:
    """A digit of several: more follow, or a pause ends them."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of digits that had ended by themselves: it means nothing any more."""


Pressed = Person | Again | Back | Cleared | Option | Digits | Stars | NotOffered | More | Ended


@dataclass(slots=True)
class Keypad:
    """Collects keys for one question.

    Attributes:
        entry: what is asked for.
        options: the keys that options are on.
        length: of the digits, where it is known (a code has six): the last one ends them.
        parted: ``*`` stands between digits.
    """

    entry: Entry = "none"
    options: frozenset[str] = frozenset()
    length: int | None = None
    parted: bool = False
    _digits: str = field(default="", init=False)
    _full: bool = field(default=False, init=False)

    @property
    def begun(self) -> bool:
        """Whether digits were begun and not ended."""
        return bool(self._digits)

    def ask(
        self, entry: Entry, options: frozenset[str] = frozenset(), length: int | None = None, *, parted: bool = False
    ) -> None:
        """A new question; digits of the one before are dropped."""
        self.entry, self.options, self.length, self.parted, self._digits = entry, options, length, parted, ""

    def press(self, key: str) -> Pressed:
        """What one key means."""
        full, self._full = self._full, False
        if full and key == END:
            return Ended()
        if self.entry == "digits":
            return self._digit(key)
        if key == PERSON:
            return Person()
        if key == BACK:
            return Back()
        if key == END:
            return Again()
        if self.entry == "rating":
            return Stars(int(key)) if int(key) <= MOST_STARS else NotOffered()
        if self.options:
            return Option(key) if key in self.options else NotOffered()
        return Again() if key == REPEAT else NotOffered()

    def pause(self) -> Pressed | None:
        """No key came for a while: what the digits begun mean, None where there are none."""
        return self._end() if self._digits else None

    def _digit(self, key: str) -> Pressed:
        if key == BACK and not (self.parted and self._digits):
            begun, self._digits = bool(self._digits), ""
            return Cleared() if begun else Back()
        if key == END:
            return self._end() if self._digits else Again()
        self._digits += key
        self._full = len(self._digits) >= (self.length or MOST_DIGITS)
        return self._end() if self._full else More()

    def _end(self) -> Pressed:
        digits, self._digits = self._digits, ""
        if digits == PERSON:
            return Person()
        return Option(digits) if digits in self.options else Digits(digits)
