"""Logical answers as messages of the customer service: texts, and a menu (``msgmenu``) where something is offered.

Each message uses up one of five, so answers that are due together are merged, and what fits goes into the menu's own
head.
"""

from collections.abc import Sequence
from typing import Any

from integrations.gateway.channel import OutboundMessage, StoredAnswer
from integrations.wechat.splitting import Packer, size
from integrations.wecom.lines import Paragraph, cut, offers, paragraphs_of
from integrations.wecom.menus import MOST_ENTRIES, entries_of, menu
from integrations.wecom.texts import say

# 微信客服「发送消息」: bytes of a text and of a menu's head.
TEXT_LIMIT = 2048
HEAD_LIMIT = 1024
MOST_PARTS = 5
_BETWEEN_PARAGRAPHS = "\n\n"
_PUBLIC_ID_PART = 16


def render(answers: Sequence[StoredAnswer]) -> list[OutboundMessage]:
    """At most five messages for these answers of one conversation; what is longer is cut, and says so.

    Answers that show nothing become a message without content, so that they are done with.
    """
    entries = entries_of(answers)
    in_a_menu = 0 < len(entries) <= MOST_ENTRIES
    paragraphs = paragraphs_of(answers, in_a_menu=in_a_menu)
    head: list[Paragraph] = []
    while in_a_menu and paragraphs and size(_joined([paragraphs[-1], *head])) <= HEAD_LIMIT:
        head.insert(0, paragraphs.pop())

    packer = Packer(TEXT_LIMIT)
    ends = {paragraph.message_id: packer.add(paragraph.text) for paragraph in paragraphs}
    parts = _at_most(packer.parts(), MOST_PARTS - in_a_menu)
    payloads = [{"msgtype": "text", "text": {"content": part}} for part in parts]
    if in_a_menu:
        payloads.append(menu(_joined(head) or say("choose"), entries))
        later = {paragraph.message_id for paragraph in head}
        ends |= {a.message_id: len(parts) for a in answers if offers(a) or a.message_id in later}
    return _messages(answers, payloads or [{}], ends)


def own_message_id(conversation_public_id: str, message_id: int, number: int) -> str:
    """Our id of a message on the platform: at most 32 of ``[0-9A-Za-z_-]``, and unique."""
    return f"{conversation_public_id[:_PUBLIC_ID_PART]}-{message_id}-{number}"


def message_of(own_id: str) -> tuple[str, int] | None:
    """The beginning of the conversation's public id and the message's id in an id of ours; None for another's."""
    beginning, _, rest = own_id.partition("-")
    message_id = rest.partition("-")[0]
    whole = len(beginning) == _PUBLIC_ID_PART and message_id.isdecimal() and len(message_id) < 19
    return (beginning, int(message_id)) if whole else None


def _joined(paragraphs: Sequence[Paragraph]) -> str:
    return _BETWEEN_PARAGRAPHS.join(paragraph.text for paragraph in paragraphs)


def _at_most(parts: list[str], most: int) -> list[str]:
    if len(parts) <= most:
        return parts
    mark = "\n" + say("cut")
    return [*parts[: most - 1], cut(parts[most - 1], TEXT_LIMIT - size(mark), "") + mark]


def _messages(
    answers: Sequence[StoredAnswer], payloads: Sequence[dict[str, Any]], ends: dict[int, int]
) -> list[OutboundMessage]:
    """The payloads with the stored messages that each completes: those of which nothing follows."""
    last = len(payloads) - 1
    completed: list[list[int]] = [[] for _ in payloads]
    for answer in answers:
        completed[min(ends.get(answer.message_id, last), last)].append(answer.message_id)
    messages = []
    for number, (payload, ids) in enumerate(zip(payloads, completed, strict=True)):
        if payload:
            # A piece of a long message carries the id of the message whose end comes with one of the next payloads.
            about = ids[-1] if ids else next(done[0] for done in completed[number:] if done)
            payload = {**payload, "msgid": own_message_id(answers[0].conversation_public_id, about, number)}
        messages.append(OutboundMessage(answers[0].external_id, payload, tuple(ids)))
    return messages
