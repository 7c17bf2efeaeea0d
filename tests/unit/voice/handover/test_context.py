"""What an agent's telephone is told about a call."""

from urllib.parse import unquote

from integrations.voice.handover.context import LONGEST_SUMMARY, SUMMARY, Context, masked_home


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
