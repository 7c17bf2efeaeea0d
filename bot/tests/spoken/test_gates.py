"""Invented text is not believed, what residents say is."""

from __future__ import annotations

import pytest

from bot.spoken.gates import PROMPT, refusal


@pytest.mark.parametrize(
    ("heard", "logprob", "silence", "gate"),
    [
        ("", -0.1, 0.0, "empty"),
        ("。", -0.1, 0.0, "empty"),
        ("我家的灯", -1.4, 0.0, "unsure"),
        ("我家的灯", -0.9, 0.8, "silence"),
        ("停车费、停车费、停车费、停车费、停车费", -0.4, 0.1, "repeats"),
        ("哈哈哈哈哈哈", -0.4, 0.1, "repeats"),
        ("水电费水电费水电费水电费", -0.4, 0.1, "repeats"),
        ("请不吝点赞订阅转发打赏支持明镜与点点栏目", -0.2, 0.1, "invented"),
        (PROMPT[4:16], -0.2, 0.1, "prompt"),
    ],
)
def test_invented_text_is_refused(heard: str, logprob: float, silence: float, gate: str) -> None:
    assert refusal(heard, logprob, silence) == gate


@pytest.mark.parametrize(
    "heard", ["物业废还差多少", "13800000000", "3号楼,2单元,501", "好好好", "停车费、物业费都交了"]
)
def test_what_residents_say_is_kept(heard: str) -> None:
    assert refusal(heard, -0.5, 0.1) is None
    assert refusal(heard, -0.2, 0.9) is None, "a sure hearing is kept whatever the silence"


def test_training_messages_pass_the_text_gates(messages: list[str]) -> None:
    refused = [text for text in messages if refusal(text, -0.1, 0.0)]
    assert len(refused) < len(messages) / 100, refused
