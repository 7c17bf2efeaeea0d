"""Logical answers as a resident reads them in WeChat."""

import itertools
import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.gateway.channel import OutboundMessage, StoredAnswer
from integrations.wechat.markup import LINK, plain, visible
from integrations.wechat.messages import _chosen
from integrations.wechat.rendering import Rendering
from integrations.wechat.splitting import LIMIT, size
from property_db.conversations import blocks as b
from tests.unit.wechat.made import APP_ID, PUBLIC_ID, answer, choices

PUBLIC = "https://wy.example.com"


def render(*answers: StoredAnswer, public: bool = True) -> list[OutboundMessage]:
    rendering = Rendering(
        lambda path: f"{PUBLIC}/{path.lstrip('/')}" if public else None,
        lambda app_id: f"{PUBLIC}/wechat/cuihu/bind" if public and app_id == APP_ID else None,
    )
    return rendering.render(answers)


def read(*answers: StoredAnswer, public: bool = True) -> str:
    """What a resident sees when everything fits into one message."""
    (message,) = render(*answers, public=public)
    return visible(message.payload["text"])


def text_of(messages: list[OutboundMessage]) -> str:
    return "".join(message.payload["text"] for message in messages)


BILL = b.BillCard(
    title="待交费用",
    home="翠湖花园3栋2单元501",
    total_fen=50370,
    lines=[
        b.BillLine(label="物业费 2026年9月", amount_fen=25310, state="unpaid", due_on="2026-09-30", late_fee_fen=250),
        b.BillLine(label="物业费 2026年10月", amount_fen=25060, state="partly_paid", due_on="2026-10-31"),
    ],
)
TICKET = b.TicketCard(
    number="WX261121-0042",
    title="厨房水龙头漏水",
    state="dispatched",
    state_text="已派单",
    home="翠湖花园3栋2单元501",
    appointment="11月22日 09:00-11:00",
    technician="王师傅 13900000000",
    events=[
        b.TicketCardEvent(at="2026-11-20T09:00:00+08:00", text="已登记"),
        b.TicketCardEvent(at="2026-11-21T01:05:00+00:00", text="已受理"),
        b.TicketCardEvent(at="2026-11-21T10:30:00+08:00", text="已派单"),
        b.TicketCardEvent(at="2026-11-21T11:00:00+08:00", text="师傅已联系您"),
    ],
)
NOTICE = b.NoticeCard(
    title="3栋停水",
    body="水泵检修，请提前储水。",
    starts_at="2026-11-22T01:00:00+00:00",
    ends_at="2026-11-22T09:00:00+00:00",
    notice_kind="outage",
)
EMERGENCY = b.Emergency(
    text="请马上关阀开窗，不要开灯。",
    phones=[b.EmergencyPhone(label="燃气抢修", number="96777"), b.EmergencyPhone(label="火警", number="119")],
)
RATING = b.RatingRequest(prompt="请为客服小王的服务打分：", subject="conversation", reference=PUBLIC_ID)
EVERY_BLOCK: list[b.Block] = [
    b.Text(text="您好"), choices("查欠费", "转人工"), BILL, TICKET, NOTICE, b.Picture(url="/p.jpg", alt="停车位分布"),
    b.Link(title="收费标准", url="/fees"), RATING, b.Ask(value="phone", prompt="请发手机号"),
    b.Bind(prompt="先绑定房屋。"), EMERGENCY, b.System(text="客服小王已接入", event="agent_joined"),
]  # fmt: skip


def test_a_bill_shows_amounts_late_fee_day_and_sum() -> None:
    assert read(answer(BILL)) == (
        "待交费用\n翠湖花园3栋2单元501\n\n"
        "物业费 2026年9月：253.10 元\n（含滞纳金 2.50 元）\n未缴，2026年9月30日前缴清\n\n"
        "物业费 2026年10月：250.60 元\n部分已缴，2026年10月31日前缴清\n\n"
        "合计：503.70 元"
    )


