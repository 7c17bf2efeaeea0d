"""Logical answers as the texts of an Official Account: merged, as few messages as possible, each within the limit.

An old resident reads them on a phone: short lines, a blank line between things, dangers first. Whatever a resident or
an agent wrote cannot become markup.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from integrations.gateway.channel import OutboundMessage, StoredAnswer
from integrations.wechat import cards, markup
from integrations.wechat.accounts import open_id_of
from integrations.wechat.cards import Public
from integrations.wechat.markup import plain
from integrations.wechat.splitting import LIMIT, Packer, size
from integrations.wechat.texts import say
from property_db.conversations import blocks as b
from property_db.conversations.models import Author

BindAddress = Callable[[str], str | None]
"""Our page for binding a home, for an app id."""
_BLANK_LINES = re.compile(r"\n{3,}")


@dataclass(frozen=True)
class Paragraph:
    """Lines that belong together, of one stored message."""

    message_id: int
    text: str


class Rendering:
    """Turns answers into the channel's messages.

    Args:
        public: the address of one of our own paths as residents reach it, None where the server has no public name.
        bind_address: our page for binding a home, for an app id.
    """

    def __init__(self, public: Public, bind_address: BindAddress) -> None:
        self._public = public
        self._bind_address = bind_address

    def render(self, answers: Sequence[StoredAnswer]) -> list[OutboundMessage]:
        """One text for all answers, cut only where it is too long. A message is complete with its last piece.

        Something with nothing to show completes with an empty text, which is not sent.
        """
        if not answers:
            return []
        paragraphs = self.paragraphs(answers)
        packer = Packer(LIMIT)
        ends = {paragraph.message_id: packer.add(paragraph.text) for paragraph in paragraphs}
        texts = packer.parts() or [""]
        last = len(texts) - 1
        completed: list[list[int]] = [[] for _ in texts]
        for answer in answers:
            completed[min(ends.get(answer.message_id, last), last)].append(answer.message_id)
        asked = [answer.reply_to_id for answer in answers if answer.reply_to_id is not None]
        return [
            OutboundMessage(
                external_id=answers[0].external_id,
                payload={"text": text},
                completes=tuple(ids),
                # The newest question's request is the one most likely to be open still.
                reply_to_id=asked[-1] if asked and last == 0 else None,
            )
            for text, ids in zip(texts, completed, strict=True)
        ]

    def paragraphs(self, answers: Sequence[StoredAnswer]) -> list[Paragraph]:
        """What is shown, in order; dangers before everything else."""
        urgent: list[Paragraph] = []
        others: list[Paragraph] = []
        offering = [answer.message_id for answer in answers if _offers(answer)]
        speaker = ""
        for answer in answers:
            agent = _agent(answer)
            introduction = say("agent", agent=agent) + "\n" if agent and agent != speaker else ""
            speaker = agent
            counter = _Counter(numbered=offering[-1:] == [answer.message_id])
            for block in answer.blocks or [b.Text(text=answer.view.text)]:
                into = urgent if isinstance(block, b.Emergency) else others
                for text in self._block(block, answer, counter):
                    _add(into, answer.message_id, introduction + text if text.strip() else "")
                    introduction = "" if text.strip() else introduction
        return urgent + others

    def _block(self, block: b.Block, answer: StoredAnswer, counter: "_Counter") -> list[str]:
        match block:
            case b.Text() | b.System():
                return [plain(block.text)]
            case b.Choices():
                return [_choices(block, answer, counter)]
            case b.BillCard():
                return cards.bill(block)
            case b.TicketCard():
                return cards.ticket(block)
            case b.NoticeCard():
                return cards.notice(block)
            case b.Picture():
                return cards.picture(block, self._public)
            case b.Link():
                return cards.web_link(block, self._public)
            case b.RatingRequest():
                return cards.rating(block)
            case b.Ask():
                return [plain(block.prompt or "")]
            case b.Bind():
                return cards.bind(block, self._bind_address(open_id_of(answer.external_id)[0]))
            case b.Emergency():
                return cards.emergency(block)


@dataclass
class _Counter:
    """Numbers the options of one message from 1, over all its lists.

    Only the newest offer is numbered: a number that is typed is taken as one of the newest.
    """

    numbered: bool
    number: int = 0


def option_id(answer: StoredAnswer, option: b.Choice) -> str:
    """What comes back when an option is pressed: the message that offered it, the option, the conversation."""
    return f"c{answer.view.seq}.{option.id}@{answer.conversation_public_id}"


def _choices(block: b.Choices, answer: StoredAnswer, counter: _Counter) -> str:
    lines = [plain(block.prompt or say("choices" if counter.numbered else "choices_earlier"))]
    for option in block.options:
        counter.number += 1
        title = markup.says(option.title, option.title, option_id(answer, option))
        if size(title) > LIMIT // 2 or not option.title.strip():
            title = plain(option.title)  # a link cannot be cut; the number still chooses
        key = "choice" if counter.numbered else "choice_earlier"
        lines.append(say(key, number=counter.number, title=title))
    return "\n".join(lines)


def _offers(answer: StoredAnswer) -> bool:
    return any(isinstance(block, b.Choices) for block in answer.blocks)


def _agent(answer: StoredAnswer) -> str:
    """How a person's message begins; empty for the bot's own."""
    if answer.view.author != Author.AGENT.value:
        return ""
    name = plain(answer.view.author_name).strip()
    title = say("agent_title", agent="")
    return name if name.startswith(title) else say("agent_title", agent=name)


def _add(into: list[Paragraph], message_id: int, text: str) -> None:
    """Append what can be seen; an item of a list joins the item, or the head, before it."""
    text = _BLANK_LINES.sub("\n\n", "\n".join(line.rstrip() for line in text.strip().split("\n")))
    if not text:
        return
    before = into[-1] if into else None
    if before is not None and before.message_id == message_id and text.startswith("·"):
        into[-1] = Paragraph(message_id, f"{before.text}\n{text}")
    else:
        into.append(Paragraph(message_id, text))
