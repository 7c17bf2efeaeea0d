"""The gateway's own sentences, kept in ``texts.yml`` where a non-programmer edits them."""

from functools import cache
from pathlib import Path

import yaml

CATALOGUE = Path(__file__).with_name("texts.yml")


@cache
def _catalogue() -> dict[str, str]:
    loaded: dict[str, str] = yaml.safe_load(CATALOGUE.read_text(encoding="utf-8"))
    return loaded


def say(key: str, **values: object) -> str:
    """The sentence ``key`` with its placeholders filled; an unknown key is a programming error (KeyError)."""
    return _catalogue()[key].format(**values)
