"""The cached model: what it was made of, where it lies, whether it is still the file that was written.

Needs only the standard library, so that asking "is the model current?" costs milliseconds, not Rasa's import.

A model lies in the models folder as ``guanjia-<fingerprint>.tar.gz`` with ``<the same>.sha256`` beside it;
``current.json`` names the one to load. Each is written under another name first and renamed, so a killed training
leaves the old model in place.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from bot.engine.events import EngineError

# Everything a trained model depends on, relative to the project. The lock stands for Rasa and every library.
INPUTS = (
    "nlu_data",
    "bot/domain",
    "bot/rules",
    "bot/config.yml",
    "bot/components",
    "bot/encoder/folder.py",
    "bot/encoder/session.py",
    "bot/encoder/split.py",
    "bot/encoder/tuned",
    "bot/language",
    "bot/engine/default_components.py",
    "bot/engine/spoken.py",
    "bot/engine/train.py",
    "bot/requirements.lock",
)
IGNORED_SUFFIXES = {".pyc", ".md", ".swp", ".tmp"}
KEPT_MODELS = 3
FINGERPRINT_LENGTH = 16


@dataclass(frozen=True)
class Model:
    """A trained model file and the hash it had when it was written."""

    file: str
    sha256: str
    fingerprint: str


def input_files(project: Path) -> Iterator[Path]:
    """Every file a model is made of, in a stable order."""
    for name in INPUTS:
        path = project / name
        found = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in found:
            if file.is_file() and file.suffix not in IGNORED_SUFFIXES and not file.name.startswith("."):
                yield file


def fingerprint(project: Path) -> str:
    """A short name for the contents of all inputs: equal names, equal models."""
    total = hashlib.sha256()
    for file in input_files(project):
        name = file.relative_to(project).as_posix()
        total.update(f"{name}\0{hash_of(file)}\n".encode())
    return total.hexdigest()[:FINGERPRINT_LENGTH]


def hash_of(file: Path) -> str:
    """The file's SHA-256 in hexadecimal."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def current(folder: Path) -> Model | None:
    """The model that ``current.json`` names, or None when there is none to be had."""
    try:
        model = Model(**json.loads((folder / "current.json").read_text("utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return model if (folder / model.file).is_file() else None


def checked(folder: Path, model: Model) -> Path:
    """The model's path after its hash was compared with both records of it.

    Raises:
        EngineError: the file is not the one that was written; it is not loaded.
    """
    path = folder / model.file
    beside = path.with_name(path.name + ".sha256")
    recorded = beside.read_text("utf-8").split(maxsplit=1)[0] if beside.is_file() else None
    if recorded != model.sha256 or hash_of(path) != model.sha256:
        raise EngineError(
            "model_changed",
            "The model file is not the one that was trained here, so it is not loaded.",
            str(path),
            "Train again with --force; if you did not touch the file, find out who did.",
        )
    return path


def publish(folder: Path, trained: Path, name: str) -> Model:
    """Move a trained file into the models folder and make it the current one."""
    model = Model(file=f"guanjia-{name}.tar.gz", sha256=hash_of(trained), fingerprint=name)
    trained.replace(folder / model.file)
    _write(folder / f"{model.file}.sha256", f"{model.sha256}  {model.file}\n")
    _write(folder / "current.json", json.dumps(asdict(model), indent=2) + "\n")
    _forget_old(folder, keep=model.file)
    return model


def _write(path: Path, text: str) -> None:
    half_written = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    half_written.write_text(text, "utf-8")
    half_written.replace(path)


def _forget_old(folder: Path, keep: str) -> None:
    files = sorted(folder.glob("guanjia-*.tar.gz"), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in [file for file in files if file.name != keep][KEPT_MODELS - 1 :]:
        file.unlink(missing_ok=True)
        file.with_name(file.name + ".sha256").unlink(missing_ok=True)
