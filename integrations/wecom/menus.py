"""Menus: what is offered as entries that a resident presses."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from integrations.gateway.channel import StoredAnswer
from integrations.wechat.markup import plain
from integrations.wecom.lines import cut
from integrations.wecom.messages import menu_id
from integrations.wecom.texts import options
from property_db.conversations import blocks as b

# 微信客服「发送消息」: bytes of an entry, entries of a menu.
ENTRY_LIMIT = 128
MOST_ENTRIES = 10


@dataclass(frozen=True)
class Entry:
    """One entry. What is pressed comes back as a text message of the title, with the id beside it."""

    id: str
    title: str


def menu(head: str, entries: Sequence[Entry], tail: str = "") -> dict[str, Any]:
    """A menu as the platform takes it."""
    clicks = [{"type": "click", "click": {"id": entry.id, "content": entry.title}} for entry in entries]
    content = {"head_content": head, "list": clicks} | ({"tail_content": tail} if tail else {})
    return {"msgtype": "msgmenu", "msgmenu": content}


def entries_of(answers: Sequence[StoredAnswer]) -> list[Entry]:
    """What the answers offer; of two entries with one title (转人工) the later one."""
    found: dict[str, Entry] = {}
    for answer in answers:
        for block in answer.blocks:
            for entry in _entries(block, answer):
                found.pop(entry.title, None)
                found[entry.title] = entry
    found.pop("", None)  # nothing that could be shown
    return list(found.values())


def rating_entries() -> list[Entry]:
    """Five to one; the words are read like typed ones, so the ids mean nothing."""
    return list_entries("rating")


def list_entries(name: str) -> list[Entry]:
    """The entries that the catalogue lists under ``{name}_options``."""
    return [_entry(f"{name}-{number}", title) for number, title in enumerate(options(f"{name}_options"), start=1)]


def _entries(block: b.Block, answer: StoredAnswer) -> list[Entry]:
    match block:
        case b.Choices():
            return [
                _entry(menu_id(answer.view.seq, option.id, answer.conversation_public_id), option.title)
                for option in block.options
            ]
        case b.RatingRequest():
            return rating_entries()
        case _:
            return []


def _entry(entry_id: str, title: str) -> Entry:
    return Entry(entry_id, cut(" ".join(plain(title).split()), ENTRY_LIMIT))
