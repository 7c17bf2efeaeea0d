"""Clauses for streaming: the first one short, nothing lost."""

from hypothesis import given
from hypothesis import strategies as st

from integrations.voice.reading import clauses, readable


def test_the_first_clause_is_short_where_a_mark_allows_and_the_others_are_joined() -> None:
    read = readable("您好，我是物业的智能管家。查费用、报修、看停水停电，直接跟我说就行。")
    assert clauses(read) == ["您好，", "我是物业的智能管家。", "查费用、报修、看停水停电，直接跟我说就行。"]


def test_a_list_is_cut_at_its_commas_when_it_begins_the_answer() -> None:
    found = clauses("查费用、报修、看停水停电、投诉和建议都可以跟我说。")
    assert found[0] == "查费用、报修、"


def test_a_telephone_number_stays_in_one_piece() -> None:
    found = clauses(readable("急事请打物业电话，号码是 0571-8800-1801。"))
    assert any("零五七幺，八八零零，幺八零幺" in piece for piece in found)


def test_nothing_to_say_has_no_clauses() -> None:
    assert clauses("") == []


@given(st.text(alphabet="今天停水，。、！？：；", max_size=200))
def test_joined_again_the_clauses_are_the_text(read: str) -> None:
    assert "".join(clauses(read)) == read
