"""Messages that sound alike look alike to the classifier."""

from __future__ import annotations

import pytest

from bot.components.pinyin import syllables


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("物业费", "无业费"),
        ("起火了", "起活了"),
        ("四栋", "是栋"),
        ("暖气", "卵气"),
        ("物業費", "物业费"),
        ("水管", "随管"),
        ("电梯", "电体"),
    ],
)
def test_what_sounds_alike_has_alike_syllables(one: str, other: str) -> None:
    assert syllables(one) == syllables(other)


def test_numbers_and_latin_words_stay_and_marks_go() -> None:
    assert syllables("WiFi，501!") == ["wifi", "501"]
    assert syllables("是", fuzzy=False) == ["shi"]
