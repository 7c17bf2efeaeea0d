"""Building, unit and room in every spelling."""

from __future__ import annotations

import pytest

from bot.language.normalise import normalise
from bot.language.rooms import find


def home(text: str, *, asked: bool = False) -> str:
    """What was found, as building/unit/room with - for what is missing; several of a kind joined by a plus."""
    found = find(normalise(text), asked=asked)
    return "/".join("+".join(s.value for s in found if s.entity == e) or "-" for e in ("building", "unit", "room"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("三栋二单元501", "3/2/501"),
        ("3-2-501", "3/2/501"),
        ("３－２－５０１", "3/2/501"),
        ("3/2/501", "3/2/501"),
        ("3 2 501", "3/2/501"),
        ("3杠2杠501", "3/2/501"),
        ("1栋-1-101", "1/1/101"),
        ("B座1203", "B/-/1203"),
        ("b座1203", "B/-/1203"),
        ("B-1203", "B/-/1203"),
        ("A3栋1单元602", "A3/1/602"),
        ("C3-2-404", "C3/2/404"),
        ("12号楼", "12/-/-"),
        ("十二号楼一单元九零二", "12/1/902"),
        ("3棟2單元1203室", "3/2/1203"),
        ("翠湖花园3栋2单元501", "3/2/501"),
        ("12幢1802", "12/-/1802"),
        ("12#1802", "12/-/1802"),
        ("3号楼2门501", "3/2/501"),
        ("5号501室", "5/-/501"),
        ("我住三栋五零幺", "3/-/501"),
        ("三号楼二单元十二零三", "3/2/1203"),
        ("五栋一单元一千二百零三", "5/1/1203"),
        ("三栋二单元五百零一", "3/2/501"),
        ("3栋2单元5楼501", "3/2/501"),
        ("A栋15楼02", "A/-/1502"),
        ("我是七幢的，2304", "7/-/2304"),
        ("6栋二单元0301", "6/2/0301"),
        ("3东2单元501", "3/2/501"),
        ("三号楼罗单元五零一", "3/-/501"),
        ("九栋幺五零三 八月账单", "9/-/1503"),
        ("二单元电梯坏了", "-/2/-"),
        ("501室漏水", "-/-/501"),
        ("房号1203", "-/-/1203"),
        ("房号绑错了，应该是1203不是1302", "-/-/1203"),
        ("不是3号楼是13号楼", "13/-/-"),
        ("把5-3-201改成16-1-701", "5+16/3+1/201+701"),
        ("三栋和五栋都停水", "3+5/-/-"),
        ("我家501", "-/-/501"),
        ("楼上1602半夜跳绳", "-/-/1602"),
        ("隔壁303的狗", "-/-/303"),
        ("底商205", "-/-/205"),
    ],
)
def test_a_home_is_read_in_every_spelling(text: str, expected: str) -> None:
    assert home(text) == expected


@pytest.mark.parametrize("text", ["501", "五零一", "1203室", "501。", "是501"])
def test_a_lone_number_is_a_room(text: str) -> None:
    assert home(text).endswith(("/501", "/1203"))


@pytest.mark.parametrize("text", ["666", "886", "500"])
def test_a_lone_saying_or_round_sum_is_a_room_only_when_one_was_asked_for(text: str) -> None:
    assert home(text) == "-/-/-"
    assert home(text, asked=True) == f"-/-/{text}"


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-25",
        "138-0013-8000",
        "010-88886666",
        "交了500块",
        "501元",
        "水费230",
        "水表读数是312",
        "5号电梯",
        "3号下午",
        "车位B1-056被占",
        "地库B1",
        "两栋楼都停水",
        "哪一栋",
        "改成138开头的号码",
        "2026年",
        "底商12号",
        "工单编号D-3055",
        "三百六",
        "楼下200块停车费",
        "",
    ],
)
def test_other_numbers_are_no_home(text: str) -> None:
    assert home(text) == "-/-/-"
