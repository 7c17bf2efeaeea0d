"""What a recogniser heard becomes training messages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot.engine.events import EngineError
from bot.engine.spoken import training_files


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "spoken").mkdir()
    return tmp_path


def write(folder: Path, *rows: dict[str, Any]) -> None:
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / "spoken" / "heard.jsonl").write_text(text, "utf-8")


def row(heard: str, intent: str, said: str = "水龙头一直滴水") -> dict[str, Any]:
    return {"said": said, "heard": heard, "intent": intent}


def read(files: list[Path]) -> list[tuple[str, str, str]]:
    from rasa.shared.importers.importer import TrainingDataImporter
    from rasa.shared.nlu.constants import INTENT, TEXT

    importer = TrainingDataImporter.load_from_config("bot/config.yml", None, [str(file) for file in files])
    return [
        (example.get(TEXT), example.get(INTENT), example.get("metadata")["example"]["said"])
        for example in importer.get_nlu_data().intent_examples
    ]


@pytest.mark.usefixtures("rasa")
def test_rasa_reads_each_hearing_with_what_was_said(folder: Path) -> None:
    write(folder, row("水龍頭一直低水", "report_repair"), row("催以下", "urge_repair", "催一下"))
    assert read(training_files(folder, folder)) == [
        ("水龙头一直低水", "report_repair", "水龙头一直滴水"),
        ("催以下", "urge_repair", "催一下"),
    ]


@pytest.mark.usefixtures("rasa")
def test_what_was_heard_of_two_wishes_and_what_is_one_character_teach_nothing(folder: Path) -> None:
    write(folder, row("是", "affirm"), row("好的", "affirm"), row("好的", "goodbye"), row("不要", "deny", "不要"))
    assert read(training_files(folder, folder)) == [("不要", "deny", "不要")]


def test_without_hearings_there_is_no_file(tmp_path: Path) -> None:
    assert training_files(tmp_path, tmp_path) == []


def test_a_damaged_line_is_named(folder: Path) -> None:
    (folder / "spoken" / "heard.jsonl").write_text('{"said": "好"}\n', "utf-8")
    with pytest.raises(EngineError, match="Line 1"):
        training_files(folder, folder)
