"""The messages that only measure are always the same."""

from __future__ import annotations

import pytest

from bot.encoder.split import HELD_OUT, is_held_out


@pytest.mark.parametrize(("text", "held_out"), [("物业费怎么交", False), ("你好", False), ("报修", True)])
def test_a_text_is_always_on_the_same_side(text: str, held_out: bool) -> None:
    assert is_held_out(text) is held_out


def test_capital_letters_change_nothing() -> None:
    texts = [f"wifi{number}坏了" for number in range(100)]
    assert [is_held_out(text.upper()) for text in texts] == [is_held_out(text) for text in texts]


def test_about_one_text_in_twelve_only_measures() -> None:
    texts = [f"{building}栋{room}室水管漏水" for building in range(60) for room in range(100)]
    assert sum(map(is_held_out, texts)) / len(texts) == pytest.approx(1 / HELD_OUT, rel=0.15)
