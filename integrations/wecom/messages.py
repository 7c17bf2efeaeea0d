"""From one entry of ``sync_msg`` to a message of a resident or an event.

Whatever a platform may add later must not stop the messages behind it: an unknown kind becomes a message for a person
to read, and an entry that names nobody is left out.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from integrations.gateway.channel import ChosenOption, InboundMessage, Media, Unreadable
from integrations.tencent.xml import clean
from integrations.wecom.accounts import CHANNEL, Account, KfAccount, external_id
from integrations.wecom.texts import say

ID_LIMIT = 64
MENU_ID_LIMIT = 64  # bytes, 微信客服「发送消息」
_USER_LIMIT = 128
_TITLE_LIMIT = 200
# Origin of an entry: 3 the resident, 4 the platform's own events, 5 somebody with the WeCom app.
_FROM_RESIDENT = 3
_MENU_ID = re.compile(r"c(?P<seq>[0-9]{1,9})\.(?P<option>[^@]+)(?:@(?P<conversation>[0-9a-f]{32}))?")
_UNREADABLE: Mapping[str, Unreadable] = {"video": "video", "file": "file", "location": "location", "link": "link"}


@dataclass(frozen=True)
class KfEvent:
    """Something that happened to a session.

    Attributes:
        id: the entry's own id.
        kind: ``enter_session``, ``session_status_change``, ``msg_send_fail``, …
        user: the ``external_userid`` it is about; empty where it is about none.
        fields: what else the platform says.
    """

    id: str
    kind: str
    user: str
    at: datetime
    fields: Mapping[str, Any]


def sent_at(entry: Mapping[str, Any]) -> datetime | None:
    """When an entry was sent, by the platform's clock."""
    moment = entry.get("send_time")
    if not isinstance(moment, int) or not 0 < moment < 2**34:
        return None
    return datetime.fromtimestamp(moment, UTC)


def entry_id(entry: Mapping[str, Any]) -> str:
    """The entry's id as it is kept: its ``msgid``, or a hash of one that is too long; empty where there is none."""
    found = _string(entry, "msgid")
    return found if len(found) <= ID_LIMIT else hashlib.sha256(found.encode()).hexdigest()


def event_in(entry: Mapping[str, Any]) -> KfEvent | None:
    """The event of an entry, if it is one."""
    fields = entry.get("event")
    moment = sent_at(entry)
    if entry.get("msgtype") != "event" or not isinstance(fields, Mapping) or moment is None:
        return None
    return KfEvent(
        id=entry_id(entry),
        kind=_string(fields, "event_type"),
        user=_string(fields, "external_userid"),
        at=moment,
        fields=fields,
    )


def message_in(account: Account, kf: KfAccount, entry: Mapping[str, Any], text_limit: int) -> InboundMessage | None:
    """The resident's message of an entry; None where it is none.

    Args:
        text_limit: longer texts are cut, in characters: their beginning is worth more than a refusal that nobody reads.
    """
    user, kind, client_id = _string(entry, "external_userid"), _string(entry, "msgtype"), entry_id(entry)
    if kind == "event" or entry.get("origin", _FROM_RESIDENT) != _FROM_RESIDENT or not client_id:
        return None
    if not 0 < len(user) <= _USER_LIMIT:
        return None
    content = entry.get(kind)
    fields: Mapping[str, Any] = content if isinstance(content, Mapping) else {}
    text, choice, media, unreadable = _read(kind, fields)
    if not text.strip() and media is None:
        text, unreadable = say("other"), "other"
    return InboundMessage(
        channel=CHANNEL,
        external_id=external_id(account, kf.id, user),
        client_message_id=client_id,
        text=text[:text_limit],
        choice=choice,
        media=media,
        unreadable=unreadable,
        sent_at=sent_at(entry),
        estate=account.estate_of(kf),
    )


def menu_id(seq: int, option_id: str, conversation_public_id: str) -> str:
    """The id of a menu entry that stands for an option; with its conversation, as old menus stay in the chat."""
    whole = f"c{seq}.{option_id}@{conversation_public_id}"
    return whole if len(whole.encode()) <= MENU_ID_LIMIT else f"c{seq}.{option_id}"


def chosen(clicked: str) -> ChosenOption | None:
    """The option that a menu id stands for, if it stands for one."""
    match = _MENU_ID.fullmatch(clicked)
    return None if match is None else ChosenOption(int(match["seq"]), match["option"], match["conversation"])


def _read(kind: str, fields: Mapping[str, Any]) -> tuple[str, ChosenOption | None, Media | None, Unreadable | None]:
    match kind:
        case "text":
            return _string(fields, "content"), chosen(_string(fields, "menu_id")), None, None
        case "image" if media_id := _string(fields, "media_id"):
            return "", None, Media("picture", {"media_id": media_id}), None
        case "voice" if media_id := _string(fields, "media_id"):
            # AMR because the pull asks for it (voice_format 0).
            return "", None, Media("voice", {"media_id": media_id, "format": "amr"}), None
    return _described(kind, fields), None, None, _UNREADABLE.get(kind, "other")


def _described(kind: str, fields: Mapping[str, Any]) -> str:
    title, url = _string(fields, "title")[:_TITLE_LIMIT], _string(fields, "url")
    place = " ".join(part for part in (_string(fields, "name"), _string(fields, "address")) if part)[:_TITLE_LIMIT]
    return say(kind if kind in _DESCRIBED else "other", place=place, title=title, url=url).strip()


_DESCRIBED = frozenset({"video", "file", "location", "link", "miniprogram", "business_card", "merged_msg"})


def _string(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    # Without what no database keeps (U+0000, halves of surrogate pairs): it would come again for ever.
    return clean(value) if isinstance(value, str) else ""
