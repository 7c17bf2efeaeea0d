"""Is this message an emergency? Rules over meaning, run before anything else looks at the message.

A missed emergency costs more than a false alarm, so a hazard that is named counts unless the message itself says that
it is not there now: negated (没闻到煤气味), over (上次的煤气味早修好了), supposed (万一着火), or the subject of
business (电梯困人演练通知). What unsays a hazard must belong to it: business in another clause
(着火了,物业费白交了吗), a repair of another day (昨天修好的灶今天漏气) or one that is asked for (没人处理) leaves it
standing. The words are data (nlu_data/lexicon/hazards.yml); this module only reads them. The order
of the kinds in that file is the order of precedence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, cast, get_args

import yaml

from bot.language.normalise import normalise

EmergencyKind = Literal["gas", "fire", "lift", "electric", "water", "falling", "people", "medical", "unknown"]

HAZARDS_FILE = Path(__file__).resolve().parents[2] / "nlu_data" / "lexicon" / "hazards.yml"

# A hazard directly behind one of these is denied. 是不是着火了 is a worried question and stays a hazard.
_NOT_DENIED = (
    r"(?<!没|不|无|未)(?<!没有|不再|没再|没见|不会|不太|不像|没啥|不能|没出|没了)(?<!没闻到|没闻见|没闻着|没看到|没看见|没什么|没任何|没发生|没出现|不怎么|没发现)"
    r"(?<!(?<!是)不是)"
)
_SENTENCE_END = "。!?;"
_SUPPOSED_REACH = 6
"""A 会 or 怕 further away than this many characters belongs to something else."""
_CAN_WAIT = frozenset({"water", "falling"})
_WINDOW, _OVERLAP = 400, 60
_NOT_OVER_BEHIND = re.compile(r"[了,]*(?:[吗没嘛么?]|又|的[^,]{0,8}又)")
_HEAD, _TAIL = 3000, 1000
"""What is read of a very long message: some characters become eighteen when normalised."""


@dataclass(frozen=True)
class _Hazards:
    heard: tuple[tuple[re.Pattern[str], str], ...]
    never: re.Pattern[str]
    kinds: tuple[tuple[EmergencyKind, re.Pattern[str]], ...]
    supposed_sentence: re.Pattern[str]
    supposed_near: re.Pattern[str]
    past: re.Pattern[str]
    now: re.Pattern[str]
    still: re.Pattern[str]
    done: re.Pattern[str]
    done_fire: re.Pattern[str]
    not_done: re.Pattern[str]
    false_alarm: re.Pattern[str]
    again: re.Pattern[str]
    after: re.Pattern[str]
    framing: re.Pattern[str]
    elsewhere: re.Pattern[str]
    settling: re.Pattern[str]
    calm: re.Pattern[str]
    topics: re.Pattern[str]
    weak_topics: re.Pattern[str]
    stated: re.Pattern[str]


def _any_of(words: list[str]) -> str:
    return "(?:" + "|".join(sorted(words, key=len, reverse=True)) + ")"


def _compile(pattern: str, classes: dict[str, str]) -> str:
    """Expand `<class>` and the gaps of one pattern; denial right before it or at the end of a gap switches it off."""
    if " & " in pattern:
        one, other = pattern.split(" & ")
        return f"{_compile(f'{one}~~{other}', classes)}|{_compile(f'{other}~~{one}', classes)}"
    for name, alternatives in classes.items():
        pattern = pattern.replace(f"<{name}>", alternatives)
    gap = f"[^{_SENTENCE_END}]"
    pattern = pattern.replace("~~", f"{gap}{{0,20}}?{_NOT_DENIED}").replace("~", f"{gap}{{0,8}}?{_NOT_DENIED}")
    return f"{_NOT_DENIED}(?:{pattern})"


@lru_cache(maxsize=1)
def _hazards() -> _Hazards:
    with HAZARDS_FILE.open(encoding="utf-8") as file:
        data: dict[str, Any] = yaml.safe_load(file)
    classes = {name: _any_of(words) for name, words in data["words"].items()}
    kinds = tuple(
        (cast(EmergencyKind, kind), re.compile("|".join(f"(?:{_compile(p, classes)})" for p in patterns)))
        for kind, patterns in data["hazards"].items()
    )
    unknown = {kind for kind, _ in kinds} - set(get_args(EmergencyKind))
    if unknown:
        raise ValueError(f"{HAZARDS_FILE.name}: no such kind of emergency: {sorted(unknown)}")

    def words(key: str) -> re.Pattern[str]:
        return re.compile(_any_of(data[key]))

    return _Hazards(
        heard=tuple((re.compile(wrong), right) for right, wrong in data["heard"].items()),
        never=re.compile("|".join(data["never"])),
        kinds=kinds,
        supposed_sentence=words("supposed_sentence"),
        supposed_near=words("supposed_near"),
        past=words("past"),
        now=words("now"),
        still=words("still"),
        done=words("done"),
        done_fire=words("done_fire"),
        not_done=re.compile(_any_of(data["not_done"]) + "$"),
        false_alarm=words("false_alarm"),
        again=words("again"),
        after=words("after"),
        framing=words("framing"),
        elsewhere=words("elsewhere"),
        settling=words("settling"),
        calm=words("calm"),
        topics=words("topics"),
        weak_topics=words("weak_topics"),
        stated=words("stated"),
    )


def _is_over(text: str, span: tuple[int, int], sentence: tuple[int, int], kind: EmergencyKind, words: _Hazards) -> bool:
    """Whether the hazard at `span` is said to be dealt with, or to have been a false alarm."""
    start, end = span
    if words.false_alarm.search(text, *sentence):
        return True
    # 煤气漏了。已经修好了: the sentence behind may say so too (刚修好又漏 is not over)
    following = text[end : _sentence_end(text, sentence[1] + 1)]
    over = list(words.done.finditer(following))
    if kind == "fire":  # 火灭了,煤气一直在放: only a fire is over when the flame is out
        over += words.done_fire.finditer(text[end:])
    for match in over:
        rest = match.string[match.end() : match.end() + 8]
        if not words.not_done.search(match.string[: match.start()]) and not _NOT_OVER_BEHIND.match(rest):
            return not words.again.search(text[max(text.rfind(",", 0, start) + 1, sentence[0]) : start])
    return False


def _sentence_end(text: str, at: int) -> int:
    return min((end for mark in _SENTENCE_END if (end := text.find(mark, at)) >= 0), default=len(text))


def _is_business(text: str, end: int, sentence: tuple[int, int], clause: tuple[int, int], words: _Hazards) -> bool:
    """Whether the hazard is what a notice, a drill, a question of money or the like is about."""
    if words.now.search(text, *sentence):
        return False
    if words.framing.search(text, sentence[0], clause[1]) or words.topics.search(text, *clause):
        return True
    # 取消漏电那单 is about an order; 有人触电了差评 tells what is happening
    return bool(words.weak_topics.search(text, *clause)) and not words.stated.match(text, end)


def _is_real(text: str, start: int, end: int, kind: EmergencyKind, hazards: _Hazards) -> bool:
    sentence_start = max(text.rfind(mark, 0, start) for mark in _SENTENCE_END) + 1
    clause_start = max(text.rfind(",", 0, start) + 1, sentence_start)
    clause_end = min((at for mark in _SENTENCE_END + "," if (at := text.find(mark, end)) >= 0), default=len(text))
    sentence = (sentence_start, _sentence_end(text, end))
    before_in_sentence = text[sentence_start:start]
    if hazards.after.match(text, end) or hazards.elsewhere.search(text, *sentence):
        return False
    if kind in _CAN_WAIT and not hazards.now.search(text, *sentence):
        # the question of money and the calm word often stand in a sentence of their own
        about = (sentence_start, _sentence_end(text, sentence[1] + 1))
        if hazards.settling.search(text, *about) or hazards.calm.search(text, *about):
            return False
    if hazards.supposed_sentence.search(before_in_sentence):
        return False
    # "I am afraid it falls on someone" is how people report what is about to fall.
    if kind != "falling" and hazards.supposed_near.search(text, max(clause_start, start - _SUPPOSED_REACH), start):
        return False
    if _is_over(text, (start, end), sentence, kind, hazards):
        return False
    if _is_business(text, end, sentence, (clause_start, clause_end), hazards):
        return False
    past = hazards.past.search(before_in_sentence)
    if past is None:
        return True
    said_since = text[sentence_start + past.end() : clause_end]
    return bool(hazards.now.search(said_since) or hazards.still.search(text, clause_end))


def _windows(message: str) -> Iterator[str]:
    """Pieces of a long message: the patterns' gaps make the search slower than linear, and nobody may stall it."""
    yield message[:_WINDOW]
    for start in range(_WINDOW - _OVERLAP, len(message) - _OVERLAP, _WINDOW - _OVERLAP):
        yield message[start : start + _WINDOW]


def detect(text: str) -> EmergencyKind | None:
    """The kind of emergency `text` reports as happening now, or None.

    Takes a resident's message as typed or already normalised; never raises on any text.
    """
    hazards = _hazards()
    message = normalise(text)
    if len(message) > _HEAD + _TAIL:
        message = f"{message[:_HEAD]}。{message[-_TAIL:]}"
    for misheard, word in hazards.heard:
        message = misheard.sub(word, message)
    message = hazards.never.sub(lambda match: "□" * len(match.group()), message)
    for kind, pattern in hazards.kinds:
        for piece in _windows(message):
            if any(_is_real(piece, m.start(), m.end(), kind, hazards) for m in pattern.finditer(piece)):
                return kind
    return None
