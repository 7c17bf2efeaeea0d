"""A part's own sentences, kept in a YAML file beside it where a non-programmer edits them."""

from functools import cached_property
from pathlib import Path
from typing import Any

import yaml


class Sentences:
    """What is in one such file, read when the first sentence is needed.

    Args:
        path: by key, sentences with placeholders in braces, or lists of entries.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def _entries(self) -> dict[str, Any]:
        loaded: dict[str, Any] = yaml.safe_load(self.path.read_text(encoding="utf-8"))
        return loaded

    def say(self, key: str, **values: object) -> str:
        """The sentence ``key`` with its placeholders filled; an unknown key is a programming error (KeyError)."""
        return str(self._entries[key]).format(**values)

    def has(self, key: str) -> bool:
        """Whether there is a sentence ``key``."""
        return key in self._entries

    def options(self, key: str) -> list[str]:
        """The entries of the list ``key``, such as what a menu offers."""
        return [str(entry) for entry in self._entries[key]]
