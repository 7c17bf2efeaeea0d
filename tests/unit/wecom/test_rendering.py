"""Logical answers as texts and menus of the customer service."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.language import ratings
from bot.language.normalise import normalise
from integrations.gateway.receiving import MOST_BESIDE_A_SCORE
from integrations.wecom.menus import ENTRY_LIMIT
from integrations.wecom.messages import chosen
from integrations.wecom.rendering import HEAD_LIMIT, TEXT_LIMIT, message_of, own_message_id, render
from integrations.wecom.texts import options, say
from property_db.conversations import blocks as b
from tests.unit.wecom.platform import CONVERSATION, EXTERNAL, choices, stored

LETTERS = "水 管a9。，\n<&\u200d👨👩🇨🇳é"
FAMILY = "👨‍👩‍👧‍👦"


def size(text: str) -> int:
    return len(text.encode())


def test_a_text_is_one_message_that_completes_its_answer() -> None:
    (message,) = render([stored(b.Text(text="明天 9 点停水。"))])
    assert message.external_id == EXTERNAL
    assert message.payload["msgtype"] == "text"
    assert message.payload["text"] == {"content": "明天 9 点停水。"}
    assert message.completes == (7,)


def test_what_is_offered_is_a_menu_with_the_text_in_its_head() -> None:
    (message,) = render([stored(b.Text(text="您好"), choices("报修", "查欠费"), seq=12)])
    menu = message.payload["msgmenu"]
    assert message.payload["msgtype"] == "msgmenu"
    assert menu["head_content"] == "您好"
    assert [(item["type"], item["click"]["content"]) for item in menu["list"]] == [
        ("click", "报修"),
        ("click", "查欠费"),
    ]
    clicked = chosen(menu["list"][1]["click"]["id"])
    assert clicked is not None
    assert (clicked.seq, clicked.option_id, clicked.conversation_id) == (12, "2", CONVERSATION)


def test_answers_that_are_due_together_are_one_message_and_one_menu() -> None:
    first = stored(b.Text(text="请稍等。"), choices("转人工"), message_id=7, seq=3)
    second = stored(b.Text(text="查到了。"), choices("缴费", "转人工"), message_id=8, seq=4)
    (message,) = render([first, second])
    menu = message.payload["msgmenu"]
    assert menu["head_content"] == "请稍等。\n\n查到了。"
    assert [item["click"]["content"] for item in menu["list"]] == ["缴费", "转人工"]
    assert [item["click"]["id"].split(".")[0] for item in menu["list"]] == ["c4", "c4"]
    assert message.completes == (7, 8)


def test_a_long_text_comes_before_its_menu_and_every_part_keeps_its_limit() -> None:
    long = "".join(f"第{n}条：停水期间请储备用水，注意关好龙头。" for n in range(80))
    parts = render([stored(b.Text(text=long), choices("报修"))])
    assert [part.payload["msgtype"] for part in parts] == ["text"] * (len(parts) - 1) + ["msgmenu"]
    texts = [part.payload["text"]["content"] for part in parts[:-1]]
    assert all(size(text) <= TEXT_LIMIT for text in texts)
    assert size(parts[-1].payload["msgmenu"]["head_content"]) <= HEAD_LIMIT
    assert "".join(texts) + parts[-1].payload["msgmenu"]["head_content"].replace(say("choose"), "") == long
    assert [part.completes for part in parts] == [()] * (len(parts) - 1) + [(7,)]


def test_an_answer_has_at_most_five_parts_and_says_what_was_cut() -> None:
    parts = render(
        [stored(b.Text(text="水" * 6000), choices("报修"), message_id=7), stored(b.Text(text="完"), message_id=8)]
    )
    assert len(parts) == 5
    assert parts[3].payload["text"]["content"].endswith(say("cut"))
    assert all(size(part.payload["text"]["content"]) <= TEXT_LIMIT for part in parts[:4])
    assert sorted(i for part in parts for i in part.completes) == [7, 8]


def test_an_answer_is_complete_with_the_part_that_its_end_is_in() -> None:
    parts = render([stored(b.Text(text="甲" * 680), message_id=7), stored(b.Text(text="乙" * 600), message_id=8)])
    assert [part.completes for part in parts] == [(7,), (8,)]


def test_neither_an_emoji_nor_a_link_is_cut_in_two() -> None:
    link = "https://example.com/" + "a" * 60
    texts = [p.payload["text"]["content"] for p in render([stored(b.Text(text=f"{FAMILY}" * 100 + f"看这里 {link}"))])]
    assert sum(text.count(FAMILY) for text in texts) == 100
    assert sum(text.count(link) for text in texts) == 1


def test_more_than_ten_options_are_numbered_in_the_text() -> None:
    (message,) = render([stored(choices(*(f"{n}号楼" for n in range(1, 12))))])
    assert message.payload["msgtype"] == "text"
    assert "11. 11号楼" in message.payload["text"]["content"]


def test_a_long_title_is_cut_to_what_an_entry_holds() -> None:
    (message,) = render([stored(choices("修" * 60))])
    content = message.payload["msgmenu"]["list"][0]["click"]["content"]
    assert size(content) <= ENTRY_LIMIT
    assert content.endswith("…")


def test_a_menu_without_a_word_says_that_something_is_to_be_chosen() -> None:
    (message,) = render([stored(choices("报修"))])
    assert message.payload["msgmenu"]["head_content"] == say("choose")


def test_a_rating_is_asked_for_with_five_entries_that_are_understood_as_scores() -> None:
    (message,) = render([stored(b.RatingRequest(prompt="请打分", subject="conversation", reference=CONVERSATION))])
    titles = [item["click"]["content"] for item in message.payload["msgmenu"]["list"]]
    assert titles == options("rating_options")
    for stars, title in zip("54321", titles, strict=True):
        plain = normalise(title)
        (found,) = ratings.find(plain, asked=True)
        assert found.value == stars
        assert len(plain) - (found.end - found.start) <= MOST_BESIDE_A_SCORE


def test_a_danger_comes_first_with_its_numbers_on_lines_of_their_own() -> None:
    emergency = b.Emergency(text="请立即离开", phones=[b.EmergencyPhone(label="燃气抢修", number="0571-96177")])
    (message,) = render([stored(b.Text(text="工单已登记"), emergency)])
    text = message.payload["text"]["content"]
    assert text.index("请立即离开") < text.index("0571-96177") < text.index("工单已登记")
    assert "燃气抢修：0571-96177" in text.splitlines()


def test_cards_are_lines_with_money_in_yuan_and_times_in_shanghai() -> None:
    line = b.BillLine(label="物业费 2026-10", amount_fen=25060, state="unpaid", due_on="2026-10-31")
    bill = b.BillCard(title="欠费", home="3栋2单元501", total_fen=25060, lines=[line])
    (message,) = render([stored(bill, b.Text(text="<b>请尽快缴清</b>"))])
    text = message.payload["text"]["content"]
    assert "250.60 元" in text
    assert "<" not in text


def test_a_persons_message_begins_with_their_name() -> None:
    (message,) = render([stored(text="我马上看一下", agent="李娜")])
    assert message.payload["text"]["content"] == "客服李娜：\n\n我马上看一下"


def test_an_answer_that_shows_nothing_is_done_with_without_being_sent() -> None:
    (message,) = render([stored(b.Ask(value="text"))])
    assert message.payload == {}
    assert message.completes == (7,)


def test_each_part_has_an_id_of_its_own_that_leads_back_to_its_message() -> None:
    parts = render([stored(b.Text(text="甲" * 680), message_id=7), stored(b.Text(text="乙" * 2000), message_id=8)])
    ids = [part.payload["msgid"] for part in parts]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[0-9A-Za-z_-]{1,32}", own) for own in ids)
    assert [message_of(own) for own in ids] == [(CONVERSATION[:16], number) for number in (7, 8, 8, 8)]
    assert len(own_message_id(CONVERSATION, 2**31 - 1, 12)) <= 32
    assert message_of("from_msgid_1") is None


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text(st.sampled_from(LETTERS), max_size=1500),
            st.lists(st.text(min_size=1, max_size=60), max_size=7),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_whatever_is_said_every_part_is_within_its_limits_and_every_answer_is_completed_once(
    said: list[tuple[str, list[str]]],
) -> None:
    answers = [
        stored(b.Text(text=text), *([choices(*titles)] if titles else []), message_id=number, seq=number)
        for number, (text, titles) in enumerate(said, start=1)
    ]
    parts = render(answers)
    assert 1 <= len(parts) <= 5
    assert sorted(i for part in parts for i in part.completes) == [answer.message_id for answer in answers]
    for part in parts:
        if part.payload.get("msgtype") == "text":
            assert 0 < size(part.payload["text"]["content"]) <= TEXT_LIMIT
        elif part.payload:
            menu = part.payload["msgmenu"]
            assert 0 < size(menu["head_content"]) <= HEAD_LIMIT
            assert 1 <= len(menu["list"]) <= 10
            assert all(1 <= size(item["click"]["content"]) <= ENTRY_LIMIT for item in menu["list"])
            assert all(1 <= size(item["click"]["id"]) <= 64 for item in menu["list"])
