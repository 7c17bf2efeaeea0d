"""One spelling for what residents type."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.language.normalise import normalise, normalise_aligned


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("３栋２单元５０１", "3栋2单元501"),
        ("樓道燈壞了", "楼道灯坏了"),
        ("著火了，裡面冒著煙", "着火了,里面冒着烟"),
        ("著名", "著名"),
        ("楼道 灯 不亮", "楼道灯不亮"),
        ("灯 不亮 ！！！", "灯不亮!"),
        ("哈哈哈哈哈", "哈哈"),
        ("急急急急急", "急急"),
        ("救命救命救命救命啊", "救命救命啊"),
        ("在吗？？？？", "在吗?"),
        ("嗯。。。。。。", "嗯。"),
        ("hhhhhhh", "hh"),
        ("www.example.cn", "www.example.cn"),
        ("电\u200b梯\ufeff坏了", "电梯坏了"),
        ("🔥️着火", "🔥着火"),
        ("wifi 坏了", "wifi坏了"),
        ("open the door", "open the door"),
        ("水管坏了\n什么时候来", "水管坏了,什么时候来"),
        ("\t你好\n\n", "你好"),
        ("①号楼", "1号楼"),
        ("粤B·12345", "粤B·12345"),
        ("", ""),
        ("\u200b\u200d", ""),
    ],
)
def test_spellings_become_one(typed: str, plain: str) -> None:
    assert normalise(typed) == plain


@pytest.mark.parametrize("text", ["13800000000", "一一一一", "八八八室", "100000", "零零零零", "2222", "五五五五"])
def test_digits_and_numerals_are_never_squeezed(text: str) -> None:
    assert normalise(text) == text


@pytest.mark.parametrize(
    ("typed", "plain"),
    [("138 0013 8000", "138 0013 8000"), ("九栋幺五零三 八月", "九栋幺五零三 八月"), ("3 栋 2 单元", "3栋2单元")],
)
def test_two_numbers_stay_apart(typed: str, plain: str) -> None:
    assert normalise(typed) == plain


def test_a_span_leads_back_to_the_text_as_typed() -> None:
    typed = "樓道  燈\u200b不亮！！"
    aligned = normalise_aligned(typed)
    start = aligned.text.index("灯")
    assert aligned.text == "楼道灯不亮!"
    assert typed[slice(*aligned.raw_span(start, start + 3))] == "燈\u200b不亮"


def test_a_span_of_the_typed_text_is_found_in_the_normalised_one() -> None:
    aligned = normalise_aligned("３ 栋 漏水")
    span = aligned.span_of_raw(0, 3)
    assert span is not None
    assert aligned.text[slice(*span)] == "3栋"
    assert normalise_aligned("a\u200bb").span_of_raw(1, 2) is None


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
@example("哈 哈哈哈")
@example("!!?? ,, a  啊")
def test_positions_stay_inside_the_typed_text_and_in_order(text: str) -> None:
    aligned = normalise_aligned(text)
    assert len(aligned.starts) == len(aligned.ends) == len(aligned.text)
    assert all(0 <= start < end <= len(text) for start, end in zip(aligned.starts, aligned.ends, strict=True))
    assert list(aligned.starts) == sorted(aligned.starts)


@pytest.mark.parametrize(
    "text",
    ["樓道 燈 不亮！！！！", "哈哈哈哈哈 13800000000", "你好\n\n我家 漏水~~~", "３－２－５０１", "救命救命救命!!!"],
)
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)
