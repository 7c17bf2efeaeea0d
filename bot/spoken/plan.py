"""Which message is said by whom over which line, in an order that may stop anywhere and is balanced by then.

Everything follows from the message's text alone, so that another start, also with more messages, plans the same
for those it knows.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from bot.spoken.line import NOISES
from bot.spoken.reading import Unspeakable, reading

VOICES = ("zf_xiaobei", "zf_xiaoni", "zf_xiaoxiao", "zf_xiaoyi", "zm_yunjian", "zm_yunxi", "zm_yunxia", "zm_yunyang")
SPEEDS = (0.9, 1.0, 1.1, 1.2)
NOISE_LEVELS: tuple[int | None, ...] = (None, 30, 25, 20, 15, 10)
LONGEST = 45
TWICE = "report_emergency"

_ANNOTATED = re.compile(r"\[([^\]]+)\](?:\([^)]*\)|\{[^}]*\})")


@dataclass(frozen=True)
class Message:
    """A training message as it is written, without annotations."""

    text: str
    intent: str


@dataclass(frozen=True)
class Call:
    """One way a message is heard: `noise_db` below the speech, None for a clean line; with the prompt or without."""

    noise_db: int | None
    noise: str
    seed: int
    prompted: bool


@dataclass(frozen=True)
class Job:
    """A message, what is said of it, by whom and how fast, and the two calls in which it is heard."""

    message: Message
    said_as: str
    voice: str
    speed: float
    calls: tuple[Call, Call]


def messages(folder: Path) -> list[Message]:
    """The messages of the Rasa files (*.yml) right in `folder`, each text once.

    Raises OSError for a file that cannot be read and yaml.YAMLError for one that is no YAML.
    """
    found: dict[str, Message] = {}
    for path in sorted(folder.glob("*.yml")):
        for block in (yaml.safe_load(path.read_text("utf-8")) or {}).get("nlu") or ():
            examples = block.get("examples")
            if "intent" not in block or not isinstance(examples, str):
                continue
            for line in examples.splitlines():
                text = _ANNOTATED.sub(r"\1", line.strip().removeprefix("-").strip())
                if text:
                    found.setdefault(text, Message(text, block["intent"]))
    return list(found.values())


def _digest(*parts: str) -> bytes:
    return hashlib.sha256("\0".join(("1", *parts)).encode()).digest()


def job(message: Message, turn: int) -> Job:
    """How `message` is said and heard the `turn`-th time (from 0). Raises reading.Unspeakable."""
    # Not the digest that orders the messages: the voices would come one after the other.
    voice = VOICES[(_digest(message.text, "voice")[0] + turn) % len(VOICES)]
    dice = _digest(message.text, voice)
    first = dice[0] % len(NOISE_LEVELS)
    second = (first + 1 + dice[1] % (len(NOISE_LEVELS) - 1)) % len(NOISE_LEVELS)
    calls = tuple(
        Call(NOISE_LEVELS[level], NOISES[dice[2 + at] % len(NOISES)], dice[4 + at], prompted)
        for at, (level, prompted) in enumerate(((first, False), (second, dice[6] % 3 == 0)))
    )
    return Job(message, reading(message.text), voice, SPEEDS[dice[7] % len(SPEEDS)], (calls[0], calls[1]))


def jobs(known: Iterable[Message]) -> Iterator[Job]:
    """Jobs for `known`, the intents in turn and emergencies twice a round, until each message was said once.

    Small intents go round again in another voice, at most once in each. Messages nobody reads aloud and those longer
    than LONGEST characters are left out.
    """
    by_intent: dict[str, list[Message]] = {}
    for message in sorted(known, key=lambda one: _digest(one.text)):
        if len(message.text) <= LONGEST and _speakable(message.text):
            by_intent.setdefault(message.intent, []).append(message)
    rounds = max((len(those) for those in by_intent.values()), default=0)
    for at in range(rounds):
        for intent, those in sorted(by_intent.items()):
            for step in (2 * at, 2 * at + 1) if intent == TWICE else (at,):
                turn, which = divmod(step, len(those))
                if turn < len(VOICES):
                    yield job(those[which], turn)


def _speakable(text: str) -> bool:
    try:
        reading(text)
    except Unspeakable:
        return False
    return True
