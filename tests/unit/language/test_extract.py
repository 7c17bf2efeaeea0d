"""All entities of a message at once."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.language.extract import extract
from bot.language.times import SHANGHAI

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=SHANGHAI)


def entities(text: str, asked: str | None = None) -> set[tuple[str, str]]:
    return {(span.entity, span.value.replace("+08:00", "")) for span in extract(text, NOW, asked=asked)}


def test_a_whole_report_is_taken_apart() -> None:
    assert entities("三栋二单元501厨房水龙头漏水，明天下午三点来，电话一三八0013八000") == {
        ("building", "3"),
        ("unit", "2"),
        ("room", "501"),
        ("place", "厨房"),
        ("area", "户内"),
        ("facility", "水龙头"),
        ("time", "2026-11-22T15:00:00"),
        ("phone", "13800138000"),
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("楼道灯不亮了", {("facility", "楼道灯"), ("place", "楼道"), ("area", "公共区域")}),
        ("负一层的灯", {("facility", "楼道灯"), ("place", "负一层"), ("area", "公共区域")}),
        ("客厅灯不亮", {("facility", "灯具"), ("place", "客厅"), ("area", "户内")}),
        (
            "我家水管爆裂流到电梯里",
            {("facility", "水管"), ("facility", "电梯"), ("place", "电梯里"), ("area", "公共区域")},
        ),
        ("厕所堵了", {("facility", "马桶"), ("place", "厕所"), ("area", "户内")}),
        ("地暖分水器渗水", {("facility", "地暖")}),
        ("草坪边的路灯坏了", {("facility", "路灯"), ("place", "草坪"), ("area", "公共区域")}),
        ("单元门口有积水", {("place", "单元门口"), ("area", "公共区域")}),
        ("家里没网", {("area", "户内"), ("utility", "网络")}),
        ("停水停电", {("utility", "水"), ("utility", "电")}),
        ("水什么时候来", {("utility", "水")}),
        ("电梯停运到什么时候", {("utility", "电梯")}),
        ("电梯按钮不灵", {("facility", "电梯")}),
        ("没电梯的楼", {("facility", "电梯")}),
        ("供暖几号开始", {("utility", "暖气")}),
        ("暖气片不热", {("facility", "暖气片")}),
        ("门锁没电了", {("facility", "门锁")}),
        ("整栋楼没电", {("utility", "电")}),
        ("没电了", {("utility", "电")}),
        ("我家没电了", {("utility", "电")}),
        ("没水了", {("utility", "水")}),
        ("没气了做饭", {("utility", "燃气")}),
        ("电梯哪天检修", {("utility", "电梯")}),
        ("电梯停了", {("utility", "电梯")}),
        ("断网了", {("utility", "网络")}),
        ("手机没电了", set()),
        ("电动车没电了", set()),
        ("车胎没气了", set()),
        ("漏水", set()),
        ("上个月水费两百三", {("period", "2026-10"), ("fee_type", "水费"), ("amount", "230")}),
        ("11月25号交", {("time", "2026-11-25T00:00:00")}),
        ("管理费和管理费", {("fee_type", "物业费")}),
        ("给五星", {("rating", "5")}),
        ("粤B·12345进不来", {("plate", "粤B12345")}),
        ("", set()),
    ],
)
def test_dictionaries_and_rules_agree_on_one_reading(text: str, expected: set[tuple[str, str]]) -> None:
    assert entities(text) == expected


def test_spans_are_of_the_text_as_typed() -> None:
    typed = "樓道 燈 壞了，３棟５０１"
    found = {span.entity: span for span in extract(typed, NOW)}
    assert found["facility"].text == "樓道 燈"
    assert found["room"].text == "５０１"
    assert all(typed[span.start : span.end] == span.text for span in found.values())


def test_a_lone_number_answers_what_was_asked() -> None:
    assert entities("5", asked="rating") == {("rating", "5")}
    assert entities("600", asked="room") == {("room", "600")}
    assert entities("5") == set()


def test_each_value_is_given_once() -> None:
    spans = extract("水龙头坏了，就是那个龙头", NOW)
    assert [(span.entity, span.text) for span in spans] == [("facility", "水龙头")]


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="三栋二单元501楼道灯水费上个月明天下午点 -·粤B１２两百块五星停电梯，。\u200b棟燈", max_size=30))
def test_spans_lie_inside_the_message_and_overlap_only_where_a_place_is_part_of_a_facility(text: str) -> None:
    spans = extract(text, NOW)
    for span in spans:
        assert 0 <= span.start < span.end <= len(text)
        assert text[span.start : span.end] == span.text
    for one in spans:
        for other in spans:
            if one is not other and one.start < other.end and other.start < one.end:
                assert {one.entity, other.entity} <= {"place", "area", "facility"}
