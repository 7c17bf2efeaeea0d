"""What callers say to the telephone rather than to the company: again, back, goodbye, the second one."""

import re
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from bot.language.normalise import normalise

Command = Literal["repeat", "back", "goodbye", "nothing_more"]
_COMMANDS: tuple[Command, ...] = ("repeat", "back", "goodbye", "nothing_more")


@cache
def _words() -> Any:
    return yaml.safe_load((Path(__file__).parent / "words.yml").read_text(encoding="utf-8"))


@cache
def _sentences(kind: str) -> frozenset[str]:
    return frozenset(_words()[kind])


def plainly(text: str) -> str:
    """A text without signs, spaces and the little words at its ends."""
    plain = "".join(sign for sign in normalise(text) if sign.isalnum())
    again = True
    while again:
        again = False
        for filler in _words()["fillers"]:
            if plain != filler and plain.startswith(filler):
                plain, again = plain.removeprefix(filler), True
            if plain != filler and plain.endswith(filler):
                plain, again = plain.removesuffix(filler), True
    return plain


def command_in(text: str) -> Command | None:
    """What the whole text tells the telephone to do; None where it is meant for the company."""
    return next((command for command in _COMMANDS if _made_of(command, text)), None)


def wants_more(text: str) -> bool:
    """Whether the text is a yes to 要接着听吗."""
    return _made_of("more", text)


def key_said(text: str) -> str | None:
    """The key whose option the whole text names by its number: 第二个 is ``2``."""
    plain = plainly(text)
    return next((key for key, words in _words()["ordinals"].items() if plain in words), None)


def verdict_in(text: str) -> bool | None:
    """Whether the whole text says that what was read back is right; None where it says something else."""
    if _made_of("right", text):
        return True
    return False if _made_of("wrong", text) else None


def _made_of(kind: str, text: str) -> bool:
    """Whether the whole text is sentences of this kind, one or several: 好的，接着听."""
    plain = {plainly(text), "".join(sign for sign in normalise(text) if sign.isalnum())}
    return any(_pattern(kind).fullmatch(one) for one in plain)


@cache
def _pattern(kind: str) -> re.Pattern[str]:
    longest_first = sorted(_sentences(kind), key=len, reverse=True)
    before = sorted(_words().get(f"before_{kind}", []), key=len, reverse=True)
    lead = f"(?:{'|'.join(before)})*" if before else ""
    return re.compile(f"{lead}(?:{'|'.join(longest_first)})+")


def person() -> str:
    """What is said for a caller who wants a person."""
    text: str = _words()["person"]
    return text


def names_person(text: str) -> bool:
    """Whether a text may ask for a person, and is none of our own hints about keys."""
    return "按" not in text and any(word in text for word in _words()["person_words"])


def menu() -> dict[str, str]:
    """What is said for a caller who presses a key of the menu."""
    options: dict[str, str] = _words()["menu"]
    return options


def repair_key() -> str:
    """The key of the menu that reports a repair."""
    key: str = _words()["repair_key"]
    return key
