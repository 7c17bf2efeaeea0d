"""From the engine's replies to a logical answer, and from a logical answer to plain text."""

from datetime import datetime
from typing import Any

import structlog
from pydantic import ValidationError

from integrations.gateway.engine_client import Reply
from integrations.gateway.texts import say
from property_db.clock import SHANGHAI
from property_db.conversations import blocks as b

log = structlog.get_logger()


def logical_answer(replies: list[Reply]) -> list[b.Block]:
    """The blocks of one turn, choices of all replies merged into one list at the end.

    A custom payload that is no block is dropped with a log line: it is a programming error in an action, and the
    rest of the answer is still worth sending.
    """
    blocks: list[b.Block] = []
    options: list[b.Choice] = []
    for reply in replies:
        if reply.get("text"):
            blocks.append(b.Text(text=reply["text"]))
        if reply.get("image"):
            blocks.append(b.Picture(url=reply["image"], alt=""))
        if reply.get("custom"):
            block = _custom(reply["custom"])
            if block is not None:
                blocks.append(block)
        for button in reply.get("buttons") or []:
            if all(option.payload != button["payload"] for option in options):
                options.append(b.Choice(id=str(len(options) + 1), title=button["title"], payload=button["payload"]))
    if options:
        blocks.append(b.Choices(options=options))
    return blocks


def _custom(payload: dict[str, Any]) -> b.Block | None:
    try:
        return b.parse_one(payload)
    except ValidationError as error:
        log.error("answer.bad_block", kind=str(payload.get("kind")), errors=error.error_count())
        return None


def yuan(fen: int) -> str:
    """``25060`` → ``250.60 元``."""
    return f"{fen / 100:.2f} 元"


def plain_text(blocks: list[b.Block]) -> str:
    """A logical answer for a channel that shows text only; options are numbered as the resident may answer."""
    return "\n".join(part for block in blocks if (part := _plain(block)))


def _plain(block: b.Block) -> str:
    match block:
        case b.Text() | b.System():
            return block.text
        case b.Emergency():
            return "\n".join([block.text, *(f"{phone.label}：{phone.number}" for phone in block.phones)])
        case b.Choices():
            lines = [f"{number}. {option.title}" for number, option in enumerate(block.options, start=1)]
            return "\n".join([block.prompt or say("plain_choices"), *lines])
        case b.BillCard():
            lines = [f"{line.label}：{yuan(line.amount_fen)}" for line in block.lines]
            return "\n".join([block.title, *lines, say("plain_total", total=yuan(block.total_fen))])
        case b.TicketCard():
            lines = [say("plain_ticket", number=block.number, title=block.title, state=block.state_text)]
            if block.appointment:
                lines.append(say("plain_appointment", appointment=block.appointment))
            return "\n".join(lines)
        case b.NoticeCard():
            lines = [block.title, block.body]
            if block.starts_at and block.ends_at:
                start, end = (_when(moment) for moment in (block.starts_at, block.ends_at))
                lines.append(say("plain_window", start=start, end=end))
            return "\n".join(lines)
        case b.Picture():
            return block.url
        case b.Link():
            return f"{block.title} {block.url}"
        case b.RatingRequest():
            return f"{block.prompt} {say('plain_rating')}"
        case b.Ask() | b.Bind():
            return block.prompt or ""


def _when(moment: str) -> str:
    return datetime.fromisoformat(moment).astimezone(SHANGHAI).strftime("%m-%d %H:%M")
