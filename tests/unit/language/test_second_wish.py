"""A message may hold more than one wish."""

from __future__ import annotations

import pytest

from bot.language.second_wish import before_marker, first_wish, split, wishes_of


@pytest.mark.parametrize(
    ("text", "second"),
    [
        ("卫生间的灯坏了来修一下，另外问问这个季度物业费多少钱", "问这个季度物业费多少钱"),
        ("先给我报修个水管，厨房的，完了再告诉我发票咋开", "告诉我发票咋开"),
        ("物业费多少？停车费怎么交？", "停车费怎么交"),
        ("明天停水吗？还有，我家灯不亮了", "我家灯不亮了"),
        ("我家马桶堵了，顺便帮我查一下欠费", "帮我查一下欠费"),
        ("家里没水了，还有电梯也坏了", "电梯也坏了"),
        ("报修空调不制冷，明天下午三点来。对了我想投诉保安", "我想投诉保安"),
        ("你好，水龙头漏水了，麻烦派人来修，谢谢", None),
        ("对了，门禁卡丢了怎么补", None),
        ("帮我查物业费", None),
        ("三栋二单元501", None),
        ("谢谢！辛苦了！", None),
        ("还有水吗", None),
        ("", None),
    ],
)
def test_the_second_wish_is_kept(text: str, second: str | None) -> None:
    assert wishes_of(text)[1:2] == ([second] if second else [])
    assert (first_wish(text) is None) is (second is None)


@pytest.mark.parametrize("text", ["你好。在吗。我家灯坏了。谢谢。", "因为孩子小，所以想问一下物业费怎么交"])
def test_politeness_and_reasons_stay_with_their_wish(text: str) -> None:
    assert len(split(text)) == 1


def test_nothing_is_cut_from_an_empty_message() -> None:
    assert split("") == []


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("廚房，另外物业费怎么交", "廚房"),
        ("不急 对了发票怎么开", "不急"),
        ("厨房水龙头漏水，另外物业费怎么交", None),
        ("另外物业费怎么交", None),
        ("厨房", None),
        ("", None),
    ],
)
def test_an_answer_before_another_subject_is_found_as_typed(text: str, before: str | None) -> None:
    assert before_marker(text) == before
