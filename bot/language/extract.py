"""All entities of the intent contract in one message, overlaps resolved, values normalised.

The dictionaries find facilities, places, fees and supplies; the rule modules find what has a shape. Spans are those of
the text as typed, values come from the normalised text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime

from bot.language import (
    amounts,
    passing,
    periods,
    phones,
    plates,
    ratings,
    rooms,
    supplies,
    ticket_numbers,
    times,
)
from bot.language.lexicon import TermMatch, find_terms, lexicon
from bot.language.normalise import normalise_aligned
from bot.language.spans import Span, without_overlaps

# 我家水管…流到电梯里: whose it is counts more than where it runs to.
_AT_HOME = re.compile(r"(?:我家|家里|屋里|室内|户内|家中)[^,。!?]{0,6}$")
_RIGHT_BEHIND = 6
"""Characters between a facility and the place named after it (报修水管,厨房的)."""


def _dictionary_spans(text: str, matches: Sequence[TermMatch]) -> list[Span]:
    found: list[Span] = []
    places = [m for m in matches if m.term.kind == "place"]
    facilities = [m for m in matches if m.term.kind == "facility" and not _only_names_a_place(m, places)]
    for match in matches:
        typed, value = text[match.start : match.end], match.term.value or ""
        if match.term.kind == "place":
            found.append(Span(match.start, match.end, "place", typed, typed))
            found.append(Span(match.start, match.end, "area", typed, value))
        elif match.term.kind in {"area", "fee_type"}:
            found.append(Span(match.start, match.end, match.term.kind, typed, value))
    for match in facilities:
        if not _only_in_passing(match, facilities):
            typed = text[match.start : match.end]
            found.append(Span(match.start, match.end, "facility", typed, _facility_at(text, match, places)))
    return found


def _only_names_a_place(match: TermMatch, places: Sequence[TermMatch]) -> bool:
    """单元门 in 单元门口 tells where; 电梯 in 电梯里 is still the lift."""
    longer = (
        p for p in places if p.start <= match.start and match.end <= p.end and p.end - p.start > match.end - match.start
    )
    return match.term.value != "电梯" and next(longer, None) is not None


def _only_in_passing(match: TermMatch, facilities: Sequence[TermMatch]) -> bool:
    """草坪 and 渗水 name a facility themselves unless the message names another (草坪边的路灯, 分水器渗水)."""
    weak = lexicon().weak_facilities
    return match.term.word in weak and any(other.term.word not in weak for other in facilities)


def _facility_at(text: str, match: TermMatch, places: Sequence[TermMatch]) -> str:
    """灯 in 楼道 is 楼道灯, 灯 in 客厅 is 灯具: the nearest place before it decides, else one right behind it."""
    name = match.term.value or ""
    public = lexicon().facilities[name].public
    if public is None or _AT_HOME.search(text[: match.start]):
        return name
    before = [p for p in places if p.end <= match.start]
    behind = [p for p in places if match.end <= p.start <= match.end + _RIGHT_BEHIND]
    nearest = before[-1] if before else behind[0] if behind else None
    return public if nearest and nearest.term.value == "公共区域" else name


def _only_facilities_at(meter: Span, kept: Sequence[Span]) -> bool:
    clashes = (span for span in kept if span.start < meter.end and meter.start < span.end)
    return all(span.entity == "facility" for span in clashes)


def _said_once(spans: Sequence[Span]) -> list[Span]:
    """The first mention of each value: a slot filled from two equal entities would hold a list."""
    seen: set[tuple[str, str]] = set()
    first = []
    for span in spans:
        if (span.entity, span.value) not in seen:
            seen.add((span.entity, span.value))
            first.append(span)
    return first


def extract(
    text: str,
    now: datetime,
    *,
    asked: str | None = None,
    terms: Callable[[str], Sequence[TermMatch]] = find_terms,
) -> list[Span]:
    """The entities of `text` as typed, resolved against the aware datetime `now`; in order, no two overlapping but a
    place inside its facility, a place with its area and a meter (电表) with its supply.

    `asked`: the entity just asked for (`room` or `rating`), so that a lone number is one.
    `terms`: what finds the dictionaries' terms in a normalised text.
    """
    aligned = normalise_aligned(text)
    plain = aligned.text
    acted, named, metered = supplies.find(plain)
    dictionary = _dictionary_spans(plain, terms(plain))
    acted_at = {(span.start, span.end) for span in acted}
    found = [
        *(span for span in dictionary if not (span.entity == "facility" and (span.start, span.end) in acted_at)),
        *acted,
        *named,
        *rooms.find(plain, asked=asked == "room"),
        *(span for span in times.find(plain, now) if passing.is_time(plain, span, now)),
        *(span for span in periods.find(plain, now) if passing.is_period(plain, span)),
        *amounts.find(plain),
        *phones.find(plain),
        *plates.find(plain),
        *ratings.find(plain, asked=asked == "rating"),
        *ticket_numbers.find(plain),
    ]
    spans = []
    kept = without_overlaps(dict.fromkeys(found))
    # A meter is a facility and its supply in one word.
    kept = sorted([*kept, *(span for span in metered if _only_facilities_at(span, kept))])
    for span in _said_once(kept):
        start, end = aligned.raw_span(span.start, span.end)
        spans.append(span.moved(start, end, text[start:end]))
    return spans
