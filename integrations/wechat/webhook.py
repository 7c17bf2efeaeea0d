"""The callback of an Official Account: ``/wechat/{name}``.

A message is committed before anything is answered. The response leaves within 3.4 s of the request's arrival whatever
happens: with the answer, if there is one by then; otherwise empty-handed (``success``), and the answer follows by
itself; and if the message could not even be stored, as an error, so that the platform delivers it again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Protocol

import structlog
from fastapi import APIRouter, Request, Response
from starlette.types import Receive, Scope, Send

from integrations.gateway.channel import InboundMessage
from integrations.gateway.errors import ApiError
from integrations.gateway.intake import TooManyWrite
from integrations.gateway.receiving import Received
from integrations.tencent.callbacks import Refused
from integrations.wechat import messages
from integrations.wechat.accounts import Account
from integrations.wechat.door import Call, Door
from integrations.wechat.follow import BeforeAnswer
from integrations.wechat.messages import AccountEvent, MessageRefused
from integrations.wechat.slots import PassiveSlots, Slot
from integrations.wechat.texts import has, say
from property_db.conversations.models import Conversation, ConversationState, Message, MessageState
from property_db.errors import DomainError

log = structlog.get_logger()

STORED_WITHIN_SECONDS = 3.2
"""After arrival; later no slot is opened, so that what is stored then is answered by itself."""
_WITH_A_PERSON = (ConversationState.WAITING, ConversationState.HUMAN)
_UNANSWERED = (MessageState.RECEIVED, MessageState.PROCESSING)


class TakesMessages(Protocol):
    """The inbox."""

    async def receive(
        self,
        message: InboundMessage,
        before_answer: Callable[[Received], None] | None = None,
        until: float | None = None,
    ) -> Received:
        """Commit one message and start on its answer."""
        ...


class TakesFollowers(Protocol):
    """:class:`integrations.wechat.follow.Followers`."""

    async def came(self, account: Account, event: AccountEvent, before_answer: BeforeAnswer) -> None:
        """Somebody followed or scanned."""
        ...

    async def left(self, account: Account, event: AccountEvent) -> None:
        """Somebody unfollowed."""
        ...


TakesNews = Callable[[Account, AccountEvent], Awaitable[None]]
"""Takes in what the platform tells about templates and subscriptions, once."""


class PassiveReply(Response):
    """A response that tells its slot whether it left."""

    media_type = "text/xml"

    def __init__(self, content: str, slot: Slot) -> None:
        super().__init__(content)
        self._slot = slot

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
            self._slot.left(True)
        finally:
            self._slot.left(False)  # where it is not said already


class Webhook:
    """Takes in what the platform delivers to the accounts of this server.

    Args:
        doors: by the account's name.
        request_over: told the conversation whose request ended without an answer.
    """

    def __init__(
        self,
        doors: Mapping[str, Door],
        inbox: TakesMessages,
        followers: TakesFollowers,
        news: TakesNews,
        slots: PassiveSlots,
        request_over: Callable[[int], None],
    ) -> None:
        self._doors = doors
        self._inbox = inbox
        self._followers = followers
        self._news = news
        self._slots = slots
        self._request_over = request_over
        self._late: set[asyncio.Task[Any]] = set()
        self._being_stored: dict[tuple[str, str], asyncio.Future[None]] = {}

    def router(self) -> APIRouter:
        """The routes."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/wechat/{name}", self.verify, methods=["GET"], response_class=Response)
        router.add_api_route("/wechat/{name}", self.take_in, methods=["POST"], response_class=Response)
        return router

    async def verify(self, name: str, request: Request) -> Response:
        """The platform checks the address when it is entered there."""
        try:
            return _plain(await self._door(name).echo(request))
        except Refused as refused:
            return _refusal(name, refused)

    async def take_in(self, name: str, request: Request) -> Response:
        """The platform delivers a message or an event."""
        arrived = asyncio.get_running_loop().time()
        try:
            door = self._door(name)
            call = await door.open(request)
            found = messages.read(door.account, call.fields, call.content)
        except Refused as refused:
            return _refusal(name, refused)
        except MessageRefused as refused:
            return _refusal(name, Refused(refused.reason))
        slot: Slot | None = None

        def open_slot(key: int | None, conversation: Conversation, message: Message) -> None:
            nonlocal slot
            slot = self._slots.open(key if key is not None else ("out", message.id), conversation.id, arrived)

        def before_answer(received: Received) -> None:
            if _may_be_answered_now(received):
                open_slot(received.message.id, received.conversation, received.message)

        def before_greeting(conversation: Conversation, message: Message) -> None:
            open_slot(None, conversation, message)

        work: Coroutine[Any, Any, Any]
        if isinstance(found, InboundMessage):
            if (copy := self._being_stored.get(_key(found))) is not None:
                return await self._with_its_copy(copy, arrived)
            stored = self._being_stored[_key(found)] = asyncio.get_running_loop().create_future()
            work = self._store(found, before_answer, arrived, stored)
        else:
            work = self._event(door.account, found, before_greeting)
        try:
            refusal = await self._stored(work, arrived)
            if refusal is not None:
                return refusal if isinstance(refusal, Response) else _said(call, refusal)
            return await self._answer(request, call, slot)
        except BaseException:
            if slot is not None:
                slot.left(False)
            raise

    async def _store(
        self,
        message: InboundMessage,
        before_answer: Callable[[Received], None],
        arrived: float,
        stored: asyncio.Future[None],
    ) -> None:
        try:
            await self._inbox.receive(message, before_answer=before_answer, until=arrived + STORED_WITHIN_SECONDS)
            stored.set_result(None)
        finally:
            self._being_stored.pop(_key(message), None)
            stored.cancel()  # where there is no result, who waits has to be told that as well

    async def _with_its_copy(self, stored: asyncio.Future[None], arrived: float) -> Response:
        """A delivery of a message that another request is storing just now: nothing to do but see it stored."""
        left = arrived + STORED_WITHIN_SECONDS - asyncio.get_running_loop().time()
        await asyncio.wait({stored}, timeout=max(left, 0))
        is_stored = stored.done() and not stored.cancelled()
        return _success() if is_stored else Response(status_code=503)

    async def _stored(self, work: Coroutine[Any, Any, Any], arrived: float) -> Response | str | None:
        """See the work to its commit: None when it is done, a sentence when it is refused, an error when it is late.

        Work that is late goes on: it may be committing just now. When the platform delivers again, it is found.
        """
        task = asyncio.create_task(work)
        self._late.add(task)
        task.add_done_callback(self._late.discard)
        left = arrived + STORED_WITHIN_SECONDS - asyncio.get_running_loop().time()
        done, _ = await asyncio.wait({task}, timeout=max(left, 0))
        if not done:
            log.error("wechat.not_stored_in_time")
            task.add_done_callback(_note_failure)
            return Response(status_code=503)
        error = task.exception()
        match error:
            case None:
                return None
            case ApiError() if has(f"refused_{error.code}"):
                return say(f"refused_{error.code}", **error.params)
            case TooManyWrite():
                log.warning("wechat.too_many_write")
                return Response(status_code=503)
            case DomainError() if error.status >= 500:  # ours, not the message's: it has to come again
                log.error("wechat.not_stored", error=error.code)
                return Response(status_code=503)
            case ApiError() | DomainError():
                log.info("wechat.message_not_taken", reason=error.code)
                return _success()
            case _:
                log.error("wechat.not_stored", error=type(error).__name__)
                return Response(status_code=503)

    async def _answer(self, request: Request, call: Call, slot: Slot | None) -> Response:
        text = None if slot is None else await slot.wait()
        if slot is None or text is None:
            if slot is not None:
                self._request_over(slot.conversation_id)
            return _success()
        if await request.is_disconnected():
            slot.left(False)
            return _success()
        return PassiveReply(call.reply(text), slot)

    async def _event(self, account: Account, event: AccountEvent, before_greeting: BeforeAnswer) -> None:
        match event.name:
            case "subscribe" | "scan":
                await self._followers.came(account, event, before_greeting)
            case "unsubscribe":
                await self._followers.left(account, event)
            case "templatesendjobfinish":
                await self._news(account, event)
            case name if name.startswith("subscribe_msg_"):
                await self._news(account, event)
            case _:
                pass  # VIEW, LOCATION and what the platform may think of: nothing to do

    def _door(self, name: str) -> Door:
        door = self._doors.get(name)
        if door is None:
            raise Refused("account")
        return door


def _key(message: InboundMessage) -> tuple[str, str]:
    return message.external_id, message.client_message_id


def _may_be_answered_now(received: Received) -> bool:
    """Whether an answer to this message may come soon enough for its own request."""
    message, with_a_person = received.message, received.conversation.state in _WITH_A_PERSON
    if not received.is_new:
        # An answer that is stored goes, or went, its own way; a second one must not be waited for.
        return message.state in _UNANSWERED and not with_a_person
    return not with_a_person or message.state is MessageState.ANSWERED or message.choice is not None


def _note_failure(task: "asyncio.Task[Any]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("wechat.not_stored", error=type(error).__name__)


def _plain(text: str) -> Response:
    return Response(text, media_type="text/plain", headers={"X-Content-Type-Options": "nosniff"})


def _success() -> Response:
    return _plain("success")


def _said(call: Call, text: str) -> Response:
    return Response(call.reply(text), media_type="text/xml")


def _refusal(account: str, refused: Refused) -> Response:
    # The name comes from the address, so that of an unknown account is anybody's words.
    log.warning("wechat.refused", reason=refused.reason, account="?" if refused.reason == "account" else account)
    return Response(status_code=refused.status)
