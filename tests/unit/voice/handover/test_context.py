"""What an agent's telephone is told about a call."""

from urllib.parse import unquote

import pytest

from integrations.voice.handover.context import LONGEST_SUMMARY, SUMMARY, Context, is_for_everybody, masked_home


def test_the_summary_is_ascii_and_says_home_ticket_and_wish() -> None:
    headers = Context("c1", "v1", "翠湖花园3栋2单元5**", "WX261121-0042", "电梯停了").headers()
    assert all(value.isascii() for value in headers.values())
    assert unquote(headers[SUMMARY]) == "翠湖花园3栋2单元5**，工单WX261121-0042，电梯停了"


def test_a_long_summary_is_cut_at_a_whole_sign() -> None:
    headers = Context("c1", "v1", "翠" * 200).headers()
    assert len(headers[SUMMARY]) <= LONGEST_SUMMARY
    assert set(unquote(headers[SUMMARY])) == {"翠"}


def test_nothing_known_is_nothing_said() -> None:
    assert Context("c1").headers() == {"X-Guanjia-Call": "c1"}


def test_the_room_is_masked() -> None:
    assert masked_home("翠湖花园3栋2单元501", "501") == "翠湖花园3栋2单元5**"


def test_a_label_that_is_written_otherwise_is_left_out_rather_than_shown() -> None:
    assert masked_home("翠湖花园3栋501室", "501") == ""


@pytest.mark.parametrize(
    "said",
    [
        "13800138000",
        "1 3 8 0 0",
        "482913",
        "３８２９",
        "幺三八，零零",
        "一三八零零一三八零零零",
        "我的车牌是浙A12345",
        "3栋2单元501",
        "我住三栋五零一",
        "3*2*12#",
        "3-2-501",
        "五百零一",
        "五洞一",
        "3号罗尔丹元50亿",
        "3号楼2单元12",
        "3栋12",
        "我家是12室",
        "12号",
    ],
)
def test_numbers_and_rooms_are_not_for_everybody(said: str) -> None:
    assert not is_for_everybody(said)


@pytest.mark.parametrize(
    "said",
    [
        "电梯停了",
        "三栋二单元电梯坏了",
        "3号楼电梯停了",
        "3栋12楼走廊的灯坏了",
        "1号电梯坏了",
        "厨房漏水两天了",
        "单元门坏了",
        "物业费怎么交",
    ],
)
def test_what_it_is_about_is(said: str) -> None:
    assert is_for_everybody(said)
