"""Spoken clauses kept on disk, the longest unused thrown away when they are too many.

A clause may be about somebody's money: folder and files are the owner's only, names are digests.
"""

import hashlib
import os
import threading
from collections import OrderedDict
from pathlib import Path

_SUFFIX = ".pcm"
# Part of every key: another engine, trim or filter speaks differently.
_EDITION = "kokoro-1"


class Store:
    """A folder of sound; may be used by several threads.

    Args:
        folder: made where it is missing; nobody else writes into it.
        limit_bytes: no more than so much is kept.
    """

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self._folder = folder
        self._limit = limit_bytes
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
        for partial in folder.glob("*.partial"):
            partial.unlink(missing_ok=True)
        files = sorted((file.stat().st_mtime_ns, file.stem, file.stat().st_size) for file in folder.glob(f"*{_SUFFIX}"))
        self._sizes: OrderedDict[str, int] = OrderedDict((name, size) for _, name, size in files)
        self._total = sum(self._sizes.values())
        self._shrink()

    @property
    def total_bytes(self) -> int:
        """How much is kept."""
        return self._total

    @staticmethod
    def key(voice: str, text: str, speed: float, rate: int) -> str:
        """The name of a clause."""
        return hashlib.sha256(f"{_EDITION}|{voice}|{speed:.2f}|{rate}|{text}".encode()).hexdigest()

    def __contains__(self, key: str) -> bool:
        return key in self._sizes

    def get(self, key: str) -> bytes | None:
        """The sound, None where it is not kept; it counts as used."""
        if key not in self._sizes:
            return None
        path = self._path(key)
        try:
            sound = path.read_bytes()
            os.utime(path)
        except OSError:  # somebody has cleaned up
            with self._lock:
                self._total -= self._sizes.pop(key, 0)
            return None
        with self._lock:
            if key in self._sizes:
                self._sizes.move_to_end(key)
        return sound

    def put(self, key: str, sound: bytes) -> None:
        """Keep it; a disk that is full or read-only keeps nothing, and nobody is disturbed."""
        if len(sound) > self._limit:
            return
        path = self._path(key)
        partial = path.with_suffix(f".{threading.get_ident()}.partial")
        try:
            with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(sound)
            partial.replace(path)
        except OSError:
            partial.unlink(missing_ok=True)
            return
        with self._lock:
            self._total += len(sound) - self._sizes.pop(key, 0)
            self._sizes[key] = len(sound)
            self._shrink()

    def _shrink(self) -> None:
        while self._total > self._limit and self._sizes:
            key, size = self._sizes.popitem(last=False)
            self._total -= size
            self._path(key).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}{_SUFFIX}"
