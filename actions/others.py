"""Whether a question about money names somebody else: their bills are told to nobody, known or not."""

import re
from functools import cache

from actions.catalogue import bare, mentions, section
from actions.turn import Turn
from property_db.people.models import Person


async def names_somebody_else(turn: Turn) -> bool:
    """Whether the message asks about a neighbour's or a named person's home.

    Decided by the words alone and the asker's own name, so that nobody learns who lives here.
    """
    if mentions("somebody_else", turn.typed):
        return True
    named = {found for found in _named().findall(bare(turn.typed)) if found}
    if not named:
        return False
    asker = await turn.session.get(Person, turn.scope.person_id) if turn.scope.person_id is not None else None
    return bool(named - {asker.name if asker else ""})


@cache
def _named() -> re.Pattern[str]:
    """A name where a question may begin, before a home or a possessive, or before a courtesy title."""
    words_of = section("names")
    surname = f"[{words_of['surnames']}]"
    given = f"[^{words_of['never_given']}]{{1,2}}"
    return re.compile(words_of["pattern"].format(surname=surname, given=given))
