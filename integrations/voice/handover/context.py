"""What the agent's telephone is told about a call before anybody says hello.

Exchanges pass ``X-`` headers on to telephones and to whatever opens the customer's page beside them. Telephone
displays, exchanges and their logs are seen by many: no telephone number, no name and no whole address goes there.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from integrations.gateway.at_once import HUMAN_PAYLOAD
from integrations.voice.call import words
from property_db.clock import Clock
from property_db.conversations.models import Author, Conversation, Message
from property_db.handoff.models import QueueItem
from property_db.people.scope import homes_of_identity
from property_db.tickets.models import Ticket

CALL, CONVERSATION, SUMMARY = "X-Guanjia-Call", "X-Guanjia-Conversation", "X-Guanjia-Summary"
LONGEST_SUMMARY = 360
"""Characters of the encoded summary, some forty Chinese ones: a packet over UDP should not be cut in pieces."""
LONGEST_WISH = 20


@dataclass(frozen=True, slots=True)
class Context:
    """What is known of a call.

    Attributes:
        call: its outside id; empty where there is none yet.
        home: of a resident who has proven who they are, the room masked.
        ticket: the number of the newest ticket of the conversation.
        wish: what the caller said last before they asked for a person; that itself where they said nothing else.
    """

    call: str
    conversation: str = ""
    home: str = ""
    ticket: str = ""
    wish: str = ""

    def headers(self) -> dict[str, str]:
        """The headers, printable ASCII; the summary is percent-encoded UTF-8."""
        headers = {CALL: self.call} if self.call else {}
        if self.conversation:
            headers[CONVERSATION] = self.conversation
        if summary := self._summary():
            headers[SUMMARY] = summary
        return headers

    def _summary(self) -> str:
        ticket = texts()["summary_ticket"].format(number=self.ticket) if self.ticket else ""
        text: str = texts()["separator"].join(part for part in (self.home, ticket, self.wish) if part)
        while len(encoded := quote(text, safe="")) > LONGEST_SUMMARY:
            text = text[:-1]
        return encoded


@cache
def texts() -> dict[str, str]:
    """The sentences of a hand-over."""
    loaded: dict[str, str] = yaml.safe_load(Path(__file__).with_name("texts.yml").read_text(encoding="utf-8"))
    return loaded


async def context_of(session: AsyncSession, call: str, conversation_id: int | None, clock: Clock) -> Context:
    """Gather what is known of a call with this outside id."""
    conversation = None if conversation_id is None else await session.get(Conversation, conversation_id)
    if conversation is None:
        return Context(call)
    homes = await homes_of_identity(session, conversation.identity_id, clock)
    ticket = await session.scalar(_newest(Ticket.number, Ticket.conversation_id, conversation.id, Ticket.id))
    said = _newest(Message.text, Message.conversation_id, conversation.id, Message.seq).where(
        Message.author == Author.RESIDENT, Message.text != "", Message.text.not_in((words.person(), HUMAN_PAYLOAD))
    )
    # The queue keeps the words by which a person was asked for.
    asked = await session.scalar(_newest(QueueItem.reason, QueueItem.conversation_id, conversation.id, QueueItem.id))
    wish = await session.scalar(said.where(Message.text != (asked or ""))) or await session.scalar(said)
    home = masked_home(homes[0].label, homes[0].room) if len(homes) == 1 else ""
    return Context(call, conversation.public_id, home, ticket or "", (wish or "")[:LONGEST_WISH])


def _newest(what: Any, of: Any, conversation_id: int, order: Any) -> Any:
    return select(what).where(of == conversation_id).order_by(order.desc()).limit(1)


def masked_home(label: str, room: str) -> str:
    """The home without its room: ``翠湖花园3栋2单元501`` with room ``501`` is ``翠湖花园3栋2单元5**``."""
    if not room or not label.endswith(room):
        return ""
    return label.removesuffix(room) + room[0] + "*" * (len(room) - 1)
