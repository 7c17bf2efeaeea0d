"""`guanjia evaluate` from the file to the table, the JSON and the page, with a model that answers by a table."""

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from integrations.cli import engine, main
from integrations.cli.confusion_picture import picture
from integrations.cli.errors import CliError
from integrations.cli.evaluate import judge
from integrations.cli.labelled import Labelled, read
from integrations.cli.texts import catalogue

ANSWERS: dict[str, tuple[str, float, dict[str, str]]] = {
    "欠多少": ("query_arrears", 0.9, {}),
    "301的水费": ("query_arrears", 0.8, {"room": "301", "fee_type": "水费"}),
    "<b>着火</b>了": ("report_repair", 0.6, {}),
    "股票": ("nlu_fallback", 0.3, {}),
    "灯坏了，另外帮我查物业费": ("report_repair", 0.9, {}),
    "帮我查物业费": ("query_arrears", 0.9, {}),
}
LINES = [
    {"text": "欠多少", "intent": "query_arrears", "style": "short"},
    {"text": "301的水费", "intent": "explain_bill", "style": "short", "entities": {"room": "301", "period": "2026-11"}},
    {"text": "<b>着火</b>了", "intent": "report_emergency", "style": "hard"},
    {"text": "股票", "intent": "out_of_scope"},
    {"text": "灯坏了，另外帮我查物业费", "intent": "report_repair", "second_intent": "query_arrears"},
]
KEYS = {
    *("n", "accuracy", "top3", "macro_f1", "oos_precision", "oos_recall", "emergency_recall"),
    *("emergency_false_alarms", "entity_f1", "by_style", "parse_ms_p50", "parse_ms_p95", "entities_by_type"),
    *("f1_by_intent", "confusions", "calibration_error", "second_intent_recall"),
}


WISHES = {"灯坏了，另外帮我查物业费": {"灯坏了": "report_repair", "帮我查物业费": "query_arrears"}}


def understand(text: str) -> dict[str, Any]:
    intent, confidence, entities = ANSWERS[text]
    return {
        "intent": {"name": intent, "confidence": confidence},
        "intent_ranking": [{"name": intent, "confidence": confidence}],
        "entities": [{"entity": kind, "value": value} for kind, value in entities.items()],
        "parse_ms": 4.0,
        "wishes": [{"text": part, "intent": {"name": wanted}} for part, wanted in WISHES.get(text, {}).items()],
    }


