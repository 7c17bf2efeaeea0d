"""News for residents by template message, and where that is refused by a one-time message they agreed to.

A template message carries its own id, so that the platform sends a repeated one once (ten minutes long). A one-time
message has no such id: an agreement is spent, and that committed, before it leaves, so it leaves once.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import structlog

from integrations.gateway.channel import Delivery, Receipt
from integrations.tencent.errors import ApiRefused, ApiUnreachable, Refusal
from integrations.wechat.accounts import Account, Template
from integrations.wechat.template_events import SUBSCRIPTION_EVENTS, note_result, note_subscription
from integrations.wechat.template_fields import fit
from property_db.clock import Clock
from property_db.database import Database
from property_db.pushes import subscriptions
from property_db.pushes.delivery import UNCONFIRMED
from property_db.pushes.models import PushKind
from property_db.pushes.subscriptions import ONE_TIME, Spent

log = structlog.get_logger()

TEMPLATE = "/cgi-bin/message/template/send"
SUBSCRIBED = "/cgi-bin/message/subscribe/bizsend"

_LATER = frozenset({Refusal.BUSY, Refusal.RATE, Refusal.TOKEN, Refusal.ADDRESS_NOT_ALLOWED})


class Caller(Protocol):
    """The platform's interface of one account, as far as it is needed here."""

    async def call(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Call it; raises ApiRefused and ApiUnreachable."""
        ...


class Agreements(Protocol):
    """What residents have agreed to get once."""

    async def spend(self, push_id: int, template_id: str) -> Spent:
        """Spend one for this news, committed on return."""
        ...

    async def give_back(self, push_id: int, template_id: str) -> None:
        """Undo that: the message certainly did not leave."""
        ...


class StoredAgreements:
    """Agreements in the database, each step in a transaction of its own."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def spend(self, push_id: int, template_id: str) -> Spent:
        """Spend one for this news, committed on return."""
        async with self._database.transaction() as session:
            return await subscriptions.spend(session, push_id, template_id)

    async def give_back(self, push_id: int, template_id: str) -> None:
        """Undo that: the message certainly did not leave."""
        async with self._database.transaction() as session:
            await subscriptions.give_back(session, push_id, template_id, self._clock)


async def send_push(
    api: Caller,
    account: Account,
    open_id: str,
    kind: PushKind,
    values: Mapping[str, str],
    push_id: int,
    agreements: Agreements,
    *,
    url: str | None = None,
) -> Receipt:
    """Send one piece of news.

    Args:
        values: by our own names (``property_db.pushes.values``).
        url: opened by a tap on the message.

    Returns:
        ``DELIVERED`` with ``msgid:…``, ``one_time`` or ``unconfirmed``; ``TRY_AGAIN`` with ``unconfirmed`` where it may
        have left and a repeat is known as one; ``IMPOSSIBLE`` with ``no_template``, ``template_wrong``,
        ``no_subscription``, ``refused_by_user``, ``unknown_user`` or another reason of the platform.
    """
    usual, once = account.templates.get(kind), account.one_time_templates.get(kind)
    if usual is not None and usual.one_time:
        usual, once = None, once or usual
    receipt = Receipt(Delivery.IMPOSSIBLE, "no_template")
    if usual is not None:
        receipt = await _by_template(api, usual, open_id, values, push_id, url)
    if once is not None and receipt.delivery is Delivery.IMPOSSIBLE and receipt.reason != Refusal.UNKNOWN_USER.value:
        return await _once(api, once, open_id, values, push_id, agreements, url)
    return receipt


async def _by_template(
    api: Caller, template: Template, open_id: str, values: Mapping[str, str], push_id: int, url: str | None
) -> Receipt:
    body = _body(template, open_id, values)
    if body is None:
        return Receipt(Delivery.IMPOSSIBLE, "template_wrong")
    body |= {"client_msg_id": f"push-{push_id}"} | ({"url": url} if url else {})
    try:
        answer = await api.call(TEMPLATE, body)
    except ApiRefused as error:
        return _refused(error, push_id)
    except ApiUnreachable as error:
        return Receipt(Delivery.TRY_AGAIN, UNCONFIRMED if error.sent else "unreachable")
    message_id = answer.get("msgid")
    return Receipt(Delivery.DELIVERED, f"msgid:{message_id}" if message_id else "")


async def _once(
    api: Caller,
    template: Template,
    open_id: str,
    values: Mapping[str, str],
    push_id: int,
    agreements: Agreements,
    url: str | None,
) -> Receipt:
    body = _body(template, open_id, values)
    if body is None:
        return Receipt(Delivery.IMPOSSIBLE, "template_wrong")
    body |= {"page": url} if url else {}
    match await agreements.spend(push_id, template.id):
        case Spent.NONE:
            return Receipt(Delivery.IMPOSSIBLE, "no_subscription")
        case Spent.BEFORE:  # a process died right here, or after it left
            return Receipt(Delivery.DELIVERED, UNCONFIRMED)
    try:
        await api.call(SUBSCRIBED, body)
    except ApiRefused as error:
        receipt = _refused(error, push_id)
        if receipt.delivery is Delivery.TRY_AGAIN:
            await agreements.give_back(push_id, template.id)
        return receipt
    except ApiUnreachable as error:
        if error.sent:
            return Receipt(Delivery.DELIVERED, UNCONFIRMED)
        await agreements.give_back(push_id, template.id)
        return Receipt(Delivery.TRY_AGAIN, "unreachable")
    return Receipt(Delivery.DELIVERED, ONE_TIME)


def _refused(error: ApiRefused, push_id: int) -> Receipt:
    log.warning("wechat.push_refused", push_id=push_id, errcode=error.errcode)
    delivery = Delivery.TRY_AGAIN if error.refusal in _LATER else Delivery.IMPOSSIBLE
    return Receipt(delivery, error.refusal.value)


def _body(template: Template, open_id: str, values: Mapping[str, str]) -> dict[str, Any] | None:
    """What both interfaces have in common; None where the account's file names a value that this news has not."""
    unknown = sorted(set(template.fields.values()) - values.keys())
    if unknown:
        log.error("wechat.template_wrong", unknown=unknown)
        return None
    data = {keyword: {"value": fit(keyword, values[name])} for keyword, name in template.fields.items()}
    return {"touser": open_id, "template_id": template.id, "data": data}


__all__ = [
    "SUBSCRIPTION_EVENTS", "Agreements", "Caller", "StoredAgreements", "note_result", "note_subscription", "send_push",
]  # fmt: skip
