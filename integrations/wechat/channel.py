"""The Official Accounts as a channel: answers as text, in the resident's own request or by themselves."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Protocol

import structlog

from integrations.gateway.channel import (
    Allowance,
    Capabilities,
    Contact,
    Delivery,
    Media,
    MediaGone,
    OutboundMessage,
    Receipt,
    StoredAnswer,
    Wire,
)
from integrations.tencent import media as media_files
from integrations.tencent.errors import LATER, ApiRefused, ApiUnreachable, Refusal
from integrations.wechat.accounts import Account, open_id_of
from integrations.wechat.messages import CHANNEL
from integrations.wechat.rendering import Rendering
from integrations.wechat.slots import Key, PassiveSlots
from integrations.wechat.splitting import LIMIT
from property_db.pushes.models import PushKind

log = structlog.get_logger()

SEND = "/cgi-bin/message/custom/send"
TYPING = "/cgi-bin/message/custom/typing"

# Customer-service messages, 「客服消息」 of developers.weixin.qq.com: what may be sent after what the resident did.
ALLOWANCES: dict[Contact, Allowance] = {
    "message": Allowance(5, timedelta(hours=48)),
    "action": Allowance(3, timedelta(minutes=1)),
}
PATIENCE_SECONDS = 30.0
"""Longer than on the page: an apology would use up one of five messages."""

SETTLES_SECONDS = 0.2
"""An answer in the request and a message that follows it reach the platform on two connections, on which nothing keeps
the second from being taken first. A few ways across the country and back, and nothing that a reader notices."""

_WAITS = frozenset({Refusal.WINDOW_CLOSED, Refusal.QUOTA_USED})


class Platform(Protocol):
    """The platform's interface of one account (:class:`integrations.tencent.api.Api`)."""

    async def call(
        self,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        before_bytes: Callable[[], Awaitable[None]] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Call it; raises ApiRefused and ApiUnreachable."""
        ...

    async def download(self, path: str, params: Mapping[str, str], limit_bytes: int) -> tuple[bytes, str]:
        """Bytes and their type; raises ApiRefused, ApiUnreachable and TooLarge."""
        ...


Pusher = Callable[[Account, str, PushKind, Mapping[str, str], int], Awaitable[Receipt]]
"""Sends one piece of news: account, openid, kind, values, id of the push."""


async def _settle() -> None:
    await asyncio.sleep(SETTLES_SECONDS)


class WechatChannel:
    """Renders, and hands over: first into the open request, otherwise through the customer-service interface.

    Args:
        accounts: by name.
        platforms: by app id.
        pusher: sends news; None where it is not wanted.
        media_limit: the largest picture or voice message that is fetched, in bytes.
        settle: awaited after an answer in the request, before the conversation's next message may leave.
    """

    name = CHANNEL

    def __init__(
        self,
        accounts: Mapping[str, Account],
        platforms: Mapping[str, Platform],
        slots: PassiveSlots,
        rendering: Rendering,
        *,
        pusher: Pusher | None = None,
        media_limit: int = 8 * 1024 * 1024,
        settle: Callable[[], Awaitable[None]] = _settle,
    ) -> None:
        self._accounts = {account.app_id: account for account in accounts.values()}
        self._platforms = platforms
        self._slots = slots
        self._rendering = rendering
        self._pusher = pusher
        self._media_limit = media_limit
        self._settle = settle
        self.capabilities = Capabilities(
            cards=False,
            choices="numbered",
            text_limit=LIMIT,
            pictures=False,
            allowances=ALLOWANCES,
            repeatable=False,
            carries_back=True,
            patience=PATIENCE_SECONDS,
            pushes=_kinds(self._accounts.values()) if pusher is not None else frozenset(),
        )

    def render(self, answers: Sequence[StoredAnswer]) -> list[OutboundMessage]:
        """One text, cut only where it is too long."""
        return self._rendering.render(answers)

    def open_requests(self, conversation_id: int) -> Sequence[int]:
        """Messages whose requests may still carry their answer back."""
        return self._slots.open_in(conversation_id)

    async def deliver(self, message: OutboundMessage, wire: Wire) -> Receipt:
        """Send one text, in the open request that it answers or by itself.

        Raises:
            NothingLeft: of ``wire``; nothing left.
        """
        text = str(message.payload.get("text", ""))
        if not text:
            return Receipt(Delivery.DELIVERED)
        if await self._in_the_request(message, text, wire):
            return Receipt(Delivery.DELIVERED)
        app_id, open_id = open_id_of(message.external_id)
        platform = self._platforms.get(app_id)
        if platform is None:
            return Receipt(Delivery.IMPOSSIBLE, "no_account")
        body = {"touser": open_id, "msgtype": "text", "text": {"content": text}}
        try:
            await platform.call(SEND, body, before_bytes=wire)
        except ApiRefused as error:
            return _refused(error)
        except ApiUnreachable as error:
            if error.sent:
                return Receipt(Delivery.DELIVERED, "unconfirmed")
            return Receipt(Delivery.TRY_AGAIN, "unreachable")
        return Receipt(Delivery.DELIVERED)

    async def push(self, external_id: str, kind: PushKind, values: Mapping[str, str], push_id: int) -> Receipt:
        """Send one piece of news by template message."""
        app_id, open_id = open_id_of(external_id)
        account = self._accounts.get(app_id)
        if account is None:
            return Receipt(Delivery.IMPOSSIBLE, "no_account")
        if self._pusher is None:
            return Receipt(Delivery.IMPOSSIBLE, "no_template")
        return await self._pusher(account, open_id, kind, values, push_id)

    async def fetch(self, external_id: str, media: Media) -> bytes:
        """A picture or a voice message; the platform keeps it for three days.

        Raises:
            MediaGone: it is over, too large, or was never there.
            MediaUnavailable: try again later.
        """
        platform = self._platforms.get(open_id_of(external_id)[0])
        if platform is None:
            raise MediaGone
        return await media_files.fetch(platform.download, media.reference.get("media_id"), self._media_limit)

    async def typing(self, external_id: str, on: bool) -> None:
        """Show, or end, the sign that an answer is on its way; costs no message, and nothing is lost if it fails."""
        app_id, open_id = open_id_of(external_id)
        platform = self._platforms.get(app_id)
        if platform is None:
            return
        try:
            await platform.call(TYPING, {"touser": open_id, "command": "Typing" if on else "CancelTyping"})
        except (ApiRefused, ApiUnreachable) as error:
            log.info("wechat.typing_not_shown", error=type(error).__name__)

    async def _in_the_request(self, message: OutboundMessage, text: str, wire: Wire) -> bool:
        """Whether the resident's open request took the text with it."""
        keys: list[Key] = [] if message.reply_to_id is None else [message.reply_to_id]
        slot = self._slots.take(*keys, *(("out", message_id) for message_id in message.completes))
        if slot is None:
            return False
        try:
            await wire(counts=False)
        except BaseException:
            slot.give_back()
            raise
        if not await slot.answer(text):
            return False
        await self._settle()  # when this returns, the caller sends the conversation's next message
        return True


def _refused(error: ApiRefused) -> Receipt:
    reason = error.refusal.value
    if error.refusal in _WAITS:
        return Receipt(Delivery.WAITS, reason)
    if error.refusal in LATER:
        return Receipt(Delivery.TRY_AGAIN, reason)
    log.warning("wechat.message_refused", errcode=error.errcode, reason=reason)
    return Receipt(Delivery.IMPOSSIBLE, reason)


def _kinds(accounts: Iterable[Account]) -> frozenset[PushKind]:
    return frozenset(kind for a in accounts for kind in (*a.templates, *a.one_time_templates))
