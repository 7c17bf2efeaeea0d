"""Tells the rest of this process what just happened, after it was committed.

Listeners never lose anything by missing an event: the database is the record, and sweeps and ``after_seq`` repair.
Across processes the sweeps of the dispatcher and the Redis manager of Socket.IO do the telling.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

log = structlog.get_logger()


@dataclass(frozen=True)
class MessageStored:
    """A message was committed (in or out, notes included)."""

    conversation_id: int
    message_id: int
    inbound: bool = False


@dataclass(frozen=True)
class MessageRepeated:
    """A channel delivered a message again that was taken in before: its request may have got no answer."""

    conversation_id: int
    message_id: int


@dataclass(frozen=True)
class DeliveryDue:
    """What could not be delivered to a resident may be tried again now."""

    conversation_id: int


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


Event = MessageStored | MessageRepeated | DeliveryDue | ConversationChanged | TypingChanged | AlarmRaised
Listener = Callable[[Event], Awaitable[None]]


class Hub:
    """In-process publish and subscribe.

    Each listener has its own queue and task: it hears the events in order, and neither its slowness nor its failure
    touches the publisher or another listener.
    """

    def __init__(self) -> None:
        self._listeners: list[tuple[Listener, asyncio.Queue[Event]]] = []
        self._tasks: list[asyncio.Task[None]] = []

    def listen(self, listener: Listener) -> None:
        """Add a listener for all events; before :meth:`start`."""
        self._listeners.append((listener, asyncio.Queue()))

    def start(self) -> None:
        """Begin to hand out events."""
        self._tasks = [asyncio.create_task(_hand_out(listener, queue)) for listener, queue in self._listeners]

    async def stop(self) -> None:
        """Hand out what is left, within reason, and end."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*(queue.join() for _, queue in self._listeners)), timeout=2)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def publish(self, *events: Event) -> None:
        """Tell every listener, soon and in order."""
        for event in events:
            for _, queue in self._listeners:
                queue.put_nowait(event)


async def _hand_out(listener: Listener, queue: asyncio.Queue[Event]) -> None:
    while True:
        event = await queue.get()
        try:
            await listener(event)
        except Exception as error:
            log.warning("hub.listener_failed", event_type=type(event).__name__, error=type(error).__name__)
        finally:
            queue.task_done()
