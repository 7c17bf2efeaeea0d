"""Values that callers key or say, as the text that goes into the dialogue."""

from datetime import date, datetime
from typing import Any

import pytest

from bot.language import rooms, times
from bot.language.normalise import normalise
from integrations.voice.keyed import NO, YES, WrongKeys, read_back, text_of_keys, text_of_speech
from property_db.clock import SHANGHAI

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("expects", "keys", "text"),
    [
        ("phone", "13800138000", "13800138000"),
        ("phone", "13800138000#", "13800138000"),
        ("phone", "013800138000", "13800138000"),
        ("phone", "8613800138000", "13800138000"),
        ("room", "3*2*501", "3栋2单元501"),
        ("room", "03*02*501", "3栋2单元501"),
        ("room", "3**2*501*", "3栋2单元501"),
        ("room", "12*1*2604", "12栋1单元2604"),
        ("room", "5*1203", "5栋1203"),
        ("room", "32501", "3栋2单元501"),
        ("room", "501", "501"),
        ("code", "012345", "012345"),
        ("rating", "4", "4分"),
        ("time", "1", "明天上午"),
        ("time", "4", "后天下午"),
        ("time", "112315", "11月23日15点"),
        ("time", "2315", "11月23日15点"),
        ("time", "2215", "11月22日15点"),
        ("time", "2213", "12月22日13点"),
        ("time", "0109", "12月1日9点"),
        ("time", "010510", "1月5日10点"),
    ],
)
def test_keys_become_what_a_resident_would_write(expects: Any, keys: str, text: str) -> None:
    assert text_of_keys(expects, keys, NOW) == text


@pytest.mark.parametrize(
    ("expects", "keys"),
    [
        ("phone", "1380013800"),
        ("phone", "02188001234"),
        ("phone", ""),
        ("phone", "1380013800*"),
        ("room", "3*"),
        ("room", "12"),
        ("room", "3*2*1*501"),
        ("code", "12345"),
        ("code", "12*456"),
        ("rating", "0"),
        ("rating", "6"),
        ("rating", "55"),
        ("time", "5"),
        ("time", "112325"),
        ("time", "023010"),
        ("time", "112213"),
        ("time", "091510"),
        ("choice", "7"),
    ],
)
def test_keys_that_are_no_such_value_tell_how_to_key_one(expects: Any, keys: str) -> None:
    with pytest.raises(WrongKeys) as refused:
        text_of_keys(expects, keys, NOW)
    assert "请" in refused.value.sentence


@pytest.mark.parametrize("keys", ["1", "2", "3", "4", "112315", "2415"])
def test_the_dialogue_understands_a_keyed_time(keys: str) -> None:
    assert times.find(normalise(text_of_keys("time", keys, NOW)), NOW)


@pytest.mark.parametrize("keys", ["3*2*501", "5*1203", "501"])
def test_the_dialogue_understands_a_keyed_room(keys: str) -> None:
    found = rooms.find(normalise(text_of_keys("room", keys, NOW)), asked=True)
    assert any(span.entity == "room" for span in found)


@pytest.mark.parametrize(
    ("expects", "heard", "text"),
    [
        ("phone", "幺三八零零幺三八零零零", "13800138000"),
        ("phone", "1 3 8-0013 8000", "13800138000"),
        ("phone", "我的手机号是138,0013,8000。", "13800138000"),
        ("phone", "妖三八，零零妖三，八零零零", "13800138000"),
        ("phone", "嗯，一三吧零零一三吧零零零。", "13800138000"),
        ("code", "验证码是一二三四五六", "123456"),
        ("code", "123 456。", "123456"),
        ("room", "三号楼二单元五零一", "3栋2单元501"),
        ("room", "3号楼2单元501。", "3栋2单元501"),
        ("room", "3东2单元501", "3栋2单元501"),
        ("room", "九栋幺五零三", "9栋1503"),
        ("room", "3号罗尔丹元50亿", "3栋2单元501"),
        ("room", "五零一", "501"),
    ],
)
def test_what_was_heard_of_a_number_becomes_one_to_read_back(expects: Any, heard: str, text: str) -> None:
    assert text_of_speech(expects, heard) == text


@pytest.mark.parametrize(
    ("expects", "heard"),
    [
        ("phone", "我要报修"),
        ("phone", "一三八零零一三八"),
        ("phone", ""),
        ("code", "没收到验证码"),
        ("code", "12345"),
        ("room", "我不知道"),
        ("room", "转人工"),
        ("time", "明天下午三点"),
        ("rating", "五分"),
    ],
)
def test_what_is_no_number_is_left_to_the_dialogue(expects: Any, heard: str) -> None:
    assert text_of_speech(expects, heard) is None


def test_a_value_is_read_back_digit_by_digit_and_confirmed_by_a_key() -> None:
    asked = read_back("13800138000", date(2026, 11, 22))
    read = "".join(sentence.read for sentence in asked.sentences)
    assert read == "您说的是幺三八，零零幺三，八零零零，对吗？对请按一，不对请按二"
    assert {key: option.id for key, option in asked.options.items()} == {"1": YES, "2": NO}
    assert asked.expects == "choice"
    assert "三栋二单元五零幺" in read_back("3栋2单元501").sentences[0].read


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("1212", "幺二幺二"),
        ("312", "三幺二"),
        ("501", "五零幺"),
        ("2000", "二零零零"),
        ("1701A", "幺七零幺A"),
        ("123400", "幺二三，四零零"),
        ("120000", "幺二零，零零零"),
        ("4829", "四八二九"),
        ("01012345678", "零幺零，幺二三四，五六七八"),
    ],
)
def test_digits_alone_are_read_back_one_by_one_and_never_as_a_quantity(value: str, read: str) -> None:
    first = read_back(value, date(2026, 11, 22)).sentences[0]
    assert first.text == f"您说的是{value}，对吗？"
    assert first.read == f"您说的是{read}，对吗？"
