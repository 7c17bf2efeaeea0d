"""Sums, telephone numbers, plates, scores and ticket numbers."""

from __future__ import annotations

import pytest

from bot.language import amounts, phones, plates, ratings, ticket_numbers
from bot.language.normalise import normalise


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("两百三", ["230"]),
        ("230块5", ["230.5"]),
        ("230元", ["230"]),
        ("三块五毛", ["3.5"]),
        ("3块8", ["3.8"]),
        ("￥1,200.50", ["1200.5"]),
        ("应缴1,356.20", ["1356.2"]),
        ("一千二", ["1200"]),
        ("一万二", ["12000"]),
        ("1.2万元", ["12000"]),
        ("四百二十八块六", ["428.6"]),
        ("三百五十块零五毛", ["350.5"]),
        ("5毛", ["0.5"]),
        ("五毛多", ["0.5"]),
        ("两块二一平", ["2.2"]),
        ("一块五交", ["1.5"]),
        ("两块钱", ["2"]),
        ("多收了我120", ["120"]),
        ("扣了我三百", ["300"]),
        ("欠1234.5", ["1234.5"]),
        ("一百二一个月", ["120"]),
        ("三百多块", ["300"]),
        ("意思是，五百块", ["500"]),
        ("10块？20块？", ["10", "20"]),
        ("五月六月合起来八百九", ["890"]),
        ("比平时多了六十", ["60"]),
        ("停车费涨了一百", ["100"]),
        ("一百八十蚊", ["180"]),
    ],
)
def test_a_sum_is_yuan_as_a_decimal(text: str, values: list[str]) -> None:
    assert [span.value for span in amounts.find(normalise(text))] == values


@pytest.mark.parametrize(
    "text",
    [
        "掉了两块瓷砖",
        "玻璃碎了一块",
        "换一块",
        "墙皮掉下来一块，快来看看",
        "路边塌下去两块",
        "群里多了两个人",
        "一块玻璃",
        "跟着垃圾一块扔了",
        "两百三十平",
        "一百二十平米",
        "两百三吨",
        "交一半",
        "扣两笔",
        "几十块",
        "120室",
        "501",
        "转人工",
        "",
    ],
)
def test_what_is_counted_or_broken_is_no_sum(text: str) -> None:
    assert amounts.find(normalise(text)) == []


@pytest.mark.parametrize(
    "text",
    [
        "13800138000",
        "一三八0013八000",
        "138 0013 8000",
        "138-0013-8000",
        "+86 13800138000",
        "幺三八零零幺三八零零零",
        "一三八 零零一三 八零零零",
        "电话：１３８００１３８０００，谢谢",
        "洞不是，是13800138000",
    ],
)
def test_a_mobile_number_is_eleven_digits(text: str) -> None:
    assert [span.value for span in phones.find(normalise(text))] == ["13800138000"]


@pytest.mark.parametrize("text", ["138001380001", "12345678901", "010-88886666", "1380013800", ""])
def test_other_numbers_are_no_mobile(text: str) -> None:
    assert phones.find(normalise(text)) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("粤B·12345", "粤B12345"),
        ("粤b12345", "粤B12345"),
        ("粤B 123 45", "粤B12345"),
        ("沪AD12345", "沪AD12345"),
        ("京A·F12345", "京AF12345"),
        ("川A12345D", "川A12345D"),
        ("粵B1234港", "粤B1234港"),
        ("苏E一二三四五", "苏E12345"),
        ("车牌鲁A8K92X来了", "鲁A8K92X"),
        ("京Ｎ５Q８２１", "京N5Q821"),
    ],
)
def test_a_plate_is_packed_and_upper_case(text: str, value: str) -> None:
    assert [span.value for span in plates.find(normalise(text))] == [value]


@pytest.mark.parametrize("text", ["新wifi密码", "云南A级景区", "粤B123", "WX261121-0042", ""])
def test_other_letters_are_no_plate(text: str) -> None:
    assert plates.find(normalise(text)) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("五星", "5"),
        ("5星好评", "5"),
        ("两颗星", "2"),
        ("給兩顆星", "2"),
        ("4分", "4"),
        ("打五分", "5"),
        ("满分", "5"),
        ("⭐⭐⭐⭐", "4"),
        ("给个差评", "1"),
        ("好评", "5"),
        ("中评", "3"),
        ("非常满意", "5"),
        ("零分", "1"),
        ("四星吧，扣一星是因为没戴鞋套", "4"),
        ("给三星半，算四星吧", "4"),
        ("我对这次维修不满意，打一星", "1"),
        ("一分钱没收，佩服，满分", "5"),
    ],
)
def test_a_score_is_one_to_five(text: str, value: str) -> None:
    assert [span.value for span in ratings.find(normalise(text))] == [value]


@pytest.mark.parametrize(
    "text", ["3分钟", "星期五", "80分", "4.5分", "公摊三分之一", "下午三点二十分", "一分钱一分货", "5", ""]
)
def test_other_words_are_no_score(text: str) -> None:
    assert ratings.find(normalise(text)) == []


def test_a_lone_number_is_a_score_when_one_was_asked_for() -> None:
    assert [span.value for span in ratings.find("5", asked=True)] == ["5"]
    assert [span.value for span in ratings.find("给四", asked=True)] == ["4"]
    assert ratings.find("9", asked=True) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("WX261121-0042", "WX261121-0042"),
        ("wx2611210042", "WX261121-0042"),
        ("ＷＸ 261121 0042", "WX261121-0042"),
        ("TS261121-0007", "TS261121-0007"),
        ("工单WX20261119007，改时间", "WX20261119007"),
        ("投诉单号TS20261103查一下", "TS20261103"),
        ("单号0093", "0093"),
        ("工单尾号0042", "0042"),
    ],
)
def test_a_ticket_number_is_as_printed(text: str, value: str) -> None:
    assert [span.value for span in ticket_numbers.find(normalise(text))] == [value]


@pytest.mark.parametrize(
    "text", ["车牌尾号371", "快递单号SF1234567890", "表号尾号3307", "粤B12345", "WX991399-0042", ""]
)
def test_other_numbers_are_no_ticket(text: str) -> None:
    assert ticket_numbers.find(normalise(text)) == []
