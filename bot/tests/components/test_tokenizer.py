"""Tokens never run through a word of the property domain."""

from __future__ import annotations

import pytest


def cut(text: str, granularity: str) -> list[str]:
    from rasa.shared.nlu.training_data.message import Message

    from bot.components.tokenizer import ChineseTokenizer

    tokenizer = ChineseTokenizer({**ChineseTokenizer.get_default_config(), "granularity": granularity})
    tokens = tokenizer.tokenize(Message(data={"text": text}), "text")
    assert all(text[token.start : token.end] == token.text for token in tokens)
    return [token.text for token in tokens]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("楼道灯不亮了", ["楼", "道", "灯", "不", "亮", "了"]),
        ("WiFi坏了501", ["WiFi", "坏", "了", "501"]),
        ("3-2-501!", ["3", "-", "2", "-", "501", "!"]),
        ("a b", ["a", "b"]),
    ],
)
def test_characters_are_tokens_and_numbers_and_latin_words_stay_whole(rasa: None, text: str, tokens: list[str]) -> None:
    assert cut(text, "character") == tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("楼道灯不亮了", ["楼道", "灯", "不亮", "了"]),
        ("物业费怎么交", ["物业费", "怎么", "交"]),
        ("坐便器堵了", ["坐便器", "堵了"]),
    ],
)
def test_words_are_cut_at_the_borders_of_the_lexicon(rasa: None, text: str, tokens: list[str]) -> None:
    assert cut(text, "word") == tokens


def test_an_unknown_granularity_is_refused(rasa: None) -> None:
    from rasa.shared.exceptions import InvalidConfigException

    with pytest.raises(InvalidConfigException, match="granularity"):
        cut("x", "syllable")


def test_a_changed_dictionary_changes_the_fingerprint(rasa: None) -> None:
    from bot.components.tokenizer import ChineseTokenizer

    assert ChineseTokenizer.fingerprint_addon({}) == ChineseTokenizer.fingerprint_addon({})
