"""Written messages become what a reader says."""

from __future__ import annotations

import random
import re

import pytest

from bot.spoken.reading import Unspeakable, cleaned, number, reading, spelled


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "零"),
        (2, "二"),
        (10, "十"),
        (12, "十二"),
        (20, "二十"),
        (105, "一百零五"),
        (110, "一百一十"),
        (118, "一百一十八"),
        (1005, "一千零五"),
        (1050, "一千零五十"),
        (2000, "两千"),
        (2200, "两千二百"),
        (10_000, "一万"),
        (20_300, "两万零三百"),
        (120_456, "十二万零四百五十六"),
        (125_000, "十二万五千"),
    ],
)
def test_number(value: int, said: str) -> None:
    assert number(value) == said


@pytest.mark.parametrize("value", [-1, 10**8])
def test_number_without_a_reading(value: int) -> None:
    with pytest.raises(ValueError, match="no reading"):
        number(value)


def test_spelled_leaves_out_what_is_no_digit() -> None:
    assert spelled("139 0013-9001") == "幺三九零零幺三九零零幺"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        # homes
        ("3栋2单元501", "三栋二单元五零幺"),
        ("我是12号楼1602的", "我是十二号楼幺六零二的"),
        ("报修，3-2-501，厕所灯", "报修，三栋二单元五零幺，厕所灯"),
        ("B-1203", "B栋幺二零三"),
        ("b座1203", "B座幺二零三"),
        ("1203住了十几个人", "幺二零三住了十几个人"),
        ("我住四号院2排3号", "我住四号院二排三号"),
        ("车位在B2-118", "车位在B二幺幺八"),
        # phones
        ("电话13800138000", "电话幺三八，零零幺三，八零零零"),
        ("改成138开头的那个", "改成幺三八开头的那个"),
        ("帮我叫120", "帮我叫幺二零"),
        ("我打了12345", "我打了幺二三四五"),
        # plates and tickets
        ("粤B12345", "粤B幺二三四五"),
        ("湘A·6K339", "湘A六K三三九"),
        ("京N５Q８２１", "京N五Q八二幺"),
        ("工单WX20261118003", "工单WX二零二六幺幺幺八零零三"),
        # days and times
        ("2025年的账单", "二零二五年的账单"),
        ("2026-11-03那天", "二零二六年十一月三号那天"),
        ("10月份的", "十月份的"),
        ("8:30到20:00", "八点半到二十点"),
        ("2:05", "两点零五分"),
        ("超过24小时了", "超过二十四小时了"),
        # sums and counts
        ("扣了486块", "扣了四百八十六块"),
        ("2000元", "两千元"),
        ("应缴1,356.20元", "应缴一千三百五十六点二零元"),
        ("打8.5折", "打八点五折"),
        ("涨了15%", "涨了百分之十五"),
        ("给2分", "给两分"),
        ("2栋", "二栋"),
        # marks and letters
        ("好的👍[微笑]", "好的微笑"),
        ("起火 5栋 快", "起火，五栋，快"),
        ("app打不开", "APP打不开"),
        ("hello", "哈喽"),
    ],
)
def test_reading(written: str, said: str) -> None:
    assert reading(written) == said


@pytest.mark.parametrize("written", ["", "👍", "？！", "wo jia qian duo shao", "감사합니다", "thanks a lot"])
def test_what_nobody_speaks_here(written: str) -> None:
    with pytest.raises(Unspeakable):
        reading(written)


def test_cleaned_keeps_the_words_in_brackets() -> None:
    assert cleaned("【紧急】（三楼）“漏水”🙏") == "紧急三楼漏水"


def test_no_digit_is_left_in_any_training_message(messages: list[str]) -> None:
    spoken = 0
    for text in messages:
        try:
            said = reading(text)
        except Unspeakable:
            continue
        spoken += 1
        assert re.fullmatch(r"[\u4e00-\u9fffA-Z，。！？：；、]+", said), (text, said)
    assert spoken > 0.98 * len(messages)


def test_any_mix_of_digits_and_marks_is_read_or_refused() -> None:
    dice = random.Random(0)
    signs = "0123456789" * 3 + "-.:,%年月日号栋单元楼块AbZ粤 ，到打"
    for _ in range(5000):
        text = "".join(dice.choices(signs, k=dice.randint(1, 22)))
        try:
            said = reading(text)
        except Unspeakable:
            continue
        assert not re.search("[0-9]", said), (text, said)
