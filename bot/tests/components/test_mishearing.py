"""A misheard copy sounds like its message."""

from __future__ import annotations

import random
from difflib import SequenceMatcher

import pytest

from bot.components.mishearing import LOST, misheard
from bot.components.pinyin import syllables

TEXTS = [
    "厨房水龙头漏水三天了没人来修",
    "我家还欠多少物业费啊帮我查一下",
    "电梯里面有人被困住了快点派人来",
    "门禁卡丢了想补办一张需要带什么材料",
    "楼上半夜一直在装修吵得睡不着觉",
    "地下车库的道闸抬不起来车子出不去",
    "明天下午几点停水什么时候恢复供应",
]


def test_the_same_text_always_gives_the_same_copy() -> None:
    assert [misheard(text) for text in TEXTS] == [misheard(text) for text in TEXTS]


def test_a_source_of_chance_gives_other_copies_and_its_seed_the_same_again() -> None:
    copies = [misheard(TEXTS[0], random.Random(seed)) for seed in range(10)]
    assert len(set(copies)) > 5
    assert copies == [misheard(TEXTS[0], random.Random(seed)) for seed in range(10)]


def test_a_copy_is_not_longer_and_hardly_shorter() -> None:
    copies = [(text, misheard(text, random.Random(seed))) for text in TEXTS for seed in range(50)]
    assert all(0 < len(copy) <= len(text) for text, copy in copies)
    lost = 1 - sum(len(copy) for _, copy in copies) / sum(len(text) for text, _ in copies)
    assert lost == pytest.approx(LOST, abs=0.02)


def test_most_characters_stay_and_some_do_not() -> None:
    kept = [kept_of(list(text), list(misheard(text, random.Random(seed)))) for text in TEXTS for seed in range(50)]
    assert 0.7 < sum(kept) / len(kept) < 0.95


def test_nearly_all_sounds_stay() -> None:
    kept = [
        kept_of(syllables(text), syllables(misheard(text, random.Random(seed)))) for text in TEXTS for seed in range(50)
    ]
    assert sum(kept) / len(kept) > 0.92


def kept_of(before: list[str], after: list[str]) -> float:
    matches = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    return sum(match.size for match in matches) / len(before)


def test_marks_are_not_heard() -> None:
    copy = misheard("你好，水管漏了。谁来修？快！", random.Random(1), replaced=0)
    assert set(copy) <= set("你好水管漏了谁来修快")


@pytest.mark.parametrize("text", ["wifi", "3栋2单元501", "B2"])
def test_latin_letters_and_digits_are_never_replaced(text: str) -> None:
    kept = "".join(char for char in text if char.isascii())
    copies = [misheard(text, random.Random(seed), replaced=1.0) for seed in range(50)]
    heard = ["".join(char for char in copy if char.isascii()) for copy in copies]
    assert all(kept_of(list(copy), list(kept)) == 1 for copy in heard)  # one may get lost, as any other
    assert heard.count(kept) > 35


@pytest.mark.parametrize("text", ["", "？", "。。", "！？"])
def test_of_what_is_nothing_but_marks_the_copy_is_the_text(text: str) -> None:
    assert misheard(text) == text