@pytest.fixture
def asked_at(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """A model by the table; gives the moments it was asked to count from."""
    moments: list[str] = []

    @contextmanager
    def stand_in(_: Path, sent_at: str) -> Iterator[engine.Understand]:
        moments.append(sent_at)
        yield understand

    monkeypatch.setattr(engine, "understanding", stand_in)
    monkeypatch.setattr(engine, "model_is_outdated", lambda _: False)
    monkeypatch.setattr(main.places, "_called_from", tmp_path)
    monkeypatch.setattr(main.places, "enter_project", lambda: None)
    return moments


@pytest.fixture
def data(tmp_path: Path) -> str:
    file = tmp_path / "data.jsonl"
    file.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n\n" for line in LINES), encoding="utf-8")
    return str(file)


def test_the_json_is_one_object_with_all_figures(
    asked_at: list[str], data: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(["evaluate", "--data", data, "--json", "--now", "2026-11-21T10:00:00"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result.keys() >= KEYS
    assert (result["n"], result["accuracy"], result["emergency_recall"]) == (5, 3 / 5, 0)
    assert result["oos_precision"] == result["oos_recall"] == 1
    assert result["entity_f1"] == 2 * 1 / (2 + 2)
    room = {"expected": 1, "found": 1, "right": 1, "precision": 1, "recall": 1, "f1": 1}
    assert result["entities_by_type"]["room"] == room
    assert result["by_style"]["short"]["n"] == 2
    assert result["by_style"]["short"]["accuracy"] == 1 / 2
    assert result["second_intent_recall"] == 1
    assert result["parse_ms_p50"] == 4.0
    assert {"expected": "explain_bill", "predicted": "query_arrears", "count": 1, "examples": ["301的水费"]} in result[
        "confusions"
    ]
    assert asked_at == ["2026-11-21T10:00:00+08:00"]


def test_the_terminal_shows_the_figures_in_chinese(
    asked_at: list[str], data: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(["evaluate", "--data", data]) == 0
    shown = capsys.readouterr().out
    for words in ("意图准确率", "0.600", "校准误差", "房号", "计分合计", "简短", "解释账单", "301的水费", "4.0 毫秒"):
        assert words in shown
    assert asked_at[0].endswith("+08:00")


@pytest.mark.usefixtures("asked_at")
def test_the_page_needs_nothing_else_and_escapes_what_was_typed(data: str, tmp_path: Path) -> None:
    assert main.run(["evaluate", "--data", data, "--json", "--html", "report.html"]) == 0
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "&lt;b&gt;着火&lt;/b&gt;了" in page
    assert "<b>着火" not in page
    assert [part for part in ("http://", "https://", "<script", "@import", "url(", "src=") if part in page] == []
    for words in ("混淆矩阵", "0.600", "可信度", "简短", "房号"):
        assert words in page


def test_the_picture_has_a_row_and_a_column_for_each_intent_and_a_cell_for_each_pair() -> None:
    drawn = picture({("greet", "greet"): 3, ("greet", "thank"): 1, ("surprise", "greet"): 2})
    names = [one for one in drawn.findall("text") if one.find("title") is not None]
    assert len(names) == 2 * (len(catalogue("texts.yml")["intent_names"]) + 1)
    cells = drawn.findall("g")
    assert [cell.findtext("title") for cell in cells] == [
        "应为 问好 greet，识别为 问好 greet：3 条",
        "应为 问好 greet，识别为 感谢 thank：1 条",
        "应为 surprise surprise，识别为 问好 greet：2 条",
    ]
    right, wrong, _ = (cell.find("rect") for cell in cells)
    assert isinstance(right, ET.Element)
    assert isinstance(wrong, ET.Element)
    assert (right.get("class"), wrong.get("class")) == ("right", "wrong")
    assert float(right.get("fill-opacity", 0)) > float(wrong.get("fill-opacity", 0))


def test_there_is_a_name_for_each_of_the_46_intents() -> None:
    assert len(catalogue("texts.yml")["intent_names"]) == 46


def test_the_second_wish_is_the_second_one_that_the_engine_saw() -> None:
    (judged,) = judge(
        understand, [Labelled("灯坏了，另外帮我查物业费", "report_repair", second_intent="query_arrears")]
    )
    assert judged.second_predicted == "query_arrears"


def test_a_file_of_json_lines_is_read_and_unknown_keys_are_ignored(tmp_path: Path) -> None:
    file = tmp_path / "data.jsonl"
    file.write_text(
        '{"text": "欠\\n多少", "intent": "query_arrears", "style": "short", "more": 1}\r\n\n'
        '{"text": "", "intent": "nlu_fallback", "entities": {"room": ["301", "302"], "rating": 5}}',
        encoding="utf-8-sig",
    )
    assert read(file) == [
        Labelled("欠\n多少", "query_arrears", "short"),
        Labelled("", "out_of_scope", entities=[("room", "301"), ("room", "302"), ("rating", "5")]),
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("not json", "不是 JSON"),
        ("[1]", "不是一个 JSON 对象"),
        ('{"text": "no intent"}', "intent"),
        ('{"intent": "greet"}', "text"),
        ('{"text": 5, "intent": "greet"}', "text"),
        ('{"text": "好", "intent": "affirm", "style": 3}', "style"),
        ('{"text": "好", "intent": "affirm", "entities": ["501"]}', "entities"),
        ('{"text": "好", "intent": "affirm", "entities": {"room": null}}', "entities"),
    ],
)
def test_a_bad_line_is_named_with_what_is_wrong(line: str, reason: str, tmp_path: Path) -> None:
    file = tmp_path / "data.jsonl"
    file.write_text('{"text": "好", "intent": "affirm"}\n' + line, encoding="utf-8")
    with pytest.raises(CliError, match=f"第 2 行.*{reason}"):
        read(file)


def test_a_file_without_messages_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "data.jsonl"
    file.write_text("\n")
    with pytest.raises(CliError, match="没有一条消息"):
        read(file)


@pytest.mark.usefixtures("asked_at")
def test_a_moment_that_is_none_is_explained(data: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["evaluate", "--data", data, "--now", "明天"]) == 1
    assert "“明天”不是能用的时间" in capsys.readouterr().err


@pytest.mark.usefixtures("asked_at")
def test_a_page_that_cannot_be_written_is_explained(data: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["evaluate", "--data", data, "--json", "--html", "no/such/folder/report.html"]) == 1
    assert "report.html" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ('print(\'{"event": "error", "code": "no_model"}\')', "还没有训练好的模型"),
        ("import sys; sys.exit(3)", "退出码 3"),
    ],
)
def test_an_engine_that_ends_is_told(code: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "command", lambda *_: (main.sys.executable, "-c", code))
    with pytest.raises(CliError, match=reason), engine.understanding(tmp_path, "2026-11-21T10:00:00") as asked:
        asked("您好")


def test_messages_go_to_the_engine_one_a_line_whatever_they_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    echo = "import json, sys\nfor line in sys.stdin: print(json.dumps({'text': json.loads(line)}), flush=True)"
    monkeypatch.setattr(engine, "command", lambda *_: (main.sys.executable, "-c", echo))
    with engine.understanding(tmp_path, "2026-11-21T10:00:00") as asked:
        assert [asked(text)["text"] for text in ("两\n行", "", "燈🔥")] == ["两\n行", "", "燈🔥"]
