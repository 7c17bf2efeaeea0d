"""What is believed of a recogniser that invents text."""

import numpy as np
import pytest

from integrations.speech.hearing import RATE, WINDOW_SECONDS, Hearing, cut, has_voice, judged, prompt_of, voiced
from tests.unit.speech.engines import quiet, tone


def heard(text: str, logprob: float = -0.2, silence: float = 0.01) -> list[tuple[Hearing, float]]:
    return [(Hearing(text, logprob, silence), 3.0)]


def test_a_sure_hearing_is_believed() -> None:
    verdict = judged(heard("我家水管漏水了"), "")
    assert (verdict.text, verdict.refused) == ("我家水管漏水了", None)
    assert verdict.confidence > 0.9


def test_an_unsure_one_is_passed_on_with_less_confidence() -> None:
    assert judged(heard("我家水管", -0.9), "").confidence < 0.35 < judged(heard("我家水管", -0.6), "").confidence


@pytest.mark.parametrize(
    ("text", "logprob", "silence", "gate"),
    [
        ("", -0.2, 0.0, "empty"),
        ("。。", -0.2, 0.0, "empty"),
        ("水管", -1.5, 0.0, "unsure"),
        ("水管", -0.9, 0.9, "silence"),
        ("好好好好好好", -0.2, 0.0, "repeats"),
        ("请不吝点赞订阅", -0.2, 0.0, "invented"),
        ("字幕由社区提供", -0.2, 0.0, "invented"),
        ("物业费、停车费、水电费", -0.2, 0.0, "prompt"),
        ("我" + "家里面的水管坏了请尽快派人来修理" * 4, -0.2, 0.0, "too_fast"),
    ],
)
def test_what_it_invents_is_refused(text: str, logprob: float, silence: float, gate: str) -> None:
    verdict = judged(heard(text, logprob, silence), "")
    assert (verdict.text, verdict.confidence, verdict.refused) == ("", 0.0, gate)


def test_a_hint_said_back_is_an_answer_and_the_list_of_hints_an_echo() -> None:
    hints = "阳光花园第三期北区、明天上午九点"
    assert judged(heard("阳光花园第三期北区"), hints).refused is None
    assert judged(heard("第三期北区、明天上午九点"), hints).refused == "prompt"


def test_silence_is_nothing_heard() -> None:
    assert judged([], "").refused == "silence"


def test_of_a_long_utterance_the_believable_parts_are_kept() -> None:
    verdict = judged([*heard("厨房水管漏水"), *heard("请点赞订阅"), *heard("请派人来")], "")
    assert verdict.text == "厨房水管漏水，请派人来"


def test_hints_come_last_because_those_count_most() -> None:
    assert prompt_of("阳光花园").endswith("阳光花园")


def test_voice_is_told_from_silence_and_steady_noise() -> None:
    noise = (np.random.default_rng(2).standard_normal(RATE * 2) * 0.05).astype(np.float32)
    assert has_voice(tone(0.6))
    assert has_voice(noise + np.concatenate([tone(1.0), np.zeros(RATE, np.float32)]))
    assert not has_voice(noise)
    assert not has_voice(quiet(2))
    assert not has_voice(quiet(0.01))
    assert not has_voice(np.zeros(RATE, np.float32))


def test_a_pause_is_seen_after_speech() -> None:
    frames = voiced(np.concatenate([tone(1.0), quiet(0.4)]))
    assert sum(frames[:50]) > 35
    assert not any(frames[51:])


def test_a_long_utterance_is_cut_in_a_pause() -> None:
    speech = np.concatenate([tone(7.5), quiet(0.4), tone(5.0)])
    assert 7.5 * RATE < cut(speech) < 7.9 * RATE
    assert cut(tone(30.0)) <= WINDOW_SECONDS * RATE
