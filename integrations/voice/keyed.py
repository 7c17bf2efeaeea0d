"""Values that callers key or say: telephone, room, code, time, rating; as the text that goes into the dialogue.

Keys: a room is building ``*`` unit ``*`` room (``3*2*501``), or building ``*`` room, or the room alone; five digits
without a star are building, unit and room. A time is one of four half days (``1`` to ``4``), or month, day and hour
with two digits each (``112315``), or day and hour (``2315``). The closing ``#`` is not part of the keys here.

Speech: numbers and rooms are what recognition destroys, so whatever is made of them is read back before it is used.
"""

import re
from dataclasses import replace
from datetime import date, datetime, timedelta

from bot.language import phones, rooms
from bot.language.normalise import normalise
from bot.language.numerals import DIGIT_VALUES, to_int
from integrations.voice.reading.numbers import in_groups
from integrations.voice.spoken.answer import Expects, Offered, Sentence, SpokenAnswer
from integrations.voice.spoken.wording import entry, has, rewritten, say, sentences
from property_db.clock import SHANGHAI
from property_db.people.masking import is_mobile

CODE_DIGITS = 6
YES, NO = "yes", "no"
"""Ids of the two options of a read-back."""
_ROOM = re.compile(r"(?:(?P<building>\d{1,2})\*(?:(?P<unit>\d{1,2})\*)?)?(?P<room>\d{3,4})")
_ROOM_WITHOUT_STARS = re.compile(r"(?P<building>\d)(?P<unit>\d)(?P<room>\d{3})")
_MOMENT = re.compile(r"(?:(?P<month>\d{2}))?(?P<day>\d{2})(?P<hour>\d{2})")
_BETWEEN = re.compile(r"[\s,，、。.:：;；!！?？\-—–+]+")
_SPELLED = re.compile(r"\d+[A-Z]?")
_FURTHEST = timedelta(days=200)
_MONTHS_TRIED = 12


class WrongKeys(ValueError):
    """The keys are no such value.

    Attributes:
        sentence: what the caller is told, with how to key it right.
    """

    def __init__(self, expects: Expects) -> None:
        key = f"wrong_{expects}"
        self.sentence = say(key if has(key) else "wrong_choice")
        super().__init__(expects)


def text_of_keys(expects: Expects, keys: str, now: datetime) -> str:
    """The text to send into the dialogue for what was keyed.

    Args:
        expects: what was asked for, as in :class:`integrations.voice.spoken.SpokenAnswer`.
        keys: digits and ``*``, without the ``#`` at the end.
        now: this moment, aware.

    Raises:
        WrongKeys: they are no such value; its sentence says how to key one.
    """
    keys = keys.rstrip("#")
    match expects:
        case "phone":
            found = _mobile(keys)
        case "room":
            found = _room(keys)
        case "code":
            found = keys if len(keys) == CODE_DIGITS and keys.isdecimal() else None
        case "rating":
            found = say("keyed_rating", stars=keys) if keys in {"1", "2", "3", "4", "5"} else None
        case "time":
            found = _time(keys, now.astimezone(SHANGHAI))
        case _:
            found = None
    if found is None:
        raise WrongKeys(expects)
    return found


def text_of_speech(expects: Expects, heard: str) -> str | None:
    """The text to send into the dialogue for a value that was said, or None where none can be made out.

    Only telephones, rooms and codes: times and ratings are understood by the dialogue itself. To be read back.

    Args:
        expects: what was asked for.
        heard: what the recogniser made of it.
    """
    match expects:
        case "phone":
            plain = normalise(heard)
            found = phones.find(plain)
            return found[0].value if found else _mobile(_digits(plain))
        case "code":
            digits = _digits(normalise(heard))
            return digits if len(digits) == CODE_DIGITS else None
        case "room":
            return _room_said(heard)
        case _:
            return None


def read_back(value: str, today: date | None = None) -> SpokenAnswer:
    """The question whether ``value`` was meant; key 1 is yes (id ``YES``), key 2 is no (id ``NO``).

    Digits alone are a room, a code or a telephone, never a quantity: they are spelled, 1212 as 幺二幺二.
    """
    options = {"1": Offered(YES, say("read_back_yes")), "2": Offered(NO, say("read_back_no"))}
    keys = say("option_joint").join(say("option", title=option.title, digit=digit) for digit, option in options.items())
    return SpokenAnswer(
        sentences=(*_asked_back(value, today), *sentences(keys, today)),
        options=options,
        expects="choice",
    )


def _asked_back(value: str, today: date | None) -> list[Sentence]:
    asked = sentences(say("read_back", value=value), today)
    if not _SPELLED.fullmatch(value):
        return asked
    spelled = sentences(say("read_back", value=in_groups(value)), today)
    return [replace(sentence, read=heard.read) for sentence, heard in zip(asked, spelled, strict=True)]


def _mobile(digits: str) -> str | None:
    digits = digits.removeprefix("0") if len(digits) == 12 else digits
    digits = digits.removeprefix("86") if len(digits) == 13 else digits
    return digits if is_mobile(digits) else None


def _room(keys: str) -> str | None:
    keys = re.sub(r"\*{2,}", "*", keys).strip("*")
    match = _ROOM.fullmatch(keys) or _ROOM_WITHOUT_STARS.fullmatch(keys)
    return None if match is None else _room_text(match["building"], match["unit"], match["room"])


def _room_text(building: str | None, unit: str | None, room: str) -> str:
    building, unit = (None if part is None else part.lstrip("0") or None for part in (building, unit))
    if building is None:
        return room
    if unit is None:
        return say("keyed_room_without_unit", building=building, room=room)
    return say("keyed_room", building=building, unit=unit, room=room)


def _room_said(heard: str) -> str | None:
    for text in (normalise(heard), normalise(rewritten(heard, "room_sounds"))):
        found = {span.entity: span.value for span in rooms.find(text.rstrip("。.,!?"), asked=True)}
        if "room" in found:
            return _room_text(found.get("building"), found.get("unit"), found["room"])
    return None


def _digits(text: str) -> str:
    """The digits of an utterance that is nothing but a number and a few words around it; empty otherwise."""
    text = _BETWEEN.sub("", text)
    for filler in entry("digit_fillers"):
        text = text.replace(filler, "")
    text = re.sub(entry("digit_filler_before"), "", text)
    sounds = entry("digit_sounds")
    values = [str(sounds.get(char, DIGIT_VALUES.get(char, ""))) for char in text]
    return "".join(values) if all(values) else ""


def _time(keys: str, now: datetime) -> str | None:
    if has(f"keyed_time_{keys}"):
        return say(f"keyed_time_{keys}")
    match = _MOMENT.fullmatch(keys)
    if match is None:
        return None
    hour, month, day = (to_int(match[name] or "") for name in ("hour", "month", "day"))
    if hour is None or hour > 23 or day is None:
        return None
    found = _next(now, month, day, hour)
    return None if found is None else say("keyed_moment", day=found, hour=hour)


def _next(now: datetime, month: int | None, day: int, hour: int) -> date | None:
    """The next such day that is not over, none later than half a year from now."""
    for ahead in range(_MONTHS_TRIED + 1):
        index = now.year * 12 + now.month - 1 + ahead
        if month is not None and index % 12 + 1 != month:
            continue
        try:
            found = datetime(index // 12, index % 12 + 1, day, hour, tzinfo=SHANGHAI)
        except ValueError:
            continue
        if found > now:
            return found.date() if found - now < _FURTHEST else None
    return None