def test_a_bill_that_is_paid_names_no_day_and_no_bill_says_so() -> None:
    paid = b.BillLine(label="水费", amount_fen=100, state="paid", due_on="2026-09-30")
    assert "水费：1.00 元\n已缴清\n" in read(answer(BILL.model_copy(update={"lines": [paid]})))
    assert read(answer(BILL.model_copy(update={"lines": []}))).endswith("没有账单")


def test_a_repair_shows_number_progress_appointment_technician_and_its_last_steps() -> None:
    assert read(answer(TICKET)) == (
        "工单号：WX261121-0042\n厨房水龙头漏水\n进度：已派单\n地点：翠湖花园3栋2单元501\n"
        "预约时间：11月22日 09:00-11:00\n维修师傅：王师傅 13900000000\n\n"
        "处理经过：\n11月21日 09:05 已受理\n11月21日 10:30 已派单\n11月21日 11:00 师傅已联系您"
    )


def test_a_notice_shows_its_window_in_shanghai_and_what_it_says() -> None:
    assert read(answer(NOTICE)) == "【停供通知】3栋停水\n时间：11月22日 09:00 至 17:00\n\n水泵检修，请提前储水。"
    overnight = NOTICE.model_copy(update={"ends_at": "2026-11-22T22:00:00+00:00"})
    assert "时间：11月22日 09:00 至 11月23日 06:00" in read(answer(overnight))
    assert "开始时间：11月22日 09:00" in read(answer(NOTICE.model_copy(update={"ends_at": None})))
    assert "结束时间：11月22日 17:00" in read(answer(NOTICE.model_copy(update={"starts_at": None})))
    assert "【通知】" in read(answer(NOTICE.model_copy(update={"notice_kind": "new_kind"})))


def test_a_picture_is_told_in_words_with_a_link_where_residents_can_reach_it() -> None:
    picture = b.Picture(url="/pictures/1.jpg", alt="停车位分布")
    (message,) = render(answer(picture))
    assert message.payload["text"] == f'【图片】停车位分布\n<a href="{PUBLIC}/pictures/1.jpg">点这里看图片</a>'
    assert read(answer(picture), public=False) == "【图片】停车位分布"
    assert read(answer(b.Picture(url="javascript:x", alt=""))) == "【图片】"


def test_a_link_is_pressed_by_its_title() -> None:
    (message,) = render(answer(b.Link(title="收费标准", url="https://wy.example.com/a?b=1&c=2")))
    assert message.payload["text"] == '<a href="https://wy.example.com/a?b=1&c=2">收费标准</a>'
    assert read(answer(b.Link(title="收费标准", url="/fees")), public=False) == "收费标准"
    assert read(answer(b.Link(title="", url="https://e.cn/"))) == "https://e.cn/"
    assert read(answer(b.Link(title="太长", url="https://e.cn/" + "x" * LIMIT))) == "太长"


def test_binding_leads_to_our_page_and_is_not_offered_without_one() -> None:
    bind = b.Bind(prompt="先绑定房屋。")
    (message,) = render(answer(bind))
    assert message.payload["text"] == f'先绑定房屋。\n<a href="{PUBLIC}/wechat/cuihu/bind">点这里绑定房屋</a>'
    assert read(answer(b.Text(text="您好。"), bind), public=False) == "您好。"
    assert read(answer(bind), public=False) == ""


def test_stars_can_be_pressed_or_typed() -> None:
    (message,) = render(answer(b.System(text="本次人工服务已结束。", event="closed"), RATING))
    text = message.payload["text"]
    assert "或者回复 1 到 5" in text
    said = re.findall(r"msgmenucontent=([^&]+)&msgmenuid=r([1-5])", text)
    assert said == [(f"{stars}分", str(stars)) for stars in (5, 4, 3, 2, 1)]


def test_a_danger_comes_first_with_each_number_on_its_own_line() -> None:
    shown = read(answer(b.Text(text="已通知值班人员。"), message_id=1), answer(EMERGENCY, message_id=2))
    assert shown.startswith("【紧急情况】\n\n请马上关阀开窗，不要开灯。\n\n燃气抢修：96777\n火警：119\n\n")
    assert shown.endswith("已通知值班人员。")


