"""WeCom customer service as a channel: texts and menus through ``send_msg``, five after each message of a resident."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import structlog

from integrations.gateway.channel import (
    Allowance,
    Capabilities,
    Delivery,
    Media,
    MediaGone,
    OutboundMessage,
    Receipt,
    StoredAnswer,
    Wire,
)
from integrations.tencent import media as media_files
from integrations.tencent.api import Api
from integrations.tencent.errors import LATER, ApiRefused, ApiUnreachable, Refusal
from integrations.wecom import rendering
from integrations.wecom.accounts import CHANNEL, parts_of
from integrations.wecom.states import ServiceStates
from property_db.clock import Clock

log = structlog.get_logger()

ALLOWED = Allowance(count=5, lasts=timedelta(hours=48))
# Each message costs one of five, so a resident who waits is told so later than elsewhere.
PATIENCE_SECONDS = 30.0
# 获取临时素材: pictures up to 10 MB, voice messages up to 2 MB.
MEDIA_LIMIT = 10 * 1024 * 1024

# What the refusals of the customer service mean beyond those that both platforms share (全局错误码).
_SESSION_OVER = frozenset({95002, 95013})
_WAITS = frozenset({Refusal.QUOTA_USED, Refusal.WINDOW_CLOSED, Refusal.WRONG_STATE})


class WecomChannel:
    """Sends stored messages to residents in WeChat's customer-service chat.

    Args:
        apis: each company's calls, by corp id.
        media_limit: the largest picture or voice message that is fetched, in bytes.
    """

    name = CHANNEL
    capabilities = Capabilities(
        cards=False,
        choices="buttons",
        text_limit=rendering.TEXT_LIMIT,
        pictures=False,
        allowances={"message": ALLOWED},
        repeatable=False,
        patience=PATIENCE_SECONDS,
    )

    def __init__(self, apis: Mapping[str, Api], clock: Clock, media_limit: int = MEDIA_LIMIT) -> None:
        self._apis = apis
        self._media_limit = media_limit
        self._states = {corp_id: ServiceStates(api, clock) for corp_id, api in apis.items()}

    def render(self, answers: Sequence[StoredAnswer]) -> list[OutboundMessage]:
        """Texts of at most 2,048 bytes, and a menu where something is offered."""
        return rendering.render(answers)

    async def deliver(self, message: OutboundMessage, wire: Wire) -> Receipt:
        """Send one message; once more where the conversation had to be taken over first.

        Raises:
            NothingLeft: from ``wire``.
        """
        if not message.payload:
            return Receipt(Delivery.DELIVERED)
        corp_id, open_kfid, user = parts_of(message.external_id)
        states = self._states.get(corp_id)
        if states is None:
            return Receipt(Delivery.IMPOSSIBLE, "no_account")
        try:
            await states.ensure(open_kfid, user)
        except ApiRefused as refused:
            # Sending tells whether it matters: not every account may ask for states.
            log.info("wecom.state_unknown", open_kfid=open_kfid, errcode=refused.errcode)
        except ApiUnreachable:
            return Receipt(Delivery.TRY_AGAIN, "unreachable")
        body = {"touser": user, "open_kfid": open_kfid, **message.payload}
        receipt = await self._send(corp_id, body, wire)
        if receipt.reason != Refusal.WRONG_STATE.value:
            return receipt
        try:
            await states.take(open_kfid, user)
        except ApiRefused:
            return receipt
        except ApiUnreachable:
            return Receipt(Delivery.TRY_AGAIN, "unreachable")
        return await self._send(corp_id, body, wire)

    async def _send(self, corp_id: str, body: Mapping[str, Any], wire: Wire) -> Receipt:
        try:
            await self._apis[corp_id].call("/cgi-bin/kf/send_msg", body, before_bytes=wire)
        except ApiRefused as refused:
            return _receipt_for(refused)
        except ApiUnreachable as failure:
            # What may have arrived is not sent again: a resident who reads it twice is worse off than the few who
            # would not have got it at all.
            if failure.sent:
                return Receipt(Delivery.DELIVERED, "unconfirmed")
            return Receipt(Delivery.TRY_AGAIN, "unreachable")
        return Receipt(Delivery.DELIVERED)

    async def fetch(self, external_id: str, media: Media) -> bytes:
        """The bytes of a picture or a voice message, which the platform keeps for three days.

        Raises:
            MediaGone: it is over, too large, or was never there.
            MediaUnavailable: try again later.
        """
        api = self._apis.get(parts_of(external_id)[0])
        if api is None:
            raise MediaGone
        return await media_files.fetch(api.download, media.reference["media_id"], self._media_limit)

    def changed_hands(self, corp_id: str, open_kfid: str, user: str) -> None:
        """The platform says that a conversation went to somebody, or is over."""
        if corp_id in self._states:
            self._states[corp_id].forget(open_kfid, user)


def _receipt_for(refused: ApiRefused) -> Receipt:
    if refused.errcode in _SESSION_OVER:
        return Receipt(Delivery.WAITS, Refusal.WINDOW_CLOSED.value)
    if refused.refusal in _WAITS:
        return Receipt(Delivery.WAITS, refused.refusal.value)
    if refused.refusal in LATER:
        return Receipt(Delivery.TRY_AGAIN, refused.refusal.value)
    log.error("wecom.refused", errcode=refused.errcode, hint=refused.hint)
    return Receipt(Delivery.IMPOSSIBLE, "refused" if refused.refusal is Refusal.OTHER else refused.refusal.value)
