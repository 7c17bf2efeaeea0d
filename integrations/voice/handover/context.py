"""What the agent's telephone is told about a call before anybody says hello.

Exchanges pass ``X-`` headers on to telephones and to whatever opens the customer's page beside them. Telephone
displays, exchanges and their logs are seen by many: no telephone number, no name and no whole address goes there.
What was keyed for a question (a telephone, a code by SMS, a room) is a message of the resident too, and is left out.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.language.normalise import normalise
from bot.language.numerals import DIGITS
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
MESSAGES_LOOKED_AT = 30
_NUMERAL = f"[{DIGITS}洞十拾百佰千仟万亿]"
"""With what recognition makes of numbers: 五零一 is heard as 五洞一, and as 50亿."""
_MANY_DIGITS = re.compile(rf"(?:{_NUMERAL}[^\w]*){{3}}")
"""Three in a row, whatever stands between: a telephone, a code, a plate, the room 501, 3-2-501 and 3*2*12."""
_SHORT_ROOM = re.compile(
    rf"{_NUMERAL}(?:室|房|户|号(?=[房室门户,。]|$))|单元\W*{_NUMERAL}"
    rf"|[栋幢座楼]\W*{_NUMERAL}{{1,2}}(?!{_NUMERAL}|单元|楼|层|号楼)"
)
"""What is left of rooms: 12室, 2单元12, 3栋12. Building and unit alone are shown of the home too."""


@dataclass(frozen=True, slots=True)
class Context:
    """What is known of a call.

    Attributes:
        call: its outside id; empty where there is none yet.
        home: of a resident who has proven who they are, the room masked.
        ticket: the number of the newest ticket of the conversation.
        wish: what the caller said last before they asked for a person, without a number or a room in it; the asking
            itself where they said nothing else.
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
    wish = await _wish(session, conversation.id)
    home = masked_home(homes[0].label, homes[0].room) if len(homes) == 1 else ""
    return Context(call, conversation.public_id, home, ticket or "", wish[:LONGEST_WISH])


async def _wish(session: AsyncSession, conversation_id: int) -> str:
    """What the caller wants, in the newest words of theirs that everybody may read; empty where there are none."""
    newest = _newest(Message.text, Message.conversation_id, conversation_id, Message.seq, MESSAGES_LOOKED_AT)
    said = await session.scalars(
        newest.where(
            Message.author == Author.RESIDENT, Message.text != "", Message.text.not_in((words.person(), HUMAN_PAYLOAD))
        )
    )
    # The queue keeps the words by which a person was asked for.
    asked = await session.scalar(_newest(QueueItem.reason, QueueItem.conversation_id, conversation_id, QueueItem.id))
    shown = [text for text in said if is_for_everybody(text)]
    return next((text for text in shown if text != asked), next(iter(shown), ""))


def is_for_everybody(text: str) -> bool:
    """Whether words of a resident hold no number of three digits or more and no room, keyed or said."""
    plain = normalise(text)
    return _MANY_DIGITS.search(plain) is None and _SHORT_ROOM.search(plain) is None


def _newest(what: Any, of: Any, conversation_id: int, order: Any, most: int = 1) -> Any:
    return select(what).where(of == conversation_id).order_by(order.desc()).limit(most)


def masked_home(label: str, room: str) -> str:
    """The home without its room: ``翠湖花园3栋2单元501`` with room ``501`` is ``翠湖花园3栋2单元5**``."""
    if not room or not label.endswith(room):
        return ""
    return label.removesuffix(room) + room[0] + "*" * (len(room) - 1)
