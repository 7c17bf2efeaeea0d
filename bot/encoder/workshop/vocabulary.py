"""The part of the multilingual vocabulary that Chinese messages need, and the tokenizer over it.

Of 250,002 pieces about 15,600 are left: simplified Chinese characters and words (messages are simplified before they
get here), Chinese and ASCII punctuation, digits, single letters and pairs of them. What is missing of a longer Latin
word is spelled from these.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from tokenizers import Tokenizer, models, pre_tokenizers, processors

SPECIAL = 4
"""The first pieces: <s>, <pad>, </s>, <unk>."""
SPACE = "▁"
LONGEST_LATIN = 2
PUNCTUATION = frozenset("，。！？、；：“”‘’（）《》【】…—·～￥%℃°")


def needed(pieces: Sequence[str], simplified: Callable[[str], str]) -> list[int]:
    """The rows to keep, in order. `simplified` turns traditional characters into simplified ones."""
    return [i for i, piece in enumerate(pieces) if i < SPECIAL or _is_needed(piece.replace(SPACE, ""), simplified)]


def _is_needed(piece: str, simplified: Callable[[str], str]) -> bool:
    if any(_is_han(char) for char in piece):
        return all(_is_han(char) or _is_common(char) for char in piece) and simplified(piece) == piece
    return len(piece) <= LONGEST_LATIN and all(map(_is_common, piece))


def _is_han(char: str) -> bool:
    return "\u3400" <= char <= "\u9fff" or char == "〇"


def _is_common(char: str) -> bool:
    return "!" <= char <= "~" or char in PUNCTUATION


def tokenizer(pieces: Sequence[str], scores: Sequence[float], prefix: str = "") -> str:
    """The tokenizer over these pieces as the text of a ``tokenizer.json``; every text gets the `prefix`, if any."""
    scored = list(zip(pieces, map(float, scores), strict=True))
    made = Tokenizer(models.Unigram(scored, unk_id=3, byte_fallback=False))
    made.pre_tokenizer = pre_tokenizers.Metaspace(replacement=SPACE, prepend_scheme="always")
    special: list[object] = [("<s>", 0), ("</s>", 2)]
    if prefix:
        found = made.encode(prefix)
        special.append({"id": "<prefix>", "ids": found.ids, "tokens": found.tokens})
    template = "<s> <prefix> $A </s>" if prefix else "<s> $A </s>"
    made.post_processor = processors.TemplateProcessing(template, special_tokens=special)
    return json.dumps(json.loads(made.to_str()), ensure_ascii=False, indent=None, separators=(",", ":")) + "\n"
