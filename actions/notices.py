"""Outages and announcements of this resident's building."""

from datetime import datetime, timedelta

from actions.base import DomainAction
from actions.cards import notice_card
from actions.questions import parse_span
from actions.turn import Event, Turn
from actions.wording import day_text, short
from property_db.clock import SHANGHAI
from property_db.conversations.blocks import NoticeCard
from property_db.notices import service as notices
from property_db.notices.schemas import NoticeView, TimeWindow


class AskOutage(DomainAction):
    """Tells of outages that concern the resident's home."""

    def name(self) -> str:
        """The action's name in the domain."""
        return "action_ask_outage"

    async def work(self, turn: Turn) -> list[Event]:
        """Show the outages in the time asked about, or say that there are none."""
        utility = turn.entity("utility")
        window, when = _window(turn)
        estate = await turn.estate()
        found = await notices.outages(
            turn.session,
            homes=turn.homes,
            estate_id=estate.id if estate else None,
            utility=str(utility) if utility else None,
            window=window,
            clock=turn.clock,
        )
        where = _where(turn)
        if not found:
            turn.say("utter_outages_none", where=where, when=when, utility=utility or short("utility"))
            turn.suggest("utter_outages_none_next")
            return []
        turn.say("utter_outages" if turn.homes else "utter_outages_whole_estate", where=where)
        for notice in found:
            turn.show(_card(turn, notice))
        return []


class AskNotice(DomainAction):
    """Tells what the company has posted."""

    def name(self) -> str:
        """The action's name in the domain."""
        return "action_ask_notice"

    async def work(self, turn: Turn) -> list[Event]:
        """Show the newest notices."""
        estate = await turn.estate()
        found = await notices.current(
            turn.session, homes=turn.homes, estate_id=estate.id if estate else None, clock=turn.clock
        )
        turn.say("utter_notices" if found else "utter_notices_none", where=_where(turn))
        for notice in found:
            turn.show(_card(turn, notice))
        return []


def _where(turn: Turn) -> str:
    return short("your_building") if turn.homes else short("all_estates")


def _card(turn: Turn, notice: NoticeView) -> NoticeCard:
    """Return the card; somebody without a bound home must see whom it is for."""
    card = notice_card(notice)
    if turn.homes:
        return card
    return card.model_copy(update={"title": short("notice_for", scope=notice.scope_text, title=notice.title)})


def _window(turn: Turn) -> tuple[TimeWindow | None, str]:
    """Return the time asked about: the whole day it falls on unless a span was named."""
    start, end = parse_span(turn.entity("time") or {})
    if start is None:
        return None, ""
    local = start.astimezone(SHANGHAI)
    day = datetime(local.year, local.month, local.day, tzinfo=SHANGHAI)
    last = max(end.astimezone(SHANGHAI) if end else day, day + timedelta(days=1))
    return TimeWindow(day, last), day_text(local.date(), turn.today)
