"""Template messages and one-time subscription messages, with the platform's limits on their values."""

import re
from typing import Any

from tests.local_wechat.dispatch import Context, Endpoint
from tests.local_wechat.errcodes import OK, PlatformError
from tests.local_wechat.pushes import Pushes
from tests.local_wechat.users import Resident
from tests.local_wechat.world import World

_LIMITS = {
    "thing": 20,
    "character_string": 32,
    "letter": 32,
    "number": 32,
    "symbol": 5,
    "phone_number": 17,
    "car_number": 8,
    "name": 10,
    "phrase": 5,
    "const": 20,
}
"""Most characters of a value by the keyword's kind, from the platform's page on subscription messages."""
_AMOUNT = re.compile(r"[¥￥$]?\d{1,10}(\.\d{1,2})?元?")
_ASCII = re.compile(r"[\x20-\x7e]*")


class TemplateDesk:
    """Sends templates to residents and tells the server what became of them.

    Attributes:
        missing: template ids that the account file names but the platform does not know, for tests.
    """

    def __init__(self, world: World, pushes: Pushes) -> None:
        self._world = world
        self._pushes = pushes
        self.missing: set[str] = set()

    def endpoints(self) -> dict[str, Endpoint]:
        """The calls of this module."""
        return {
            "/cgi-bin/message/template/send": Endpoint(self._send),
            "/cgi-bin/message/subscribe/bizsend": Endpoint(self._bizsend),
        }

    def _send(self, context: Context) -> dict[str, Any]:
        resident = self._world.reached(context.owner, context.body.get("touser"))
        if not resident.following:
            raise PlatformError(43004)
        template_id, values = self._checked(context)
        own_id = context.text("client_msg_id")
        if own_id and own_id in resident.client_message_ids:
            return {**OK, "msgid": resident.client_message_ids[own_id]}
        number = self._world.message_id()
        if own_id:
            resident.client_message_ids[own_id] = number
        if not resident.blocks_templates:
            self._show(resident, "template", template_id, values, context.text("url"))
        status = "failed:user block" if resident.blocks_templates else "success"
        event = {"MsgType": "event", "Event": "TEMPLATESENDJOBFINISH", "MsgID": number, "Status": status}
        self._pushes.send(resident, event)
        return {**OK, "msgid": number}

    def _bizsend(self, context: Context) -> dict[str, Any]:
        resident = self._world.reached(context.owner, context.body.get("touser"))
        template_id, values = self._checked(context)
        if resident.agreed.get(template_id, 0) < 1:
            raise PlatformError(43101)
        resident.agreed[template_id] -= 1
        self._show(resident, "subscription", template_id, values, context.text("page"))
        number = self._world.message_id()
        item = {"TemplateId": template_id, "MsgID": number, "ErrorCode": 0, "ErrorStatus": "success"}
        event = {
            "MsgType": "event",
            "Event": "subscribe_msg_sent_event",
            "SubscribeMsgSentEvent": {"List": item},
        }
        self._pushes.send(resident, event)
        return {**OK, "msgid": number}

    def _checked(self, context: Context) -> tuple[str, dict[str, str]]:
        account = self._world.accounts[context.owner]
        template_id = context.text("template_id")
        template = account.templates.get(template_id)
        if template is None or template_id in self.missing:
            raise PlatformError(40037)
        data = context.body.get("data")
        values: dict[str, str] = {}
        for name in template.fields:
            given = data.get(name) if isinstance(data, dict) else None
            value = given.get("value") if isinstance(given, dict) else None
            if not isinstance(value, str) or not _fits(name, value):
                raise PlatformError(47003, f"data.{name}.value invalid")
            values[name] = value
        return template_id, values

    def _show(self, resident: Resident, how: Any, template_id: str, values: dict[str, str], url: str) -> None:
        account = self._world.accounts[resident.account]
        details = {
            "template_id": template_id,
            "values": values,
            "fields": account.templates[template_id].fields,
            "kind": self._kind(resident.account, template_id),
            "url": url,
        }
        words = "\n".join(values.values())
        resident.show("account", how, "template", words, self._world.clock.now(), details=details)

    def _kind(self, app_id: str, template_id: str) -> str:
        settings = self._world.accounts[app_id].settings
        both = [*settings.templates.items(), *settings.one_time_templates.items()]
        return next((kind.value for kind, template in both if template.id == template_id), "")


def _fits(name: str, value: str) -> bool:
    kind = name.rstrip("0123456789")
    if not value or "\n" in value:
        return False
    if kind == "amount":
        return bool(_AMOUNT.fullmatch(value))
    if kind in ("character_string", "letter", "number") and not _ASCII.fullmatch(value):
        return False
    return len(value) <= _LIMITS.get(kind, 200)
