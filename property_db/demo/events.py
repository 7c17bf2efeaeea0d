"""The demo company's tickets in every state, notices, complaints and ratings."""

from datetime import datetime, time, timedelta
from random import Random
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from property_db.clock import SHANGHAI
from property_db.complaints.models import Complaint, ComplaintCategory, ComplaintState
from property_db.demo.places import Town
from property_db.estates.models import Home, HomeState
from property_db.feedback.models import Rating
from property_db.notices.models import Notice, NoticeKind, NoticeState
from property_db.numbers import COMPLAINT, REPAIR, NumberCounter
from property_db.tickets.models import Ticket, TicketEvent, TicketKind, Urgency
from property_db.tickets.models import TicketState as S

_WORK = [S.ASSIGNED, S.ACCEPTED, S.ON_THE_WAY, S.IN_PROGRESS]
PATHS: dict[S, list[S]] = {
    S.NEW: [],
    S.ASSIGNED: _WORK[:1],
    S.ACCEPTED: _WORK[:2],
    S.ON_THE_WAY: _WORK[:3],
    S.IN_PROGRESS: _WORK,
    S.PAUSED: [*_WORK, S.PAUSED],
    S.DONE: [*_WORK, S.DONE],
    S.CONFIRMED: [*_WORK, S.DONE, S.CONFIRMED],
    S.REOPENED: [*_WORK, S.DONE, S.REOPENED],
    S.CLOSED: [*_WORK, S.DONE, S.CONFIRMED, S.CLOSED],
    S.REJECTED: [S.REJECTED],
    S.CANCELLED: [S.CANCELLED],
}
"""How a demo ticket came to its state, each step a way of `tickets.lifecycle`."""
_BY_RESIDENT = frozenset({S.CONFIRMED, S.REOPENED, S.CANCELLED})


class Numbers:
    """Gives the numbers of past days, and leaves the counters where the next real number continues."""

    def __init__(self) -> None:
        """Start with no number given."""
        self._last: dict[tuple[str, str], int] = {}

    def next(self, prefix: str, moment: datetime) -> str:
        """Return the next number of that day."""
        day = f"{moment.astimezone(SHANGHAI):%y%m%d}"
        self._last[prefix, day] = last = self._last.get((prefix, day), 0) + 1
        return f"{prefix}{day}-{last:04d}"

    def counters(self) -> list[NumberCounter]:
        """Return the rows to keep."""
        return [NumberCounter(prefix=prefix, day=day, last=last) for (prefix, day), last in self._last.items()]


async def build(session: AsyncSession, town: Town, content: dict[str, Any], random: Random, now: datetime) -> None:
    """Enter tickets, complaints and notices."""
    numbers = Numbers()
    lived_in = [home for home in town.homes if home.state is HomeState.OCCUPIED and home.id not in town.habits]
    for entry in content["tickets"]:
        home = town.residents[entry["who"]][1] if "who" in entry else random.choice(lived_in)
        await _ticket(session, entry, home, numbers, random.choice(content["technicians"]), now)
    for entry in content["complaints"]:
        session.add(_complaint(entry, random.choice(lived_in), numbers, now))
    session.add_all(_notice(entry, town, now) for entry in content["notices"])
    session.add_all(numbers.counters())
    await session.flush()


async def _ticket(
    session: AsyncSession, entry: dict[str, Any], home: Home, numbers: Numbers, technician: list[str], now: datetime
) -> None:
    created = now - timedelta(days=entry["days"])
    state = S(entry["state"])
    path = PATHS[state]
    assigned = S.ASSIGNED in path
    ticket = Ticket(
        number=numbers.next(REPAIR, created),
        kind=TicketKind.REPAIR,
        created_at=created,
        estate_id=home.estate_id,
        home_id=home.id if entry["area"] == "户内" else None,
        facility=entry["facility"],
        area=entry["area"],
        place=entry["place"],
        symptom=entry["symptom"],
        urgency=Urgency(entry["urgency"]),
        state=state,
        urged_count=entry.get("urged", 0),
        technician_name=technician[0] if assigned else None,
        technician_phone=technician[1] if assigned else None,
    )
    session.add(ticket)
    await session.flush()
    # A third of the time since filing has no event, so the last one lies before now whatever the state.
    step = (now - created) / 1.5 / (len(path) + 1)
    session.add(_event(ticket, created, "reported", None, S.NEW, "resident"))
    before = S.NEW
    for number, after in enumerate(path, 1):
        actor = "resident" if after in _BY_RESIDENT else "company"
        note = entry.get("note", "") if after is state else ""
        session.add(_event(ticket, created + number * step, "state", before, after, actor, note))
        before = after
    if entry.get("stars"):
        session.add(Rating(ticket_id=ticket.id, stars=entry["stars"], comment=entry["comment"], created_at=now))


def _event(
    ticket: Ticket, at: datetime, kind: str, before: S | None, after: S, actor: str, note: str = ""
) -> TicketEvent:
    return TicketEvent(
        ticket_id=ticket.id,
        at=at,
        created_at=at,
        kind=kind,
        from_state=before,
        to_state=after,
        actor=actor,
        note=note,
    )


def _complaint(entry: dict[str, Any], home: Home, numbers: Numbers, now: datetime) -> Complaint:
    created = now - timedelta(days=entry["days"])
    return Complaint(
        number=numbers.next(COMPLAINT, created),
        category=ComplaintCategory(entry["category"]),
        text=entry["text"],
        home_id=home.id,
        state=ComplaintState(entry["state"]),
        answer=entry.get("answer"),
        answered_at=created + timedelta(hours=20) if "answer" in entry else None,
        created_at=created,
    )


def _notice(entry: dict[str, Any], town: Town, now: datetime) -> Notice:
    estate = town.estates[entry["estate"]]
    building = town.buildings[estate.id, entry["building"]] if "building" in entry else None
    unit = town.units[building.id, entry["unit"]] if building is not None and "unit" in entry else None
    published = entry.get("published")
    return Notice(
        estate_id=estate.id,
        building_id=building.id if building is not None else None,
        unit_id=unit.id if unit is not None else None,
        kind=NoticeKind(entry["kind"]),
        utility=entry.get("utility"),
        title=entry["title"],
        body=entry["body"],
        starts_at=_at(entry.get("from"), now),
        ends_at=_at(entry.get("to"), now),
        state=NoticeState(entry.get("state", "published")),
        published_at=None if published is None else min(now + timedelta(days=published), now - timedelta(minutes=5)),
    )


def _at(place: list[Any] | None, now: datetime) -> datetime | None:
    if place is None:
        return None
    day = now.astimezone(SHANGHAI).date() + timedelta(days=place[0])
    return datetime.combine(day, time.fromisoformat(place[1]), SHANGHAI)
