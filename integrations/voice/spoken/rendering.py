"""A logical answer put together for the telephone: what is said, then what may be keyed."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import cast

from integrations.voice.spoken.answer import Expects, Offered, Sentence, SpokenAnswer
from integrations.voice.spoken.items import Part, emergency, parts_of
from integrations.voice.spoken.wording import for_the_ear, say, sentences
from property_db.conversations import blocks as b

AT_ONCE = 3
"""Items of a list that are read before the caller is asked whether to go on."""
PERSON_KEY = "0"
PERSON = "/request_human"
_LAST_KEY = 9
_LONG_TITLE = 8
_OPTIONS_OF_A_SENTENCE = 3
_KEYED_VALUES = frozenset({"phone", "room", "code", "time"})


def spoken_answer(blocks: Sequence[b.Block], now: date | None = None, *, rewrite: bool = True) -> SpokenAnswer:
    """Turn the blocks of one message into what the caller hears.

    Args:
        blocks: the logical answer; dangers are said first wherever they stand.
        now: today in Shanghai; dates of this year are then said without the year.
        rewrite: words that only make sense before a screen are replaced. False for what an agent typed.
    """
    first = [part for block in blocks if isinstance(block, b.Emergency) for part in emergency(block)]
    said: list[Part] = []
    for block in blocks:
        said += parts_of(block, "".join(part.text for part in said), rewrite=rewrite)
    at_once, rest = _divided(said)
    question = _Question(blocks, more=len(rest))
    answer = SpokenAnswer(
        sentences=(
            *_sentences([*first, *at_once], now),
            *sentences(question.more_text(len(rest)), now),
            *sentences(question.text(), now),
        ),
        uninterruptible=1 if first else 0,
        options=question.keyed(),
        expects=question.expects,
        more_key=question.more_key,
    )
    return replace(answer, more=_pages_of_items(rest, question, now) or _pages_of_options(question, now))


def _sentences(parts: Iterable[Part], now: date | None) -> list[Sentence]:
    return [sentence for part in parts for sentence in sentences(part.text, now)]


def _divided(parts: list[Part]) -> tuple[list[Part], list[Part]]:
    """What is said at once, and the items beyond the first three with what stands between them."""
    items = [index for index, part in enumerate(parts) if part.item]
    if len(items) <= AT_ONCE:
        return parts, []
    begin, end = items[AT_ONCE], items[-1] + 1
    return parts[:begin] + parts[end:], parts[begin:end]


class _Question:
    """How an answer ends: what is asked for, and what the keys do.

    Args:
        blocks: the whole answer.
        more: how many parts are left for later.
    """

    def __init__(self, blocks: Sequence[b.Block], more: int) -> None:
        found = [option for block in blocks if isinstance(block, b.Choices) for option in block.options]
        self._person = next((option for option in found if option.payload == PERSON), None)
        self._prompts = [block.prompt for block in blocks if isinstance(block, b.Choices | b.Ask) and block.prompt]
        others = [option for option in found if option is not self._person]
        self._first = 2 if more else 1
        room = _LAST_KEY - self._first + 1
        self.more_key = "1" if more else None
        if len(others) > room:
            # The last key asks for the others; where the first one asks for items already, they can still be said.
            room -= 0 if more else 1
            self.more_key = self.more_key or str(_LAST_KEY)
        self._options, self.later = others[:room], [] if more else others[room:]
        self._rating = next((block for block in blocks if isinstance(block, b.RatingRequest)), None)
        self._bind = any(isinstance(block, b.Bind) for block in blocks)
        asked = next((block.value for block in reversed(blocks) if isinstance(block, b.Ask)), None)
        self._asked = asked if asked in _KEYED_VALUES else None
        self.expects: Expects = self._expected()

    def _expected(self) -> Expects:
        if self._rating is not None:
            return "rating"
        if self._asked is not None:
            return cast("Expects", self._asked)
        return "phone" if self._bind else "choice" if self._options or self._person else "nothing"

    def keyed(self) -> dict[str, Offered]:
        """What each key chooses."""
        keyed = {
            str(key): Offered(option.id, option.title) for key, option in enumerate(self._options, start=self._first)
        }
        if self._person is not None:
            keyed[PERSON_KEY] = Offered(self._person.id, self._person.title)
        return keyed

    def more_text(self, count: int) -> str:
        """The question whether to go on with a list; empty where nothing is left."""
        return say("more_items", count=count, digit=self.more_key) if count else ""

    def text(self) -> str:
        """What is asked and how it is keyed."""
        lines = [for_the_ear(prompt) for prompt in self._prompts]
        if self._rating is not None:
            lines += [for_the_ear(self._rating.prompt), say("rating")]
        elif self._asked is not None:
            lines.append(say(f"ask_{self._asked}"))
        elif self._bind:
            lines.append(say("bind"))
        offered = self.offered()
        if offered and self.expects not in {"choice", "nothing"}:
            offered = say("or_options") + offered
        return "\n".join([*lines, offered])

    def offered(self) -> str:
        """The options with their keys, a few to a sentence."""
        said = [_option(key, option.title) for key, option in self.keyed().items()]
        if self.later:
            said.append(say("more_options", digit=self.more_key))
        size = _OPTIONS_OF_A_SENTENCE if len(said) > _OPTIONS_OF_A_SENTENCE + 1 else len(said) or 1
        joint = say("option_joint")
        return "\n".join(joint.join(said[at : at + size]) + "。" for at in range(0, len(said), size))


def _option(key: str, title: str) -> str:
    title = title.strip().rstrip("。？！")
    return say("option_long" if len(title) > _LONG_TITLE or "，" in title else "option", title=title, digit=key)


def _pages_of_items(rest: list[Part], question: _Question, now: date | None) -> tuple[SpokenAnswer, ...]:
    pages: list[SpokenAnswer] = []
    while rest:
        head, tail = _divided(rest) if _count(rest) > AT_ONCE else (rest, [])
        ends = question.more_text(len(tail)) if tail else question.offered()
        pages.append(
            SpokenAnswer(
                sentences=(*_sentences(head, now), *sentences(ends, now)),
                options=question.keyed(),
                expects=question.expects,
                more_key=question.more_key if tail else None,
            )
        )
        rest = tail
    return tuple(pages)


def _count(parts: list[Part]) -> int:
    return sum(part.item for part in parts)


def _pages_of_options(question: _Question, now: date | None) -> tuple[SpokenAnswer, ...]:
    pages: list[SpokenAnswer] = []
    while question.later:
        question = _Question([b.Choices(options=question.later)], more=0)
        pages.append(
            SpokenAnswer(
                sentences=tuple(sentences(question.offered(), now)),
                options=question.keyed(),
                expects=question.expects,
                more_key=question.more_key,
            )
        )
    return tuple(pages)
