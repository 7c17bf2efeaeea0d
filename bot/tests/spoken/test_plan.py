"""The order of the work is balanced at any stop and the same at every start."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from pathlib import Path

import pytest

from bot.spoken.plan import LONGEST, NOISE_LEVELS, SPEEDS, VOICES, Message, job, jobs, messages
from bot.spoken.weights import VOICES as VOICE_FILES

KNOWN = [
    Message(f"{word}第{count}次", intent) for intent, word in (("a", "报修"), ("b", "投诉")) for count in range(40)
]
KNOWN += [Message(f"着火第{count}次", "report_emergency") for count in range(40)]
SMALL = [Message(text, "greet") for text in ("你好", "早上好", "喂")]


def test_annotations_and_marks_are_taken_off(tmp_path: Path) -> None:
    (tmp_path / "one.yml").write_text(
        "nlu:\n"
        "- intent: inform\n"
        "  examples: |\n"
        '    - 我住[三栋](building)[501]{"entity": "room"}\n'
        "    - 好的\n"
        "- lookup: estate\n"
        "  examples: |\n"
        "    - 花园\n",
        "utf-8",
    )
    (tmp_path / "two.yml").write_text("nlu:\n- intent: affirm\n  examples: |\n    - 好的\n    - 可以\n", "utf-8")
    (tmp_path / "empty.yml").write_text("", "utf-8")
    assert messages(tmp_path) == [
        Message("我住三栋501", "inform"),
        Message("好的", "inform"),
        Message("可以", "affirm"),
    ]


@pytest.mark.parametrize("stop", [40, 80, 120])
def test_any_stop_is_balanced_and_emergencies_come_twice(stop: int) -> None:
    heard = Counter(planned.message.intent for planned in islice(jobs(KNOWN), stop))
    assert heard["report_emergency"] == pytest.approx(2 * heard["a"], abs=2)
    assert heard["a"] == pytest.approx(heard["b"], abs=1)


def test_voices_are_mixed_from_the_start() -> None:
    known = [Message(f"报修第{count}次", "a") for count in range(800)]
    heard = Counter(planned.voice for planned in islice(jobs(known), 160))
    assert set(heard) == set(VOICES)
    assert max(heard.values()) < 40


def test_every_message_is_said() -> None:
    assert {planned.message for planned in jobs(KNOWN)} == set(KNOWN)


def test_small_intents_go_round_in_other_voices_and_never_twice_in_one() -> None:
    said = [(planned.message.text, planned.voice) for planned in jobs(KNOWN + SMALL)]
    assert len(said) == len(set(said))
    assert sum(text == "喂" for text, _ in said) == len(VOICES)


def test_new_messages_change_nothing_of_how_the_known_are_heard() -> None:
    # The first time round: later turns of a small intent may come earlier or later, and take another voice then.
    before = {planned.message.text: planned for planned in reversed(list(jobs(KNOWN)))}
    after = {planned.message.text: planned for planned in reversed(list(jobs([Message("我家漏水", "a"), *KNOWN])))}
    assert {text: after[text] for text in before} == before


def test_a_job_is_two_different_calls_and_a_third_of_them_has_the_prompt() -> None:
    planned = [job(Message(f"报修{count}", "a"), 0) for count in range(1, 600)]
    for one in planned:
        first, second = one.calls
        assert first.noise_db != second.noise_db
        assert not first.prompted
        assert one.speed in SPEEDS
    assert sum(one.calls[1].prompted for one in planned) == pytest.approx(200, abs=50)
    assert {call.noise_db for one in planned for call in one.calls} == set(NOISE_LEVELS)
    assert set(Counter(one.voice for one in planned)) == set(VOICES)


def test_long_and_unspeakable_messages_are_left_out() -> None:
    left = [Message("长" * (LONGEST + 1), "a"), Message("cha zhang dan", "a"), Message("好", "a")]
    assert {planned.message.text for planned in jobs(left)} == {"好"}


def test_every_voice_has_its_file() -> None:
    assert set(VOICES) == set(VOICE_FILES)
