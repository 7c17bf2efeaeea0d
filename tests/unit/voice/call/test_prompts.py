"""Prompts that the company changes or records."""

import io
import stat
import wave
from pathlib import Path

import pytest

from integrations.voice.prompts import Prompts, PromptUnknown, PromptWrong
from integrations.voice.wav import as_wav


def test_a_changed_prompt_is_said_from_then_on_also_elsewhere(tmp_path: Path) -> None:
    other = Prompts(tmp_path)
    assert other.text("goodbye") != "慢走"
    Prompts(tmp_path).set("goodbye", "慢走")
    assert other.text("goodbye") == "慢走"


def test_an_empty_text_brings_the_standard_one_back(tmp_path: Path) -> None:
    prompts = Prompts(tmp_path)
    usual = prompts.text("goodbye")
    prompts.set("goodbye", "慢走")
    assert prompts.set("goodbye", "").text == usual


@pytest.mark.parametrize("text", ["{name}您好", "您好{", "很" * 400])
def test_a_text_that_cannot_be_said_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(PromptWrong):
        Prompts(tmp_path).set("goodbye", text)


def test_there_are_no_prompts_beside_the_known_ones(tmp_path: Path) -> None:
    for name in ("nothing", "../secret"):
        with pytest.raises(PromptUnknown):
            Prompts(tmp_path).set_recording(name, b"")


def test_a_recording_of_another_rate_is_made_fit_for_the_line(tmp_path: Path) -> None:
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(2)
        written.setsampwidth(2)
        written.setframerate(44_100)
        written.writeframes(b"\x00\x10" * 2 * 44_100)
    prompts = Prompts(tmp_path)
    prompts.set_recording("goodbye", file.getvalue())
    sound = prompts.sound("goodbye")
    assert sound is not None
    assert len(sound) / 16_000 == pytest.approx(1.0, abs=0.02)
    recording = prompts.recording("goodbye")
    assert recording is not None
    assert stat.S_IMODE(recording.stat().st_mode) == 0o600
    prompts.set_recording("goodbye", None)
    assert prompts.sound("goodbye") is None


def test_what_is_filled_in_anew_each_time_cannot_be_recorded(tmp_path: Path) -> None:
    with pytest.raises(PromptWrong):
        Prompts(tmp_path).set_recording("greeting", as_wav(bytes(1_600)))


def test_what_is_no_sound_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PromptWrong):
        Prompts(tmp_path).set_recording("goodbye", b"hello" * 100)


def test_a_broken_file_of_changes_leaves_the_standard_texts(tmp_path: Path) -> None:
    (tmp_path / "prompts.yml").write_text("goodbye: [", encoding="utf-8")
    assert "再见" in Prompts(tmp_path).text("goodbye")
