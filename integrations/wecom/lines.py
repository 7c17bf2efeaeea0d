"""Logical answers as paragraphs of plain text: the cards as the Official Account shows them, links by their address."""

from collections.abc import Sequence
from dataclasses import dataclass

from integrations.gateway.answers import plain_text
from integrations.gateway.channel import StoredAnswer
from integrations.wechat import cards
from integrations.wechat.graphemes import clusters
from integrations.wechat.markup import plain
from integrations.wechat.splitting import size
from integrations.wecom.texts import say
from property_db.conversations import blocks as b
from property_db.conversations.models import Author


@dataclass(frozen=True)
class Paragraph:
    """Lines of one stored message that belong together."""

    message_id: int
    text: str


def paragraphs_of(answers: Sequence[StoredAnswer], *, in_a_menu: bool) -> list[Paragraph]:
    """What is shown, in order; dangers before everything else.

    Args:
        in_a_menu: what is offered stands in a menu; otherwise it is numbered here.
    """
    urgent: list[Paragraph] = []
    others: list[Paragraph] = []
    speaker = ""
    for answer in answers:
        agent = _agent(answer)
        if agent and agent != speaker:
            others.append(Paragraph(answer.message_id, agent))
        speaker = agent
        for block in answer.blocks or [b.Text(text=answer.view.text)]:
            into = urgent if isinstance(block, b.Emergency) else others
            into += [Paragraph(answer.message_id, text.strip()) for text in _lines(block, in_a_menu) if text.strip()]
    return urgent + others


def offers(answer: StoredAnswer) -> bool:
    """Whether the answer has something to press."""
    return any(isinstance(block, b.Choices | b.RatingRequest) for block in answer.blocks)


def cut(text: str, limit: int, mark: str = "…") -> str:
    """The text itself, or as much of its beginning as fits into ``limit`` bytes with ``mark`` behind it."""
    if size(text) <= limit:
        return text
    kept, room = "", limit - size(mark)
    for character in clusters(text):
        room -= size(character)
        if room < 0:
            break
        kept += character
    return kept.rstrip() + mark


def _lines(block: b.Block, in_a_menu: bool) -> list[str]:
    match block:
        case b.BillCard():
            return cards.bill(block)
        case b.TicketCard():
            return cards.ticket(block)
        case b.NoticeCard():
            return cards.notice(block)
        case b.Emergency():
            return cards.emergency(block)
        case b.Picture():
            return [say("shown_picture", alt=plain(block.alt), address=block.url).strip()] if "://" in block.url else []
        case b.Choices() | b.RatingRequest() if in_a_menu:
            return [plain(block.prompt or "")]
        case _:
            return [plain(plain_text([block]))]


def _agent(answer: StoredAnswer) -> str:
    """How a person's message begins; empty for the bot's own."""
    if answer.view.author != Author.AGENT.value:
        return ""
    return say("agent", agent=plain(answer.view.author_name).strip().removeprefix(say("agent_title")))
