"""Logical answers as they are heard: sentences, keys, and what comes only on request."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from integrations.voice.reading import SAYABLE
from integrations.voice.spoken import SpokenAnswer, for_the_ear, spoken_answer
from property_db.conversations import blocks as b

ROOT = Path(__file__).parents[3]
TODAY = date(2026, 11, 22)
SCREEN = re.compile("点击|点一下|点下面|点这里|发给我|发过来|按钮|明细在下面|写在这里|写下来|打字|序号|看下面")


def _choices(*titles: str) -> b.Choices:
    payload = {"转人工": "/request_human"}
    options = [
        b.Choice(id=f"o{number}", title=title, payload=payload.get(title, f"/{number}"))
        for number, title in enumerate(titles, start=1)
    ]
    return b.Choices(options=options)


def _heard(*blocks: b.Block, rewrite: bool = True) -> SpokenAnswer:
    answer = spoken_answer(blocks, TODAY, rewrite=rewrite)
    for part in (answer, *answer.more):
        for sentence in part.sentences:
            assert sentence.read
            assert SAYABLE.fullmatch(sentence.read)
    return answer


def _read(answer: SpokenAnswer) -> str:
    return "".join(sentence.read for sentence in answer.sentences)


def _bills(count: int) -> b.BillCard:
    lines = [
        b.BillLine(label=f"2026年{month}月的物业费", amount_fen=25060, state="unpaid", due_on=f"2026-{month:02d}-28")
        for month in range(1, count + 1)
    ]
    return b.BillCard(title="待交费用", home="翠湖花园3栋2单元501", total_fen=25060 * count, lines=lines)


def test_text_is_cut_into_sentences_with_what_is_written_and_what_is_read() -> None:
    answer = _heard(b.Text(text="报好了，单号 WX261121-0042。明天（11月23日）下午3点上门。"))
    assert [s.text for s in answer.sentences] == ["报好了，单号 WX261121-0042。", "明天（11月23日）下午3点上门。"]
    assert [s.read for s in answer.sentences] == [
        "报好了，单号WX，二六幺幺二幺，零零四二。",
        "明天，十一月二十三号，下午三点上门。",
    ]
    assert (answer.expects, answer.options, answer.more, answer.uninterruptible) == ("nothing", {}, (), 0)


def test_the_spoken_form_of_a_text_replaces_it() -> None:
    assert _read(_heard(b.Text(text="请看下面的表格", spoken="一共三笔。"))) == "一共三笔。"


def test_each_option_gets_a_key_and_a_person_is_always_on_zero() -> None:
    answer = _heard(b.Text(text="您想办什么？"), _choices("查欠费", "报修", "转人工"))
    assert _read(answer) == "您想办什么？查欠费请按一，报修请按二，转人工请按零。"
    assert {key: option.id for key, option in answer.options.items()} == {"1": "o1", "2": "o2", "0": "o3"}
    assert answer.expects == "choice"


def test_more_than_nine_options_are_offered_page_by_page() -> None:
    answer = _heard(_choices(*(f"选项{letter}" for letter in "甲乙丙丁戊己庚辛壬癸子"), "转人工"))
    assert list(answer.options) == [*"12345678", "0"]
    assert answer.more_key == "9"
    assert "听其他选项请按九" in _read(answer)
    (page,) = answer.more
    assert {key: option.title for key, option in page.options.items()} == {"1": "选项壬", "2": "选项癸", "3": "选项子"}
    assert (page.more_key, page.expects) == (None, "choice")


def test_bills_begin_with_the_sum_and_go_on_only_when_the_caller_wants() -> None:
    answer = _heard(_bills(7), _choices("怎么缴费", "缴费记录"))
    read = [sentence.read for sentence in answer.sentences]
    assert read[0] == "翠湖花园三栋二单元五零幺一共要交一千七百五十四元两角。"
    assert read[1] == "二零二六年一月的物业费，二百五十元六角，一月二十八号前交清。"
    assert sum("物业费" in sentence for sentence in read) == 3
    assert "后面还有四条，要接着听吗？" in read
    assert answer.more_key == "1"
    assert {key: option.title for key, option in answer.options.items()} == {"2": "怎么缴费", "3": "缴费记录"}
    first, second = answer.more
    assert (first.more_key, second.more_key) == ("1", None)
    assert _read(first).count("物业费") == 3
    assert _read(second) == (
        "二零二六年七月的物业费，二百五十元六角，七月二十八号前交清。怎么缴费请按二，缴费记录请按三。"
    )
    assert first.options == second.options == answer.options


def test_a_sum_that_the_text_has_said_is_not_said_again() -> None:
    answer = _heard(b.Text(text="您家一共还有 501.20 元没交，明细在下面。"), _bills(2))
    assert _read(answer).count("五百零一元两角") == 1


def test_nothing_owed_is_said() -> None:
    assert "没有要交的费用" in _read(_heard(_bills(0)))


def test_three_lines_of_a_list_are_read_without_asking_and_the_fourth_is_not() -> None:
    steps = "\n".join(f"{number}. 第{number}步要做的事" for number in range(1, 5))
    assert _heard(b.Text(text=steps.rsplit("\n", 1)[0])).more == ()
    answer = _heard(b.Text(text=steps), b.Text(text="请注意：先关总阀。"))
    assert len(answer.more) == 1
    # What warns is not put off with the rest of the list.
    assert "先关总阀" in _read(answer)
    assert "第四步" not in _read(answer)
    assert "第四步" in _read(answer.more[0])


def test_a_ticket_is_number_state_appointment_and_last_step() -> None:
    card = b.TicketCard(
        number="WX261121-0042",
        title="厨房水龙头漏水",
        state="assigned",
        state_text="已派单",
        home="翠湖花园3栋2单元501",
        appointment="明天（11月23日）下午3点到5点",
        technician="赵**",
        events=[
            b.TicketCardEvent(at="2026-11-22T01:00:00+00:00", text="已提交报修"),
            b.TicketCardEvent(at="2026-11-22T01:30:00+00:00", text="已派单给赵师傅"),
        ],
    )
    assert [sentence.read for sentence in _heard(card).sentences] == [
        "单号WX，二六幺幺二幺，零零四二，厨房水龙头漏水，现在是已派单。",
        "上门时间是明天，十一月二十三号，下午三点到五点。",
        "上门的是赵师傅。",
        "最近一步是十一月二十二号九点半，已派单给赵师傅。",
    ]


def test_a_notice_is_title_time_and_the_first_sentences_of_its_body() -> None:
    card = b.NoticeCard(
        title="3栋停水通知",
        body="因立管检修。届时全楼停水。请提前储水。请关好龙头。完工后恢复。谢谢配合。",
        starts_at="2026-11-23T09:00:00+08:00",
        ends_at="2026-11-23T17:00:00+08:00",
        notice_kind="outage",
    )
    read = _read(_heard(card))
    assert read.startswith("停供通知：三栋停水通知。时间是十一月二十三号九点到十七点。因立管检修。")
    assert "完工后恢复" not in read
    assert read.endswith("其余的内容，请看小区公告栏。")


def test_dangers_come_first_and_their_first_sentence_cannot_be_interrupted() -> None:
    danger = b.Emergency(
        text="闻到燃气味，请马上这样做：\n1. 所有人立即离开屋子。\n2. 不要开灯。\n到室外再拨打 119。",
        phones=[
            b.EmergencyPhone(label="火警", number="119"),
            b.EmergencyPhone(label="物业紧急值班", number="0571-8800-1800"),
        ],
    )
    answer = _heard(b.Text(text="请稍等。"), danger, _choices("转人工"))
    read = [sentence.read for sentence in answer.sentences]
    assert answer.uninterruptible == 1
    assert read[0] == "闻到燃气味，请马上这样做：所有人立即离开屋子。"
    assert read[1] == "第二，不要开灯。"
    assert "要打的电话：物业紧急值班，零五七幺，八八零零，幺八零零。" in read
    assert sum("幺幺九" in sentence for sentence in read) == 1
    assert answer.options["0"].title == "转人工"


def test_a_danger_loses_the_mark_of_its_first_step_but_no_number() -> None:
    answer = _heard(b.Emergency(text="停电的楼：\n1、2、3号楼。\n请离开至少：1.5米。", phones=[]))
    assert _read(answer) == "停电的楼：一、二、三号楼。请离开至少：一点五米。"


@pytest.mark.parametrize(
    ("value", "hint"),
    [("phone", "请按手机号"), ("code", "六位数字"), ("room", "楼号、星号键"), ("time", "明天上午请按一")],
)
def test_what_is_asked_for_says_how_to_key_it(value: Any, hint: str) -> None:
    answer = _heard(b.Text(text="请告诉我。"), b.Ask(value=value))
    assert answer.expects == value
    assert hint in _read(answer)


def test_words_and_photographs_are_not_keyed() -> None:
    assert _heard(b.Text(text="您请说。"), b.Ask(value="text")).expects == "nothing"
    assert _heard(b.Text(text="什么情况？"), b.Ask(value="photo")).expects == "nothing"


def test_binding_asks_to_key_the_registered_number_once() -> None:
    alone = _heard(b.Bind(prompt="请绑定房屋。"))
    assert alone.expects == "phone"
    assert "请按您在物业登记的手机号" in _read(alone)
    asked = _heard(b.Bind(prompt="请绑定房屋。"), b.Text(text="请告诉我手机号。"), b.Ask(value="phone"))
    assert _read(asked).count("请按") == 2  # the number and the closing key, in one hint


def test_a_rating_explains_the_keys() -> None:
    answer = _heard(b.RatingRequest(prompt="请为客服小李的服务打分：", subject="conversation", reference="x"))
    assert answer.expects == "rating"
    assert _read(answer).endswith("请按一到五打分，五是非常满意，一是很不满意。")


def test_pictures_and_links_are_told_of_and_their_addresses_are_not_read() -> None:
    answer = _heard(b.Picture(url="/a.png", alt="阀门的位置"), b.Link(title="收费公示", url="https://example.com/x"))
    assert "阀门的位置" in _read(answer)
    assert "收费公示" in _read(answer)
    assert "网址" not in _read(answer)
    assert _heard(b.Picture(url="/a.png", alt="")).sentences == ()


def test_what_an_agent_typed_is_said_as_it_is() -> None:
    typed = "请把照片发给我，明细在下面。"
    assert _heard(b.Text(text=typed), rewrite=False).text == typed
    assert _heard(b.Text(text=typed)).text != typed


def test_the_hour_is_no_button() -> None:
    assert for_the_ear("师傅下午三点这里见您。") == "师傅下午三点这里见您。"
    assert for_the_ear("请点下面的按钮。") == "请按键选择。"


def _strings(found: Any) -> Iterator[str]:
    if isinstance(found, str):
        yield found
    elif isinstance(found, dict):
        for key, value in found.items():
            if key not in {"payload", "title"}:
                yield from _strings(value)
    elif isinstance(found, list):
        for value in found:
            yield from _strings(value)


def test_no_answer_of_the_product_speaks_of_a_screen() -> None:
    domains = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in (ROOT / "bot" / "domain").glob("*.yml")]
    gateway = yaml.safe_load((ROOT / "integrations" / "gateway" / "texts.yml").read_text(encoding="utf-8"))
    said = [*_strings([domain.get("responses") for domain in domains]), *_strings(gateway)]
    assert len(said) > 150
    for text in said:
        assert not SCREEN.search(for_the_ear(text)), text
