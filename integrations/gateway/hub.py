"""Tells the rest of this process what just happened, after it was committed.

Listeners never lose anything by missing an event: the database is the record, and sweeps and ``after_seq`` repair.
Across processes the sweeps of the dispatcher and the Redis manager of Socket.IO do the telling.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

log = structlog.get_logger()


@dataclass(frozen=True)
class MessageStored:
    """A message was committed (in or out, notes included)."""

    conversation_id: int
    message_id: int


@dataclass(frozen=True)
class ConversationChanged:
    """Owner, state or queue place of a conversation changed."""

    conversation_id: int


@dataclass(frozen=True)
class TypingChanged:
    """Somebody started or stopped preparing an answer."""

    conversation_id: int
    author: str
    on: bool


@dataclass(frozen=True)
class AlarmRaised:
    """An emergency was recorded; people must look at once."""

    conversation_id: int


Event = MessageStored | ConversationChanged | TypingChanged | AlarmRaised
Listener = Callable[[Event], Awaitable[None]]


class Hub:
    """In-process publish and subscribe; a failing listener is logged and never harms the sender."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Add a listener for all events."""
        self._listeners.append(listener)

    async def publish(self, *events: Event) -> None:
        """Hand the events to every listener, in order."""
        for event in events:
            for listener in self._listeners:
                try:
                    await listener(event)
                except Exception as error:
                    log.warning("hub.listener_failed", event_type=type(event).__name__, error=type(error).__name__)
