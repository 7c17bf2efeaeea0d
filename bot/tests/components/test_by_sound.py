"""Words of the dictionaries that voice input spelled otherwise."""

from __future__ import annotations

import pytest

from bot.components.by_sound import by_sound
from bot.language.lexicon import find_terms


def heard(text: str) -> list[tuple[str, str | None]]:
    return [(text[m.start : m.end], m.term.value) for m in by_sound(text, find_terms(text))]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("我家物页肥教了没", [("物页肥", "物业费")]),
        ("单员门关不上", [("单员门", "单元门")]),
        ("停扯肥多少钱", [("停扯肥", "停车费")]),
    ],
)
def test_a_word_is_found_by_its_sound(text: str, found: list[tuple[str, str | None]]) -> None:
    assert heard(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "我家物业费交了没",
        "水龙头滴水",
        "今天天气不错",
        "保修期多久",
        "那几张照片",
        "只能说还行",
        "煤气罐放哪",
        "好",
        "",
    ],
)
def test_what_is_written_as_it_should_be_and_what_is_short_is_left_alone(text: str) -> None:
    assert heard(text) == []


def test_nothing_is_found_across_a_word_or_a_mark() -> None:
    assert heard("无业，费用") == []
