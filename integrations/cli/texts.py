"""The command line's sentences, kept in ``texts.yml`` and ``errors.yml`` where a non-programmer edits them."""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

_FOLDER = Path(__file__).parent
# Twenty times faster than the pure Python one, and every command reads the catalogue first.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@cache
def catalogue(name: str) -> dict[str, Any]:
    """The parsed catalogue ``name``, a file of this folder."""
    loaded: dict[str, Any] = yaml.load((_FOLDER / name).read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506
    return loaded


def say(key: str, **values: object) -> str:
    """The sentence ``key`` with its placeholders filled; an unknown key is a programming error (KeyError)."""
    sentence: str = catalogue("texts.yml")[key]
    return sentence.format(**values)
