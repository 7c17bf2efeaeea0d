"""A stopped run goes on where it was."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bot.spoken.cache import Cache, Row
from bot.spoken.calls import hear
from bot.spoken.line import Samples
from bot.spoken.plan import Job, Message, job, jobs

ONE, TWO = (job(Message(text, "report_repair"), 0) for text in ("水管爆了", "灯不亮"))


def row(of: Job, call: int = 0, heard: str = "水管报了") -> Row:
    said = of.calls[call]
    return Row(of.message.text, heard, of.message.intent, of.voice, of.speed, said.noise_db, said.prompted, -0.25)


def test_an_empty_folder_has_nothing(tmp_path: Path) -> None:
    assert not Cache(tmp_path / "new").has(ONE)


def test_another_start_skips_what_was_heard(tmp_path: Path) -> None:
    assert Cache(tmp_path).add([row(ONE), row(ONE, 1, "水管爆了")], []) == 2
    again = Cache(tmp_path)
    assert again.has(ONE)
    assert not again.has(TWO)
    assert not again.has(job(ONE.message, 1)), "another voice is another job"


def test_one_row_of_equal_hearings_is_enough(tmp_path: Path) -> None:
    Cache(tmp_path).add([row(ONE)], [])
    assert Cache(tmp_path).has(ONE)


def test_refused_hearings_are_not_tried_again_and_not_trained_on(tmp_path: Path) -> None:
    assert Cache(tmp_path).add([], [(row(TWO, heard="谢谢观看"), "invented")]) == 0
    assert Cache(tmp_path).has(TWO)
    assert not (tmp_path / "heard.jsonl").exists()
    assert json.loads((tmp_path / "unheard.jsonl").read_text("utf-8"))["gate"] == "invented"


def test_a_row_has_the_agreed_fields_in_plain_characters(tmp_path: Path) -> None:
    Cache(tmp_path).add([row(ONE)], [])
    line = (tmp_path / "heard.jsonl").read_text("utf-8")
    assert "水管报了" in line
    assert list(json.loads(line)) == [
        "said", "heard", "intent", "voice", "speed", "noise_db", "prompted", "logprob",
    ]  # fmt: skip


def test_a_line_cut_short_by_a_kill_is_heard_again(tmp_path: Path) -> None:
    Cache(tmp_path).add([row(ONE)], [])
    path = tmp_path / "heard.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + json.dumps({"said": "灯不亮"}).encode()[:9])
    again = Cache(tmp_path)
    assert again.has(ONE)
    assert not again.has(TWO)
    again.add([row(TWO)], [])
    assert path.read_bytes().startswith(whole)
    assert len([json.loads(line) for line in path.read_text("utf-8").splitlines()]) == 2


def test_stopped_anywhere_two_runs_make_what_one_makes(tmp_path: Path) -> None:
    known = [Message(f"{word}{count}次", word) for word in ("报修", "投诉", "停水") for count in range(2, 8)]
    planned = list(jobs(known))
    for stop in (0, 1, 7, len(planned)):
        folder = tmp_path / str(stop)
        first = Cache(folder)
        for one in planned[:stop]:
            first.add([row(one)], [])
        second = Cache(folder)
        for one in (one for one in planned if not second.has(one)):
            second.add([row(one)], [])
        said = [json.loads(line)["said"] for line in (folder / "heard.jsonl").read_text("utf-8").splitlines()]
        assert said == [one.message.text for one in planned]


class Speaker:
    """Says everything as one second of a tone."""

    def speak(self, text: str, voice: str, speed: float) -> Samples:
        if text == "哑":
            raise ValueError("no sound")
        return np.sin(np.arange(24_000) / 4).astype(np.float32)


class Hearing:
    def __init__(self, text: str, logprob: float = -0.3) -> None:
        self.text, self.logprob, self.silence = text, logprob, 0.01


class Listener:
    """Hears the given hearings one after the other."""

    def __init__(self, *hearings: Hearing) -> None:
        self.hearings = list(hearings)
        self.prompted: list[bool] = []

    def hear(self, speech: Samples, *, prompted: bool) -> Hearing:
        assert speech.dtype == np.float32
        self.prompted.append(prompted)
        return self.hearings.pop(0)


def test_two_hearings_are_two_rows() -> None:
    listener = Listener(Hearing("水管报了"), Hearing("水管爆了"))
    made = hear(ONE, Speaker(), listener)  # type: ignore[arg-type]
    assert [one.heard for one in made.kept] == ["水管报了", "水管爆了"]
    assert [one.noise_db for one in made.kept] == [call.noise_db for call in ONE.calls]
    assert listener.prompted == [call.prompted for call in ONE.calls]


def test_equal_hearings_are_one_row() -> None:
    made = hear(ONE, Speaker(), Listener(Hearing("水管爆了"), Hearing("水管爆了")))  # type: ignore[arg-type]
    assert len(made.kept) == 1
    assert not made.refused


@pytest.mark.parametrize("bad", [Hearing("谢谢观看"), Hearing("水管", -3.0), Hearing("")])
def test_a_refused_hearing_leaves_the_other(bad: Hearing) -> None:
    made = hear(ONE, Speaker(), Listener(bad, Hearing("水管爆了")))  # type: ignore[arg-type]
    assert [one.heard for one in made.kept] == ["水管爆了"]
    assert len(made.refused) == 1


def test_what_the_voice_cannot_say_is_noted_once() -> None:
    mute = job(Message("哑", "chitchat"), 0)
    made = hear(mute, Speaker(), Listener())  # type: ignore[arg-type]
    assert [gate for _, gate in made.refused] == ["unspoken"]