def test_choices_are_numbered_by_position_and_their_ids_are_never_shown() -> None:
    shown = read(answer(b.Text(text="您好"), choices("查欠费", "报修"), choices("转人工")))
    assert shown == "您好\n\n请点一下，或者回复序号：\n1. 查欠费\n2. 报修\n\n请点一下，或者回复序号：\n3. 转人工"
    assert "option-" not in shown


def test_pressing_a_choice_comes_back_as_that_option_of_that_conversation() -> None:
    (message,) = render(answer(choices("查欠费"), seq=7))
    pressed = re.search(r'msgmenucontent=([^&]+)&msgmenuid=([^"]+)"', message.payload["text"])
    assert pressed is not None
    assert pressed.group(1) == "查欠费"
    chosen = _chosen(pressed.group(2))
    assert chosen is not None
    assert (chosen.seq, chosen.option_id, chosen.conversation_id) == (7, "option-1", PUBLIC_ID)


def test_an_older_offer_is_not_numbered_as_a_number_means_the_newest() -> None:
    shown = read(answer(choices("转人工"), message_id=1), answer(choices("查欠费"), message_id=2, seq=3))
    assert "· 转人工" in shown
    assert "1. 查欠费" in shown


def test_a_person_is_introduced_once() -> None:
    wang: Any = {"author": "agent", "author_name": "小王"}
    shown = read(
        answer(text="您好", message_id=1, **wang),
        answer(text="马上处理", message_id=2, **wang),
        answer(b.Text(text="本次服务已结束"), message_id=3),
    )
    assert shown == "客服小王：\n您好\n\n马上处理\n\n本次服务已结束"


def test_items_of_a_list_stand_close_together() -> None:
    assert read(answer(b.Text(text="已交："), b.Text(text="· 水费"), b.Text(text="· 电费"))) == "已交：\n· 水费\n· 电费"


def test_answers_are_merged_into_one_message_for_the_newest_question() -> None:
    (message,) = render(
        answer(b.Text(text="一"), message_id=5, reply_to_id=1), answer(b.Text(text="二"), message_id=6, reply_to_id=2)
    )
    assert message.payload == {"text": "一\n\n二"}
    assert message.completes == (5, 6)
    assert message.reply_to_id == 2


def test_a_long_answer_is_complete_with_its_last_message_and_belongs_to_no_request() -> None:
    long = b.Text(text="物业服务内容。" * 200)
    first, middle, last = messages = render(
        answer(b.Text(text="一"), message_id=5, reply_to_id=1), answer(long, message_id=6, reply_to_id=2)
    )
    assert first.completes == (5,)
    assert middle.completes == ()
    assert last.completes == (6,)
    assert all(message.reply_to_id is None for message in messages)


def test_an_answer_with_nothing_to_show_is_complete_all_the_same() -> None:
    (message,) = render(answer(b.Ask(value="phone"), message_id=5))
    assert message.payload == {"text": ""}
    assert message.completes == (5,)
    (message,) = render(answer(b.Ask(value="phone"), message_id=5), answer(b.Text(text="好"), message_id=6))
    assert message.completes == (5, 6)
    assert render() == []


def test_everything_is_said_in_chinese() -> None:
    for block in EVERY_BLOCK:
        shown = read(answer(block)).replace("WX261121-0042", "")
        assert not re.search(r"[A-Za-z{}]", shown), shown


def test_lines_are_short_and_things_stand_apart() -> None:
    shown = read(answer(*EVERY_BLOCK))
    assert "\n\n\n" not in shown
    assert all(line == line.strip() for line in shown.split("\n"))
    assert max(len(line) for line in shown.split("\n")) <= 30


def test_a_title_that_is_too_long_for_a_link_is_still_offered_by_its_number() -> None:
    title = "很长的选项" * 200
    messages = render(answer(choices(title, "转人工")))
    shown = visible(text_of(messages))
    assert "".join(shown.split()).startswith(f"请点一下，或者回复序号：1.{title}")
    assert "2. 转人工" in shown


