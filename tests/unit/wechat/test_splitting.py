"""Cutting texts into messages that the platform takes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.wechat.graphemes import clusters
from integrations.wechat.markup import clean, says
from integrations.wechat.splitting import LIMIT, atoms, size, split

FAMILY = "👨‍👩‍👧‍👦"
WAVE = "👋🏽"
FLAG = "🇨🇳"
SCOTLAND = "🏴\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
ACCENTED = "e\u0301"
HEART = "❤️"
WHOLE = [FAMILY, WAVE, FLAG, SCOTLAND, ACCENTED, HEART, "각", "1️⃣"]
PHONES = ["13800138000", "400-123-4567", "0755 8888 6666", "+86 138 0013 8000"]
LINK = says("查欠费", "查欠费", "c12.1@" + "0" * 32)
WORDS = ["WX261121-0042", "https://example.com/a?b=c"]
BETWEEN = ["物", "业", "。", "，", "！", "\n", "\n\n"]
UNCUT = [*WHOLE, *PHONES, *WORDS, LINK]
PIECES = st.lists(st.tuples(st.sampled_from(UNCUT), st.sampled_from(BETWEEN)), max_size=120)
EACH = re.compile("|".join(re.escape(piece) for piece in sorted(UNCUT, key=len, reverse=True)))


def seen(text: str) -> str:
    """Without the whitespace that a cut may take away."""
    return "".join(text.split())


@given(st.text(max_size=3000), st.integers(min_value=64, max_value=LIMIT))
def test_any_text_is_cut_within_the_limit_and_nothing_that_can_be_seen_is_lost(raw: str, limit: int) -> None:
    text = clean(raw)
    parts = split(text, limit)
    assert all(0 < size(part) <= limit for part in parts)
    assert seen("".join(parts)) == seen(text)


@given(PIECES, st.integers(min_value=300, max_value=LIMIT))
def test_links_numbers_words_and_emoji_are_never_cut(pieces: list[tuple[str, str]], limit: int) -> None:
    parts = split("".join(piece + between for piece, between in pieces), limit)
    found: list[str] = []
    for part in parts:
        found += EACH.findall(part)
        assert set(EACH.sub("", part)) <= set("".join(BETWEEN)), "a fragment is left"
    assert found == [piece for piece, _ in pieces]


@pytest.mark.parametrize("char", WHOLE)
def test_a_character_of_several_code_points_is_one(char: str) -> None:
    assert clusters(f"好{char}好{char}{char}") == ["好", char, "好", char, char]


@given(st.text(max_size=200))
def test_characters_joined_are_the_text(text: str) -> None:
    assert "".join(clusters(text)) == text
    assert "".join(atoms(text)) == text


def test_a_number_with_gaps_is_one_piece() -> None:
    assert "0755 8888 6666" in atoms("请打 0755 8888 6666 找我")
    assert "400-123-4567" in atoms("请打400-123-4567找我")


def test_paragraphs_are_kept_before_lines_and_lines_before_sentences() -> None:
    paragraph = "一行字。又一句。\n" * 30
    parts = split("\n\n".join([paragraph.strip()] * 4))
    assert len(parts) == 2
    assert all(part.startswith("一行字。") for part in parts)


def test_a_long_sentence_is_cut_at_a_comma() -> None:
    text = ("这是一个很长的句子里的一段" * 3 + "，") * 40
    parts = split(text)
    assert len(parts) > 1
    assert all(part.endswith("，") for part in parts)


def test_few_messages_are_made() -> None:
    """Five are permitted in two days, so a message is filled before the next one is begun."""
    text = "\n".join("每月的物业费按建筑面积计算，详情请看公示栏。" for _ in range(100))
    assert len(split(text)) == -(-size(text) // LIMIT)


def test_a_character_that_is_longer_than_a_message_is_cut_after_all() -> None:
    monster = "e" + "\u0301" * 3000
    parts = split(monster)
    assert "".join(parts) == monster
    assert all(size(part) <= LIMIT for part in parts)


def test_a_word_that_is_far_too_long_is_cut_but_not_in_its_numbers() -> None:
    text = "-".join(["x" * 10 + "13800138000"] * 200)
    parts = split(text)
    assert "".join(parts) == text
    assert sum(part.count("13800138000") for part in parts) == 200
