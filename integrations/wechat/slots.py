"""Answers that go out in the response to the resident's own request, while that request is still open.

A slot belongs to one request. The request opens it once the message is committed and before anything can be delivered,
then waits; the channel takes it, and after that only one of the two ways remains open: the response, or, if that turns
out to be over, the customer-service message.
"""

import asyncio
from collections.abc import Callable
from typing import Literal

WAITS_SECONDS = 3.0
"""After the request's arrival, for somebody who has an answer."""
LATEST_SECONDS = 3.4
"""After the request's arrival, for the answer itself; the platform hangs up after 5 s."""

HUNG_UP_SECONDS = 6.0
"""After the request's arrival: whatever became of the response, the platform does not wait for it any more."""

Key = int | tuple[Literal["out"], int]
"""The resident's message that is answered; or, of a message that answers none, ``("out", its own id)``."""


class Slot:
    """One open request: the request's side waits and leaves, the channel's side answers or gives back."""

    def __init__(self, key: Key, conversation_id: int, arrived: float, on_close: Callable[["Slot"], None]) -> None:
        self.key = key
        self.conversation_id = conversation_id
        self._arrived = arrived
        self._on_close = on_close
        loop = asyncio.get_running_loop()
        self._taken = asyncio.Event()
        self._text: asyncio.Future[str | None] = loop.create_future()
        self._left: asyncio.Future[bool] = loop.create_future()

    async def wait(self) -> str | None:
        """The request's side: the answer's text, or None when there is none in time; then the slot is closed."""
        try:
            async with asyncio.timeout_at(self._arrived + WAITS_SECONDS):
                await self._taken.wait()
        except TimeoutError:
            if not self._taken.is_set():
                self.left(False)
                return None
        try:
            async with asyncio.timeout_at(self._arrived + LATEST_SECONDS):
                text = await asyncio.shield(self._text)
        except TimeoutError:
            text = self._text.result() if self._text.done() else None
        if text is None:
            self.left(False)
        return text

    def left(self, arrived: bool) -> None:
        """The request's side: the response is out (True), or there will be none with the answer. The first call counts.

        Args:
            arrived: the response with the answer was handed over to the connection.
        """
        if not self._left.done():
            self._left.set_result(arrived)
            self._on_close(self)

    async def answer(self, text: str) -> bool:
        """The channel's side: let the request carry ``text``; False where it is over and nothing of it left."""
        if self._left.done() or self._text.done():
            return False
        self._text.set_result(text)
        try:
            async with asyncio.timeout_at(self._arrived + HUNG_UP_SECONDS):
                return await asyncio.shield(self._left)
        except TimeoutError:
            return True  # nobody can tell any more; sent again it might be read twice

    def give_back(self) -> None:
        """The channel's side: there is no answer after all; the request need not wait for it."""
        if not self._text.done():
            self._text.set_result(None)

    @property
    def is_taken(self) -> bool:
        """Somebody has, or had, an answer for it."""
        return self._taken.is_set()

    def take(self) -> bool:
        """The channel's side: have the request wait for the answer; False where it is over or taken."""
        if self._left.done() or self._taken.is_set():
            return False
        self._taken.set()
        return True


class PassiveSlots:
    """The open requests of this process."""

    def __init__(self) -> None:
        self._open: dict[Key, Slot] = {}

    def open(self, key: Key, conversation_id: int, arrived: float) -> Slot | None:
        """Open a slot; None where there is one already, or where the request's time is over.

        Args:
            arrived: when the request came, by the event loop's clock.
        """
        if key in self._open or asyncio.get_running_loop().time() >= arrived + WAITS_SECONDS:
            return None
        slot = Slot(key, conversation_id, arrived, self._closed)
        self._open[key] = slot
        return slot

    def take(self, *keys: Key) -> Slot | None:
        """The first of these slots that is open and not taken; it is the caller's then."""
        for key in keys:
            slot = self._open.get(key)
            if slot is not None and slot.take():
                return slot
        return None

    def is_open_in(self, conversation_id: int) -> bool:
        """Whether a request of this conversation still waits for an answer."""
        return any(slot.conversation_id == conversation_id for slot in self._open.values())

    def open_in(self, conversation_id: int) -> list[int]:
        """The resident's messages of this conversation whose requests still wait for an answer."""
        return [
            key
            for key, slot in self._open.items()
            if isinstance(key, int) and slot.conversation_id == conversation_id and not slot.is_taken
        ]

    def _closed(self, slot: Slot) -> None:
        if self._open.get(slot.key) is slot:
            del self._open[slot.key]
