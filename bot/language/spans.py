"""A value found in a message: what it is, where it stands, what it means."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True, order=True)
class Span:
    """One entity of the intent contract: `text` is what stands at `start`..`end`, `value` its normalised meaning."""

    start: int
    end: int
    entity: str
    text: str
    value: str

    def moved(self, start: int, end: int, text: str) -> Span:
        """The same finding at another place (the message as typed instead of the normalised one)."""
        return replace(self, start=start, end=end, text=text)


# When two findings share characters and are equally long, the one whose form is harder to meet by chance stays.
_SPECIFIC_FIRST = (
    "ticket_no",
    "phone",
    "plate",
    "time",
    "period",
    "room",
    "building",
    "unit",
    "amount",
    "rating",
    "fee_type",
    "facility",
    "utility",
    "place",
    "area",
)
# A place may stand inside a facility (楼道 in 楼道灯), and one word names both the place and its area.
_MAY_SHARE = {frozenset(pair) for pair in (("place", "area"), ("place", "facility"), ("area", "facility"))}


def without_overlaps(spans: Iterable[Span]) -> list[Span]:
    """The longest findings by position, of two equal ones the more specific; only places may share with facilities."""
    ranked = sorted(spans, key=lambda s: (s.start - s.end, _SPECIFIC_FIRST.index(s.entity), s.start))
    kept: list[Span] = []
    for span in ranked:
        clashes = (
            other
            for other in kept
            if other.start < span.end
            and span.start < other.end
            and frozenset((other.entity, span.entity)) not in _MAY_SHARE
        )
        if next(clashes, None) is None:
            kept.append(span)
    return sorted(kept)
