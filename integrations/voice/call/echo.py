"""Telling what a caller says from our own voice that comes back through a loudspeaker.

An echo is what was just being said, in the same words one after the other. Whoever answers a question early, asks for
a person or tells of a danger often uses the very words of ours, so these are never taken for an echo: a message that
is swallowed is worse than a piece of our own that is answered.
"""

from difflib import SequenceMatcher

from pypinyin import lazy_pinyin

from bot.language.emergency import detect
from integrations.voice.call import words

BEFORE_SECONDS, AFTER_SECONDS = 0.6, 1.5
"""Around the moment at which speech was noticed: what an interruption has let through of our own voice."""
SHORTEST = 4
SHORTEST_WHEN_ASKED = 8
"""Characters. A shorter one may be the answer that our question has just named."""
SAME_FROM = 0.7


def is_echo(heard: str, said: str, *, asked: bool) -> bool:
    """Whether what was heard is our own voice.

    Args:
        said: what we were saying around that moment.
        asked: we were asking something, so that its own words may be the answer.
    """
    if detect(heard) is not None or words.names_person(heard):
        return False
    # By sound: a recogniser hears our own voice no better than anybody's.
    ours, theirs = lazy_pinyin(words.plainly(said)), lazy_pinyin(words.plainly(heard))
    answers = asked and "请按" not in heard  # nobody but us says that
    if len(theirs) < (SHORTEST_WHEN_ASKED if answers else SHORTEST):
        return False
    same = SequenceMatcher(None, theirs, ours, autojunk=False).find_longest_match().size
    return same >= max(SHORTEST, SAME_FROM * len(theirs))
