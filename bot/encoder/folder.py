"""A folder with an encoder: three files that belong together.

``encoder.onnx`` (the network), ``tokenizer.json`` (text to its input) and ``card.json``: what it is, how it was made
and the SHA-256 of the other two. The project carries one in ``tuned/``; ``workshop/`` makes others.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NETWORK = "encoder.onnx"
TOKENIZER = "tokenizer.json"
CARD = "card.json"
OWN = Path(__file__).parent / "tuned"
"""The encoder that comes with the project."""


class BadFolder(ValueError):
    """The folder holds no encoder, or its files are not those the card names."""


@dataclass(frozen=True)
class EncoderFolder:
    """A checked folder.

    Attributes:
        path: where it lies.
        version: names the contents; vectors of different versions have nothing to do with each other.
        hidden: how many numbers a vector has.
        card: all that the card says.
    """

    path: Path
    version: str
    hidden: int
    card: dict[str, Any]


def opened(path: Path) -> EncoderFolder:
    """The folder after its files were compared with its card (30 MB: some 20 ms).

    Raises:
        BadFolder: a file is missing, unreadable or another one than the card names.
    """
    try:
        card = json.loads((path / CARD).read_text("utf-8"))
        hashes, hidden = card["sha256"], int(card["hidden"])
        for name in (NETWORK, TOKENIZER):
            if hashlib.sha256((path / name).read_bytes()).hexdigest() != hashes[name]:
                raise BadFolder(f"{path / name} is not the file that {CARD} names")
    except (OSError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, BadFolder):
            raise
        raise BadFolder(f"{path} holds no encoder: {type(error).__name__} {error}") from error
    return EncoderFolder(path, hashes[NETWORK][:16] + hashes[TOKENIZER][:16], hidden, card)


def write_card(path: Path, hidden: int, **about: Any) -> None:
    """Describe the two files in `path`: their hashes and whatever is said `about` them."""
    hashes = {name: hashlib.sha256((path / name).read_bytes()).hexdigest() for name in (NETWORK, TOKENIZER)}
    card = {**about, "hidden": hidden, "sha256": hashes}
    (path / CARD).write_text(json.dumps(card, ensure_ascii=False, indent=2) + "\n", "utf-8")
