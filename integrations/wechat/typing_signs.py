"""「对方正在输入」 while the engine takes longer than a request can wait; it uses up none of the permitted messages."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from integrations.gateway.addresses import Addresses
from integrations.gateway.hub import Event, TypingChanged
from integrations.wechat.messages import CHANNEL
from integrations.wechat.slots import PassiveSlots
from property_db.conversations.models import Author

log = structlog.get_logger()

Show = Callable[[str, bool], Awaitable[None]]
"""Shows or ends the sign, for a resident as the channel knows them."""


class TypingSigns:
    """Listens to who is preparing an answer; shows it only where no open request will carry that answer."""

    def __init__(self, addresses: Addresses, slots: PassiveSlots, show: Show) -> None:
        self._addresses = addresses
        self._slots = slots
        self._show = show
        self._busy: set[int] = set()
        self._shown: set[int] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def on_event(self, event: Event) -> None:
        """A listener of the hub."""
        if not isinstance(event, TypingChanged) or event.author != Author.BOT:
            return
        if event.on:
            self._busy.add(event.conversation_id)
            if not self._slots.is_open_in(event.conversation_id):
                self._begin(event.conversation_id, on=True)
        else:
            self._busy.discard(event.conversation_id)
            if event.conversation_id in self._shown:
                self._shown.discard(event.conversation_id)
                self._begin(event.conversation_id, on=False)

    def request_over(self, conversation_id: int) -> None:
        """A request has ended without the answer, which is still being prepared perhaps."""
        if conversation_id in self._busy and conversation_id not in self._shown:
            self._begin(conversation_id, on=True)

    def _begin(self, conversation_id: int, *, on: bool) -> None:
        task = asyncio.create_task(self._tell(conversation_id, on))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tell(self, conversation_id: int, on: bool) -> None:
        try:
            address = await self._addresses.of(conversation_id)
            if address.channel != CHANNEL or (on and conversation_id not in self._busy):
                return
            if on:
                self._shown.add(conversation_id)
            await self._show(address.external_id, on)
        except Exception as error:  # a courtesy; the conversation may be forgotten by now
            log.info("wechat.typing_not_shown", error=type(error).__name__)
