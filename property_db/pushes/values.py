"""The fields of a piece of news, by our own names: never empty, never a name or a telephone number in full.

A channel's template takes what it has a place for; docs/wechat.md lists the names.
"""

from collections.abc import Sequence
from datetime import date, datetime

from property_db.catalogue import load
from property_db.clock import SHANGHAI
from property_db.fees.calculation import yuan_text
from property_db.fees.models import Bill
from property_db.notices.models import Notice
from property_db.pushes.models import PushKind
from property_db.tickets.models import Ticket, TicketEvent
from property_db.tickets.views import event_text, state_text

VALUES: dict[PushKind, frozenset[str]] = {
    PushKind.TICKET_PROGRESS: frozenset({"number", "title", "state", "state_text", "time", "technician", "home"}),
    PushKind.BILL: frozenset({"home", "amount", "due_on", "count", "fees", "period"}),
    PushKind.NOTICE: frozenset({"title", "notice_kind", "scope", "starts_at", "ends_at", "time", "published_at"}),
    PushKind.AGENT_REPLY: frozenset({"title", "agent", "time", "hint"}),
}
"""What each kind of news can fill a template with."""

MOST_FEES = 2
"""So many fees are named in one piece of news; of more it tells the number."""


def ticket_values(ticket: Ticket, event: TicketEvent, home_label: str | None) -> dict[str, str]:
    """A step of a repair; `home_label` is None where it is about no home."""
    texts = load("pushes/texts.yml")
    technician = _technician(ticket.technician_name)
    return {
        "number": ticket.number,
        "title": ticket.facility,
        "state": state_text(ticket.state),
        "state_text": event_text(event, technician),
        "time": moment(event.at),
        "technician": technician,
        "home": home_label or ticket.place or texts["common_area"],
    }


def _technician(name: str | None) -> str:
    """The surname with a title: enough to know who comes (个人信息保护法 6)."""
    texts = load("pushes/texts.yml")
    text: str = texts["technician"].format(surname=name[:1]) if name else texts["no_technician"]
    return text


def bill_values(bills: Sequence[Bill], home_label: str, fees: Sequence[str]) -> dict[str, str]:
    """What a home owes by these bills of one import: the sum and the day on which the first of it is due."""
    texts = load("pushes/texts.yml")
    owed = sum(bill.amount_fen + bill.late_fee_fen - bill.paid_fen for bill in bills)
    first, last = min(bill.period for bill in bills), max(bill.period for bill in bills)
    named = "、".join(fees[:MOST_FEES])
    return {
        "home": home_label,
        "amount": texts["amount"].format(yuan=yuan_text(owed)),
        "due_on": day(min(bill.due_on for bill in bills)),
        "count": str(len(bills)),
        "fees": named if len(fees) <= MOST_FEES else texts["more_fees"].format(fees=named, count=len(fees)),
        "period": first if first == last else texts["periods"].format(first=first, last=last),
    }


def notice_values(notice: Notice, scope: str, now: datetime) -> dict[str, str]:
    """A notice; one without times of its own is told with that of its publishing."""
    texts = load("pushes/texts.yml")
    published = notice.published_at or now
    start = notice.starts_at or published
    end = notice.ends_at
    return {
        "title": notice.title,
        "notice_kind": texts["notice_kinds"][notice.kind.value],
        "scope": scope or texts["all_of_estate"],
        "starts_at": moment(start),
        "ends_at": moment(end or start),
        "time": window(start, end),
        "published_at": moment(published),
    }


def agent_values(now: datetime) -> dict[str, str]:
    """An agent waits: neither who nor what about, as a locked screen shows it."""
    texts: dict[str, str] = load("pushes/texts.yml")["agent"]
    return texts | {"time": moment(now)}


def moment(at: datetime) -> str:
    """A moment in Shanghai in the form that WeChat's `time` and `date` take: 2026年11月22日 09:00."""
    text: str = load("pushes/texts.yml")["moment"].format(at=at.astimezone(SHANGHAI))
    return text


def window(start: datetime, end: datetime | None) -> str:
    """From and to in the form that WeChat's `time` takes: on one day with hours, over several in days."""
    if end is None:
        return moment(start)
    texts = load("pushes/texts.yml")
    first, last = start.astimezone(SHANGHAI), end.astimezone(SHANGHAI)
    one_day = first.date() == last.date()
    parts = (moment(start), f"{last:%H:%M}") if one_day else (day(first.date()), day(last.date()))
    text: str = texts["window"].format(start=parts[0], end=parts[1])
    return text


def day(on: date) -> str:
    """A day in the form that WeChat's `date` takes: 2026年11月28日."""
    text: str = load("pushes/texts.yml")["day"].format(on=on)
    return text
