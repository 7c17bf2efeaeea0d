"""What is an emergency and what only sounds like one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.language import emergency
from bot.language.emergency import detect

ROOT = Path(__file__).resolve().parents[3]


def _messages() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(
        Path(__file__).with_name("emergency_messages.yml").read_text(encoding="utf-8")
    )
    return data


MESSAGES = _messages()


@pytest.mark.parametrize(
    ("kind", "text"), [(kind, text) for kind, texts in MESSAGES["emergencies"].items() for text in texts]
)
def test_a_danger_is_recognised_with_its_kind(kind: str, text: str) -> None:
    assert detect(text) == kind


@pytest.mark.parametrize("text", MESSAGES["several"])
def test_several_dangers_at_once_are_recognised(text: str) -> None:
    assert detect(text) is not None


@pytest.mark.parametrize("text", MESSAGES["ordinary"])
def test_words_of_danger_without_danger_raise_no_alarm(text: str) -> None:
    assert detect(text) is None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("家裡瓦斯味很重，我不敢開燈", "gas"),
        ("著火了，六樓在冒煙", "fire"),
        ("电\u200b梯里困\u200b住了", "lift"),
        ("煤 气 漏 了", "gas"),
        ("救命救命救命救命", "unknown"),
        ("是不是着火了", "fire"),
        ("没有人管，煤气味很大", "gas"),
        ("昨天就闻到煤气味，现在还有", "gas"),
        ("不是修东西，是着火", "fire"),
    ],
)
def test_spelling_and_wording_do_not_hide_a_danger(text: str, kind: str) -> None:
    assert detect(text) == kind


@pytest.mark.parametrize(
    "text",
    [
        "家里没有煤气味",
        "没着火",
        "上次的煤气味早修好了",
        "昨天电梯困人了，已经修好",
        "万一着火了怎么跑",
        "楼道充电会着火的",
        "电梯困人演练几点开始",
        "水管爆了谁负责",
        "",
        "   ",
    ],
)
def test_denied_past_supposed_and_business_are_none(text: str) -> None:
    assert detect(text) is None


def test_a_danger_at_the_end_of_a_very_long_message_is_found() -> None:
    assert detect("物业你好我想反映一下情况，" * 60 + "我家厨房起火了") == "fire"


def test_a_message_that_grows_when_normalised_is_cut_and_both_ends_are_read() -> None:
    filler = "\ufdfa" * 1000  # 18,000 characters under NFKC
    assert detect(filler) is None
    assert detect("着火了" + filler) == "fire"
    assert detect(filler + "着火了") == "fire"


def test_no_more_than_the_limit_is_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    windows = emergency._windows

    def counted(message: str) -> Iterator[str]:
        read.append(len(message))
        return windows(message)

    monkeypatch.setattr(emergency, "_windows", counted)
    detect("\ufdfa" * 2000)
    assert max(read) <= 4001


def _training_messages() -> tuple[list[str], list[str]]:
    emergencies: list[str] = []
    others: list[str] = []
    for file in sorted((ROOT / "nlu_data").glob("*.yml")):
        for block in (yaml.safe_load(file.read_text(encoding="utf-8")) or {}).get("nlu", []):
            if "intent" not in block:
                continue
            lines = [line[2:] for line in block["examples"].splitlines() if line.startswith("- ")]
            (emergencies if block["intent"].startswith("report_emergency") else others).extend(lines)
    return emergencies, others


def test_emergencies_of_the_training_messages_are_recalled() -> None:
    emergencies, _ = _training_messages()
    missed = [text for text in emergencies if detect(text) is None]
    assert len(missed) <= 0.05 * len(emergencies), missed


def test_ordinary_training_messages_raise_next_to_no_alarm() -> None:
    _, others = _training_messages()
    alarms = [text for text in others if detect(text) is not None]
    assert len(alarms) <= 0.005 * len(others), alarms


def test_the_words_are_refused_when_they_name_an_unknown_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = yaml.safe_load(emergency.HAZARDS_FILE.read_text(encoding="utf-8"))
    data["hazards"]["earthquake"] = ["地震"]
    broken = tmp_path / "hazards.yml"
    broken.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    monkeypatch.setattr(emergency, "HAZARDS_FILE", broken)
    with pytest.raises(ValueError, match="earthquake"):
        emergency._hazards.__wrapped__()


@pytest.mark.parametrize(
    "part",
    [
        "快快赶紧速",
        "出事了",
        "快来人啊",
        "啊呀喂你们赶紧赶快快点",
        "都全也已经好像又正",
        "水灯里人",
        "墙被突然给都快也",
        "原地都快要会要快",
    ],
)
def test_a_repeated_word_does_not_stall_the_search(part: str) -> None:
    started = time.process_time()
    detect((part * 4000)[:4000] + "x")
    assert time.process_time() - started < 5


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_answered_without_an_error(text: str) -> None:
    assert detect(text) in {None, "gas", "fire", "lift", "electric", "water", "falling", "people", "medical", "unknown"}
