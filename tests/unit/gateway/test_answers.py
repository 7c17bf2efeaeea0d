"""From the engine's replies to a logical answer, and to plain text."""

from integrations.gateway.answers import logical_answer, plain_text
from property_db.conversations import blocks as b


def test_texts_cards_and_buttons_become_blocks_in_order_with_one_list_of_choices() -> None:
    card = b.NoticeCard(title="停水通知", body="检修", notice_kind="outage").model_dump()
    human = {"title": "转人工", "payload": "/request_human"}
    answer = logical_answer(
        [
            {
                "recipient_id": "x",
                "text": "查到一条通知：",
                "buttons": [{"title": "转人工", "payload": "/request_human"}],
            },
            {"recipient_id": "x", "custom": card},
            {"recipient_id": "x", "buttons": [human]},
        ]
    )
    assert [block.kind for block in answer] == ["text", "notice_card", "choices"]
    assert isinstance(answer[-1], b.Choices)
    assert [(option.id, option.title) for option in answer[-1].options] == [("1", "转人工")]


def test_a_custom_payload_that_is_no_block_is_left_out_and_the_rest_is_kept() -> None:
    answer = logical_answer([{"custom": {"kind": "bill_card", "total": 1}}, {"text": "好的"}])
    assert [block.kind for block in answer] == ["text"]


def test_plain_text_numbers_the_choices_as_a_resident_may_answer_them() -> None:
    choices = b.Choices(options=[b.Choice(id="1", title="查欠费", payload="/query_arrears")])
    assert "1. 查欠费" in plain_text([b.Text(text="您好"), choices])
    assert b.choice_typed(b.dump([choices]), "1") == b.choice_typed(b.dump([choices]), "查欠费") is not None


def test_plain_text_gives_amounts_in_yuan_and_times_in_shanghai() -> None:
    line = b.BillLine(label="物业费 2026-10", amount_fen=25060, state="unpaid", due_on="2026-10-31")
    bill = b.BillCard(title="欠费", home="501", total_fen=25060, lines=[line])
    notice = b.NoticeCard(
        title="停水", body="检修", starts_at="2026-11-22T01:00:00+00:00", ends_at="2026-11-22T09:00:00+00:00",
        notice_kind="outage",
    )  # fmt: skip
    text = plain_text([bill, notice])
    assert "250.60 元" in text
    assert "11-22 09:00" in text
    assert "11-22 17:00" in text


def test_payloads_never_leave_the_server() -> None:
    stored = b.dump([b.Choices(options=[b.Choice(id="1", title="查欠费", payload="/query_arrears")])])
    assert "payload" not in str(b.for_resident(stored))
    assert "payload" in str(stored), "the stored block keeps it"
