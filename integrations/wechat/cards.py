"""One block of a logical answer as paragraphs that an Official Account shows: short lines, no markup but our links."""

from collections.abc import Callable
from datetime import date, datetime

from integrations.wechat import markup
from integrations.wechat.markup import plain
from integrations.wechat.splitting import LIMIT, size
from integrations.wechat.texts import has, say
from property_db.clock import SHANGHAI
from property_db.conversations import blocks as b

LAST_EVENTS = 3
STARS = (5, 4, 3, 2, 1)

Public = Callable[[str], str | None]
"""The address of one of our own paths as residents reach it, None where the server does not know its name."""


def bill(block: b.BillCard) -> list[str]:
    """What is owed: each bill with its amount and day, then the sum."""
    head = "\n".join(plain(line) for line in (block.title, block.home) if line)
    total = say("bill_total", amount=_amount(block.total_fen)) if block.lines else say("bill_none")
    return [head, *(_bill_line(line) for line in block.lines), total]


def _bill_line(line: b.BillLine) -> str:
    first = say("bill_line", label=plain(line.label), amount=_amount(line.amount_fen))
    lines = [first]
    if line.late_fee_fen:
        lines.append(say("bill_late_fee", amount=_amount(line.late_fee_fen)))
    state = say(f"bill_state_{line.state}") if has(f"bill_state_{line.state}") else ""
    due = _day(line.due_on)
    if state and due and line.state not in ("paid", "cancelled"):
        lines.append(say("bill_state_due", state=state, due=due))
    elif state:
        lines.append(state)
    return "\n".join(lines)


def ticket(block: b.TicketCard) -> list[str]:
    """A repair: what and where, how far it is, when somebody comes, its last steps."""
    lines = [
        say("ticket_number", number=plain(block.number)),
        plain(block.title),
        say("ticket_state", state=plain(block.state_text)),
    ]
    if block.home:
        lines.append(say("ticket_home", home=plain(block.home)))
    if block.appointment:
        lines.append(say("ticket_appointment", appointment=plain(block.appointment)))
    if block.technician:
        lines.append(say("ticket_technician", technician=plain(block.technician)))
    paragraphs = ["\n".join(lines)]
    if block.events:
        steps = [
            say("ticket_event", at=_moment(event.at), event=plain(event.text)) for event in block.events[-LAST_EVENTS:]
        ]
        paragraphs.append("\n".join([say("ticket_progress"), *steps]))
    return paragraphs


def notice(block: b.NoticeCard) -> list[str]:
    """A notice: its kind and title, when, and what it says."""
    key = f"notice_kind_{block.notice_kind}"
    kind = say(key if has(key) else "notice_kind_other")
    head = [say("notice_title", kind=kind, title=plain(block.title))]
    if block.starts_at and block.ends_at:
        head.append(say("notice_window", start=_moment(block.starts_at), end=_end(block.starts_at, block.ends_at)))
    elif block.starts_at:
        head.append(say("notice_from", start=_moment(block.starts_at)))
    elif block.ends_at:
        head.append(say("notice_until", end=_moment(block.ends_at)))
    return ["\n".join(head), plain(block.body)]


def emergency(block: b.Emergency) -> list[str]:
    """Safety first, then the numbers to call, each on a line of its own so that a phone makes it dialable."""
    phones = [say("emergency_phone", label=plain(p.label), number=plain(p.number)) for p in block.phones]
    return [say("emergency"), plain(block.text), "\n".join(phones)]


def picture(block: b.Picture, public: Public) -> list[str]:
    """A picture's words, and a link to it where residents can reach it."""
    words = say("picture", alt=plain(block.alt)) if block.alt.strip() else say("picture_without_words")
    return ["\n".join([words, *_link(say("picture_open"), block.url, public)])]


def web_link(block: b.Link, public: Public) -> list[str]:
    """A link by its title; without one by its address; only the title where residents cannot reach it."""
    title = block.title.strip() or block.url
    return _link(title, block.url, public) or [plain(title)]


def bind(block: b.Bind, address: str | None) -> list[str]:
    """The offer to bind a home on our page; nothing where residents cannot reach it, as the dialogue asks by itself."""
    found = markup.link(say("bind_open"), address) if address else None
    return ["\n".join([plain(block.prompt), found])] if found else []


def rating(block: b.RatingRequest) -> list[str]:
    """Five choices, the best first; a number that is typed counts as well."""
    lines = []
    for stars in STARS:
        title = say("rating_choice", stars=stars, name=say(f"rating_name_{stars}"))
        lines.append(markup.says(title, say("rating_said", stars=stars), f"r{stars}"))
    return [plain(block.prompt), "\n".join([say("rating_how"), *lines])]


def _link(title: str, url: str, public: Public) -> list[str]:
    address = url if "://" in url else (public(url) if url.startswith("/") else None)
    found = markup.link(title, address) if address else None
    return [found] if found and size(found) <= LIMIT else []


def _amount(fen: int) -> str:
    return say("amount", yuan=f"{fen / 100:.2f}")


def _day(iso: str) -> str:
    try:
        day = date.fromisoformat(iso)
    except ValueError:
        return plain(iso)
    return say("day_of_year", year=day.year, month=day.month, day=day.day)


def _moment(iso: str) -> str:
    at = _shanghai(iso)
    if at is None:
        return plain(iso)
    return say("moment", day=say("day", month=at.month, day=at.day), time=f"{at:%H:%M}")


def _end(start: str, end: str) -> str:
    """The end of a span; only its time of day where the day is the same."""
    first, last = _shanghai(start), _shanghai(end)
    return f"{last:%H:%M}" if first and last and first.date() == last.date() else _moment(end)


def _shanghai(iso: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(iso)
    except ValueError:
        return None
    return at.replace(tzinfo=SHANGHAI) if at.tzinfo is None else at.astimezone(SHANGHAI)
