"""A text becomes breaths."""

import pytest

from integrations.speech.clauses import LONGEST, clauses
from integrations.speech.errors import Unspeakable


def texts(text: str) -> list[str]:
    return [clause.text for clause in clauses(text)]


def test_a_text_is_cut_at_its_marks_and_keeps_them() -> None:
    assert texts("您好，请问您要报修吗？请说。") == ["您好，", "请问您要报修吗？", "请说。"]


def test_a_sentence_pauses_longer_than_a_comma() -> None:
    comma, stop = clauses("您的工单已经登记，师傅明天上门。")
    assert stop.pause > 2 * comma.pause


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("好，马上给您转接。", ["好，马上给您转接。"]),
        ("马上给您转接，啊。", ["马上给您转接，啊。"]),
        ("您好。", ["您好。"]),
    ],
)
def test_a_single_syllable_is_not_spoken_alone(text: str, expected: list[str]) -> None:
    assert texts(text) == expected


def test_nothing_is_longer_than_a_breath_and_nothing_is_lost() -> None:
    text = "一号楼、" * 12 + "水" * 90 + "。"
    found = texts(text)
    assert max(map(len, found)) <= LONGEST + 1
    assert "".join(found) == text


def test_digits_are_read_out() -> None:
    assert not any(character.isascii() for character in "".join(texts("物业费120元")))


@pytest.mark.parametrize("text", ["", "。", "！？", "😀"])
def test_what_has_no_words_cannot_be_said(text: str) -> None:
    with pytest.raises(Unspeakable):
        clauses(text)
