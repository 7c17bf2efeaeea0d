"""One block of a logical answer as texts that are heard; what belongs to a list is marked as its item."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from integrations.voice.spoken.wording import for_the_ear, has, say
from property_db.clock import SHANGHAI
from property_db.conversations import blocks as b

MOST_OF_A_NOTICE = 4
"""Sentences of a notice's body that are read; the rest stands on the board."""
_ITEM = re.compile(r"^\s*(?:[·•●▪-]|\(?\d{1,2}[.、)）](?!\d))")
_SENTENCE = re.compile(r"[^。！？\n]*[。！？]+|[^。！？\n]+")
_MASKED = re.compile(r"(\S)\*+")
_DONE = frozenset({"done", "confirmed", "closed", "rejected", "cancelled"})


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the answer; ``item``: one of a list, of which only the first few are read without asking."""

    text: str
    item: bool = False


def parts_of(block: b.Block, before: str, *, rewrite: bool) -> Iterator[Part]:
    """What a block sounds like.

    Args:
        block: any block but choices, asks and ratings, which are questions at the end.
        before: what was said so far, so that a sum is not said twice.
        rewrite: screen words are replaced; not in what a person typed.
    """
    match block:
        case b.Text():
            yield from _lines(block.spoken or (for_the_ear(block.text) if rewrite else block.text))
        case b.System():
            yield from _lines(for_the_ear(block.text) if rewrite else block.text)
        case b.BillCard():
            yield from _bill(block, before)
        case b.TicketCard():
            yield Part(_ticket(block), item=True)
        case b.NoticeCard():
            yield Part(_notice(block), item=True)
        case b.Picture() if block.alt.strip():
            yield Part(say("picture", alt=block.alt.strip()))
        case b.Link() if block.title.strip():
            yield Part(say("link", title=block.title.strip()))
        case _:
            return


def emergency(block: b.Emergency) -> list[Part]:
    """Safety first: the first sentence holds the first thing to do. Then the numbers the text does not name."""
    heading, _, rest = block.text.partition("\n")
    joined = f"{heading.rstrip()}{rest.lstrip()}" if heading.rstrip().endswith(("：", ":")) else block.text
    # The heading ends in a colon, so the number of the first line would be read as part of it.
    joined = re.sub(r"(?<=[：:])\s*1[.、](?!\d)\s*", "", joined)
    parts = [Part(line) for line in joined.split("\n") if line.strip()]
    missing = [phone for phone in block.phones if phone.number not in block.text]
    if missing:
        phones = (say("emergency_phone", label=phone.label, number=phone.number) for phone in missing)
        parts.append(Part(say("emergency_phones", phones=say("emergency_joint").join(phones))))
    return parts


def _lines(text: str) -> Iterator[Part]:
    for line in text.split("\n"):
        if line.strip():
            yield Part(line.strip(), item=_ITEM.match(line) is not None)


def _bill(block: b.BillCard, before: str) -> Iterator[Part]:
    total = _yuan(block.total_fen)
    if not block.lines:
        yield Part(say("bill_nothing", home=block.home))
    elif total not in before:
        yield Part(say("bill_total", home=block.home, amount=say("amount", yuan=total)))
    for line in block.lines:
        yield Part(_bill_line(line), item=True)


def _bill_line(line: b.BillLine) -> str:
    values = {"label": line.label, "amount": say("amount", yuan=_yuan(line.amount_fen))}
    state, due = f"bill_state_{line.state}", _day(line.due_on)
    if has(state):
        said = say("bill_line", **values, state=say(state))
    elif due:
        said = say("bill_line_due", **values, due=due)
    else:
        said = say("bill_line_plain", **values)
    late = say("bill_late_fee", amount=say("amount", yuan=_yuan(line.late_fee_fen))) if line.late_fee_fen else ""
    return said + late


def _ticket(block: b.TicketCard) -> str:
    said = [say("ticket", number=block.number, title=block.title, state=block.state_text)]
    if block.state not in _DONE and block.appointment:
        said.append(say("ticket_appointment", appointment=block.appointment))
    if block.state not in _DONE and block.technician:
        name = _MASKED.sub(lambda m: say("masked_technician", surname=m[1]), block.technician, count=1)
        said.append(say("ticket_technician", technician=name))
    if block.events:
        last = block.events[-1]
        said.append(say("ticket_last", at=_moment(last.at), event=last.text.rstrip("。")))
    return "".join(said)


def _notice(block: b.NoticeCard) -> str:
    key = f"notice_kind_{block.notice_kind}"
    said = [say("notice", kind=say(key if has(key) else "notice_kind_other"), title=block.title.rstrip("。"))]
    if block.starts_at and block.ends_at:
        end = _end(block.starts_at, block.ends_at)
        said.append(say("notice_window", start=_moment(block.starts_at), end=end))
    elif block.starts_at:
        said.append(say("notice_from", start=_moment(block.starts_at)))
    elif block.ends_at:
        said.append(say("notice_until", end=_moment(block.ends_at)))
    body = [sentence.strip() for sentence in _SENTENCE.findall(for_the_ear(block.body)) if sentence.strip()]
    rest = [say("notice_rest")] if len(body) > MOST_OF_A_NOTICE else []
    return "\n".join(["".join(said), *body[:MOST_OF_A_NOTICE], *rest])


def _yuan(fen: int) -> str:
    return f"{fen / 100:.2f}"


def _day(iso: str) -> str:
    try:
        return say("day", day=date.fromisoformat(iso))
    except ValueError:
        return ""


def _moment(iso: str) -> str:
    at = _shanghai(iso)
    return iso if at is None else say("moment", day=at.date(), time=_time(at))


def _time(at: datetime) -> str:
    form = "time" if at.minute == 0 else "time_half" if at.minute == 30 else "time_minute"
    return say(form, hour=at.hour, minute=at.minute)


def _end(start: str, end: str) -> str:
    """The end of a span; only its time of day where the day is the same."""
    first, last = _shanghai(start), _shanghai(end)
    return _time(last) if first and last and first.date() == last.date() else _moment(end)


def _shanghai(iso: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(iso)
    except ValueError:
        return None
    return at.replace(tzinfo=SHANGHAI) if at.tzinfo is None else at.astimezone(SHANGHAI)
