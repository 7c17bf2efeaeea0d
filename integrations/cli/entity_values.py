"""When a labelled value and the one that came out mean the same.

- `time`: instants are compared, whatever the offset they are written with (none means the estate's zone). A label with
  a start only wants the start only, since 明天下午 may end when it likes; a label with an end wants both.
- `amount`: as numbers (230.0 is 230).
- `facility`: labels carry an annotator's own names, so both are looked up in the repair catalogue first; the entry's
  public counterpart counts as the same (灯 in 楼道 is 楼道灯).
- `place`: in one spelling and without what only points at it (楼道里 is 楼道).
- anything else: as written.
"""

from datetime import datetime
from decimal import Decimal, InvalidOperation

from bot.language.lexicon import find_terms, lexicon
from bot.language.normalise import normalise
from bot.language.times import SHANGHAI

_POINTING = "里内上下边旁处口头"


def same(kind: str, expected: str, found: str) -> bool:
    """Whether both mean the same."""
    if kind == "time":
        return _same_time(expected, found)
    if kind == "amount":
        return _number(expected) == _number(found)
    if kind == "facility":
        return bool(_facilities(expected) & _facilities(found))
    if kind == "place":
        return _place(expected) == _place(found)
    return expected == found


def _same_time(expected: str, found: str) -> bool:
    wanted, got = [_instant(part) for part in expected.split("/")], [_instant(part) for part in found.split("/")]
    return wanted == got[: len(wanted)]


def _instant(text: str) -> datetime | str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)


def _number(text: str) -> Decimal | str:
    try:
        return Decimal(text)
    except InvalidOperation:
        return text


def _facilities(name: str) -> frozenset[str]:
    plain = normalise(name)
    known = {match.term.value or "" for match in find_terms(plain) if match.term.kind == "facility"} or {plain}
    catalogue = lexicon().facilities
    return frozenset(known | {catalogue[one].public or one for one in known if one in catalogue})


def _place(text: str) -> str:
    plain = normalise(text)
    return plain.rstrip(_POINTING) or plain
