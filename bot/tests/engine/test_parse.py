"""Understanding without a server: one JSON line a message, with what it took."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bot.tests.engine import tiny
from bot.tests.engine.test_train import PROJECT, engine


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tiny.write(tmp_path_factory.mktemp("parsed"))
    status, _, errors = engine(made, "train")
    assert status == 0, errors
    return made


def understood(project: Path, lines: str, *options: str) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "bot.engine", "parse", "--models", str(project / "models"), *options]
    done = subprocess.run(
        command, cwd=PROJECT, env=os.environ, input=lines, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_each_line_is_a_message_and_says_what_understanding_it_took(project: Path) -> None:
    parsed = understood(project, "你好\n我欠多少钱\n")
    assert [one["text"] for one in parsed] == ["你好", "我欠多少钱"]
    assert all(one["intent"]["name"] for one in parsed)
    assert all(0 < one["parse_ms"] < 1000 for one in parsed)


def test_a_quoted_message_may_hold_line_breaks(project: Path) -> None:
    texts = ["你好\n在吗", "", "你好"]
    parsed = understood(project, "".join(json.dumps(text) + "\n" for text in texts), "--quoted")
    # The tiny pipeline leaves the normalised text: the line break has become a comma.
    assert [one["text"] for one in parsed] == ["你好,在吗", "", "你好"]


def test_without_a_model_it_says_so_and_ends(tmp_path: Path) -> None:
    status, events, _ = engine(tmp_path, "parse", "你好")
    assert status == 1
    assert events[-1]["code"] == "no_model"
