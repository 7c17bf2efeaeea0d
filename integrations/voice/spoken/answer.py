"""A logical answer as it is heard: sentences, what may be keyed, and what comes only on request."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Expects = Literal["nothing", "choice", "phone", "room", "code", "time", "rating"]
"""What the keys mean now. With ``nothing``, ``choice`` and ``rating`` one key is an answer; with the others keys are
collected until ``#`` or a pause and read by :mod:`integrations.voice.keyed`. In a room ``*`` parts its numbers; as
the first key it goes back, as everywhere."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence.

    Attributes:
        text: as it is written, for the transcript.
        read: as it is read aloud, for the voice: what :func:`integrations.voice.reading.readable` makes of it.
    """

    text: str
    read: str


@dataclass(frozen=True, slots=True)
class Offered:
    """An option behind a key; ``id`` is the option's own in the message that offered it."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class SpokenAnswer:
    """What is said at once, and what the keys do while and after it is said.

    Attributes:
        sentences: in order; none is empty.
        uninterruptible: how many sentences at the beginning must be heard out.
        options: what a key chooses. The way to a person is on ``0`` whenever it is offered.
        expects: what else the keys mean. Where it is a value (``phone`` …) and there are options too, one key that
            is on offer, alone before ``#`` or a pause, is the option.
        more_key: the key with which the caller hears the next of ``more``; None where there is none.
        more: the rest of a long list, each part complete in itself: with its question, its options, its ``more_key``
            and no ``more`` of its own.
    """

    sentences: tuple[Sentence, ...]
    uninterruptible: int = 0
    options: Mapping[str, Offered] = field(default_factory=dict)
    expects: Expects = "nothing"
    more_key: str | None = None
    more: tuple["SpokenAnswer", ...] = ()

    @property
    def text(self) -> str:
        """All of it as it is written, a sentence a line."""
        return "\n".join(sentence.text for sentence in self.sentences)
