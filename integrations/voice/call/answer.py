"""An answer on its way from the outbox to the caller's ear."""

from dataclasses import dataclass
from typing import Literal

from integrations.voice.spoken.answer import SpokenAnswer

Author = Literal["resident", "bot", "agent", "system"]


@dataclass(frozen=True, slots=True)
class Answer:
    """One stored message for the caller.

    Attributes:
        conversation, seq: which one; a message is spoken once, however often it is delivered.
        reply_to: ``seq`` of what it answers; None where it answers nothing.
        author: who wrote it.
        spoken: what is said.
        danger: it is the answer to an emergency.
        events: what happened to the conversation with it (``callback``, ``agent_joined`` …).
    """

    conversation: str
    seq: int
    reply_to: int | None
    author: Author
    spoken: SpokenAnswer
    danger: bool = False
    events: frozenset[str] = frozenset()