NASTY = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ['<a href="http://evil.test">点我</a>', "]]><Content>x</Content>", "\x00\x08\x1b", "<![CDATA[", "&lt;b&gt;",
         '"><a href="weixin://bizmsgmenu?msgmenucontent=x&msgmenuid=c1.1">', "电话13800138000", "👨‍👩‍👧‍👦🇨🇳",
         "很长的话" * 300]
    ),
)  # fmt: skip
TITLES = st.lists(NASTY.filter(lambda title: plain(title).strip() != ""), min_size=1, max_size=5)
BLOCKS = st.one_of(
    NASTY.map(lambda text: b.Text(text=text)),
    NASTY.map(lambda text: b.System(text=text, event="x")),
    st.tuples(TITLES, st.none() | NASTY).map(lambda pair: choices(*pair[0], prompt=pair[1])),
    NASTY.map(lambda text: b.Link(title=text, url="https://example.com/" + text)),
    NASTY.map(lambda text: b.Picture(url="/" + text, alt=text)),
    NASTY.map(lambda text: b.Bind(prompt=text)),
    NASTY.map(lambda text: b.Emergency(text=text, phones=[b.EmergencyPhone(label=text, number="96777")])),
    NASTY.map(lambda text: NOTICE.model_copy(update={"title": text, "body": text})),
    NASTY.map(lambda text: TICKET.model_copy(update={"title": text, "home": text, "technician": text})),
    NASTY.map(lambda text: BILL.model_copy(update={"title": text, "home": text})),
    NASTY.map(lambda text: RATING.model_copy(update={"prompt": text})),
)


def with_own_ids(blocks: list[b.Block]) -> list[b.Block]:
    """As stored: an option's id is its own within its message."""
    count = itertools.count(1)

    def renamed(block: b.Block) -> b.Block:
        if not isinstance(block, b.Choices):
            return block
        options = [option.model_copy(update={"id": f"option-{next(count)}"}) for option in block.options]
        return block.model_copy(update={"options": options})

    return [renamed(block) for block in blocks]


ANSWERS = st.lists(st.lists(BLOCKS, max_size=4), min_size=1, max_size=4).map(
    lambda lists: [
        answer(*with_own_ids(blocks), message_id=10 + n, seq=n + 1, reply_to_id=n or None)
        for n, blocks in enumerate(lists)
    ]
)


@settings(max_examples=150, deadline=None)
@given(ANSWERS)
def test_whatever_is_in_an_answer_the_messages_keep_the_rules(answers: list[StoredAnswer]) -> None:
    messages = render(*answers)
    texts = [message.payload["text"] for message in messages]
    assert all(size(text) <= LIMIT for text in texts)
    assert all(texts) or texts == [""]
    # Nothing but our own links is markup, and each is whole.
    for text in texts:
        assert "<" not in LINK.sub("", text)
        assert ">" not in LINK.sub("", text)
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", text)
    # Every stored message is completed once, in the order of the messages.
    completed = [message_id for message in messages for message_id in message.completes]
    assert sorted(completed) == [a.message_id for a in answers]
    # Every choice is offered once: pressed, or, where it is too long for a link, typed.
    joined = "".join(texts)
    for stored in answers:
        offers = [block for block in stored.blocks if isinstance(block, b.Choices)]
        for option in (option for block in offers for option in block.options):
            times = joined.count(f'&msgmenuid=c{stored.view.seq}.{option.id}@{PUBLIC_ID}"')
            assert times == 1 or (times == 0 and size(option.title) > 400)


@settings(max_examples=100, deadline=None)
@given(st.lists(NASTY, min_size=1, max_size=12))
def test_no_visible_text_is_lost(texts: list[str]) -> None:
    messages = render(answer(*(b.Text(text=text) for text in texts)))
    shown = "".join("".join(message.payload["text"].split()) for message in messages)
    assert shown == "".join("".join(plain(text).split()) for text in texts)


@pytest.mark.parametrize("count", [1, 9, 30])
def test_numbers_run_from_one_without_a_gap(count: int) -> None:
    messages = render(answer(choices(*(f"选项{n}号" for n in range(1, count + 1)))))
    numbers = [int(n) for n in re.findall(r"^(\d+)\. ", "\n".join(m.payload["text"] for m in messages), re.MULTILINE)]
    assert numbers == list(range(1, count + 1))
    assert all(second - first == 1 for first, second in pairwise(numbers))
