"""The peer's own sentences, from ``texts.yml``."""

from functools import cache
from pathlib import Path

import yaml


@cache
def _all() -> dict[str, str]:
    loaded: dict[str, str] = yaml.safe_load((Path(__file__).parent / "texts.yml").read_text(encoding="utf-8"))
    return loaded


def text(key: str, **values: object) -> str:
    """One sentence with its values filled in."""
    return _all()[key].format(**values)
