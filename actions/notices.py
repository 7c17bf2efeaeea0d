"""Outages and announcements of this resident's building."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from actions.base import DomainAction
from actions.cards import notice_card
from actions.catalogue import bare, mentions, section, without
from actions.questions import parse_span
from actions.turn import Event, Turn
from actions.wording import day_text, short
from property_db.clock import SHANGHAI
from property_db.conversations.blocks import NoticeCard
from property_db.notices import service as notices
from property_db.notices.models import NoticeKind
from property_db.notices.schemas import NoticeView, TimeWindow

WEEK = timedelta(days=7)
FAR_AHEAD = timedelta(days=30)
"""So far ahead the next outage is looked for where there is none in the time asked about."""
AN_INSTANT = timedelta(seconds=1)
MOST_READ, MOST_SHOWN = 100, 5
"""Notices looked through, and notices shown."""


class AskOutage(DomainAction):
    """Tells of outages that concern the resident's home."""

    def name(self) -> str:
        """The action's name in the domain."""
        return "action_ask_outage"

    async def work(self, turn: Turn) -> list[Event]:
        """Show the outages in the time asked about, or say that there are none, and when the next one is."""
        utilities = _utilities(turn)
        window, when = _window(turn)
        running = window is None and mentions("outage_now", turn.typed)
        where = _where(turn)
        found = await _outages(turn, utilities, TimeWindow(turn.now, turn.now + AN_INSTANT) if running else window)
        if found:
            turn.say("utter_outages" if turn.homes or _elsewhere(turn) else "utter_outages_whole_estate", where=where)
            for notice in found:
                turn.show(_card(turn, notice))
            return []
        named = short("list_separator").join(section("outage_of").get(name, name) for name in utilities)
        turn.say(
            "utter_outages_none",
            where=where,
            when=short("now") if running else when or short("coming_week"),
            outage=named or short("outage"),
        )
        upcoming = await _outages(turn, utilities, TimeWindow(turn.now, turn.now + FAR_AHEAD))
        if upcoming:
            turn.say("utter_outages_next")
            turn.show(_card(turn, upcoming[0]))
        turn.suggest("utter_outages_none_next")
        return []


async def _outages(turn: Turn, utilities: Sequence[str], window: TimeWindow | None) -> list[NoticeView]:
    """Return the outages of these utilities, of the building named or else of the resident's homes."""
    estate = await turn.estate()
    building = _elsewhere(turn)
    found = await notices.outages(
        turn.session,
        homes=() if building else turn.homes,
        estate_id=estate.id if estate else None,
        window=window,
        clock=turn.clock,
        limit=MOST_READ,
    )
    fitting = [
        notice
        for notice in found
        if (not utilities or notice.utility in utilities) and (building is None or notice.building in (None, building))
    ]
    return fitting[:MOST_SHOWN]


def _utilities(turn: Turn) -> list[str]:
    """Return what is asked about: utilities named, the lift as one of them, or what the words say is off."""
    named = [str(name) for name in turn.entities("utility")]
    supplies = section("outage_of")
    named += [str(name) for name in turn.entities("facility") if name in supplies]
    return list(dict.fromkeys(named)) or [name for name in supplies if mentions(f"off_{name}", turn.typed)]


def _elsewhere(turn: Turn) -> str | None:
    """Return the building the message names; its notices are public, whoever asks."""
    building = turn.entity("building")
    return None if building is None else str(building)


class AskNotice(DomainAction):
    """Tells what the company has posted."""

    def name(self) -> str:
        """The action's name in the domain."""
        return "action_ask_notice"

    async def work(self, turn: Turn) -> list[Event]:
        """Show the notice whose title is spoken of, else what happens, else the newest with outages last."""
        estate = await turn.estate()
        estate_id = estate.id if estate else None
        current = partial(
            notices.current, turn.session, homes=turn.homes, estate_id=estate_id, clock=turn.clock, limit=MOST_READ
        )
        where = _where(turn)
        events = mentions("notice_events", turn.typed)
        spoken_of = without("notice_fillers", bare(turn.typed))
        found = await notices.search(
            turn.session, spoken_of, homes=turn.homes, estate_id=estate_id, clock=turn.clock, limit=MOST_SHOWN
        )
        if not found and events:
            found = await current(kind=NoticeKind.EVENT)
            if not found:
                turn.say("utter_notices_no_events", where=where)
                return []
        if not found:
            found = await current()
            outages_first = mentions("notice_outages", turn.typed)
            found.sort(key=lambda notice: (notice.kind is NoticeKind.OUTAGE) is not outages_first)
        turn.say("utter_notices" if found else "utter_notices_none", where=where)
        for notice in found[:MOST_SHOWN]:
            turn.show(_card(turn, notice))
        return []


def _where(turn: Turn) -> str:
    building = _elsewhere(turn)
    if building is not None:
        return short("building", building=building)
    return short("your_building") if turn.homes else short("all_estates")


def _card(turn: Turn, notice: NoticeView) -> NoticeCard:
    """Return the card; somebody without a bound home must see whom it is for."""
    card = notice_card(notice)
    if turn.homes and _elsewhere(turn) is None:
        return card
    return card.model_copy(update={"title": short("notice_for", scope=notice.scope_text, title=notice.title)})


def _window(turn: Turn) -> tuple[TimeWindow | None, str]:
    """Return the time asked about: the whole day it falls on unless a span was named; what is left of a weekend."""
    start, end = parse_span(turn.entity("time") or {})
    day = _midnight(start or turn.now)
    monday = day - timedelta(days=day.weekday())
    if mentions("weekend", turn.typed):
        if start is None and mentions("next_week", turn.typed):
            monday += WEEK
        elif start is not None and day > _midnight(turn.now) and mentions("this_week", turn.typed):
            monday = min(monday, _midnight(turn.now) - timedelta(days=turn.today.weekday()))
        saturday, sunday = monday + timedelta(days=5), monday + timedelta(days=6)
        named = short("weekend", first=day_text(saturday.date(), turn.today), last=day_text(sunday.date(), turn.today))
        return TimeWindow(max(saturday, turn.now), monday + WEEK), named
    if start is None and mentions("next_week", turn.typed):
        return TimeWindow(monday + WEEK, monday + WEEK * 2), short("next_week")
    if start is None and mentions("this_week", turn.typed):
        return TimeWindow(turn.now, monday + WEEK), short("this_week")
    if start is None:
        return None, ""
    last = max(end.astimezone(SHANGHAI) if end else day, day + timedelta(days=1))
    return TimeWindow(day, last), day_text(day.date(), turn.today)


def _midnight(moment: datetime) -> datetime:
    local = moment.astimezone(SHANGHAI)
    return datetime(local.year, local.month, local.day, tzinfo=SHANGHAI)
