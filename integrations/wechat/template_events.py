"""What the platform tells about news later: how a template message ended, what a resident agreed to or refused."""

from collections.abc import Iterator, Mapping
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.tencent import xml
from integrations.wechat.accounts import Account, external_id
from property_db.clock import Clock
from property_db.people import service as people
from property_db.pushes import outcome, subscriptions
from property_db.pushes.models import PushKind, PushState

log = structlog.get_logger()

CHANNEL = "wechat"
POPUP, CHANGE, SENT = "subscribe_msg_popup_event", "subscribe_msg_change_event", "subscribe_msg_sent_event"
SUBSCRIPTION_EVENTS = frozenset({POPUP, CHANGE, SENT})
_LISTS = {POPUP: "SubscribeMsgPopupEvent", CHANGE: "SubscribeMsgChangeEvent", SENT: "SubscribeMsgSentEvent"}
_SUCCESS = "success"
_BLOCKED = "failed:user block"


async def note_result(session: AsyncSession, account: Account, event: Mapping[str, Any]) -> None:
    """Take in TEMPLATESENDJOBFINISH: a message that was taken from us and did not arrive is no longer sent.

    It is not sent again: who blocks it wants none, and after a failure of the platform nobody knows what was seen.

    Args:
        event: as ``integrations.tencent.xml.parse`` gives it.
    """
    status = _text(event, "Status").replace(": ", ":").lower()
    if status == _SUCCESS:
        return
    identity = await people.find_identity(session, CHANNEL, external_id(account, _text(event, "FromUserName")))
    if identity is None:
        return
    blocked = status == _BLOCKED
    state, reason = (PushState.SKIPPED, "refused_by_user") if blocked else (PushState.FAILED, "system_failed")
    found = await outcome.did_not_arrive(session, identity.id, f"msgid:{_text(event, 'MsgID')}", state, reason)
    log.warning("wechat.push_did_not_arrive", push_id=found, reason=reason)


async def note_subscription(session: AsyncSession, account: Account, event: Mapping[str, Any], clock: Clock) -> None:
    """Take in subscribe_msg_popup_event, _change_event and _sent_event; call it once for each event.

    Only templates of the account's file count. Agreeing adds one message, refusing in the list of messages takes all
    away; a message that could not be sent is no longer sent.

    Args:
        event: as ``integrations.tencent.xml.parse`` gives it.
    """
    kind = _text(event, "Event")
    known = _one_time_templates(account)
    open_id = _text(event, "FromUserName")
    if kind not in _LISTS or not open_id:
        return
    for item in _items(event, _LISTS[kind]):
        template_id = _text(item, "TemplateId")
        if template_id not in known:
            continue
        if kind == SENT:
            await _note_sent(session, account, open_id, known[template_id], item)
        elif _text(item, "SubscribeStatusString") == "accept" and kind == POPUP:
            identity = await people.identity_for(session, CHANNEL, external_id(account, open_id), clock)
            await subscriptions.agreed(session, identity.id, template_id, clock)
        elif kind == CHANGE and _text(item, "SubscribeStatusString") == "reject":
            found = await people.find_identity(session, CHANNEL, external_id(account, open_id))
            if found is not None:
                await subscriptions.refused(session, found.id, template_id)


async def _note_sent(
    session: AsyncSession, account: Account, open_id: str, kinds: frozenset[PushKind], item: Mapping[str, Any]
) -> None:
    if _text(item, "ErrorCode") in ("", "0"):
        return
    identity = await people.find_identity(session, CHANNEL, external_id(account, open_id))
    if identity is not None:
        found = await outcome.one_time_did_not_arrive(session, identity.id, kinds, "system_failed")
        log.warning("wechat.push_did_not_arrive", push_id=found, errcode=_text(item, "ErrorCode"))


def _one_time_templates(account: Account) -> dict[str, frozenset[PushKind]]:
    usual = ((kind, template) for kind, template in account.templates.items() if template.one_time)
    kinds: dict[str, set[PushKind]] = {}
    for kind, template in (*account.one_time_templates.items(), *usual):
        kinds.setdefault(template.id, set()).add(kind)
    return {template_id: frozenset(of) for template_id, of in kinds.items()}


def _items(event: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    """The entries of an event: one is given as it is, several as a list, and some senders leave the wrapping out."""
    wrapped = event.get(name)
    found = (wrapped if isinstance(wrapped, Mapping) else event).get("List")
    for item in xml.as_list(found):
        if isinstance(item, Mapping):
            yield item


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    return str(value).strip() if isinstance(value, str | int) else ""
