"""What the platform's messages and events mean: translated into the gateway's, nothing decided."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from integrations.gateway.channel import ChosenOption, Contact, InboundMessage, Media, Unreadable
from integrations.wechat.accounts import Account, external_id
from integrations.wechat.texts import say

CHANNEL = "wechat"

_OPEN_ID = re.compile(r"[0-9A-Za-z_-]{6,64}")
_MESSAGE_ID = re.compile(r"[0-9]{1,40}")
_OPTION = re.compile(r"c([0-9]{1,9})\.([0-9A-Za-z_-]{1,64})(?:@([0-9a-f]{32}))?")
_SCENE = re.compile(r"(?:qrscene_)?b([0-9]{1,9})")
_LATEST = 253402300799
"""The end of the year 9999; a later moment is none."""
_LONGEST_REFERENCE = 1000
_SAID_LIMIT = 300
"""Characters that a place, a file or a link may contribute to what an agent reads."""


class MessageRefused(Exception):
    """Not what the platform sends; ``reason`` is ``sender``, ``receiver`` or ``kind``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class AccountEvent:
    """Something that happened to the account and is no message of a resident.

    Attributes:
        name: the platform's name of it, in lower case: ``subscribe``, ``scan``, ``templatesendjobfinish``.
        key: the same for every delivery of the same event (SHA-256, hexadecimal).
        building_id: of the QR code that was scanned.
        fields: the event as it came.
    """

    name: str
    open_id: str
    key: str
    sent_at: datetime | None
    building_id: int | None = None
    fields: Mapping[str, Any] = field(default_factory=dict, repr=False)


def sender_of(account: Account, fields: Mapping[str, Any]) -> tuple[str, str]:
    """The resident's openid and the account's original id, as an answer needs them.

    Raises:
        MessageRefused: there is no sender, or the message is to another account.
    """
    sender, receiver = _text(fields, "FromUserName"), _text(fields, "ToUserName")
    if not _OPEN_ID.fullmatch(sender):
        raise MessageRefused("sender")
    if not receiver or (account.original_id is not None and receiver != account.original_id):
        raise MessageRefused("receiver")
    return sender, receiver


def read(account: Account, fields: Mapping[str, Any], content: bytes) -> InboundMessage | AccountEvent:
    """Translate one delivery.

    Args:
        content: the XML that ``fields`` were read from; part of what makes an event that event.

    Raises:
        MessageRefused: it has no sender, or no kind.
    """
    open_id, _ = sender_of(account, fields)
    kind = _text(fields, "MsgType")
    if not kind:
        raise MessageRefused("kind")
    key = event_key(account, fields, content)
    if kind != "event":
        message_id = _text(fields, "MsgId")
        own_id = f"m{message_id}" if _MESSAGE_ID.fullmatch(message_id) else key
        return _message(account, open_id, own_id, kind, fields)
    name = _text(fields, "Event").lower()
    said = _text(fields, "EventKey").strip()
    if name == "click" and said:
        return _inbound(account, open_id, key, fields, text=said, contact="action")
    scene = _SCENE.fullmatch(said) if name in ("subscribe", "scan") else None
    building_id = int(scene.group(1)) if scene else None
    return AccountEvent(name, open_id, key, sent_at(fields), building_id, fields)


def event_key(account: Account, fields: Mapping[str, Any], content: bytes) -> str:
    """What tells one event from another, as events have no id: 64 hexadecimal digits."""
    parts = [account.key, *(_text(fields, name) for name in ("FromUserName", "CreateTime", "Event", "EventKey"))]
    parts.append(hashlib.sha256(content).hexdigest())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def sent_at(fields: Mapping[str, Any]) -> datetime | None:
    """When it happened, by the platform's clock."""
    seconds = _text(fields, "CreateTime")
    if not seconds.isascii() or not seconds.isdigit() or len(seconds) > 12 or int(seconds) > _LATEST:
        return None
    return datetime.fromtimestamp(int(seconds), UTC)


def _message(account: Account, open_id: str, own_id: str, kind: str, fields: Mapping[str, Any]) -> InboundMessage:
    if kind == "text":
        choice = _chosen(_text(fields, "bizmsgmenuid"))
        return _inbound(account, open_id, own_id, fields, text=_text(fields, "Content"), choice=choice)
    media_id = _text(fields, "MediaId")
    if kind == "image" and media_id:
        picture = Media("picture", _reference(media_id=media_id, url=_text(fields, "PicUrl")))
        return _inbound(account, open_id, own_id, fields, media=picture)
    if kind == "voice" and media_id:
        voice = Media("voice", _reference(media_id=media_id, format=_text(fields, "Format").lower()))
        return _inbound(account, open_id, own_id, fields, media=voice)
    unreadable, text = _described(kind, fields)
    return _inbound(account, open_id, own_id, fields, text=text, unreadable=unreadable)


def _inbound(
    account: Account,
    open_id: str,
    own_id: str,
    fields: Mapping[str, Any],
    *,
    text: str = "",
    choice: ChosenOption | None = None,
    media: Media | None = None,
    unreadable: Unreadable | None = None,
    contact: Contact = "message",
) -> InboundMessage:
    return InboundMessage(
        channel=CHANNEL,
        external_id=external_id(account, open_id),
        client_message_id=own_id,
        text=text,
        choice=choice,
        media=media,
        unreadable=unreadable,
        contact=contact,
        sent_at=sent_at(fields),
        estate=account.estate,
    )


def _chosen(option: str) -> ChosenOption | None:
    """The option of a link that was pressed, as :func:`integrations.wechat.rendering.option_id` named it."""
    match = _OPTION.fullmatch(option)
    if match is None:
        return None
    seq, option_id, conversation_id = match.groups()
    return ChosenOption(seq=int(seq), option_id=option_id, conversation_id=conversation_id)


def _described(kind: str, fields: Mapping[str, Any]) -> tuple[Unreadable, str]:
    """A message that only a person can make sense of, in words for that person."""
    title = _text(fields, "Title").strip()[:_SAID_LIMIT]
    match kind:
        case "video" | "shortvideo":
            return "video", say("said_video")
        case "location":
            place = _text(fields, "Label").strip()[:_SAID_LIMIT]
            latitude, longitude = _text(fields, "Location_X")[:20], _text(fields, "Location_Y")[:20]
            if not place and latitude and longitude:
                place = say("said_coordinates", latitude=latitude, longitude=longitude)
            return "location", say("said_location", place=place)
        case "link":
            address = _text(fields, "Url").strip()[:_SAID_LIMIT]
            key = "said_link_address" if address else "said_link"
            return "link", say(key, title=title, address=address)
        case "file":
            return "file", say("said_file", title=title)
        case "voice":
            return "voice", say("said_other")
        case _:
            return "other", say("said_other")


def _reference(**values: str) -> dict[str, str]:
    return {name: value for name, value in values.items() if value and len(value) <= _LONGEST_REFERENCE}


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""
