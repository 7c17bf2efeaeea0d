"""Vectors of training messages, kept by text: only new messages cost time at the next training.

One file for each version of the encoder, beside the models: the texts' hashes and their vectors. A file that cannot
be read is made anew; it holds nothing that cannot be computed again.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

HASH_BYTES = 16
FOLDER = "GUANJIA_ENCODER_CACHE"
"""The environment variable with the cache's folder; without it nothing is kept."""


class VectorCache:
    """The vectors of one version of the encoder."""

    def __init__(self, folder: Path | None, version: str) -> None:
        """Read what was kept; `folder` None keeps nothing."""
        self._file = folder / f"vectors-{version}.npz" if folder else None
        self._known: dict[bytes, np.ndarray] = {}
        if self._file is not None and self._file.is_file():
            self._known = _read(self._file)

    def vectors(self, texts: Sequence[str], compute: Callable[[Sequence[str]], np.ndarray]) -> np.ndarray:
        """The vectors of `texts`, of which `compute` is asked only for those not known yet; these are kept."""
        names = [hashlib.sha256(text.encode()).digest()[:HASH_BYTES] for text in texts]
        missing = {name: text for name, text in zip(names, texts, strict=True) if name not in self._known}
        if missing:
            self._known.update(zip(missing, compute(list(missing.values())), strict=True))
            # What is no longer asked for is forgotten, or the file would only grow.
            self._write({name: self._known[name] for name in names})
        return np.stack([self._known[name] for name in names]) if names else compute([])

    def _write(self, known: dict[bytes, np.ndarray]) -> None:
        if self._file is None:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        half_written = self._file.with_name(f".{self._file.stem}.{os.getpid()}.npz")
        names = np.frombuffer(b"".join(known), np.uint8).reshape(len(known), HASH_BYTES)
        np.savez(half_written, names=names, vectors=np.stack(list(known.values())))
        half_written.replace(self._file)


def _read(file: Path) -> dict[bytes, np.ndarray]:
    try:
        with np.load(file, allow_pickle=False) as arrays:
            names, vectors = arrays["names"], arrays["vectors"]
            return {name.tobytes(): vector for name, vector in zip(names, vectors, strict=True)}
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile, zlib.error):
        return {}
