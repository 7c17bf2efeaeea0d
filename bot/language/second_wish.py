"""Cut a message into the wishes it holds, so that the dialogue can answer the first and keep the second.

Cuts are made where residents themselves mark a new subject (另外, 对了, 顺便问一下) and between sentences that both ask
something. What says no wish of its own (a greeting, a reason, a thank-you) stays with the wish beside it: better one
piece too few than an excuse taken for a request.
"""

from __future__ import annotations

import re
from itertools import pairwise

from bot.language.normalise import normalise, normalise_aligned

_MARKERS = (
    r"另外(?:再|还)?(?:想)?(?:问|说)?(?:一下|下)?|还有(?:就是|件事|个事|一件事|一个事|一个问题|个问题)|(?:,|。|!|\?|;)还有(?!没有|水|电(?!梯)|味|点|多|几|一[点个些半]|两|三|其他人)"
    r"|对了|(?:顺便|顺带|顺道)(?:再)?(?:问|说|提)?(?:一?下)?|再问(?:一?下|个|一句)|再(?:帮我|给我|麻烦)|还想(?:问|请|要|再)|也想(?:问|查|请)|同时(?:问|想|请|麻烦|帮)|其次|再就是|再一个|完了(?:再|之后|以后)|(?<=,)然后(?:再|帮|想|问|请)|还要(?:问|请|查)|以及(?:我想|帮|怎么|什么)"
)
_MARKER = re.compile(_MARKERS)
_SENTENCES = re.compile(r"(?<=[。!?;])")
_CLAUSES = re.compile(r"(?<=[。!?;,])")

# What makes a piece a wish: a question, a request, a fault.
_QUESTION = re.compile(
    r"[?]|吗|呢|么(?=$|[,。!?])|多少|怎么|怎样|咋|如何|什么|啥|几|哪|谁|为何|为什么|是不是|有没有|能不能|可不可以|可以不|行不行|要不要|会不会|多久|何时|伐|不(?=$|[?。!])|没(?=$|[?。!])"
)
_REQUEST = re.compile(
    r"帮|麻烦|请|给我|我要|我想|想(?:查|问|办|要|申请|报|投诉|了解)|需要|报修|催|查(?:一?下|下|询)|安排|派|登记|办(?:理|个|一)|取消|改(?:到|成|约|一下)|开(?:张|个|一张)?(?:发票|收据|放行条|门)|投诉|转人工|申请|退|交(?:费|钱)|来(?:修|人|看)|修(?:一?下|理|修)"
)
_FAULT = re.compile(
    r"坏|漏|堵|不亮|没电|没水|停水|停电|跳闸|打不开|关不上|不热|不制冷|裂|掉了|不动|失灵|吵|臭|滴水|返味"
)
_SHORTEST_WISH = 3
"""Characters; anything shorter is a word of politeness or an answer."""
_FILLER = " ,。!?;、~"


def is_wish(piece: str) -> bool:
    """Whether a piece of a normalised message asks, requests or reports something."""
    bare = piece.strip(_FILLER)
    if len(bare) < _SHORTEST_WISH or re.fullmatch(
        r"(?:你好|您好|在吗|在不在|谢谢你?们?|麻烦了?|辛苦了?|请问一下|好的)+", bare
    ):
        return False
    return bool(_QUESTION.search(bare) or _REQUEST.search(bare) or _FAULT.search(bare))


def _joined(pieces: list[str]) -> list[str]:
    """Pieces that are no wish go to the wish before them, those at the start to the first one."""
    wishes: list[str] = []
    waiting = ""
    for piece in pieces:
        if is_wish(piece):
            wishes.append(waiting + piece)
            waiting = ""
        elif wishes:
            wishes[-1] += piece
        else:
            waiting += piece
    if waiting:
        wishes.append(waiting)
    return wishes


def split(text: str) -> list[str]:
    """The wishes of a message as typed or normalised, in order; at least one piece unless the message is empty."""
    plain = normalise(text)
    cuts = [0, *(match.start() for match in _MARKER.finditer(plain) if match.start()), len(plain)]
    marked = [plain[a:b] for a, b in pairwise(cuts)]
    wishes: list[str] = []
    for part in _joined(marked):
        wishes += _joined([sentence for sentence in _SENTENCES.split(part) if sentence])
    return (
        [
            bare
            for wish in wishes
            if (bare := _MARKER.sub("", wish, count=1 if _MARKER.match(wish) else 0).strip(_FILLER))
        ]
        if plain
        else []
    )


def before_marker(text: str) -> str | None:
    """What is said before another subject is opened, as typed, if it is no wish: 厨房 of 厨房，另外发票怎么开."""
    aligned = normalise_aligned(text)
    match = next((match for match in _MARKER.finditer(aligned.text) if match.start()), None)
    if match is None or is_wish(aligned.text[: match.start()]):
        return None
    _, end = aligned.raw_span(0, match.start())
    return text[:end].rstrip(_FILLER + "，。！？；") or None


def first_wish(text: str) -> str | None:
    """The first wish of a message that holds several, with what belongs to it; None of a message that holds one."""
    pieces = split(text)
    return pieces[0] if sum(map(is_wish, pieces)) > 1 else None


def wishes_of(text: str) -> list[str]:
    """The pieces of a message that are wishes, in order."""
    return [piece for piece in split(text) if is_wish(piece)]
